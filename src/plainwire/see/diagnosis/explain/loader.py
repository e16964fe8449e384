"""Finds and joins the texts of a rule. Reads only the data files beside it.

X1  Every rule has both languages and both programs (a test holds the files to it).
X2  The text is for a plain terminal: headings in capitals or alone on a line, programs
    indented by four, ready to be copied.
"""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path

from plainwire import i18n
from plainwire.i18n import gettext as _

_FOLDER = Path(__file__).parent


class UnknownRuleError(ValueError):
    """There is no rule of that name; the text names those that are near."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        self.near = difflib.get_close_matches(rule, rules(), n=3, cutoff=0.5)
        said = _("there is no rule {rule!r}").format(rule=rule)
        if self.near:
            said += _("; did you mean {near}?").format(near=", ".join(self.near))
        else:
            said += _("; plainwire explain lists them")
        super().__init__(said)


@cache
def rules() -> tuple[str, ...]:
    """The names of all rules, in the order of the alphabet."""
    return tuple(sorted(path.name.removesuffix(".en.md") for path in _FOLDER.glob("*.en.md")))


def explain(rule: str, lang: str | None = None) -> str:
    """Symptom, cause, proof and fix of a rule, with the two programs; ends with a line end.

    Args:
        rule: its name, such as `mutual-wait`.
        lang: a language as `i18n.choose` takes it; by default the selected one.

    Raises:
        UnknownRuleError: there is no such rule.
    """
    lines = []
    for line in _text(rule, lang).rstrip("\n").split("\n"):
        if line.startswith("# "):
            lines.append(line[2:])
        elif line.startswith("## "):
            lines.append(line[3:].upper())
        else:
            lines.append(f"  {line}" if line else "")
    chinese = _short(lang) == "zh"
    before, after = ("改之前", "改之后") if chinese else ("BEFORE", "AFTER")
    for heading, kind in ((before, "before"), (after, "after")):
        lines += ["", heading, ""]
        lines += [f"    {line}".rstrip() for line in program(rule, kind).rstrip("\n").split("\n")]
    return "\n".join(lines) + "\n"


def title(rule: str, lang: str | None = None) -> str:
    """One line on a rule, for the list of all.

    Raises:
        UnknownRuleError: there is no such rule.
    """
    first = _text(rule, lang).partition("\n")[0].removeprefix("# ")
    return first.removeprefix(rule).lstrip(":： ")


def program(rule: str, kind: str) -> str:
    """The complete program 'before' or 'after' of a rule."""
    _known(rule)
    return (_FOLDER / f"{rule}.{kind}.txt").read_text(encoding="utf-8")


def _text(rule: str, lang: str | None) -> str:
    _known(rule)
    return (_FOLDER / f"{rule}.{_short(lang)}.md").read_text(encoding="utf-8")


def _short(lang: str | None) -> str:
    return (i18n.choose(lang, {}) if lang else i18n.language())[:2]


def _known(rule: str) -> None:
    if rule not in rules():
        raise UnknownRuleError(rule)
