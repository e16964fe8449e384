"""The report for a terminal: verdict, ladders, findings, what was not seen.

    render(ledger, findings, width=100, colour=False)     the whole, ends with a line end
    verdict(ledger, findings)                              one or two sentences
    render_finding(ledger, finding, width=100)             one finding

Pure: a ledger in, text out; the caller asks the terminal for its width and colours.

P1  The verdict is first; what was not seen is last.
P2  No line is wider than `width` (20 at least), but for a path that must stay whole.
P3  Colours add nothing that the plain text does not say.
"""

from __future__ import annotations

from collections import Counter

from plainwire.i18n import gettext as _
from plainwire.see.diagnosis.model import Finding
from plainwire.see.ledger.model import Flow, Ledger
from plainwire.see.report import names, packets, text
from plainwire.see.report.findings import finding_lines
from plainwire.see.report.ladder import Look, ladder
from plainwire.see.report.style import Style, wants_colour
from plainwire.see.report.unseen import unseen
from plainwire.see.report.verdict import ranked, verdict

__all__ = ["render", "render_finding", "verdict", "wants_colour"]

SHOWN_FLOWS = 3  # drawn without a finding of their own
MOST_TOLD = 8  # flows drawn because of a finding
FAILED_SHOWN = 5
ALIKE_TOLD = 5  # findings of one rule that name no line


def render(
    ledger: Ledger,
    findings: list[Finding],
    *,
    width: int = 80,
    colour: bool = False,
    payload_snippets: bool = True,
    only_flow: int | None = None,
    unicode: bool = True,
    cwd: str | None = None,
) -> str:
    """The whole report.

    Args:
        ledger: what happened.
        findings: what is wrong.
        width: columns of the terminal; 20 at least.
        colour: may SGR sequences be used? See `wants_colour`.
        payload_snippets: show the first bytes of what was sent and received.
        only_flow: draw this flow alone, and tell only its findings.
        unicode: may line-drawing characters be used?
        cwd: the folder that paths are told from; by default that of the run.
    """
    style = Style(colour, unicode)
    look = Look(max(width, 20), style, payload_snippets)
    if only_flow is not None:
        findings = [f for f in findings if f.flow in (only_flow, None)]
    blocks = [_verdict(ledger, findings, look, cwd)]
    blocks += _flows(ledger, findings, look, only_flow)
    blocks += _failed_connects(ledger, look)
    paths = names.paths_of(ledger, cwd)
    told, rest = _told(findings)
    for finding, alike in told:
        block = finding_lines(ledger, finding, width=look.width, style=style, paths=paths)
        if alike:
            said = _("the same at these lines, {count} x more").format(count=alike)
            block.append("  " + text.clip(said, look.width - 2))
        blocks.append(block)
    for rule, count in rest.items():
        said = _("... {count} more findings of {rule}; --json writes them all").format(
            count=text.count_text(count), rule=rule
        )
        blocks.append(text.wrap(said, look.width))
    blocks.append(_unseen(ledger, look))
    out = "\n\n".join("\n".join(block) for block in blocks if block) + "\n"
    return out if unicode else _ascii(out)


def render_finding(
    ledger: Ledger,
    finding: Finding,
    *,
    width: int = 80,
    colour: bool = False,
    unicode: bool = True,
    cwd: str | None = None,
) -> str:
    """One finding alone, as it is told while a hang lasts; ends with a line end."""
    paths = names.paths_of(ledger, cwd)
    style = Style(colour, unicode)
    lines = finding_lines(ledger, finding, width=max(width, 20), style=style, paths=paths)
    return "\n".join(lines) + "\n"


def grouped(findings: list[Finding]) -> list[tuple[Finding, int]]:
    """The findings with those of the same rule and lines told once, and how many more there are.

    Those without a line are alike when they say the same.
    """
    counted: dict[object, list[Finding]] = {}
    for finding in ranked(findings):
        lines = tuple((place.frame.file, place.frame.line) for place in finding.places)
        same = lines or str(finding.message)
        counted.setdefault((finding.rule, finding.certainty, same), []).append(finding)
    return [(alike[0], len(alike) - 1) for alike in counted.values()]


