"""Two failures of the path between the ends, told apart by what came after.

retransmission-stall   bytes were lost and sent again, a reader waited for them meanwhile,
                       and they came: the path, or a full queue, dropped them.
half-open-peer         bytes, or keep-alive probes, were sent again and again and nothing
                       was answered up to the end: the peer is gone without a FIN.

Proof, from packets: a segment whose bytes had been captured before, one second or more
after the first sending (or keep-alive probes as long); for half-open-peer three or more
of them and no segment from the other end after the first. Silent: probes of a zero
window, a single loss that was mended within a second, an end that we cut off.
Only ever likely: where the segment was lost cannot be seen from here.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, endpoint_name, where
from plainwire.see.diagnosis.model import LIKELY, Evidence, Finding, say
from plainwire.see.diagnosis.wire_evidence import sent_in_vain, set_deadlines
from plainwire.see.ledger.model import Call, Flow
from plainwire.see.ledger.wire import Kind, Observation, Segment

STALL, HALF_OPEN = "retransmission-stall", "half-open-peer"
LEAST_NS = 1_000_000_000
_AGAIN = (Kind.RETRANSMISSION, Kind.KEEP_ALIVE)


def find_stall(case: Case) -> Iterator[Finding]:
    """One finding for each flow whose bytes came late because they were lost first."""
    for flow in case.ledger.flows:
        for end in (0, 1):
            again = _again(case, flow, end)
            lost = [o for o in again if o.kind is Kind.RETRANSMISSION and o.wait_ns >= LEAST_NS]
            if lost and not _unanswered(case, flow, end, again):
                found = _stalled(case, flow, lost)
                if found is not None:
                    yield found
                    break


def find_half_open(case: Case) -> Iterator[Finding]:
    """One finding for each flow whose peer stopped answering."""
    for flow in case.ledger.flows:
        for end in (0, 1):
            again = _again(case, flow, end)
            if len(again) >= 3 and _unanswered(case, flow, end, again):
                yield _half_open(case, flow, end, again)
                break


def _again(case: Case, flow: Flow, end: int) -> list[Observation]:
    """Segments that an end sent again, before we ended the programs."""
    if flow.wire is None:
        return []
    until = _until(case)
    return [
        o
        for o in flow.wire.observations
        if o.sender == end and o.kind in _AGAIN and o.time_ns < until
    ]


def _until(case: Case) -> int:
    """When we began to end the programs; what came later is our doing."""
    endings = [p.ending for p in case.ledger.processes if p.ending is not None]
    return min(endings, default=case.ledger.ended + 1)


def _unanswered(case: Case, flow: Flow, end: int, again: list[Observation]) -> bool:
    """Did the other end say nothing from the first sending on?"""
    if not again or flow.wire is None:
        return False
    first = flow.wire.numbered(again[0].related[0]) if again[0].related else None
    since = first.t if first is not None else again[0].time_ns
    until = _until(case)
    return not any(s.end != end and since < s.t < until for s in flow.wire.segments)


def _stalled(case: Case, flow: Flow, lost: list[Observation]) -> Finding | None:
    worst = max(lost, key=lambda o: o.wait_ns)
    assert flow.wire is not None
    again = flow.wire.numbered(worst.segment)
    if again is None or not again.reads or not again.sends:
        return None
    read, sent = again.reads[0].call, again.sends[0].call
    if read.t1 is None or read.blocked_ns < LEAST_NS or case.is_ours(read):
        return None
    return Finding(
        STALL,
        LIKELY,
        say(
            "{read} waited {seconds:.1f} s for bytes of {sent} that were lost and sent again",
            read=where(read),
            seconds=read.blocked_ns / 1e9,
            sent=where(sent),
        ),
        case.places((read, "waits"), (sent, "sends")),
        (_sent_again(again, worst),),
        say(
            "nothing in these lines: the network, or a full queue, dropped segments; keep"
            " time-outs longer than a few retransmissions (1, 3, 7 s)"
        ),
        flow.number,
        again.t,
    )


def _sent_again(again: Segment, seen: Observation) -> Evidence:
    return Evidence(
        say(
            "packet {first} was sent again {wait:.1f} s later (packet {number})",
            first=seen.related[0] if seen.related else "?",
            wait=seen.wait_ns / 1e9,
            number=again.number,
        ),
        again.t,
        again.start,
    )


def _half_open(case: Case, flow: Flow, end: int, again: list[Observation]) -> Finding:
    ends = (flow.client, flow.server)
    mine, peer = ends[end], ends[1 - end]
    waits: Call | None = None
    if mine is not None and mine.calls:
        spoke = [c for c in mine.calls if c.t0 <= again[-1].time_ns]
        waits = spoke[-1] if spoke else None
    addresses = flow.wire.ends if flow.wire is not None else (None, None)
    who = peer.process.name if peer is not None and peer.process is not None else None
    name = who or endpoint_name(addresses[1 - end])
    return Finding(
        HALF_OPEN,
        LIKELY,
        say(
            "{name} does not answer any more, and no FIN or RST came: the connection is half open",
            name=name,
        ),
        case.places((waits, "waits")),
        (sent_in_vain(len(again), again[0].segment, again[-1].segment, again[0].time_ns),),
        set_deadlines(),
        flow.number,
        again[0].time_ns,
    )
