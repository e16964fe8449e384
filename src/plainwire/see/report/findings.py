"""A finding as a compiler shows an error: lines with the span underlined, proof, fix. Pure."""

from __future__ import annotations

from plainwire.i18n import gettext as _
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, Place
from plainwire.see.ledger.model import Ledger
from plainwire.see.report import sources, text, verdict
from plainwire.see.report.names import Paths
from plainwire.see.report.style import Style


def finding_lines(
    ledger: Ledger, finding: Finding, *, width: int, style: Style, paths: Paths
) -> list[str]:
    """One finding as lines of at most `width` columns."""
    colour = "bad" if finding.certainty == CERTAIN else "warn"
    word = verdict.certainty(finding.certainty).lower()
    title = f"{word}[{finding.rule}]"
    said = text.wrap(f"{title}: {verdict.message(finding, paths)}", width, rest="  ")
    out = [style.paint(title, colour) + style.paint(said[0][len(title) :], "bold")]
    out += [style.paint(line, "bold") for line in said[1:]]
    shown: dict[tuple[str, int, int], list[Place]] = {}
    for place in finding.places:
        shown.setdefault((place.frame.file, place.frame.line, place.frame.column), []).append(place)
    for group in shown.values():
        out += _place(ledger, group, width, style, paths)
    if finding.evidence:
        out.append("  " + style.paint(_("seen:"), "dim"))
        for evidence in finding.evidence:
            out += _evidence(ledger, finding, evidence, width)
    fix = _("fix: ")
    lines = text.wrap(text.safe(str(finding.fix)), width, first=f"  {fix}")
    out.append("  " + style.paint(fix, "good") + lines[0][2 + len(fix) :])
    out += lines[1:]
    more = _("more: plainwire explain {rule}").format(rule=finding.rule)
    out += [style.paint(line, "dim") for line in text.wrap(more, width, first="  ")]
    return out


def _place(ledger: Ledger, group: list[Place], width: int, style: Style, paths: Paths) -> list[str]:
    place = group[0]
    frame = place.frame
    columns = sources.columns_of(ledger.sources, frame)
    where = paths.line(frame) + (f":{columns[0]}" if columns else "")
    who = _(", ").join(dict.fromkeys(p.process.name for p in group))
    label = _(", ").join(dict.fromkeys(role(p.role) for p in group))
    head = f"  --> {where}"
    if frame.function and frame.function != "<module>":
        who += " " + _("in {function}").format(function=text.safe(frame.function))
    if text.width_of(head) + text.width_of(who) + 2 <= width:
        out = [style.paint(head, "place") + "  " + style.paint(who, "dim")]
    else:
        out = [style.paint(head, "place"), "      " + style.paint(text.clip(who, width - 6), "dim")]
    marked = sources.underlined(ledger.sources, frame, label, width=width - 4, style=style)
    if not marked:
        out.append(f"      {label}")
    out += ["    " + line for line in marked]
    return out


def _evidence(ledger: Ledger, finding: Finding, evidence: Evidence, width: int) -> list[str]:
    marks = []
    if evidence.t is not None and finding.flow is not None:
        # The ladder's clock, so that a fact can be found there.
        opened = ledger.flows[finding.flow].opened
        marks.append(f"{text.milliseconds(evidence.t - opened)} ms")
    elif evidence.t is not None:
        marks.append(f"{(evidence.t - ledger.began) / 1e9:.3f} s")
    if evidence.offset is not None:
        marks.append(_("byte {offset}").format(offset=text.count_text(evidence.offset)))
    said = text.safe(str(evidence.text)) + (f" ({', '.join(marks)})" if marks else "")
    return text.wrap(said, width, first="    - ")


def role(word: str) -> str:
    """What a place does, for the mark below it."""
    return {
        "waits": _("waits here"),
        "sends": _("sends here"),
        "reads": _("reads here"),
        "closes": _("closes here"),
        "connects": _("connects here"),
        "accepts": _("accepts here"),
        "binds": _("binds here"),
        "listens": _("listens here"),
        "opens": _("opened here"),
        "raises": _("raises here"),
        "fails": _("fails here"),
    }.get(word, word)
