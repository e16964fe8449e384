"""The verdict: what is wrong, or what happened, in one or two sentences. Pure.

V1  The most certain finding is told, with the lines a terminal can open; the others are
    counted by rule.
V2  Without findings it says that nothing wrong was seen, never that nothing is wrong; and
    who was still waiting, if the run was ended by its time-out.
"""

from __future__ import annotations

from collections import Counter

from plainwire.i18n import gettext as _
from plainwire.see.capture.decode import FIN, RST
from plainwire.see.diagnosis.model import CERTAIN, Finding, Place
from plainwire.see.ledger.model import Call, Endpoint, Flow, Ledger
from plainwire.see.report import crossings, names, text
from plainwire.see.report.names import Paths


def verdict(ledger: Ledger, findings: list[Finding], *, cwd: str | None = None) -> str:
    """The verdict as one paragraph of plain text, not wrapped.

    Args:
        ledger: what happened.
        findings: what is wrong, in any order.
        cwd: the folder that paths are told from; by default that of the run.
    """
    if not findings:
        if ledger.capture is not None and ledger.capture.foreign:
            return _of_capture(ledger)
        said = _("Nothing wrong was seen. {story}").format(story=story(ledger))
        return said + _ended_badly(ledger) + _cut_short(ledger)
    first, *rest = ranked(findings)
    paths = names.paths_of(ledger, cwd)
    said = certainty(first.certainty) + _(": ") + message(first, paths)
    if not said.endswith((".", "。")):
        said += _(".")
    if rest:
        said += " " + _("Also: {rules}.").format(rules=_rules(rest))
    return said


def _of_capture(ledger: Ledger) -> str:
    if not ledger.packets:
        return _("The capture has no packets.")
    packets = text.count_text(len(ledger.packets))
    counted = Counter(flow.kind for flow in ledger.flows)
    said = []
    if counted["tcp"]:
        many = _("{count} TCP connections") if counted["tcp"] > 1 else _("{count} TCP connection")
        said.append(many.format(count=text.count_text(counted["tcp"])))
    if counted["udp"]:
        many = _("{count} UDP flows") if counted["udp"] > 1 else _("{count} UDP flow")
        said.append(many.format(count=text.count_text(counted["udp"])))
    if ledger.icmp:
        said.append(crossings.errors_text(len(ledger.icmp)))
    if not said:
        return _("Neither TCP nor UDP is in the {packets} packets of the capture.").format(
            packets=packets
        )
    return _("Nothing wrong was seen. {what} in {packets} packets.").format(
        what=_(", ").join(said), packets=packets
    )


def ranked(findings: list[Finding]) -> list[Finding]:
    """Certain ones first, each group in the order given."""
    return sorted(findings, key=lambda finding: finding.certainty != CERTAIN)


def certainty(word: str) -> str:
    """How sure a finding is, as the first word of a sentence."""
    return _("Certain") if word == CERTAIN else _("Likely")


def message(finding: Finding, paths: Paths) -> str:
    """A finding's sentence with paths that a terminal can open in place of bare names."""
    said = str(finding.message)
    done = set()
    for place in sorted(finding.places, key=lambda p: -len(p.short)):
        if place.short in done:
            continue
        done.add(place.short)
        said = _replace(said, place, paths)
    return text.safe(said)


def _replace(said: str, place: Place, paths: Paths) -> str:
    full = paths.line(place.frame)
    if full == place.short:
        return said
    at = said.find(place.short)
    while at >= 0:
        end = at + len(place.short)
        before, after = said[at - 1 : at], said[end : end + 1]
        if before in ("/", "_", "-", ".") or before.isalnum() or after.isdigit():
            at = said.find(place.short, end)
            continue
        return said[:at] + full + said[end:]
    return said


def _rules(findings: list[Finding]) -> str:
    counted = Counter(finding.rule for finding in findings)
    return ", ".join(rule if n == 1 else f"{rule} x{n}" for rule, n in counted.items())


# -- what happened ---------------------------------------------------------------------


