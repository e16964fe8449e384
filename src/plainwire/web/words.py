"""Every word the page itself says, so that the catalogue holds it. Pure.

The page's TypeScript asks for a word by its English text, `t("Findings")`; a test holds
the texts there and here equal. Protocol names (SYN, ESTABLISHED) are said as they are.
"""

from __future__ import annotations

from plainwire.web.speech import chinese as lookup


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "translated later"
    """Mark a message that is translated later."""
    return message


WORDS: tuple[str, ...] = ()


def chinese() -> dict[str, str]:
    """Every word of the page that has a Chinese form, by its English text."""
    translate = lookup()
    return {word: said for word in WORDS if (said := translate(word)) != word}
