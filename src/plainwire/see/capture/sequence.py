"""TCP sequence numbers as stream offsets, safe over the 32-bit wrap.

A stream's first payload byte has offset 0; its SYN stands at -1. Offsets grow without
end (Python integers), so a stream of any length keeps distinct offsets. Pure. Rules:
RFC 9293 section 3.4 (arithmetic modulo 2**32; the SYN and the FIN use one number each).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

_MODULUS = 1 << 32
_HALF = 1 << 31


def difference(left: int, right: int) -> int:
    """Give left minus right on the 32-bit circle, from -2**31 to 2**31 - 1."""
    return (left - right + _HALF) % _MODULUS - _HALF


class StreamOffsets:
    """Maps one direction's 32-bit numbers to offsets.

    A number is taken as the one nearest to the highest offset seen so far, which is
    right while a peer is under 2 GiB away from it; windows are at most 1 GiB (RFC 7323).
    """

    def __init__(self, initial_sequence: int) -> None:
        """Start a stream whose SYN has this sequence number."""
        self.initial_sequence = initial_sequence
        self._near = 0

    def offset(self, sequence: int) -> int:
        """Map a sequence number to the offset of the byte it names; remember the highest.

        An acknowledgement number maps to the count of bytes acknowledged (one more once
        it covers the FIN).
        """
        mapped = self.peek(sequence)
        self._near = max(self._near, mapped)
        return mapped

    def peek(self, sequence: int) -> int:
        """Map like `offset` without remembering; for numbers that may be foreign."""
        near = self._near
        # `difference` written out: this runs for every segment, twice.
        return near + (sequence - self.initial_sequence - 1 - near + _HALF) % _MODULUS - _HALF

    def sequence(self, offset: int) -> int:
        """Map an offset back to its 32-bit number."""
        return (self.initial_sequence + 1 + offset) % _MODULUS


class Ranges:
    """A set of half-open integer ranges, joined where they touch."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def __bool__(self) -> bool:
        return bool(self._starts)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(zip(self._starts, self._ends, strict=True))

    def add(self, start: int, end: int) -> None:
        """Add [start, end); an empty range adds nothing."""
        if end <= start:
            return
        ends = self._ends
        if ends and ends[-1] == start:  # in order: by far the most frequent
            ends[-1] = end
            return
        low = bisect_left(self._ends, start)
        high = bisect_right(self._starts, end)
        if low < high:
            start = min(start, self._starts[low])
            end = max(end, self._ends[high - 1])
        self._starts[low:high] = [start]
        self._ends[low:high] = [end]

    def covers(self, start: int, end: int) -> bool:
        """Tell whether all of [start, end) is in the set; True for an empty range."""
        index = bisect_right(self._starts, start) - 1
        return end <= start or (index >= 0 and self._ends[index] >= end)

    def touches(self, start: int, end: int) -> bool:
        """Tell whether any of [start, end) is in the set."""
        index = bisect_left(self._starts, end) - 1
        return index >= 0 and start < end and self._ends[index] > start

    def end_from(self, start: int) -> int:
        """Give how far the set reaches without a hole from `start` on; `start` if not at all."""
        index = bisect_right(self._starts, start) - 1
        return max(start, self._ends[index]) if index >= 0 else start
