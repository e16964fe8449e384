"""The recording: a round trip, the ring, and files that are none of ours."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from plainwire.see import records
from plainwire.see.recorder import folder as run_folder
from plainwire.see.recorder import store
from see.recorder import files

ITEMS = [
    ("run", {"kind": "run", "t": 1, "programs": [{"name": "聊天.py", "words": ["聊天.py"]}]}),
    ("note", "10-1f", ["thread", 1, 10, "Main"]),
    ("note", "11-2f", ["thread", 1, 11, "Main"]),
    ("payload", "10-1f", 0, 5, b"hello"),
    ("payload", "10-1f", 1, 9000, b"\x00\xff\n"),
    ("slots", "10-1f", 0, files.slot() + files.slot("send", ret=5)),
]


def written(path: Path, items: list[tuple[object, ...]], keep: int | None = None) -> Path:
    writer = store.Writer(path, keep)
    for item in items:
        writer.add([item])
    writer.close()
    return path


def read(path: Path) -> list[tuple[object, ...]]:
    recording = store.Recording(path)
    try:
        return list(recording.items())
    finally:
        recording.close()


def test_items_come_back_as_they_went_in(tmp_path: Path) -> None:
    """The report of tomorrow is made from these."""
    path = tmp_path / "a.plainwire"
    writer = store.Writer(path)
    writer.add(ITEMS)
    writer.close()
    assert read(path) == ITEMS
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_recording_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    """The verdict during a hang reads what has been packed so far."""
    path = tmp_path / "a.plainwire"
    writer = store.Writer(path)
    writer.add(ITEMS[:2])
    assert read(path) == ITEMS[:2]
    writer.add(ITEMS[2:])
    writer.close()
    assert read(path) == ITEMS


def noise(seed: int, count: int = 400) -> bytes:
    """Slots that do not shrink much."""
    cells = [
        files.slot("send" if n % 2 else "recv", t0=(seed * 7919 + n) ** 3 % (1 << 60) + 1,
                   ret=n % 10, socket=1 + seed % 2, t1=(seed + n * 104729) ** 3 % (1 << 60) + 1)
        for n in range(count)
    ]  # fmt: skip
    return b"".join(cells)


def test_a_bounded_recording_drops_the_oldest_calls_and_counts_them(tmp_path: Path) -> None:
    """--keep: notes stay, because they explain the calls that are left."""
    notes = [("note", "10-1f", ["socket", n]) for n in range(50)]
    calls = [("slots", "10-1f", n * 400, noise(n)) for n in range(12)]
    path = written(tmp_path / "a.plainwire", [*notes, *calls], keep=40_000)
    found = read(path)
    assert [item for item in found if item[0] == "note"] == notes
    left = [item for item in found if item[0] == "slots"]
    assert 0 < len(left) < 12
    assert left == calls[-len(left) :]
    (lost,) = [item[1] for item in found if item[0] == "run"]
    dropped = calls[: 12 - len(left)]
    assert lost["kind"] == "lost"  # type: ignore[index]
    sums = {row[1]: row[2:] for row in lost["rows"]}  # type: ignore[index]
    for socket in (1, 2):
        cells = [c for item in dropped for c in records.SLOT.iter_unpack(item[3])  # type: ignore[call-overload]
                 if c[1] == socket]  # fmt: skip
        sent = sum(c[8] for c in cells if c[3] == records.OPS["send"])
        got = sum(c[8] for c in cells if c[3] == records.OPS["recv"])
        assert sums[socket] == (sent, got, len(cells))


def test_a_look_and_urgent_data_are_not_counted_as_lost() -> None:
    """R3 again: they are in no stream, so no offset may move by them."""
    cells = files.slot("recv", ret=5, flags=records.MSG_PEEK) + files.slot("recv", ret=7)
    cells += files.slot("send", ret=1, flags=records.MSG_OOB) + files.slot("send", ret=-11)
    assert store._totals(cells) == {1: [0, 7, 4]}


def test_a_newer_format_is_refused_and_named(tmp_path: Path) -> None:
    """Reading it half would give a wrong report."""
    path = written(tmp_path / "a.plainwire", ITEMS)
    with sqlite3.connect(path) as db:
        db.execute("update meta set value = '99' where name = 'format'")
    db.close()
    with pytest.raises(store.RecordingError, match=r"made by a newer Plainwire \(format 99"):
        store.Recording(path)


@pytest.mark.parametrize("content", [b"", b"print(1)\n" * 500, b"SQLite format 3\0" + b"x" * 200])
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, content: bytes) -> None:
    """`plainwire show server.py` is a slip, not a crash."""
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(store.RecordingError, match="not a Plainwire recording"):
        store.Recording(path)


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    """It is SQLite, and nothing of ours."""
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as db:
        db.execute("create table t (x)")
    db.close()
    with pytest.raises(store.RecordingError):
        store.Recording(path)


def test_a_run_that_was_broken_off_is_recovered(tmp_path: Path) -> None:
    """Packed parts and the folder beside them become one recording again."""
    folder = run_folder.create("a", directory=tmp_path)
    files.slots_file(folder, [files.slot()], part=0)
    files.slots_file(folder, [files.slot(t0=50)], part=1, first=1)
    files.journal_file(folder, [files.note("thread", 1)])
    writer = store.Writer(folder.with_suffix(""))
    store.pack_full_parts(folder, writer)
    assert not (folder / f"{files.KEY}.0.slots").exists()
    writer._db.close()  # killed: nothing of what close() does
    path = store.recover(folder)
    assert not folder.exists()
    found = read(path)
    assert [i[2] for i in found if i[0] == "slots"] == [0, 1]
    assert ("note", files.KEY, ["thread", 1]) in found


def test_a_part_with_an_open_call_is_not_packed(tmp_path: Path) -> None:
    """Its return is written into the file later, and would be lost."""
    files.slots_file(tmp_path, [files.slot(), files.slot(t1=0)], part=0)
    files.slots_file(tmp_path, [files.slot()], part=1, first=2)
    writer = store.Writer(tmp_path / "a.plainwire")
    store.pack_full_parts(tmp_path, writer)
    assert (tmp_path / f"{files.KEY}.0.slots").exists()
    writer.close()


def test_a_payload_part_is_packed_once_all_its_cells_are_written(tmp_path: Path) -> None:
    """A thread may have taken the last cell and not yet written it."""
    cells = [(n, b"%d" % n) for n in range(4)]
    files.payloads_file(tmp_path, cells, part=0, room=4)
    files.payloads_file(tmp_path, cells[:3], part=1, room=4)
    files.payloads_file(tmp_path, cells[:1], part=2, room=4)
    writer = store.Writer(tmp_path / "a.plainwire")
    store.pack_full_parts(tmp_path, writer)
    writer.close()
    assert sorted(p.name for p in tmp_path.glob("*.payload")) == [
        f"{files.KEY}.1.payload", f"{files.KEY}.2.payload",
    ]  # fmt: skip
    assert [i[4] for i in read(tmp_path / "a.plainwire")] == [b"0", b"1", b"2", b"3"]


def test_only_the_newest_are_kept_and_running_ones_always(tmp_path: Path) -> None:
    """Twenty recordings, and never one whose run still lasts."""
    import os

    for number in range(6):
        path = written(tmp_path / f"{number}.plainwire", [])
        os.utime(path, (number, number))
    (tmp_path / "0.plainwire.d").mkdir()
    store.keep_newest(3, tmp_path)
    assert {p.name for p in tmp_path.glob("*.plainwire")} == {
        "0.plainwire", "3.plainwire", "4.plainwire", "5.plainwire",
    }  # fmt: skip
    assert [p.name for p in store.recordings(tmp_path)][-1] == "5.plainwire"


def test_a_verdict_goes_with_its_recording(tmp_path: Path) -> None:
    """Also with one that its owner deleted; that of a recording that is kept stays."""
    import os

    for number in range(4):
        path = written(tmp_path / f"{number}.plainwire", [])
        os.utime(path, (number, number))
        path.with_name(path.name + store.VERDICT_SUFFIX).touch()
    (tmp_path / "3.plainwire").unlink()
    store.keep_newest(2, tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {
        "1.plainwire", "1.plainwire.verdict", "2.plainwire", "2.plainwire.verdict",
    }  # fmt: skip