def story(ledger: Ledger) -> str:
    """One sentence on what happened."""
    if not ledger.flows:
        return _no_flows(ledger)
    groups: dict[tuple[str, str], list[Flow]] = {}
    for flow in names.outer(ledger.flows):
        groups.setdefault((_server_name(flow), flow.kind), []).append(flow)
    said = [_group(server, kind, flows) for (server, kind), flows in groups.items()]
    if len(said) > 3:
        more = _("{count} more conversations").format(count=len(said) - 2)
        said = [*said[:2], more]
    return _("; ").join(said) + _(".")


def _server_name(flow: Flow) -> str:
    end = flow.server
    if end is not None and end.listener is not None and end.listener.process is not None:
        return end.listener.process.name
    if end is not None:
        return names.end_name(end)
    return names.address(names.ends_of(flow)[1])


def _messages(count: int) -> str:
    said = _("{count} messages").format(count=text.count_text(count))
    return said if count != 1 else _("1 message")


def _datagrams(count: int) -> str:
    said = _("{count} datagrams").format(count=text.count_text(count))
    return said if count != 1 else _("1 datagram")


def _group(server: str, kind: str, flows: list[Flow]) -> str:
    messages = sum(len(f.datagrams) or message_count(f) for f in flows)
    protocol = names.KINDS.get(kind, kind)
    values = {
        "clients": names.end_name(flows[0].client)
        if len(flows) == 1
        else text.count_text(len(flows)),
        "server": server,
        "messages": _datagrams(messages) if flows[0].datagrams else _messages(messages),
        "protocol": protocol,
    }
    if flows[0].datagrams:
        if len(flows) == 1:
            template = _("{clients} and {server} exchanged {messages} over {protocol}")
        else:
            template = _("{clients} sockets exchanged {messages} with {server} over {protocol}")
        return template.format(**values) + _lost(flows)
    if len(flows) == 1:
        template = _("{clients} exchanged {messages} with {server} over {protocol}")
    else:
        template = _("{clients} clients exchanged {messages} with {server} over {protocol}")
    return template.format(**values) + _("; ") + _endings(flows)


def message_count(flow: Flow) -> int:
    """Messages of a stream: those a codec named, else what was sent, else what was read."""
    return sum(
        len(d.messages) or len(d.asked_writes) or len(d.asked_reads)
        for d in (flow.there, flow.back)
    )


def _lost(flows: list[Flow]) -> str:
    lost = sum(1 for f in flows for d in f.datagrams if d.sent is not None and d.received is None)
    return _(", {count} of them not received").format(count=lost) if lost else ""


def _endings(flows: list[Flow]) -> str:
    """Who closed the connections, in a clause."""
    closers = Counter(closer_side(flow) for flow in flows)
    if len(flows) == 1:
        return {
            "client": _("the client closed first"),
            "server": _("the server closed first"),
            "open": _("the connection is still open"),
            "unknown": _("who closed it was not seen"),
        }[next(iter(closers))]
    if len(closers) == 1:
        return {
            "client": _("every connection was closed by its client"),
            "server": _("every connection was closed by the server"),
            "open": _("every connection is still open"),
            "unknown": _("who closed them was not seen"),
        }[next(iter(closers))]
    words = {
        "client": _("{count} closed by the client"),
        "server": _("{count} closed by the server"),
        "open": _("{count} still open"),
        "unknown": _("{count} closed unseen"),
    }
    return _(", ").join(
        words[side].format(count=text.count_text(n)) for side, n in closers.most_common()
    )


def closer_side(flow: Flow) -> str:
    """Who closed first: 'client', 'server', 'open' or 'unknown'."""
    closed = _first_end(flow)
    if closed is None:
        return "open" if flow.closed is None else "unknown"
    side, t = closed
    return "open" if t >= flow.ours_from else side


