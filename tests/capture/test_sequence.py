"""Offsets and ranges are exact, also where 32 bits wrap."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from plainwire.see.capture.sequence import Ranges, StreamOffsets, difference

from .conftest import Played

NUMBERS = st.integers(0, 2**32 - 1)


@given(NUMBERS, st.integers(-(2**31), 2**31 - 1))
def test_difference_undoes_addition_on_the_circle(start: int, distance: int) -> None:
    """RFC 9293 section 3.4."""
    assert difference((start + distance) % 2**32, start) == distance


@given(NUMBERS, st.lists(st.integers(0, 2**30), max_size=40))
def test_offsets_grow_over_many_wraps(initial: int, steps: list[int]) -> None:
    """A stream of 40 GiB wraps ten times; its offsets do not."""
    offsets = StreamOffsets(initial)
    at = 0
    for step in steps:
        at += step
        assert offsets.offset((initial + 1 + at) % 2**32) == at
        assert offsets.sequence(at) == (initial + 1 + at) % 2**32
    assert offsets.peek((initial + 1 + at - 5) % 2**32) == at - 5


def test_the_syn_stands_before_the_first_byte() -> None:
    """Byte 0 is the first the program sent."""
    offsets = StreamOffsets(0xFFFFFFFF)
    assert offsets.offset(0xFFFFFFFF) == -1
    assert offsets.offset(0) == 0


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=20))
def test_ranges_equal_a_set_of_numbers(pairs: list[tuple[int, int]]) -> None:
    """The plain set is the definition."""
    ranges, plain = Ranges(), set()
    for start, end in pairs:
        ranges.add(start, end)
        plain |= set(range(start, end))
    assert {n for start, end in ranges for n in range(start, end)} == plain
    listed = list(ranges)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(listed))
    for start in range(0, 62, 7):
        for end in range(start, 62, 5):
            wanted = set(range(start, end))
            assert ranges.covers(start, end) == (wanted <= plain)
            assert ranges.touches(start, end) == bool(wanted & plain)
        reach = start
        while reach in plain:
            reach += 1
        assert ranges.end_from(start) == reach


def test_captured_payload_tiles_the_stream(played: Played) -> None:
    """Every byte sent is on the wire at its offset, once or again."""
    expected = {"one_megabyte": 1 << 20, "slow_reader": 300_000}
    for name, total in expected.items():
        connection = played.connection(name)
        offsets = StreamOffsets(connection.initial_sequence or 0)
        ranges = Ranges()
        for index in connection.segments:
            segment = played.segment(index)
            if connection.sender_of(segment) == 0 and segment.payload_length:
                start = offsets.offset(segment.sequence)
                ranges.add(start, start + segment.payload_length)
        assert list(ranges) == [(0, total)]
