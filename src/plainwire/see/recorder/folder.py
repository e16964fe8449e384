"""The run's folder: what the probes write while the run lasts, read back as items.

    control            see `records.CONTROL`; shared by all
    <key>.N.slots      one process's calls, N = 0, 1, ...      (see records.py)
    <key>.N.journal    ... its notes, and payload of many bytes
    <key>.N.payload    ... its payload of few
    run.jsonl          the recorder's own: programs, samples, sources, output
    packets            what the capture process writes, the whole machine's; see packets.py

Everything a recording holds is an *item*, a tuple that begins with its kind:

    ("note", key, [name, field, ...])          a note of a process's journal
    ("payload", key, slot, total, bytes)       bytes of a call
    ("slots", key, first slot number, bytes)   a run of 64-byte slots, oldest first
    ("run", {...})                             one object of run.jsonl
    ("packet", number, t, wall clock ns, interface, flags, length, bytes)
                                               see packets.py; only in a recording

The folder is complete at any moment: a recorder that was killed lost nothing that the
probes had written.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from plainwire.see import records

Item = tuple[Any, ...]

PAYLOAD_PER_CALL = 4096
PAYLOAD_PER_RUN = 64 * 1024 * 1024
KEPT_RECORDINGS = 20

_PART = re.compile(r"(?P<key>\d+-[0-9a-f]+)\.(?P<number>\d+)\.(?P<kind>slots|journal|payload)")


def state_directory() -> Path:
    """Where recordings are kept: `$XDG_STATE_HOME/plainwire`, by default `~/.local/state`."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "plainwire"


def create(
    name: str, *, payload: bool = True, tls_payload: bool = False, directory: Path | None = None
) -> Path:
    """Make a new run's folder, readable by the user alone, and return its path.

    Args:
        name: a word for the recording's file name, usually the first program's.
        payload: keep bytes of calls, up to PAYLOAD_PER_CALL each and PAYLOAD_PER_RUN in all.
        tls_payload: keep the plaintext of TLS too.
        directory: where to make it; by default `runs` in `state_directory()`.
    """
    directory = directory or state_directory() / "runs"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    word = re.sub(r"[^\w.-]+", "_", name)[:40] or "run"
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for attempt in range(1000):
        suffix = f"-{attempt}" if attempt else ""
        folder = directory / f"{stamp}-{word}{suffix}.plainwire.d"
        if folder.with_suffix("").exists():
            continue
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        break
    control = bytearray(records.CONTROL.size)
    records.CONTROL.pack_into(
        control,
        0,
        records.VERSION,
        records.CONTROL_TLS_PAYLOAD if tls_payload else 0,
        PAYLOAD_PER_CALL if payload else 0,
        PAYLOAD_PER_RUN if payload else 0,
        0,
    )
    descriptor = os.open(folder / "control", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(control)
    return folder


class RunLog:
    """The recorder's own journal of a run: one JSON object a line, flushed at once."""

    def __init__(self, folder: Path) -> None:
        descriptor = os.open(
            folder / "run.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        self._file = os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace")

    def write(self, kind: str, **fields: Any) -> None:
        """Append one object; `t` is added when it is missing."""
        fields.setdefault("t", time.monotonic_ns())
        self._file.write(json.dumps({"kind": kind, **fields}, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def parts(folder: Path) -> dict[str, dict[str, list[Path]]]:
    """The files of each process: key -> kind, the end of their names -> paths in order."""
    found: dict[str, dict[str, list[tuple[int, Path]]]] = {}
    for entry in os.scandir(folder):
        match = _PART.fullmatch(entry.name)
        if match:
            kinds = found.setdefault(match["key"], {"slots": [], "journal": [], "payload": []})
            kinds[match["kind"]].append((int(match["number"]), Path(entry.path)))
    return {
        key: {kind: [path for _, path in sorted(numbered)] for kind, numbered in kinds.items()}
        for key, kinds in found.items()
    }


def read(folder: Path) -> Iterator[Item]:
    """All items of a folder; processes in the order in which they began.

    Also while the run lasts: an entry that is being written is left for next time.
    """
    yield from read_run_log(folder)
    for key, kinds in sorted(parts(folder).items(), key=lambda entry: start_of(entry[0])):
        for path in kinds["journal"]:
            yield from read_journal(key, path.read_bytes())
        for path in kinds["payload"]:
            yield from read_payloads(key, path.read_bytes())
        for path in kinds["slots"]:
            yield from read_slots(key, path.read_bytes())


def start_of(key: str) -> int:
    """When a process began, by its key (pid and CLOCK_MONOTONIC ns in hex)."""
    return int(key.partition("-")[2], 16)


def read_run_log(folder: Path) -> Iterator[Item]:
    """The recorder's own items; a last line cut short by a kill is left out."""
    try:
        text = (folder / "run.jsonl").read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            yield ("run", json.loads(line))
        except ValueError:
            continue


def read_journal(key: str, data: bytes) -> Iterator[Item]:
    """The items of one journal part."""
    if len(data) < records.HEADER_BYTES or not data.startswith(records.JOURNAL_MAGIC):
        return
    at = records.HEADER_BYTES
    while at + records.ENTRY_HEADER_BYTES <= len(data):
        (size,) = records.SIZE.unpack_from(data, at)
        start = at + records.ENTRY_HEADER_BYTES
        kind = data[at + 4]
        if size == 0 or kind == 0 or start + size > len(data):
            return
        body = data[start : start + size]
        if kind == records.NOTE:
            try:
                yield ("note", key, json.loads(body))
            except ValueError:
                return
        elif kind == records.PAYLOAD:
            slot, total = records.PAYLOAD_HEAD.unpack_from(body)
            yield ("payload", key, slot, total, body[records.PAYLOAD_HEAD.size :])
        at += (records.ENTRY_HEADER_BYTES + size + 3) & ~3


def read_payloads(key: str, data: bytes) -> Iterator[Item]:
    """The items of one payload part; a cell taken and never written is passed over."""
    if len(data) < records.HEADER_BYTES or not data.startswith(records.PAYLOADS_MAGIC):
        return
    cells = memoryview(data)[records.HEADER_BYTES :]
    whole = len(cells) // records.PAYLOAD_CELL.size * records.PAYLOAD_CELL.size
    for slot, kept, size in records.PAYLOAD_CELL.iter_unpack(cells[:whole]):
        if size:
            yield ("payload", key, slot, size, kept[:size])


def read_slots(key: str, data: bytes) -> Iterator[Item]:
    """The one item of a slots part: its cells up to the last that was entered."""
    if len(data) < records.HEADER_BYTES or not data.startswith(records.SLOTS_MAGIC):
        return
    _, _, _, first, stopped = records.HEADER.unpack_from(data)
    used = used_slots(memoryview(data)[records.HEADER_BYTES :])
    if used:
        end = records.HEADER_BYTES + used * records.SLOT_BYTES
        yield ("slots", key, first, data[records.HEADER_BYTES : end])
    if stopped:
        yield ("note", key, ["unseen", "calls", "the disk was full"])


def used_slots(cells: memoryview) -> int:
    """How many leading cells of a part were entered (their t0 is set).

    A thread may have taken a number and not yet written it: the count goes to the last
    cell that was entered, and the ledger skips an empty one.
    """
    size = len(cells) // records.SLOT_BYTES * records.SLOT_BYTES
    entered = cells[:size].cast("Q")[3::8].tolist()
    last = len(entered)
    while last and not entered[last - 1]:
        last -= 1
    return last
