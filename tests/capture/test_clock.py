"""Packet stamps land on the monotonic clock, also when the time of day is set."""

from __future__ import annotations

import time

import pytest

from plainwire.see.capture.clock import ClockSample, ClockTable, sample_clocks

SECOND = 1_000_000_000
WALL = 1_700_000_000 * SECOND


def table(*pairs: tuple[int, int]) -> ClockTable:
    return ClockTable(ClockSample(wall, mono, 100) for wall, mono in pairs)


def test_between_samples_the_offset_is_interpolated() -> None:
    """A slewed clock moves 500 us a second against the other."""
    clock = table((WALL, 5 * SECOND), (WALL + SECOND, 6 * SECOND + 400_000))
    assert clock.to_monotonic(WALL) == 5 * SECOND
    assert clock.to_monotonic(WALL + SECOND // 2) == 5 * SECOND + SECOND // 2 + 200_000
    assert clock.to_monotonic(WALL + SECOND) == 6 * SECOND + 400_000


def test_outside_the_samples_the_nearest_offset_holds() -> None:
    """The last packets come after the last sample of a live view."""
    clock = table((WALL, 5 * SECOND), (WALL + SECOND, 6 * SECOND + 10))
    assert clock.to_monotonic(WALL - 7) == 5 * SECOND - 7
    assert clock.to_monotonic(WALL + SECOND + 7) == 6 * SECOND + 17


@pytest.mark.parametrize("step", [-3600 * SECOND, -2 * SECOND, 2 * SECOND, 3600 * SECOND])
def test_a_step_of_the_time_of_day_does_not_move_packets(step: int) -> None:
    """Somebody sets the clock while a program runs; the monotonic clock does not move."""
    times = [5 * SECOND + i * SECOND // 10 for i in range(60)]
    stepped_at = 7 * SECOND + SECOND // 3

    def wall(mono: int) -> int:
        return WALL + mono + (step if mono >= stepped_at else 0)

    clock = table(*((wall(m), m) for m in range(5 * SECOND, 12 * SECOND, SECOND)))
    assert [clock.to_monotonic(wall(mono)) for mono in times] == times


def test_without_a_sample_nothing_is_guessed() -> None:
    """A stamp on no known clock must not be shown as a time."""
    with pytest.raises(LookupError, match="no clock sample"):
        ClockTable().to_monotonic(WALL)


def test_a_sample_brackets_both_clocks() -> None:
    """The bracket is the bound of the error, so it must really enclose the reading."""
    before = time.monotonic_ns()
    sample = sample_clocks()
    assert before <= sample.monotonic_ns <= time.monotonic_ns()
    assert 0 <= sample.bracket_ns < SECOND


def test_the_closest_bracket_is_kept() -> None:
    """A sample interrupted between its readings would be off by the interruption."""
    mono = iter([0, 1000, 2000, 2010, 3000, 3500])
    sample = sample_clocks(3, monotonic=lambda: next(mono), realtime=lambda: 7)
    assert sample == ClockSample(7, 2005, 10)
