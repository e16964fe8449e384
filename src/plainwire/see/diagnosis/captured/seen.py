"""What the rules ask of a capture without calls, computed once for all of them. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from plainwire.see.diagnosis.case import endpoint_name
from plainwire.see.ledger import copies
from plainwire.see.ledger.model import Address, Flow, Ledger
from plainwire.see.ledger.packets import header_of
from plainwire.see.ledger.wire import ACK, FIN, RST, SYN, Kind, Observation, Segment

SECOND = 1_000_000_000
CONNECTED, REFUSED, UNANSWERED, OTHER = "connected", "refused", "unanswered", "other"
# A client that fails at more targets than this is looking for open ports.
MOST_TARGETS = 8


class Connection:
    """One captured TCP connection; end 0 is the client's where its SYN was captured."""

    def __init__(self, ledger: Ledger, flow: Flow) -> None:
        assert flow.wire is not None
        self._ledger = ledger
        self.flow, self.wire = flow, flow.wire
        self.segments = flow.wire.segments
        self.ends = flow.wire.ends

    @cached_property
    def numbered(self) -> dict[int, Segment]:
        """Packet number -> segment."""
        return {segment.number: segment for segment in self.segments}

    @cached_property
    def _places(self) -> dict[int, int]:
        return {segment.number: place for place, segment in enumerate(self.segments)}

    def place(self, segment: Segment) -> int:
        """Where a segment stands in `segments`."""
        return self._places[segment.number]

    @cached_property
    def both_seen(self) -> bool:
        """Did the capture see both directions?"""
        return {segment.end for segment in self.segments} == {0, 1}

    def name(self, end: int) -> str:
        """An end's address as people write it."""
        return endpoint_name(self.ends[end])

    def host(self, end: int) -> str:
        """An end's host."""
        return host_of(self.ends[end])

    def of(self, end: int, *kinds: Kind) -> list[Observation]:
        """What was recognised of an end's segments, by kind."""
        return [o for o in self.wire.observations if o.sender == end and o.kind in kinds]

    def first(self, end: int, flag: int) -> Segment | None:
        """An end's first segment with a flag."""
        return next((s for s in self.segments if s.end == end and s.flags & flag), None)

    def round_trip(self, end: int) -> int | None:
        """How long the handshake's answer to an end took, in ns; None if not captured.

        From the place of the capture to the other end and back: the same way as the
        acknowledgements of this end's data.
        """
        syn = self.first(0, SYN)
        answer = self.first(1, SYN)
        if syn is None or answer is None or answer.t < syn.t:
            return None
        if self.of(0, Kind.SYN_RETRY) or self.of(1, Kind.SYN_ACK_RETRY):
            return None
        if end == 0:
            return answer.t - syn.t
        third = next((s for s in self.segments if s.end == 0 and s.t >= answer.t), None)
        return third.t - answer.t if third is not None else None

    @property
    def may_serve(self) -> tuple[int, ...]:
        """Which ends may have been reached by the other: none of a failed attempt.

        Where the handshake was not captured, either may; so it counts for both.
        """
        spoke = any(s.flags & ACK and not s.flags & RST for s in self.segments)
        if self.outcome in (REFUSED, UNANSWERED) or not spoke:
            return ()
        return (1,) if self.wire.opener_known else (0, 1)

    @cached_property
    def outcome(self) -> str:
        """What became of the attempt to connect; OTHER when its SYN was not captured.

        A client that sends more than SYN was answered, whether or not that was captured.
        """
        head = self.segments[0]
        if not self.wire.opener_known or head.end != 0 or head.flags & ACK:
            return OTHER
        for segment in self.segments:
            if segment.end == 1 and segment.flags & SYN and segment.flags & ACK:
                return CONNECTED
            if segment.end == 0 and not segment.flags & (SYN | RST):
                return CONNECTED
        answers = [s for s in self.segments if s.end == 1]
        if not answers:
            return OTHER if self.flow.told else UNANSWERED
        return REFUSED if self._refuses(answers[0]) else OTHER

    def _refuses(self, answer: Segment) -> bool:
        """Is it the RST of a closed port? It has the sequence number 0 (RFC 9293 3.10.7.1).

        That of a connection whose handshake the capture lost has one of its own.
        """
        if answer.flags & (RST | ACK) != RST | ACK or answer.acked != 0:
            return False
        header = header_of(self._ledger, answer.number)
        return header is not None and header.sequence == 0


class Seen:
    """A capture with the questions that several rules have."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    @cached_property
    def connections(self) -> list[Connection]:
        """Every TCP connection, in order."""
        ledger = self.ledger
        return [Connection(ledger, flow) for flow in ledger.flows if flow.wire is not None]

    def failed(self, outcome: str) -> Iterator[list[Connection]]:
        """The attempts with an outcome, by client host and target; a scanner's left out."""
        found: dict[tuple[str, Address], list[Connection]] = defaultdict(list)
        for connection in self.connections:
            if connection.outcome == outcome:
                found[connection.host(0), connection.ends[1]].append(connection)
        for (host, _target), attempts in found.items():
            if len(self._targets[host]) <= MOST_TARGETS:
                yield attempts

    @cached_property
    def _targets(self) -> dict[str, set[Address]]:
        """Client host -> the targets at which it failed in any way."""
        found: dict[str, set[Address]] = defaultdict(set)
        for connection in self.connections:
            if connection.outcome in (REFUSED, UNANSWERED):
                found[connection.host(0)].add(connection.ends[1])
        return found

    @cached_property
    def _reached(self) -> dict[int, list[tuple[int, str, str]]]:
        """Server port -> (time, client host, server host) of the attempts that succeeded."""
        found: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
        for c in self.connections:
            for server in c.may_serve:
                made = (c.segments[0].t, c.host(1 - server), c.host(server))
                found[port_of(c.ends[server])].append(made)
        for reached in found.values():
            reached.sort()
        return found

    @cached_property
    def _last_reached(self) -> dict[tuple[str, Address], int]:
        return {
            (c.host(1 - server), c.ends[server]): c.segments[0].t
            for c in self.connections
            for server in c.may_serve
        }

    def reached_later(self, attempt: Connection) -> bool:
        """Did the client connect to the same target after all?"""
        last = self._last_reached.get((attempt.host(0), attempt.ends[1]))
        return last is not None and last > attempt.segments[0].t

    def reached_elsewhere(self, attempt: Connection, within: int) -> bool:
        """Did the same client get through to the port at another address at about that time?

        Names have several addresses (::1 and 127.0.0.1), and clients try one after the
        other. The other address may belong to the other family, and so may the client's.
        """
        t = attempt.segments[0].t
        made = self._reached.get(port_of(attempt.ends[1]), [])
        for at in range(bisect_left(made, (t - SECOND, "", "")), len(made)):
            when, client, server = made[at]
            if when > t + within:
                break
            other_family = (":" in client) != (":" in attempt.host(0))
            if server != attempt.host(1) and (client == attempt.host(0) or other_family):
                return True
        return False

    def is_copy(self, first: int, again: int) -> bool:
        """May packet `again` be packet `first`, captured a second time?"""
        return copies.is_copy(self.ledger, first, again)


def host_of(address: Address) -> str:
    """The host of an address."""
    return str(address[0]) if isinstance(address, tuple) and address else ""


def port_of(address: Address) -> int:
    """The port of an address."""
    return int(address[1]) if isinstance(address, tuple) and len(address) > 1 else 0


def ended_by_fin(connection: Connection, end: int, before: int) -> bool:
    """Had an end sent FIN before a moment?"""
    return any(s.end == end and s.flags & FIN and s.t < before for s in connection.segments)