def _first_end(flow: Flow) -> tuple[str, int] | None:
    """Whose end came first, and when: by the first FIN or RST if there are packets.

    A process that ends closes what it has without a call.
    """
    if flow.wire is not None:
        for segment in flow.wire.segments:
            if segment.flags & (FIN | RST):
                return ("server" if segment.end else "client"), segment.t
    closer = first_closer(flow)
    if closer is not None:
        return ("client" if closer[0] is flow.client else "server"), closer[1].t0
    ends = [_end_of(end) for end in flow.ends]
    times = [(t, end) for t, end in zip(ends, flow.ends, strict=True) if t is not None]
    if len(times) < len(ends) or not times:
        return None
    t, end = min(times, key=lambda found: found[0])
    return ("client" if end is flow.client else "server"), t


def _end_of(end: Endpoint) -> int | None:
    """When an end was closed, by a call or with its process; None if it may be open still."""
    process = end.process
    if process is None or any(call.process is not process for call in end.calls):
        return None
    closed = [call.t0 for call in end.calls if call.op in ("close", "closed", "dropped")]
    return min([*closed, *([process.ended] if process.ended is not None else [])], default=None)


def first_closer(flow: Flow) -> tuple[Endpoint, Call] | None:
    """The end that finished first, and the call by which it did."""
    ended = [
        (direction.fin_sent.t0, end, direction.fin_sent)
        for end in flow.ends
        if (direction := flow.sending(end)).fin_sent is not None
    ]
    if not ended and flow.closed is not None:
        ended = [
            (call.t0, end, call)
            for end in flow.ends
            for call in end.calls
            if call.op in ("closed", "dropped")
        ]
    if not ended:
        return None
    _t, end, call = min(ended, key=lambda found: found[0])
    return end, call


def _ended_badly(ledger: Ledger) -> str:
    """Programs that an exception ended, or with a status: no finding, but no success either."""
    paths = names.paths_of(ledger, None)
    said = ""
    for program in ledger.programs:
        ours = any(p.program is program and p.ending is not None for p in ledger.processes)
        if program.status in (None, 0) or ours:
            continue
        raised = next(
            (s for s in ledger.surfaced if s.process.program is program and s.how == "uncaught"),
            None,
        )
        name = text.safe(program.name)
        if raised is None or not raised.frames or raised.name == "SystemExit":
            said += " " + _("{name} ended with status {status}.").format(
                name=name, status=program.status
            )
        else:
            said += " " + _("{name} was ended by an uncaught {exception} at {line}.").format(
                name=name, exception=text.safe(raised.name), line=paths.line(raised.frames[-1])
            )
    return said


def _cut_short(ledger: Ledger) -> str:
    """Who still waited when the time was up: not wrong by itself, but worth a look."""
    if ledger.why != "timeout":
        return ""
    paths = names.paths_of(ledger, None)
    waits = {
        paths.line(frame): until - call.t0
        for call in ledger.long_calls()
        for frame in (call.site.frame,)
        for until in (call.process.ending or ledger.ended,)
        if frame is not None
        and (call.op in names.RECEIVING or call.op in names.STREAM_READS)
        and call.t0 < until <= (call.t1 or until)
    }
    if not waits:
        return " " + _("The run was ended by its time-out.")
    longest = sorted(waits.items(), key=lambda wait: -wait[1])[:3]
    return " " + _(
        "When the run was ended by its time-out, these waited for bytes: {lines}."
    ).format(lines=_(", ").join(f"{line} ({text.duration(ns)})" for line, ns in longest))


def _no_flows(ledger: Ledger) -> str:
    tries = [c for c in ledger.calls if c.op in ("connect", "connect_ex") and c.failure]
    if len(tries) == 1:
        return _("No connection came about; 1 attempt failed.")
    if tries:
        return _("No connection came about; {count} attempts failed.").format(count=len(tries))
    listeners = [e for e in ledger.endpoints if e.role == "listener"]
    if listeners:
        where = ", ".join(names.address(e.local) for e in listeners[:3])
        return _("Nobody connected to {where}.").format(where=where)
    if not ledger.processes:
        return _("No Python program was observed.")
    elsewhere = sorted({what for process in ledger.processes for what, _why in process.unseen})
    if elsewhere:
        return _("No calls were seen: {what} is not followed.").format(what=", ".join(elsewhere))
    return _("No program spoke over a socket.")
