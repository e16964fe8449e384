"""Sort segments into TCP connections: both directions of a 5-tuple, each use apart.

A 4-tuple may be used again as soon as the connection before is over, so a connection is
a 4-tuple and its turn. Pure. Rule: RFC 9293 section 3.6.1 (a new SYN may reopen a
connection in TIME_WAIT).
"""

from __future__ import annotations

from typing import NamedTuple

from plainwire.see.capture.decode import ACK, SYN, Segment
from plainwire.see.capture.recognise import Observation, Recogniser
from plainwire.see.capture.tcp_states import State, TcpStates

Endpoint = tuple[bytes, int]


class FlowKey(NamedTuple):
    """Both endpoints in a fixed order, the same for both directions."""

    low: Endpoint
    high: Endpoint


def flow_key(source: Endpoint, destination: Endpoint) -> FlowKey:
    """Make the key of a flow from either direction's (address bytes, port) pairs."""
    return FlowKey(*sorted((source, destination)))


class Connection:
    """One TCP connection.

    Attributes:
        ends: (address bytes, port) of end 0, who opened it, and of end 1.
        turn: 0 for the first use of the 4-tuple in this capture, then 1, 2 ...
        opener_known: False where no SYN was captured; end 0 is then the first sender.
        states: see `tcp_states`.
        observations: what `recognise` found, in order.
        segments: the caller's indexes of its segments, in order.
    """

    def __init__(self, ends: tuple[Endpoint, Endpoint], turn: int, *, opener_known: bool) -> None:
        self.ends = ends
        self.turn = turn
        self.opener_known = opener_known
        self.states = TcpStates()
        self.observations: list[Observation] = []
        self.segments: list[int] = []
        self.initial_sequence: int | None = None
        self._recogniser = Recogniser()

    def sender_of(self, segment: Segment) -> int:
        """Give 0 or 1, the end that sent a segment of this connection.

        A socket connected to itself has equal ends; all its segments are then end 0's.
        """
        return 0 if (segment.source, segment.source_port) == self.ends[0] else 1

    def feed(self, index: int, time_ns: int, segment: Segment) -> tuple[Observation, ...]:
        """Take the connection's next segment; gives what it shows."""
        sender = self.sender_of(segment)
        if sender == 0 and segment.flags & SYN and self.initial_sequence is None:
            self.initial_sequence = segment.sequence
        self.segments.append(index)
        self.states.feed(index, time_ns, sender, segment)
        found = self._recogniser.feed(index, time_ns, sender, segment)
        self.observations += found
        return found


class Connections:
    """All connections of a capture, in the order of their first segments."""

    def __init__(self) -> None:
        self.all: list[Connection] = []
        self._current: dict[FlowKey, Connection] = {}

    def feed(self, index: int, time_ns: int, segment: Segment) -> Connection:
        """Give a segment to its connection, a new one where it opens one.

        Args:
            index: the caller's number of the packet.
            time_ns: its stamp.
            segment: as `decode.decode_summary` gives it.
        """
        source = (segment.source, segment.source_port)
        destination = (segment.destination, segment.destination_port)
        key = flow_key(source, destination)
        connection = self._current.get(key)
        if connection is None or _reopens(connection, segment, source):
            answers = segment.flags & SYN and segment.flags & ACK
            connection = Connection(
                (destination, source) if answers else (source, destination),
                connection.turn + 1 if connection else 0,
                opener_known=bool(segment.flags & SYN),
            )
            self._current[key] = connection
            self.all.append(connection)
        connection.feed(index, time_ns, segment)
        return connection


def _reopens(connection: Connection, segment: Segment, source: Endpoint) -> bool:
    """A SYN with another initial number, when the connection before is over or never began."""
    if segment.flags & (SYN | ACK) != SYN:
        return False
    if source == connection.ends[0] and segment.sequence == connection.initial_sequence:
        return False
    states = (connection.states.state(0), connection.states.state(1))
    if source != connection.ends[0] and states == (State.SYN_SENT, State.CLOSED):
        return False  # simultaneous open
    alive = {State.SYN_RCVD, State.ESTABLISHED, State.CLOSE_WAIT, State.FIN_WAIT1}
    return not any(state in alive for state in states)
