"""The captured segments of one flow -> `schema.Segment`s, states, and when bytes arrived. Pure.

G1  A segment stands at the time at which it was captured. When it arrived no packet says;
    it is drawn where it was there at the latest: a loopback's travel later, but before
    whatever shows that it had arrived (its acknowledgement, the read that took its bytes).
G2  What came from our ending of the programs is left out and counted: a FIN that the
    recorder caused must not look like the program's.
G3  Bytes are in the receive queue when no byte before them is missing any more.
G4  States are those of the ledger's wire, which the segments prove.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Callable

from plainwire.see.ledger.model import Call, Flow, Ledger
from plainwire.see.ledger.wire import RST, SYN, Behind, Kind, Segment, Wire
from plainwire.web import schema

MOST_SEGMENTS = 120_000
TRAVEL_NS = 25_000  # over a loopback; measured between SYN and SYN-ACK: 10 to 40 us

_AGAIN = {Kind.RETRANSMISSION, Kind.SYN_RETRY, Kind.SYN_ACK_RETRY}

Number = Callable[[Call | None], int | None]


class Segments:
    """One flow's segments as the page draws them.

    Args:
        flow: with a wire.
        ledger: it belongs to.
        number: the number of a call in the window, None outside of it.
        line: the number of a call's line.
    """

    def __init__(self, flow: Flow, ledger: Ledger, number: Number, line: Number) -> None:
        assert flow.wire is not None
        self._wire: Wire = flow.wire
        self._began, self._ended = ledger.began, ledger.ended
        self._number, self._line = number, line
        self.cut = _ending_of(flow)
        self.kept = [s for s in flow.wire.segments if self.cut is None or s.t < self.cut]
        self._ours = len(flow.wire.segments) - len(self.kept)
        self._stamps = [s.t for s in self.kept]
        self._lost = _lost(self.kept)
        self._times = {s.number: s.t for s in self.kept}
        self._queued: list[tuple[list[int], list[int]]] = [self._arrivals(0), self._arrivals(1)]

    def arrived(self, segment: Segment) -> int | None:
        """When it had arrived at the latest (G1); None for one that was sent again first."""
        if segment.number in self._lost:
            return None
        bounds = [segment.t + TRAVEL_NS]
        if segment.acked_by in self._times:
            bounds.append(self._times[segment.acked_by])
        if segment.reads and segment.reads[0].call.t1:
            bounds.append(segment.reads[0].call.t1)
        seen = segment.seen
        if seen is not None and seen.by == "call" and seen.call is not None and seen.call.t1:
            bounds.append(seen.call.t1)
        return max(segment.t, min(bounds))

    def queued(self, side: int, stop: int) -> int | None:
        """When byte `stop` - 1 of what a side sent was in its peer's queue (G3)."""
        if self._wire.unjoined[side]:
            return None
        stops, times = self._queued[side]
        at = bisect_right(stops, stop - 1)
        return times[at] if at < len(times) else None

    def between(self, since: int | None, until: int | None) -> tuple[list[schema.Segment], int]:
        """Those captured in [since, until), at most MOST_SEGMENTS; how many are left out."""
        times = self._stamps
        first = 0 if since is None else bisect_left(times, since)
        last = len(times) if until is None else bisect_left(times, until)
        shown = min(last, first + MOST_SEGMENTS)
        left_out = last - shown + (self._ours if until is None else 0)
        return [self._segment(s) for s in self.kept[first:shown]], left_out

    def control(self) -> list[Segment]:
        """The segments that open and end the connection, each once."""
        found = []
        for segment in self.kept:
            third = segment.cause is not None and segment.cause.why == "handshake"
            ends = segment.flags & (SYN | RST) or segment.flags & 1
            if (ends or third) and not any(m.kind in _AGAIN for m in segment.marks):
                found.append(segment)
        return found

    def states(self) -> list[schema.State]:
        """The states of both ends, in order (G4)."""
        found = []
        for side in (0, 1):
            mine = [
                c
                for c in self._wire.states
                if c.end == side and (self.cut is None or c.t < self.cut)
            ]
            ends = [c.t for c in mine[1:]] + [self._ended] * bool(mine)
            for change, until in zip(mine, ends, strict=True):
                found.append(
                    schema.State(
                        side,
                        change.after,
                        change.t - self._began,
                        max(until, change.t) - self._began,
                        "captured",
                        change.cause,
                    )
                )
        return found

    # -- one segment ---------------------------------------------------------------

    def _segment(self, s: Segment) -> schema.Segment:
        arrived = self.arrived(s)
        return schema.Segment(
            packet=s.number,
            side=s.end,
            t=s.t - self._began,
            arrived=None if arrived is None else arrived - self._began,
            flags=s.names,
            start=s.start,
            end=s.start + s.size,
            ack=s.acked,
            window=s.window,
            note=self._note(s),
            marks=[m.kind.value for m in s.marks],
            sends=[n for r in s.sends if (n := self._number(r.call)) is not None],
            reads=[n for r in s.reads if (n := self._number(r.call)) is not None],
            acked_by=s.acked_by,
            cause=self._behind(s.cause),
            seen=self._behind(s.seen),
        )

    def _behind(self, behind: Behind | None) -> schema.Behind | None:
        if behind is None:
            return None
        call = behind.call
        by: schema.By = (
            "call" if behind.by == "call" else "exit" if behind.by == "exit" else "kernel"
        )
        return schema.Behind(by, behind.why, self._number(call), self._line(call) if call else None)

    def _note(self, s: Segment) -> schema.Note:
        kinds = {m.kind for m in s.marks}
        if kinds & _AGAIN:
            return "retransmitted"
        if s.number in self._lost:
            return "lost"
        if Kind.OUT_OF_ORDER in kinds:
            return "out-of-order"
        return "duplicate" if Kind.DUPLICATE_ACK in kinds else ""

    def _arrivals(self, side: int) -> tuple[list[int], list[int]]:
        """Ends of the stream's contiguous parts, and when each was there (G3)."""
        stops: list[int] = []
        times: list[int] = []
        waiting: list[tuple[int, int]] = []
        there = None
        for segment in self.kept:
            if segment.end != side or not segment.size:
                continue
            arrived = self.arrived(segment)
            if arrived is None:
                continue
            if there is None:
                there = 0 if self._wire.opener_known else segment.start
            heapq.heappush(waiting, (segment.start, segment.start + segment.size))
            before = there
            while waiting and waiting[0][0] <= there:
                there = max(there, heapq.heappop(waiting)[1])
            if there > before:
                stops.append(there)
                times.append(arrived)
        return stops, times


def _ending_of(flow: Flow) -> int | None:
    """When we began to end the first program that has to do with a flow; None if we did not."""
    moments = {c.process.ending for end in flow.ends for c in end.calls if c.process.ending}
    return min(moments, default=None)


def _lost(segments: list[Segment]) -> set[int]:
    """Segments sent again before anybody acknowledged them: lost, or never seen to arrive."""
    at = {s.number: s for s in segments}
    found = set()
    for segment in segments:
        for mark in segment.marks:
            if mark.kind not in _AGAIN:
                continue
            for number in mark.related:
                first = at.get(number)
                acked = at.get(first.acked_by) if first and first.acked_by is not None else None
                if first is not None and (acked is None or acked.t > segment.t):
                    found.add(number)
    return found
