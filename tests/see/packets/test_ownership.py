"""W2: every byte of every segment has exactly one send, every byte read exactly one read.

Exchanges are generated: both directions cut into sends, reads and segments independently,
segments sent again whole, in parts or joined, and out of order. The client's sequence
numbers wrap around inside its first 8 kB.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from hypothesis import given, settings
from hypothesis import strategies as st

from plainwire.see.ledger.model import Range
from plainwire.see.ledger.wire import Segment

from .made import US, Wired

AT = 100_000 * US
CUTS = st.lists(st.integers(1, 1500), min_size=1, max_size=8)


@dataclass
class Way:
    """One direction: how its bytes were cut, and which pieces went out in which order."""

    sends: list[int]
    reads: list[int]
    pieces: list[tuple[int, int]]

    @property
    def data(self) -> bytes:
        return bytes(i * 7 % 251 for i in range(sum(self.sends)))


@st.composite
def ways(draw: st.DrawFn) -> Way:
    sends = draw(CUTS)
    total = sum(sends)
    reads = within(draw(CUTS), total)
    sizes = within(draw(st.lists(st.integers(1, 1448), min_size=1, max_size=30)), total)
    ends = list(accumulate(sizes))
    pieces = [(end - size, end) for size, end in zip(sizes, ends, strict=True)]
    if ends[-1] < total:
        pieces.append((ends[-1], total))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, total - 1))
        again = (start, draw(st.integers(start + 1, min(total, start + 2000))))
        pieces.insert(draw(st.integers(0, len(pieces))), again)
    for at in draw(st.lists(st.integers(0, max(0, len(pieces) - 2)), max_size=4)):
        pieces[at : at + 2] = reversed(pieces[at : at + 2])
    return Way(sends, reads, pieces)


def within(sizes: list[int], total: int) -> list[int]:
    """As many of the sizes as fit into the total, at least a part of the first."""
    fitting = [s for s, end in zip(sizes, accumulate(sizes), strict=True) if end <= total]
    return fitting or [total]


def played(there: Way, back: Way) -> Wired:
    wired = Wired()
    ends = ((wired.client, wired.here), (wired.server, wired.there))
    t = AT
    for number, way in enumerate((there, back)):
        sender, receiver = ends[number], ends[1 - number]
        at = 0
        for size in way.sends:
            sender[0].call("send", sender[1], way.data[at : at + size], t0=t, t1=t + US)
            at, t = at + size, t + 5 * US
        for start, end in way.pieces:
            wired.segment(number, "PA", start, way.data[start:end], t=t, ack=0)
            t += 5 * US
        at = 0
        for size in way.reads:
            receiver[0].call(
                "recv", receiver[1], way.data[at : at + size], asked=4096, t0=t, t1=t + US
            )
            at, t = at + size, t + 5 * US
    return wired


@settings(max_examples=150, deadline=None)
@given(ways(), ways())
def test_every_byte_has_one_send_and_one_read(there: Way, back: Way) -> None:
    ledger = played(there, back).ledger()
    (flow,) = ledger.flows
    assert flow.wire is not None
    assert flow.wire.unjoined == ["", ""]
    for end, way in ((0, there), (1, back)):
        mine = [s for s in flow.wire.segments if s.end == end and s.size]
        assert [(s.start, s.start + s.size) for s in mine] == way.pieces
        for segment in mine:
            owned(segment, segment.sends, way.sends)
            owned(segment, segment.reads, way.reads)


def owned(segment: Segment, spans: tuple[Range, ...], cuts: list[int]) -> None:
    """The spans are, byte by byte, those that the cuts say; none behind the last cut."""
    ends = list(accumulate(cuts))
    assert list(spans) == sorted(spans, key=lambda s: s.start)
    assert all(s.start < segment.stop and s.end > segment.start for s in spans)
    for at in range(segment.start, segment.start + segment.size):
        owners = [s for s in spans if s.start <= at < s.end]
        cut = bisect_right(ends, at)
        if cut == len(ends):
            assert owners == []
        else:
            (owner,) = owners
            assert (owner.start, owner.end) == (ends[cut] - cuts[cut], ends[cut])
            assert owner.call.count == cuts[cut]
