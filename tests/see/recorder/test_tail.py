"""Following a process's files while they grow: every note and call once, none missed."""

from __future__ import annotations

from pathlib import Path

from plainwire.see import records
from plainwire.see.recorder.tail import Tail
from see.recorder import files


def test_a_call_is_open_until_its_second_half_is_there(tmp_path: Path) -> None:
    """The watch counts how long it has been open; then it is settled, once."""
    path = files.slots_file(tmp_path, [files.slot(t1=0)], room=4)
    tail = Tail(tmp_path, files.KEY)
    assert tail.settled() == []
    assert list(tail.open) == [0]
    data = bytearray(path.read_bytes())
    data[64:128] = files.slot(t1=9, ret=3)
    path.write_bytes(data)
    (call,) = tail.settled()
    assert (call.slot, call.ret, call.t1) == (0, 3, 9)
    assert tail.open == {}
    assert tail.settled() == []
    assert tail.calls == 1
    tail.close()


def test_calls_are_followed_into_the_next_part(tmp_path: Path) -> None:
    """A full part is done; an open call in it still settles there."""
    path = files.slots_file(tmp_path, [files.slot(), files.slot(t1=0)])
    files.slots_file(tmp_path, [files.slot()], part=1, first=2, room=4)
    tail = Tail(tmp_path, files.KEY)
    assert [c.slot for c in tail.settled()] == [0, 2]
    assert list(tail.open) == [1]
    data = bytearray(path.read_bytes())
    data[128:192] = files.slot(t1=9)
    path.write_bytes(data)
    assert [c.slot for c in tail.settled()] == [1]
    tail.close()


def test_of_the_calls_that_returned_only_the_wanted_ones_come(tmp_path: Path) -> None:
    """All are counted, and an open one is followed whatever it is."""
    cells = [files.slot("recv"), files.slot("accept"), files.slot("recv", t1=0)] * 200
    files.slots_file(tmp_path, cells, room=700)
    tail = Tail(tmp_path, files.KEY, {records.OPS["accept"]})
    assert [c.slot for c in tail.settled()] == list(range(1, 600, 3))
    assert list(tail.open) == list(range(2, 600, 3))
    assert tail.calls == 600
    tail.close()


def test_a_part_that_was_packed_away_is_skipped(tmp_path: Path) -> None:
    """The recorder packs full parts; a slow tail goes on with what is left."""
    files.slots_file(tmp_path, [files.slot()], part=2, first=40)
    files.journal_file(tmp_path, [files.note("thread", 7)], part=2)
    tail = Tail(tmp_path, files.KEY)
    assert [c.slot for c in tail.settled()] == [40]
    assert list(tail.notes()) == [["thread", 7]]
    tail.close()


def test_an_open_call_whose_part_was_packed_away_is_let_go(tmp_path: Path) -> None:
    """Packed means returned; it would otherwise look blocked for ever."""
    path = files.slots_file(tmp_path, [files.slot(t1=0)])
    files.slots_file(tmp_path, [files.slot()], part=1, first=1, room=4)
    tail = Tail(tmp_path, files.KEY)
    tail.settled()
    path.unlink()
    assert tail.settled() == []
    assert tail.open == {}
    tail.close()


def test_notes_come_once_and_a_half_written_one_later(tmp_path: Path) -> None:
    """The entry's size is stored last, so a zero means: not yet."""
    first, second = files.note("thread", 1), files.note("thread", 2)
    path = files.journal_file(tmp_path, [first, bytes(4) + second[4:]])
    tail = Tail(tmp_path, files.KEY)
    assert list(tail.notes()) == [["thread", 1]]
    assert list(tail.notes()) == []
    data = bytearray(path.read_bytes())
    at = records.HEADER_BYTES + len(first)
    data[at : at + 4] = second[:4]
    path.write_bytes(data)
    assert list(tail.notes()) == [["thread", 2]]
    files.journal_file(tmp_path, [files.note("thread", 3)], part=1)
    assert list(tail.notes()) == [["thread", 3]]
    assert list(tail.notes()) == []


def test_payload_between_notes_is_passed_over(tmp_path: Path) -> None:
    """The tail wants lines and threads; bytes are for the report."""
    files.journal_file(tmp_path, [files.note("a"), files.payload(0, b"x" * 99), files.note("b")])
    assert list(Tail(tmp_path, files.KEY).notes()) == [["a"], ["b"]]


def test_a_process_without_files_has_nothing(tmp_path: Path) -> None:
    """It has just begun."""
    tail = Tail(tmp_path, files.KEY)
    assert tail.settled() == []
    assert list(tail.notes()) == []
    assert tail.pid == 10