def _told(findings: list[Finding]) -> tuple[list[tuple[Finding, int]], dict[str, int]]:
    """The findings to tell, as `grouped` gives them, and how many of a rule are only counted.

    Those with lines are as few as the lines; those of a capture, as many as its hosts.
    """
    told: list[tuple[Finding, int]] = []
    counted: Counter[str] = Counter()
    for finding, alike in grouped(findings):
        counted[finding.rule] += not finding.places
        if counted[finding.rule] <= ALIKE_TOLD or finding.places:
            told.append((finding, alike))
    return told, {rule: n - ALIKE_TOLD for rule, n in counted.items() if n > ALIKE_TOLD}


def _verdict(ledger: Ledger, findings: list[Finding], look: Look, cwd: str | None) -> list[str]:
    said = text.wrap(verdict(ledger, findings, cwd=cwd), look.width)
    return [look.style.paint(line, "bold") for line in said]


def _flows(
    ledger: Ledger, findings: list[Finding], look: Look, only: int | None
) -> list[list[str]]:
    shown = chosen(ledger, findings, only)
    blocks = [list(ladder(ledger, flow, look)) for flow in shown]
    rest = len(ledger.flows) - len(shown)
    if rest > 0 and only is None:
        said = _("... {count} more flows like these; plainwire show --flow N shows one").format(
            count=text.count_text(rest)
        )
        blocks.append([look.style.paint(line, "dim") for line in text.wrap(said, look.width)])
    return blocks


def chosen(ledger: Ledger, findings: list[Finding], only: int | None = None) -> list[Flow]:
    """The flows to draw: the first SHOWN_FLOWS and those with findings, or `only`."""
    if only is not None:
        return [flow for flow in ledger.flows if flow.number == only]
    told = {finding.flow for finding, _alike in grouped(findings)[:MOST_TOLD]}
    told |= {flow.number for flow in names.outer(ledger.flows)[:SHOWN_FLOWS]}
    return [flow for flow in ledger.flows if flow.number in told]


def _failed_connects(ledger: Ledger, look: Look) -> list[list[str]]:
    """Attempts that made no flow, alike ones counted."""
    counted: dict[str, int] = {}
    shown: dict[str, str] = {}  # the segments of the first attempt of each kind
    for call, wire in packets.attempts_in_vain(ledger):
        frame = names.frame_of(call)
        where = names.short(frame) if frame is not None else call.process.name
        target = names.address(call.endpoint.remote if call.endpoint else None)
        why = packets.why_in_vain(call, wire)
        said = f"{where} {call.op} {target} {look.style.glyphs.cross} {why}"
        if wire is not None and said not in shown:
            shown[said] = packets.attempt(wire)
        counted[said] = counted.get(said, 0) + 1
    if not counted:
        return []
    lines = [look.style.paint(_("failed attempts to connect"), "bold")]
    for said, count in list(counted.items())[:FAILED_SHOWN]:
        times = f" (x{text.count_text(count)})" if count > 1 else ""
        lines += text.wrap(said + times, look.width, first="  ", rest="      ")
        if said in shown:
            lines += text.wrap(shown[said], look.width, first="      ", rest="        ")
    if len(counted) > FAILED_SHOWN:
        rest = sum(list(counted.values())[FAILED_SHOWN:])
        lines.append("  " + _("... {count} more like this").format(count=text.count_text(rest)))
    return [lines]


def _unseen(ledger: Ledger, look: Look) -> list[str]:
    lines = []
    for said in unseen(ledger):
        lines += text.wrap(said, look.width, rest="  ")
    return [look.style.paint(line, "dim") for line in lines]


def _ascii(report: str) -> str:
    return report.translate({0x2026: "~", 0x2192: "->"})
