"""The reader's language: English in the source, Chinese from a compiled catalogue.

    i18n.select("zh_CN")                     # or None: ask the environment
    _ = i18n.gettext
    _("route to {dest}").format(dest=dest)   # placeholders are filled by the caller

English text is the message's own name, so a missing translation shows English, never a
key. Protocol names (`SYN`, `ARP`, errno names) are placeholders or left alone: they stay
English in every language.

Must not import anything heavy: the standard `gettext` module is imported by the first
`select` that needs a catalogue. Source of the words: `locale/*/LC_MESSAGES/plainwire.po`;
`make messages` compiles it to the `.mo` beside it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOCALE_FOLDER = Path(__file__).parent / "locale"

# POSIX asks LC_ALL first, then the category, then LANG (locale(7)); ours goes before them.
_VARIABLES = ("PLAINWIRE_LANG", "LC_ALL", "LC_MESSAGES", "LANG")

_language = "en"
_lookup: Callable[[str], str] | None = None


def choose(lang: str | None, environ: Mapping[str, str]) -> str:
    """Return `zh_CN` or `en` for a wish and an environment; pure.

    The first non-empty value decides, as in locale(7): `LC_ALL=C` is English whatever
    `LANG` says. Every kind of Chinese (`zh`, `zh-Hans`, `zh_TW.UTF-8`) gives `zh_CN`,
    anything else gives English; no value is an error.
    """
    wishes = (lang, *(environ.get(name) for name in _VARIABLES))
    wish = next((value for value in wishes if value), "")
    return "zh_CN" if wish.lower().replace("-", "_").split("_")[0] == "zh" else "en"


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "translated later"
    """Mark a message that is translated later, where it is shown."""
    return message


def select(lang: str | None = None) -> str:
    """Choose the language of all later `gettext` calls in this process; return its name.

    Args:
        lang: an explicit wish such as `zh_CN`, `zh` or `en`; None asks PLAINWIRE_LANG,
            then LC_ALL, LC_MESSAGES and LANG. Read `choose` for how a value is taken.
    """
    global _language, _lookup  # noqa: PLW0603 - one language per process is the purpose
    _language = choose(lang, os.environ)
    if _language == "en":
        _lookup = None
    else:
        import gettext as catalogues

        found = catalogues.translation("plainwire", LOCALE_FOLDER, [_language], fallback=True)
        _lookup = found.gettext
    return _language


def language() -> str:
    """Name the selected language: `en` (also before any `select`) or `zh_CN`."""
    return _language


def gettext(message: str) -> str:
    """Translate one message by the language selected at the time of the call.

    Placeholders stay `{name}`; format the result. The empty message stays empty (in a
    catalogue it is the name of the header).
    """
    return _lookup(message) if _lookup is not None and message else message
