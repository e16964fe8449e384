"""A small segment waited for the acknowledgement of the one before: the packet-only half.

Proof: a small segment left alone; its acknowledgement, alone too, came 20 ms later than a
round trip takes (the handshake tells how long that is), and within 1 ms the same end's
next small segment left, though it had received nothing since the first (both acknowledge
the same; an answer, captured or not, would be a reason to send). A program that sends at
its own pace cannot know when an acknowledgement comes. Likely from the fourth time on
between the same two hosts, if that is what most of the late acknowledgements released.
Silent: a handshake that was not captured, large segments, waits longer than any kernel
delays an acknowledgement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from plainwire.see.diagnosis.captured.seen import Connection, Seen
from plainwire.see.diagnosis.model import LIKELY, Evidence, Finding, say
from plainwire.see.ledger.wire import FIN, Kind, Observation, Segment

RULE = "nagle-delayed-ack-stall"
LEAST = 4
DELAY_NS = 20_000_000  # half of the least that Linux delays
MOST_NS = 500_000_000  # RFC 9293 section 3.8.6.3: an ACK is delayed by less than that
RELEASED_NS = 1_000_000
_SMALL = 1000  # bytes; below every path's segment size
_MOST_OF_THEM = 0.8


@dataclass(frozen=True, slots=True)
class Stall:
    """The segment that was waited for, its late ACK, and the one that waited."""

    connection: Connection
    data: Segment
    ack: Segment
    released: Segment

    @property
    def ns(self) -> int:
        """How long the second segment waited at least."""
        return self.ack.t - self.data.t


def find(seen: Seen) -> Iterator[Finding]:
    """One finding for each sending host and the service it stalled at."""
    stalls: dict[object, list[Stall]] = defaultdict(list)
    others: dict[object, int] = defaultdict(int)
    for connection in seen.connections:
        if not connection.both_seen:
            continue
        for end in (0, 1):
            found, late = _stalls(connection, end)
            key = (end, connection.host(0), connection.ends[1])
            stalls[key] += found
            others[key] += late - len(found)
    for who, mine in stalls.items():
        if len(mine) >= LEAST and len(mine) >= _MOST_OF_THEM * (len(mine) + others[who]):
            yield _finding(mine)


def _stalls(connection: Connection, end: int) -> tuple[list[Stall], int]:
    """An end's stalls, and how many late ACKs were followed by a segment of its own."""
    marks = connection.of(end, Kind.NAGLE_DELAYED_ACK)
    trip = connection.round_trip(end) if marks else None
    if trip is None:
        return [], 0
    found = [stall for o in marks if (stall := _stall(connection, o, trip)) is not None]
    late = sum(1 for o in connection.of(1 - end, Kind.DELAYED_ACK) if _followed(connection, o))
    return found, late


def _stall(connection: Connection, o: Observation, trip: int) -> Stall | None:
    if len(o.related) != 2:
        return None
    data, ack = (connection.numbered[number] for number in o.related)
    released = connection.numbered[o.segment]
    small = 0 < data.size < _SMALL and released.size < _SMALL and not data.flags & FIN
    if not small or not DELAY_NS <= ack.t - data.t - trip <= MOST_NS:
        return None
    if released.t - ack.t > RELEASED_NS or released.acked != data.acked:
        return None
    return Stall(connection, data, ack, released)


def _followed(connection: Connection, o: Observation) -> bool:
    """Was a late ACK followed by bytes of the end that it acknowledged, not by an answer?"""
    at = connection.place(connection.numbered[o.segment])
    after = next((s for s in connection.segments[at + 1 : at + 4] if s.size), None)
    return after is not None and after.end != o.sender


def _finding(stalls: list[Stall]) -> Finding:
    worst = max(stalls, key=lambda stall: stall.ns)
    connection, end = worst.connection, worst.data.end
    total = sum(stall.ns for stall in stalls)
    sender, receiver = connection.name(end), connection.name(1 - end)
    return Finding(
        RULE,
        LIKELY,
        say(
            "{sender} waited up to {wait:.0f} ms, {count} times: its bytes lay in the sender's"
            " buffer until the ACK came that {receiver} delayed",
            sender=sender,
            wait=worst.ns / 1e6,
            count=len(stalls),
            receiver=receiver,
        ),
        (),
        (
            Evidence(
                say(
                    "packet {data} left with {count} bytes; its ACK (packet {ack}) came"
                    " {wait:.0f} ms later, and at once the next bytes left (packet {released})",
                    data=worst.data.number,
                    count=worst.data.size,
                    ack=worst.ack.number,
                    wait=worst.ns / 1e6,
                    released=worst.released.number,
                ),
                worst.ack.t,
                worst.released.start,
            ),
            Evidence(
                say(
                    "it happened {count} times, {total:.0f} ms in all",
                    count=len(stalls),
                    total=total / 1e6,
                )
            ),
        ),
        say(
            "let the sender join the parts of a message and send it with one call, or set"
            " TCP_NODELAY"
        ),
        connection.flow.number,
        worst.data.t,
    )
