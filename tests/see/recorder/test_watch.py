"""When the kernel is sampled, and what two looks make of a thread."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from plainwire.see import records
from plainwire.see.recorder import kernel
from plainwire.see.recorder.tail import Call, Tail
from plainwire.see.recorder.watch import (
    AGAIN_SECONDS,
    BLOCKED_SECONDS,
    SETTLE_SECONDS,
    Watch,
    settled,
)

EMPTY: dict[str, Any] = {"t": 0, "processes": {}, "sockets": {}, "pipes": {}}


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Counts the samples; what they hold is not asked here."""
    made: list[list[int]] = []

    def sample(pids: list[int]) -> dict[str, Any]:
        made.append(pids)
        return copy.deepcopy(EMPTY)

    monkeypatch.setattr(kernel, "sample", sample)
    return made


def tail_with(tmp_path: Path, op: str, since: float, slot: int = 0) -> Tail:
    tail = Tail(tmp_path, "10-1")
    tail.open[slot] = Call(slot, 1, 1, 1, records.OPS[op], 0, int(since * 1e9), 0, 0)
    return tail


def test_a_blocked_call_is_sampled_twice_and_told_once(
    tmp_path: Path, looks: list[list[int]]
) -> None:
    """Two looks, a moment apart; then not again while nothing has changed."""
    watch, tail = Watch(), tail_with(tmp_path, "recv", since=100)
    at = 100 + BLOCKED_SECONDS
    assert watch.turn([tail], [], at - 0.01) is None
    assert looks == []
    assert watch.turn([tail], [], at + 0.01) is None
    assert watch.turn([tail], [], at + 0.02) is None
    assert len(looks) == 1
    at += 0.02 + SETTLE_SECONDS
    assert watch.turn([tail], [], at) is not None
    assert len(looks) == 2
    assert watch.turn([tail], [], at + 0.1) is None
    assert len(looks) == 2
    watch.turn([tail], [], at + 0.1 + AGAIN_SECONDS)
    assert len(looks) == 3


def test_another_blocked_call_is_news(tmp_path: Path, looks: list[list[int]]) -> None:
    """The second side of a hang blocks later than the first."""
    watch, tail = Watch(), tail_with(tmp_path, "recv", since=100)
    watch.turn([tail], [], 101)
    watch.turn([tail], [], 101 + SETTLE_SECONDS)
    tail.open[5] = Call(5, 1, 2, 1, records.OPS["recv"], 0, int(101e9), 0, 0)
    watch.turn([tail], [], 102)
    assert len(looks) == 3


def test_before_a_run_is_ended_what_was_seen_is_looked_at_again(
    tmp_path: Path, looks: list[list[int]]
) -> None:
    """On a busy machine the first look came before the second side had got to its wait."""
    watch, tail = Watch(), tail_with(tmp_path, "recv", since=100)
    watch.turn([tail], [], 101)
    watch.turn([tail], [], 101 + SETTLE_SECONDS)
    watch.turn([tail], [], 101.2)
    assert len(looks) == 2
    watch.look_once_more()
    assert watch.turn([tail], [], 101.3) is None
    assert watch.looking
    assert watch.turn([tail], [], 101.3 + SETTLE_SECONDS) is not None
    assert not watch.looking


def test_who_waits_in_a_select_is_looked_at_when_the_run_is_ended(
    tmp_path: Path, looks: list[list[int]]
) -> None:
    """Two programs that wait in selectors were never sampled; an idle server need not be."""
    watch, tail = Watch(), tail_with(tmp_path, "select", since=100)
    assert watch.turn([tail], [], 200) is None
    assert looks == []
    watch.look_once_more()
    watch.turn([tail], [], 200.1)
    assert watch.looking
    assert watch.turn([tail], [], 200.1 + SETTLE_SECONDS) is not None
    assert watch.turn([tail], [], 200.2 + SETTLE_SECONDS) is None
    assert len(looks) == 2


@pytest.mark.parametrize("op", ["serve_forever", "close", "bind"])
def test_calls_that_wait_for_no_peer_are_not_watched(
    tmp_path: Path, looks: list[list[int]], op: str
) -> None:
    """A server that only serves would otherwise be sampled for ever."""
    assert Watch().turn([tail_with(tmp_path, op, since=0)], [], 1000) is None
    assert looks == []


def thread(**fields: Any) -> dict[str, Any]:
    was = {"call": "recvfrom", "wait": "receive", "fds": [3], "cpu": 5, "endless": True}
    return {**was, **fields}


def look(*threads: dict[str, Any]) -> dict[str, Any]:
    return {"processes": {"10": {"threads": {str(n): t for n, t in enumerate(threads)}}}}


@pytest.mark.parametrize(
    "before", [thread(cpu=4), thread(fds=[4]), thread(call="read"), thread(endless=False), None]
)
def test_a_thread_that_moved_between_the_looks_is_running(before: dict[str, Any] | None) -> None:
    """It was caught in a recv by chance; nothing that runs is stuck."""
    first = look(before) if before else look()
    found = settled(first, look(thread()))["processes"]["10"]["threads"]["0"]
    assert (found["wait"], found["endless"]) == ("running", False)


def test_a_thread_that_did_not_move_waits() -> None:
    """The same call, the same descriptors, and no time on a processor."""
    found = settled(look(thread()), look(thread()))["processes"]["10"]["threads"]["0"]
    assert (found["wait"], found["endless"]) == ("receive", True)


def test_a_process_that_is_new_is_running() -> None:
    """It was not there at the first look."""
    found = settled({"processes": {}}, look(thread()))["processes"]["10"]["threads"]["0"]
    assert found["wait"] == "running"
