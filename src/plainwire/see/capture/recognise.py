"""What a connection's segments show: retransmission, zero window, keep-alive and so on.

Fed in order, it names each segment that is more than plain data or acknowledgement. The
words are those of Wireshark's TCP analysis where the meaning is the same. It differs
where more can be known here:

- On Linux a zero-window probe looks like a keep-alive (one number below the next, no
  byte). After a zero window of the peer it is called a window probe.
- A segment that fills a hole in what was captured is out of order; one whose bytes were
  all captured before is a retransmission. No timing rule is used for this.

The stalls are candidates: `delayed-ack` is an ACK alone that came late, and
`nagle-delayed-ack` is one that let the sender's small next segment go. Whether data
waited in the sender's buffer meanwhile is for the ledger to prove.

Pure. Rules: RFC 9293 sections 3.8.4 (keep-alive), 3.8.6.1 (probing a zero window), 3.7.4
(Nagle), RFC 5681 section 2 (duplicate ACK), RFC 7323 section 2 (window scale). Linux
delays an ACK by 40 ms at least (TCP_DELACK_MIN), so the threshold is half of that.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from plainwire.see.capture.decode import (
    ACK,
    FIN,
    RST,
    SYN,
    Segment,
    maximum_segment_size_of,
    window_scale_of,
)
from plainwire.see.capture.sequence import Ranges, StreamOffsets

DELAYED_ACK_NS: Final = 20_000_000
# A segment released by an ACK follows it within microseconds; this allows a busy machine.
RELEASED_WITHIN_NS: Final = 2_000_000
# Linux probes after 200 ms (TCP_RTO_MIN) and keeps alive after 1 s at the earliest.
PROBE_AFTER_NS: Final = 100_000_000


class Kind(StrEnum):
    """What a segment is besides data or acknowledgement."""

    SYN_RETRY = "syn-retry"
    SYN_ACK_RETRY = "syn-ack-retry"
    RETRANSMISSION = "retransmission"
    OUT_OF_ORDER = "out-of-order"
    GAP = "gap"
    DUPLICATE_ACK = "duplicate-ack"
    ZERO_WINDOW = "zero-window"
    WINDOW_OPEN = "window-open"
    WINDOW_FULL = "window-full"
    WINDOW_PROBE = "window-probe"
    KEEP_ALIVE = "keep-alive"
    PROBE_ACK = "probe-ack"
    RESET = "reset"
    DELAYED_ACK = "delayed-ack"
    NAGLE_DELAYED_ACK = "nagle-delayed-ack"


class Observation(msgspec.Struct, frozen=True):
    """One thing recognised.

    Attributes:
        segment, time_ns, sender: of the segment that shows it.
        related: segments it refers to: the first sending of retransmitted bytes, the
            zero window that opened, the data an ACK was late for; for
            `nagle-delayed-ack` that data and the ACK.
        wait_ns: from the first of them to this; for `nagle-delayed-ack` from the data to
            its ACK; 0 where there is none.
        count: how many in a row (duplicate ACKs, retries), else 1.
    """

    kind: Kind
    segment: int
    time_ns: int
    sender: int
    related: tuple[int, ...] = ()
    wait_ns: int = 0
    count: int = 1


class _Moment(NamedTuple):
    """A segment and its stamp."""

    time_ns: int
    segment: int


class _Side:
    """One end as a sender of bytes and of acknowledgements; numbers are stream offsets."""

    def __init__(self) -> None:
        self.offsets: StreamOffsets | None = None
        self.captured = Ranges()
        self.next = 0
        self.first_sent: dict[int, _Moment] = {}
        self.retries = 0
        self.last_data: _Moment | None = None
        self.probed = False
        self.late_ack: tuple[_Moment, _Moment] | None = None  # the data, its late ACK
        self.scale: int | None = None
        self.maximum = 536  # RFC 9293 section 3.7.1: the default
        self.acked = -1
        self.window = -1
        self.duplicates = 0
        self.zero_since: _Moment | None = None


class Recogniser:
    """Watches both directions of one connection; feed its segments in the order captured."""

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())
        self._found: list[Observation] = []
        self._now = _Moment(0, 0)
        self._sender = 0

    def feed(
        self, index: int, time_ns: int, sender: int, segment: Segment
    ) -> tuple[Observation, ...]:
        """Take one segment and say what it shows; arguments as for `TcpStates.feed`."""
        side, peer = self._sides[sender], self._sides[1 - sender]
        self._found, self._now, self._sender = [], _Moment(time_ns, index), sender
        if side.offsets is None:
            begins = bool(segment.flags & SYN)
            side.offsets = StreamOffsets(segment.sequence if begins else segment.sequence - 1)
            side.next = -1 if begins else 0
        if segment.flags & RST:
            self._note(Kind.RESET)
            return tuple(self._found)
        if segment.flags & SYN:
            side.scale = window_scale_of(segment.options)
            side.maximum = maximum_segment_size_of(segment.options) or side.maximum
        probe = self._probe(side, peer, segment)
        if probe is not None:
            side.probed = True
            self._note(probe)
        elif segment.sequence_length:
            self._bytes(side, peer, segment)
        if segment.flags & ACK:
            self._acknowledgement(side, peer, segment, is_probe=probe is not None)
        return tuple(self._found)

    def _note(self, kind: Kind, *related: _Moment, wait_ns: int = 0, count: int = 1) -> None:
        self._found.append(
            Observation(
                kind,
                self._now.segment,
                self._now.time_ns,
                self._sender,
                tuple(moment.segment for moment in related),
                wait_ns,
                count,
            )
        )

    def _probe(self, side: _Side, peer: _Side, segment: Segment) -> Kind | None:
        """Recognise a segment sent only to draw an answer."""
        assert side.offsets is not None
        if segment.flags & (SYN | FIN) or segment.payload_length > 1:
            return None
        start = side.offsets.peek(segment.sequence)
        if peer.window == 0 and segment.payload_length == 1 and start == side.next:
            return Kind.WINDOW_PROBE
        if start != side.next - 1 or (segment.payload_length and peer.acked < side.next):
            return None
        if side.last_data and self._now.time_ns - side.last_data.time_ns < PROBE_AFTER_NS:
            return None  # an ACK that was captured after the byte or FIN sent behind it
        return Kind.WINDOW_PROBE if peer.window == 0 else Kind.KEEP_ALIVE

    def _bytes(self, side: _Side, peer: _Side, segment: Segment) -> None:
        assert side.offsets is not None
        start = side.offsets.offset(segment.sequence)
        end = start + segment.sequence_length
        first = side.first_sent.get(start)
        if start < side.next and side.captured.touches(start, end):
            self._again(side, segment, first)
        elif start < side.next:
            self._note(Kind.OUT_OF_ORDER)
        else:
            if start > side.next:
                self._note(Kind.GAP)
            self._new(side, peer, segment, end)
        side.captured.add(start, end)
        side.next = max(side.next, end)
        side.first_sent.setdefault(start, self._now)
        if segment.payload_length or segment.flags & FIN:
            side.last_data = self._now

    def _again(self, side: _Side, segment: Segment, first: _Moment | None) -> None:
        kind = Kind.RETRANSMISSION
        count = 1
        if segment.flags & SYN:
            kind = Kind.SYN_ACK_RETRY if segment.flags & ACK else Kind.SYN_RETRY
            side.retries += 1
            count = side.retries
        if first is None:
            self._note(kind, count=count)
        else:
            self._note(kind, first, wait_ns=self._now.time_ns - first.time_ns, count=count)

    def _new(self, side: _Side, peer: _Side, segment: Segment, end: int) -> None:
        """Bytes not captured before: do they fill the window, or follow a late ACK?"""
        if not segment.payload_length:
            return
        if peer.window > 0 and end >= peer.acked + peer.window:
            self._note(Kind.WINDOW_FULL)
        if side.late_ack is not None:
            data, acknowledgement = side.late_ack
            released = self._now.time_ns - acknowledgement.time_ns <= RELEASED_WITHIN_NS
            if released and segment.payload_length < side.maximum:
                wait_ns = acknowledgement.time_ns - data.time_ns
                self._note(Kind.NAGLE_DELAYED_ACK, data, acknowledgement, wait_ns=wait_ns)
            side.late_ack = None

    def _acknowledgement(
        self, side: _Side, peer: _Side, segment: Segment, *, is_probe: bool
    ) -> None:
        if peer.offsets is None:
            peer.offsets = StreamOffsets(segment.acknowledgement - 1)
        acked = peer.offsets.peek(segment.acknowledgement)
        scaled = side.scale is not None and peer.scale is not None
        shift = side.scale or 0 if scaled and not segment.flags & SYN else 0
        window = segment.window << shift
        alone = not segment.sequence_length and not is_probe
        if alone and peer.probed:
            peer.probed = False
            self._note(Kind.PROBE_ACK)
        elif alone and acked == side.acked and window == side.window and peer.next > acked:
            side.duplicates += 1
            self._note(Kind.DUPLICATE_ACK, count=side.duplicates)
        if acked > side.acked:
            side.duplicates = 0
            if alone:
                self._late(peer, acked)
        self._window(side, window)
        side.acked = max(side.acked, acked)
        while peer.first_sent and (oldest := next(iter(peer.first_sent))) < acked:
            del peer.first_sent[oldest]

    def _late(self, peer: _Side, acked: int) -> None:
        data = peer.last_data
        if data is None or acked < peer.next:
            return
        wait_ns = self._now.time_ns - data.time_ns
        if wait_ns >= DELAYED_ACK_NS:
            self._note(Kind.DELAYED_ACK, data, wait_ns=wait_ns)
            peer.late_ack = (data, self._now)

    def _window(self, side: _Side, window: int) -> None:
        if window == 0 and side.zero_since is None:
            side.zero_since = self._now
            self._note(Kind.ZERO_WINDOW)
        elif window and side.zero_since is not None:
            since = side.zero_since
            side.zero_since = None
            self._note(Kind.WINDOW_OPEN, since, wait_ns=self._now.time_ns - since.time_ns)
        side.window = window
