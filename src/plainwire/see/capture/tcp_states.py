"""The TCP state of both ends of one connection over time, from its segments.

Every segment moves up to two machines: its sender's and its receiver's. The result is a
list of transitions, each with its time and the segment that caused it.

Theory: on loopback a segment is stamped while it passes from one end to the other, so
both ends move at that stamp (measured against the kernel's own transitions: same order,
within 40 us). What a segment alone cannot tell is settled by later ones:

1. A SYN may be dropped by a full backlog. Its receiver was in SYN_RCVD from the SYN on
   only if a SYN-ACK answers; the transition is then entered at the SYN.
2. The last ACK of a handshake may be dropped by a full accept queue, and what follows it
   too. A SYN-ACK sent again proves it: what its sender entered since is taken back.
3. A FIN counts at its receiver when all bytes before it have come.
4. Every segment acknowledges all that its sender has taken. A FIN that leaves the peer's
   FIN unacknowledged was sent before that arrived: they crossed (simultaneous close).
5. TIME_WAIT ends by a timer, 60 s on Linux, which no segment shows: see `expire`.

Not seen in packets: a FIN that waits behind unsent data (its sender is in FIN_WAIT1 from
close() on, here from the FIN on), ends by other timers, aborts without RST.

Pure. Rules: RFC 9293 sections 3.3.2, 3.5, 3.6 and 3.10.7; RFC 5961 section 3.2 (which RST
counts); linux/tcp.h for the 60 s.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from plainwire.see.capture.decode import ACK, FIN, RST, SYN, Segment
from plainwire.see.capture.sequence import Ranges, StreamOffsets

TIME_WAIT_NS: Final = 60_000_000_000


class State(StrEnum):
    """The states of RFC 9293 section 3.3.2."""

    CLOSED = "CLOSED"
    LISTEN = "LISTEN"
    SYN_SENT = "SYN_SENT"
    SYN_RCVD = "SYN_RCVD"
    ESTABLISHED = "ESTABLISHED"
    FIN_WAIT1 = "FIN_WAIT1"
    FIN_WAIT2 = "FIN_WAIT2"
    CLOSING = "CLOSING"
    TIME_WAIT = "TIME_WAIT"
    CLOSE_WAIT = "CLOSE_WAIT"
    LAST_ACK = "LAST_ACK"


class Transition(msgspec.Struct, frozen=True):
    """One end's change of state.

    Attributes:
        end: 0 or 1, as given to `TcpStates.feed`.
        time_ns: of the segment that caused it, or when the timer ended.
        segment: the caller's index of that segment; None for a timer.
        cause: "SYN sent", "FIN received", "ACK of FIN received", "RST sent" ... or
            "timer", or "already open" where the capture began later than the connection.
    """

    end: int
    time_ns: int
    before: State
    after: State
    segment: int | None
    cause: str


class _End:
    """One end: its state, and what of its stream has arrived at the other."""

    def __init__(self) -> None:
        self.state = State.CLOSED
        self.sent: StreamOffsets | None = None
        self.delivered = 0  # bytes of it that have come without a hole
        self.arrived = Ranges()  # what has come beyond a hole
        self.fin_at: int | None = None
        self.fin_taken = False
        self.last_syn: tuple[int, int] | None = None
        self.answered = False  # has sent a SYN-ACK
        self.time_wait_since = 0


_OVER = frozenset({State.CLOSED, State.TIME_WAIT})
_AFTER_HANDSHAKE = frozenset({State.ESTABLISHED, State.CLOSE_WAIT})
_AFTER_FIN_SENT = {
    State.ESTABLISHED: State.FIN_WAIT1,
    State.SYN_RCVD: State.FIN_WAIT1,
    State.CLOSE_WAIT: State.LAST_ACK,
}
_AFTER_FIN_ACKED = {
    State.FIN_WAIT1: State.FIN_WAIT2,
    State.CLOSING: State.TIME_WAIT,
    State.LAST_ACK: State.CLOSED,
}
_AFTER_FIN_RECEIVED = {
    State.SYN_RCVD: State.CLOSE_WAIT,
    State.ESTABLISHED: State.CLOSE_WAIT,
    State.FIN_WAIT1: State.CLOSING,
    State.FIN_WAIT2: State.TIME_WAIT,
}


class TcpStates:
    """Both ends of one connection; feed its segments in the order captured."""

    def __init__(self) -> None:
        self._ends = (_End(), _End())
        self._transitions: list[Transition] = []

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """All transitions so far, by time; an earlier one may still appear (rule 1) or go (2)."""
        return tuple(sorted(self._transitions, key=lambda t: t.time_ns))

    def state(self, end: int) -> State:
        """The state of an end after the last segment fed."""
        return self._ends[end].state

    @property
    def over(self) -> bool:
        """True when both ends are in CLOSED or TIME_WAIT after at least one transition."""
        return bool(self._transitions) and all(end.state in _OVER for end in self._ends)

    def feed(self, index: int, time_ns: int, sender: int, segment: Segment) -> None:
        """Take one segment.

        Args:
            index: the caller's name for it, given back in transitions.
            time_ns: its stamp, on any one clock.
            sender: 0 or 1, the end that sent it.
            segment: as `decode.decode_summary` gives it.
        """
        source, target = self._ends[sender], self._ends[1 - sender]
        if self._plain(source, target, segment):
            return
        here = (time_ns, index)
        if not self._transitions and not segment.flags & SYN:
            if segment.flags & RST:
                return
            self._already_open(here)
        if source.sent is None or (segment.flags & SYN and source.state is State.CLOSED):
            source.sent = StreamOffsets(
                segment.sequence if segment.flags & SYN else segment.sequence - 1
            )
        self._sent(sender, source, target, segment, here)
        if target.state is not State.CLOSED or segment.flags & SYN:
            self._received(1 - sender, target, source, segment, here)

    @staticmethod
    def _plain(source: _End, target: _End, segment: Segment) -> bool:
        """Take bytes in order, or an ACK, between established ends: they move no state.

        Nearly all segments are such; this only saves their time.
        """
        if (
            segment.flags & (SYN | FIN | RST)
            or source.state is not State.ESTABLISHED
            or target.state is not State.ESTABLISHED
            or source.sent is None
            or source.fin_at is not None
            or source.arrived
        ):
            return False
        size = segment.payload_length
        if size:
            if source.sent.offset(segment.sequence) != source.delivered:
                return False
            source.delivered += size
        return True

    def expire(self, now_ns: int) -> None:
        """End every TIME_WAIT that is 60 s old (Linux TCP_TIMEWAIT_LEN) at `now_ns`."""
        for number, end in enumerate(self._ends):
            ends_at = end.time_wait_since + TIME_WAIT_NS
            if end.state is State.TIME_WAIT and now_ns >= ends_at:
                self._move(number, State.CLOSED, (ends_at, None), "timer")

    def _move(self, number: int, after: State, here: tuple[int, int | None], cause: str) -> None:
        end = self._ends[number]
        self._transitions.append(Transition(number, here[0], end.state, after, here[1], cause))
        end.state = after
        if after is State.TIME_WAIT:
            end.time_wait_since = here[0]

    def _already_open(self, here: tuple[int, int]) -> None:
        for number in (0, 1):
            self._move(number, State.ESTABLISHED, here, "already open")

    def _sent(
        self, number: int, source: _End, target: _End, segment: Segment, here: tuple[int, int]
    ) -> None:
        flags = segment.flags
        if flags & RST:
            if source.state not in (State.CLOSED, State.LISTEN):
                self._move(number, State.CLOSED, here, "RST sent")
        elif flags & SYN and flags & ACK:
            self._syn_ack_sent(number, source, target)
        elif flags & SYN:
            if source.state is State.CLOSED:
                self._move(number, State.SYN_SENT, here, "SYN sent")
                if target.last_syn is not None:  # both SYNs crossed: simultaneous open
                    self._move(
                        number, State.SYN_RCVD, (here[0], target.last_syn[1]), "SYN received"
                    )
        elif flags & FIN and source.state in _AFTER_FIN_SENT:
            crossed = self._crossed(number, source, target, segment)
            self._move(number, _AFTER_FIN_SENT[source.state], here, "FIN sent")
            if crossed is not None:
                self._move(number, State.CLOSING, (here[0], crossed.segment), crossed.cause)

    def _crossed(
        self, number: int, source: _End, target: _End, segment: Segment
    ) -> Transition | None:
        """Rule 4: take back "FIN received" if this FIN shows that it was not so yet."""
        if source.state is not State.CLOSE_WAIT or target.fin_at is None:
            return None
        if self._acknowledged(target, segment) > target.fin_at:
            return None
        early = next(
            t for t in self._transitions if t.end == number and t.before is State.ESTABLISHED
        )
        self._transitions.remove(early)
        source.state = State.ESTABLISHED
        return early

    def _syn_ack_sent(self, number: int, source: _End, target: _End) -> None:
        if source.state is State.CLOSED and target.last_syn is not None:
            source.state = State.LISTEN
            self._move(number, State.SYN_RCVD, target.last_syn, "SYN received")
        elif (
            source.answered
            and source.state in _AFTER_HANDSHAKE
            and not (source.delivered or source.arrived)
            and source.fin_at is None
        ):
            self._take_back(number, source, target)
        source.answered = True

    def _take_back(self, number: int, source: _End, target: _End) -> None:
        """Rule 2: it would not send its SYN-ACK again had it taken the ACK, or anything after."""
        source.state = State.SYN_RCVD
        kept = (State.SYN_SENT, State.SYN_RCVD)
        self._transitions = [t for t in self._transitions if t.end != number or t.after in kept]
        target.arrived = Ranges()
        target.delivered = 0
        target.fin_taken = False

    def _received(
        self, number: int, target: _End, source: _End, segment: Segment, here: tuple[int, int]
    ) -> None:
        flags = segment.flags
        if flags & RST:
            if target.state is not State.CLOSED and self._reset_counts(target, source, segment):
                self._move(number, State.CLOSED, here, "RST received")
            return
        if flags & SYN:
            self._syn_received(number, target, source, segment, here)
        elif flags & ACK:
            self._ack_received(number, target, segment, here)
        if not flags & SYN or segment.payload_length or flags & FIN:
            self._bytes_received(number, target, source, segment, here)

    def _reset_counts(self, target: _End, source: _End, segment: Segment) -> bool:
        """RFC 9293 3.10.7.3 and RFC 5961 3.2: the expected number exactly, or it is ignored."""
        if target.state is State.SYN_SENT:
            return bool(segment.flags & ACK) and self._acknowledged(target, segment) >= 0
        if source.sent is None:
            return False
        return source.sent.peek(segment.sequence) == source.delivered

    def _syn_received(
        self, number: int, target: _End, source: _End, segment: Segment, here: tuple[int, int]
    ) -> None:
        if not segment.flags & ACK:
            source.last_syn = here
            if target.state is State.SYN_SENT:
                self._move(number, State.SYN_RCVD, here, "SYN received")
        elif self._acknowledged(target, segment) >= 0:
            if target.state is State.SYN_SENT:
                self._move(number, State.ESTABLISHED, here, "SYN-ACK received")
            elif target.state is State.SYN_RCVD:
                self._move(number, State.ESTABLISHED, here, "ACK of SYN received")

    def _ack_received(
        self, number: int, target: _End, segment: Segment, here: tuple[int, int]
    ) -> None:
        acknowledged = self._acknowledged(target, segment)
        if target.state is State.SYN_RCVD and acknowledged >= 0:
            self._move(number, State.ESTABLISHED, here, "ACK of SYN received")
        fin_acknowledged = target.fin_at is not None and acknowledged > target.fin_at
        if fin_acknowledged and target.state in _AFTER_FIN_ACKED:
            self._move(number, _AFTER_FIN_ACKED[target.state], here, "ACK of FIN received")

    @staticmethod
    def _acknowledged(target: _End, segment: Segment) -> int:
        """Bytes of the target's stream acknowledged; -1 if not even its SYN."""
        if target.sent is None:
            return -1
        return target.sent.peek(segment.acknowledgement)

    def _bytes_received(
        self, number: int, target: _End, source: _End, segment: Segment, here: tuple[int, int]
    ) -> None:
        if source.sent is None:
            return
        start = source.sent.offset(segment.sequence) + (1 if segment.flags & SYN else 0)
        end = start + segment.payload_length
        if start > source.delivered:
            source.arrived.add(start, end)
        else:
            source.delivered = source.arrived.end_from(max(source.delivered, end))
        if source.fin_taken:
            source.delivered = max(source.delivered, (source.fin_at or 0) + 1)
        if segment.flags & FIN:
            source.fin_at = start + segment.payload_length
            if target.state is State.TIME_WAIT:
                target.time_wait_since = here[0]
        fin_is_next = source.fin_at is not None and source.delivered == source.fin_at
        if fin_is_next and target.state in _AFTER_FIN_RECEIVED:
            source.fin_taken = True
            source.delivered += 1
            self._move(number, _AFTER_FIN_RECEIVED[target.state], here, "FIN received")
