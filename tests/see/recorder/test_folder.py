"""The run's folder: read back whole, at any moment, however it was broken off."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from plainwire.see import records
from plainwire.see.recorder import folder as run_folder
from see.recorder import files


def test_a_folder_is_the_users_alone_and_never_taken_twice(tmp_path: Path) -> None:
    """It holds what the programs said to each other."""
    made = [run_folder.create("server.py", directory=tmp_path / "runs") for _ in range(3)]
    assert len(set(made)) == 3
    for folder in made:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "control").stat().st_mode & 0o777 == 0o600


def test_a_name_of_any_kind_makes_a_file_name(tmp_path: Path) -> None:
    """`-m pkg/../x` or Chinese must not leave the folder, nor be lost."""
    folder = run_folder.create("../../聊天 server.py" + "x" * 99, directory=tmp_path)
    assert folder.parent == tmp_path
    assert "聊天_server.py" in folder.name


def test_control_says_what_may_be_kept(tmp_path: Path) -> None:
    """The probe asks this and nothing else whether it may keep bytes."""
    kept = run_folder.create("a", directory=tmp_path)
    none = run_folder.create("b", payload=False, tls_payload=True, directory=tmp_path)
    assert records.CONTROL.unpack((kept / "control").read_bytes())[1:4] == (0, 4096, 64 << 20)
    assert records.CONTROL.unpack((none / "control").read_bytes())[1:4] == (1, 0, 0)


def test_items_come_back_as_they_were_written(tmp_path: Path) -> None:
    """What the ledger joins is exactly what the probe wrote."""
    files.journal_file(tmp_path, [files.note("thread", 1, 10, "主"), files.payload(0, b"hi", 9)])
    files.slots_file(tmp_path, [files.slot(), files.slot(t1=0)], room=8, first=3)
    log = run_folder.RunLog(tmp_path)
    log.write("run", programs=[], t=7)
    log.close()
    items = list(run_folder.read(tmp_path))
    assert items[0] == ("run", {"kind": "run", "programs": [], "t": 7})
    assert items[1] == ("note", files.KEY, ["thread", 1, 10, "主"])
    assert items[2] == ("payload", files.KEY, 0, 9, b"hi")
    assert items[3] == ("slots", files.KEY, 3, files.slot() + files.slot(t1=0))


def test_processes_come_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    """A child's numbers mean what its parent said before it; keys sort as numbers."""
    for key in ("9-ff", "10-100", "8-2"):
        files.journal_file(tmp_path, [files.note("thread", 1)], key=key)
    keys = [item[1] for item in run_folder.read(tmp_path)]
    assert keys == ["8-2", "9-ff", "10-100"]


def test_parts_are_read_in_order_beyond_nine(tmp_path: Path) -> None:
    """Part 10 comes after part 9, not after part 1."""
    for part in (10, 2, 9, 0, 1):
        files.journal_file(tmp_path, [files.note("thread", part)], part=part)
    assert [i[2][1] for i in run_folder.read(tmp_path)] == [0, 1, 2, 9, 10]


@given(st.lists(st.sampled_from(["note", "payload"]), max_size=8), st.integers(0, 400))
@settings(deadline=None, max_examples=200)
def test_a_journal_cut_anywhere_gives_its_whole_entries(kinds: list[str], cut: int) -> None:
    """The process was killed, or is just writing: what is whole counts, the rest waits."""
    entries = [
        files.note("thread", n, "x" * n) if kind == "note" else files.payload(n, b"y" * (n * 3))
        for n, kind in enumerate(kinds)
    ]
    header = records.HEADER.pack(records.JOURNAL_MAGIC, 1, 10, 0, 0).ljust(64, b"\0")
    data = (header + b"".join(entries))[: 64 + cut]
    ends = [64 + len(b"".join(entries[: n + 1])) for n in range(len(entries))]
    found = list(run_folder.read_journal("1-1", data))
    whole = sum(end <= len(data) for end in ends)
    assert whole <= len(found) <= whole + 1  # the padding of the last one may be missing
    for number, item in enumerate(found):
        assert item[2] == (["thread", number, "x" * number] if kinds[number] == "note" else number)


def test_small_payloads_come_back_and_an_unwritten_cell_is_passed_over(tmp_path: Path) -> None:
    """A signal handler may raise between a cell's number and its bytes."""
    most = bytes(range(records.SMALL_PAYLOAD))
    files.payloads_file(tmp_path, [(7, b"hi\0"), (0, b""), (9, most)])
    assert list(run_folder.read(tmp_path)) == [
        ("payload", files.KEY, 7, 3, b"hi\0"),
        ("payload", files.KEY, 9, 116, most),
    ]


@given(st.binary(max_size=300))
@settings(deadline=None, max_examples=100)
def test_rubbish_in_a_file_never_raises(data: bytes) -> None:
    """A disk that failed must not take the whole recording with it."""
    header = records.HEADER.pack(records.JOURNAL_MAGIC, 1, 10, 0, 0).ljust(64, b"\0")
    list(run_folder.read_journal("1-1", data))
    list(run_folder.read_slots("1-1", data))
    list(run_folder.read_journal("1-1", header + data))
    list(run_folder.read_payloads("1-1", data))
    list(run_folder.read_payloads("1-1", records.PAYLOADS_MAGIC + data))


def test_an_empty_cell_in_the_middle_is_kept_in_place(tmp_path: Path) -> None:
    """A thread took the number and was killed: later calls keep theirs."""
    empty = bytes(records.SLOT_BYTES)
    files.slots_file(tmp_path, [files.slot(), empty, files.slot(t0=9)], room=10)
    (item,) = run_folder.read(tmp_path)
    assert len(item[3]) == 3 * records.SLOT_BYTES


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    """Calls that are missing without a word would make the report a lie."""
    files.slots_file(tmp_path, [files.slot()], stopped=1)
    assert list(run_folder.read(tmp_path))[-1] == (
        "note", files.KEY, ["unseen", "calls", "the disk was full"],
    )  # fmt: skip


def test_a_run_log_cut_in_a_line_gives_the_lines_before(tmp_path: Path) -> None:
    """Kill -9 of the recorder in the middle of a write."""
    (tmp_path / "run.jsonl").write_text('{"kind": "run", "t": 1}\n{"kind": "sam')
    assert list(run_folder.read(tmp_path)) == [("run", {"kind": "run", "t": 1})]
