"""Two failures of the path between the ends: the packet-only halves.

retransmission-stall   a segment's bytes were sent again a second or more after they were
                       first captured, nothing had acknowledged them, the sender sent
                       nothing new meanwhile, and later they were acknowledged.
half-open-peer         bytes, or keep-alive probes, were sent again three times or more
                       over three seconds, and the other end, which had spoken before,
                       was silent from the first sending to the end.

Only ever likely: where a segment was lost cannot be seen. Silent: a capture of one
direction, a zero window in between (slow-reader), bytes acknowledged before they were
sent again (the acknowledgement was lost behind the capture), FINs alone (a client that
left), an end that had sent FIN or RST, packets captured twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.captured.seen import SECOND, Connection, Seen, ended_by_fin
from plainwire.see.diagnosis.model import LIKELY, Evidence, Finding, say
from plainwire.see.diagnosis.wire_evidence import sent_in_vain, set_deadlines
from plainwire.see.ledger.wire import RST, Kind, Segment

STALL, HALF_OPEN = "retransmission-stall", "half-open-peer"
LEAST_NS = SECOND
LEAST_TIMES, LEAST_SILENT_NS = 3, 3 * SECOND
_APART_NS = 100_000_000  # Linux sends again after 200 ms at the earliest
_TRIED = 32  # of a connection's longest waits; each is looked at in full


def find_stall(seen: Seen) -> Iterator[Finding]:
    """One finding for each connection that stood still."""
    for connection in seen.connections:
        if not connection.both_seen:
            continue
        candidates = [
            o
            for end in (0, 1)
            for o in connection.of(end, Kind.RETRANSMISSION)
            if o.wait_ns >= LEAST_NS and o.related and connection.numbered[o.segment].size
        ]
        candidates.sort(key=lambda o: -o.wait_ns)
        for o in candidates[:_TRIED]:
            first, again = connection.numbered[o.related[0]], connection.numbered[o.segment]
            stood = _stood_still(connection, first, again)
            if stood >= LEAST_NS and not seen.is_copy(first.number, again.number):
                yield _stalled(connection, first, again, stood)
                break


def _stood_still(connection: Connection, first: Segment, again: Segment) -> int:
    """For how long nothing new had left when bytes were sent again, in ns.

    0 when it was not for want of an acknowledgement, and when none came afterwards.
    """
    at, since = connection.place(again), again.t
    for s in reversed(connection.segments[connection.place(first) : at]):
        if s.end == first.end:
            if s.size and not any(mark.kind is Kind.RETRANSMISSION for mark in s.marks):
                since = s.t
                break
        elif not s.flags & RST and (not s.window or (s.acked or 0) > first.start):
            return 0
    for s in connection.segments[connection.place(first) : at]:
        if s.end != first.end and (s.acked or 0) > first.start:
            return 0
    mended = any(
        s.end != first.end and (s.acked or 0) >= again.stop and not s.flags & RST
        for s in connection.segments[at:]
    )
    return again.t - since if mended else 0


def _stalled(connection: Connection, first: Segment, again: Segment, stood: int) -> Finding:
    return Finding(
        STALL,
        LIKELY,
        say(
            "bytes from {sender} to {receiver} were lost and sent again: the stream stood still for"
            " {seconds:.1f} s",
            sender=connection.name(first.end),
            receiver=connection.name(1 - first.end),
            seconds=stood / SECOND,
        ),
        (),
        (
            Evidence(
                say(
                    "packet {first} was sent again {wait:.1f} s later (packet {number})",
                    first=first.number,
                    wait=(again.t - first.t) / SECOND,
                    number=again.number,
                ),
                again.t,
                again.start,
            ),
        ),
        say(
            "look for what drops segments on the path: a weak link, a full queue, a firewall; keep"
            " time-outs longer than a few retransmissions (1, 3, 7 s)"
        ),
        connection.flow.number,
        again.t,
    )


def find_half_open(seen: Seen) -> Iterator[Finding]:
    """One finding for each connection whose other end stopped answering."""
    for connection in seen.connections:
        if not connection.both_seen:
            continue
        for end in (0, 1):
            again = _unanswered(seen, connection, end)
            if again:
                yield _half_open(connection, end, again)
                break


def _unanswered(seen: Seen, connection: Connection, end: int) -> list[Segment]:
    """The sending that was not answered, and those again after the peer's last word."""
    last = max((s.t for s in connection.segments if s.end != end), default=0)
    after = [
        o for o in connection.of(end, Kind.RETRANSMISSION, Kind.KEEP_ALIVE) if o.time_ns > last
    ]
    found: list[Segment] = []
    since = 1 << 63
    for o in after:
        again = connection.numbered[o.segment]
        first = connection.numbered[o.related[0]] if o.related else None
        if o.kind is Kind.RETRANSMISSION and not again.size:
            continue
        if first is not None and seen.is_copy(first.number, again.number):
            continue
        if not found or again.t - found[-1].t >= _APART_NS:
            found.append(again)
            since = min(since, max(last, first.t) if first is not None else again.t)
    if len(found) < LEAST_TIMES or found[-1].t - since < LEAST_SILENT_NS:
        return []
    gone = any(s.end != end and s.flags & RST for s in connection.segments)
    return [] if gone or ended_by_fin(connection, 1 - end, found[-1].t) else found


def _half_open(connection: Connection, end: int, again: list[Segment]) -> Finding:
    return Finding(
        HALF_OPEN,
        LIKELY,
        say(
            "{peer} does not answer {sender} any more, and no FIN or RST came: the connection is"
            " half open",
            peer=connection.name(1 - end),
            sender=connection.name(end),
        ),
        (),
        (sent_in_vain(len(again), again[0].number, again[-1].number, again[0].t),),
        set_deadlines(),
        connection.flow.number,
        again[0].t,
    )
