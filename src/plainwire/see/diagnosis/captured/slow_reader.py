"""A sender was stuck because its peer did not read: the packet-only half.

Proof: an end announced a window of zero and never opened it again; for a second or more
the other end had bytes for it, which its window probes prove, and got zero for answer.
Certain when the sender gave up with RST; likely when the capture ended so after five
seconds, because it may have ended in a pause. Silent: a
window that opened again (that is what it is for), one not zero for three times as long as
the pauses that the same reader came back from, a reader that finished the connection
itself (a download that was cancelled), both ends at zero, one direction seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plainwire.see.diagnosis.captured.seen import SECOND, Connection, Seen
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, say
from plainwire.see.ledger.wire import FIN, RST, Kind, Segment

RULE = "slow-reader"
LEAST_NS = SECOND
PAUSE_NS = 5 * SECOND  # at the end of a capture; arbitrary
_PATIENCE = 3  # times the longest pause before


@dataclass(frozen=True, slots=True)
class Stuck:
    """A window of zero that stayed, the last probe of it, and the reset that ended it."""

    reader: int
    zero: Segment
    probe: Segment
    probes: int
    reset: Segment | None


def find(seen: Seen) -> Iterator[Finding]:
    """One finding for each connection whose reader stopped reading."""
    for connection in seen.connections:
        if not connection.both_seen:
            continue
        closed = [_closed(connection, end) for end in (0, 1)]
        if closed[0] is not None and closed[1] is not None:
            continue
        for reader in (0, 1):
            zero = closed[reader]
            stuck = _stuck(connection, reader, zero) if zero is not None else None
            if stuck is not None:
                yield _finding(connection, stuck)


def _closed(connection: Connection, reader: int) -> Segment | None:
    """The segment by which an end closed its window for the last time, if it stayed so."""
    seen = connection.of(reader, Kind.ZERO_WINDOW, Kind.WINDOW_OPEN)
    if not seen or seen[-1].kind is Kind.WINDOW_OPEN:
        return None
    return connection.numbered[seen[-1].segment]


def _stuck(connection: Connection, reader: int, zero: Segment) -> Stuck | None:
    after = connection.segments[connection.place(zero) + 1 :]
    if any(s.end == reader and s.flags & (FIN | RST) for s in after):
        return None
    probes = [
        connection.numbered[o.segment]
        for o in connection.of(1 - reader, Kind.WINDOW_PROBE)
        if o.time_ns > zero.t
    ]
    # An answer that was not captured may have opened the window: the last two probes count.
    reset = next((s for s in after if s.end != reader and s.flags & RST), None)
    least = LEAST_NS if reset is not None else PAUSE_NS
    paused = max((o.wait_ns for o in connection.of(reader, Kind.WINDOW_OPEN)), default=0)
    if len(probes) < 2 or probes[-1].t - zero.t < max(least, _PATIENCE * paused):
        return None
    return Stuck(reader, zero, probes[-1], len(probes), reset)


def _finding(connection: Connection, stuck: Stuck) -> Finding:
    seconds = (stuck.probe.t - stuck.zero.t) / SECOND
    evidence = [
        Evidence(
            say(
                "the reader's end announced a window of zero (packet {number}) and did not open it"
                " again for {seconds:.1f} s",
                number=stuck.zero.number,
                seconds=seconds,
            ),
            stuck.zero.t,
        ),
        Evidence(
            say(
                "the sender asked {count} times whether there was room (the last is packet"
                " {number}): it had more to send",
                count=stuck.probes,
                number=stuck.probe.number,
            ),
            stuck.probe.t,
        ),
    ]
    if stuck.reset is not None:
        evidence.append(
            Evidence(
                say("then it gave up: RST (packet {number})", number=stuck.reset.number),
                stuck.reset.t,
            )
        )
    return Finding(
        RULE,
        CERTAIN if stuck.reset is not None else LIKELY,
        say(
            "{sender} was stuck for {seconds:.1f} s: {reader} did not read, and its queue is full",
            sender=connection.name(1 - stuck.reader),
            seconds=seconds,
            reader=connection.name(stuck.reader),
        ),
        (),
        tuple(evidence),
        say(
            "find out why the reader stopped: it should read in a loop of its own (a thread or a"
            " task) and hand the data over; or bound what is sent before it has answered"
        ),
        connection.flow.number,
        stuck.zero.t,
    )
