"""The recording: one SQLite file that holds every item of a run, compressed.

    meta(name, value)                 format version, command line, times, what was dropped
    chunk(number, kind, key, first, count, data)
                                      zlib-compressed items of one kind and process
    lost(key, socket, ...)            totals of calls whose chunks the ring dropped

`kind` is that of the items (see folder.py). A chunk is written in one transaction, so
a recording is readable after a kill at any moment; what was not yet packed still lies
in the run's folder beside it, and `recover` takes it in.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plainwire.see import records
from plainwire.see.recorder import folder as run_folder
from plainwire.see.recorder import packets
from plainwire.see.recorder.folder import Item

FORMAT = 1
VERDICT_SUFFIX = ".verdict"  # of what was concluded from a recording (web/remembered.py)
_LEVEL = 1  # zlib: slots shrink to a quarter at 150 MB/s; higher levels gain a tenth

_BROKEN = "the recording is damaged or was cut off"

_PAYLOAD = struct.Struct("<QQI")
_PACKET = struct.Struct("<IqqHBII")  # number, both times, interface, flags, length, bytes kept

SCHEMA = """
create table meta (name text primary key, value text not null);
create table chunk (
    number integer primary key,
    kind text not null,
    key text not null,
    first integer not null,
    count integer not null,
    data blob not null
);
create table lost (
    key text not null,
    socket integer not null,
    sent integer not null,
    received integer not null,
    calls integer not null,
    primary key (key, socket)
);
"""


class RecordingError(Exception):
    """A file that is no recording, one that is damaged, or one made by a newer Plainwire."""


class DamagedError(RecordingError):
    """A recording of which a part cannot be read."""

    @property
    def advice(self) -> str:
        """What to do about it, as the end of a line."""
        return "copy it once more from where it was made, or record the run again"


class Writer:
    """Writes one recording; drops the oldest calls when it grows past `keep_bytes`."""

    def __init__(self, path: Path, keep_bytes: int | None = None) -> None:
        self.path = path
        self.keep_bytes = keep_bytes
        self._size = 0
        exists = path.exists()  # a run that was broken off is gone on with
        if not exists:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        if not exists:
            self._db.executescript(SCHEMA)
            self._db.execute("insert into meta values ('format', ?)", (str(FORMAT),))

    def meta(self, name: str, value: Any) -> None:
        """Set one value of the `meta` table, kept as JSON."""
        self._db.execute("insert or replace into meta values (?, ?)", (name, json.dumps(value)))

    def add(self, items: Iterable[Item]) -> None:
        """Write items in one transaction."""
        self._db.execute("begin")
        try:
            for kind, key, first, count, data in _chunks(items):
                packed = zlib.compress(data, _LEVEL)
                self._db.execute(
                    "insert into chunk (kind, key, first, count, data) values (?, ?, ?, ?, ?)",
                    (kind, key, first, count, packed),
                )
                self._size += len(packed)
            if self.keep_bytes is not None:
                self._drop_oldest()
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def _drop_oldest(self) -> None:
        """Delete the oldest chunks of calls and payload; notes stay, they explain the rest."""
        while self._size > (self.keep_bytes or 0):
            row = self._db.execute(
                "select number, kind, key, data from chunk"
                " where kind in ('slots', 'payload', 'packet') order by number limit 1"
            ).fetchone()
            if row is None:
                return
            number, kind, key, data = row
            if kind == "slots":
                for socket, (sent, received, calls) in _totals(zlib.decompress(data)).items():
                    self._db.execute(
                        "insert into lost values (?, ?, ?, ?, ?) on conflict do update set"
                        " sent = sent + excluded.sent, received = received + excluded.received,"
                        " calls = calls + excluded.calls",
                        (key, socket, sent, received, calls),
                    )
            self._db.execute("delete from chunk where number = ?", (number,))
            self._size -= len(data)

    def close(self) -> None:
        """Finish: one file without companions."""
        self._db.execute("pragma journal_mode = delete")
        self._db.close()


def _chunks(items: Iterable[Item]) -> Iterator[tuple[str, str, int, int, bytes]]:
    """Join neighbouring items of one kind and process into (kind, key, first, count, data)."""
    pending: list[Item] = []
    size = 0
    for item in items:
        if item[0] == "slots":
            if pending:
                yield _joined(pending)
                pending, size = [], 0
            yield ("slots", item[1], item[2], len(item[3]) // records.SLOT_BYTES, item[3])
            continue
        same = pending and (pending[0][0], _key(pending[0])) == (item[0], _key(item))
        if pending and (not same or size > 1 << 20):
            yield _joined(pending)
            pending, size = [], 0
        pending.append(item)
        size += len(item[4]) if item[0] == "payload" else 200
        size += len(item[7]) if item[0] == "packet" else 0
    if pending:
        yield _joined(pending)


def _key(item: Item) -> str:
    return "" if item[0] in ("run", "packet") else str(item[1])


def _joined(items: list[Item]) -> tuple[str, str, int, int, bytes]:
    kind = items[0][0]
    if kind == "payload":
        data = b"".join(_PAYLOAD.pack(slot, total, len(b)) + b for _, _, slot, total, b in items)
    elif kind == "packet":
        data = b"".join(_PACKET.pack(*item[1:7], len(item[7])) + item[7] for item in items)
    else:
        lines = [json.dumps(item[-1], ensure_ascii=True) for item in items]
        data = "\n".join(lines).encode()
    return (kind, _key(items[0]), 0, len(items), data)


def _totals(cells: bytes) -> dict[int, list[int]]:
    totals: dict[int, list[int]] = {}
    for _, socket, _, op, flags, _, _, _, ret, _, _, _ in records.SLOT.iter_unpack(cells):
        row = totals.setdefault(socket, [0, 0, 0])
        row[2] += 1
        if ret > 0 and not flags & (records.MSG_PEEK | records.MSG_OOB):
            if op in records.SENDS:
                row[0] += ret
            elif op in records.RECEIVES:
                row[1] += ret
    return totals


class Recording:
    """A finished or broken-off recording, opened for reading.

    Raises:
        DamagedError: a recording of which not even its head can be read.
        RecordingError: not a recording, or of a newer format.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise RecordingError(f"open {path}: no such recording")
        self._db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            rows = self._db.execute("select name, value from meta").fetchall()
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR_SHORT_READ):
                raise DamagedError(f"open {path}: {_BROKEN} ({error})") from error
            raise RecordingError(f"open {path}: not a Plainwire recording ({error})") from error
        self.meta: dict[str, Any] = {name: json.loads(value) for name, value in rows}
        if self.meta.get("format", 0) > FORMAT:
            raise RecordingError(
                f"open {path}: made by a newer Plainwire (format {self.meta['format']},"
                f" this one reads up to {FORMAT})"
            )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """What a damaged or shortened file makes SQLite, zlib and JSON say, as one error."""
        try:
            yield
        except (sqlite3.DatabaseError, zlib.error, struct.error, ValueError) as error:
            raise DamagedError(f"read {self.path}: {_BROKEN} ({error})") from error

    def items(self) -> Iterator[Item]:
        """All items, in the order in which they were packed.

        Raises:
            DamagedError: from the place on where the file is damaged.
        """
        with self._reading():
            yield from self._items()
        if not self._is_whole():
            raise DamagedError(f"read {self.path}: {_BROKEN} (its last bytes are missing)")

    def _is_whole(self) -> bool:
        """Is the file as long as its head says? SQLite reads a page that was cut as zeros."""
        if self.path.with_name(self.path.name + "-wal").exists():
            return True  # it is being written to
        with self.path.open("rb") as file:
            head = file.read(100)
            size = os.fstat(file.fileno()).st_size
        # SQLite's file format, section 1.3: page size, where 1 is 65536; number of pages.
        page = int.from_bytes(head[16:18], "big")
        return size >= int.from_bytes(head[28:32], "big") * (65536 if page == 1 else page)

    def _items(self) -> Iterator[Item]:
        query = "select kind, key, first, data from chunk order by number"
        for kind, key, first, packed in self._db.execute(query):
            yield from _items_of(kind, key, first, _unpacked(packed))
        lost = self._db.execute("select key, socket, sent, received, calls from lost").fetchall()
        if lost:
            yield ("run", {"kind": "lost", "rows": lost})

    def size(self) -> int:
        """How many calls and packets are in it.

        Raises:
            DamagedError: the file is damaged.
        """
        query = "select coalesce(sum(count), 0) from chunk where kind in ('slots', 'packet')"
        with self._reading():
            return int(self._db.execute(query).fetchone()[0])

    def beginning(self, most: int) -> Iterator[Item]:
        """All notes, and about `most` calls and packets: of each process its first ones.

        Raises:
            DamagedError: from the place on where the file is damaged.
        """
        with self._reading():
            yield from self._beginning(most)

    def _beginning(self, most: int) -> Iterator[Item]:
        keys = "select distinct key from chunk where kind = 'slots'"
        share = most // (1 + len(self._db.execute(keys).fetchall()))
        spent: dict[tuple[str, str], int] = {}
        query = "select number, kind, key, first, count from chunk order by number"
        for number, kind, key, first, count in self._db.execute(query).fetchall():
            bounded = kind in ("slots", "packet", "payload")
            left = share - spent.get((kind, key), 0)
            if bounded and left <= 0:
                continue
            spent[kind, key] = spent.get((kind, key), 0) + count
            row = self._db.execute("select data from chunk where number = ?", (number,)).fetchone()
            for item in _items_of(kind, key, first, _unpacked(row[0])):
                if kind == "slots":
                    yield ("slots", key, first, item[3][: left * records.SLOT_BYTES])
                elif not bounded or left > 0:
                    left -= 1
                    yield item

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _unpacked(packed: object) -> bytes:
    """A chunk's data; of a file that was cut off SQLite gives a hole as NULL."""
    if not isinstance(packed, bytes):
        raise ValueError("a part is missing")
    return zlib.decompress(packed)


def _items_of(kind: str, key: str, first: int, data: bytes) -> Iterator[Item]:
    """The items of one chunk."""
    if kind == "slots":
        yield ("slots", key, first, data)
    elif kind == "payload":
        yield from _payloads(key, data)
    elif kind == "packet":
        yield from _packets(data)
    else:
        for line in data.decode().split("\n"):
            value = json.loads(line)
            yield ("run", value) if kind == "run" else (kind, key, value)


def _payloads(key: str, data: bytes) -> Iterator[Item]:
    at = 0
    while at < len(data):
        slot, total, size = _PAYLOAD.unpack_from(data, at)
        at += _PAYLOAD.size
        yield ("payload", key, slot, total, data[at : at + size])
        at += size


def _packets(data: bytes) -> Iterator[Item]:
    at = 0
    while at < len(data):
        *fields, size = _PACKET.unpack_from(data, at)
        at += _PACKET.size
        yield ("packet", *fields, data[at : at + size])
        at += size


def pack(folder: Path, writer: Writer) -> None:
    """Take everything of a run's folder into its recording, and remove the folder."""
    writer.add(run_folder.read(folder))
    if (folder / packets.FILE).exists():
        recording = Recording(writer.path)
        try:
            writer.add(packets.of_programs(folder / packets.FILE, recording.items()))
        finally:
            recording.close()
    shutil.rmtree(folder)


def pack_full_parts(folder: Path, writer: Writer) -> None:
    """Take in the parts that will not change any more, while the run goes on.

    A slots part is done when a later one exists and every call in it has returned, a
    payload part when every cell of it is written; a journal part as soon as a later one
    exists.
    """
    for key, kinds in run_folder.parts(folder).items():
        for path in kinds["journal"][:-1]:
            writer.add(run_folder.read_journal(key, path.read_bytes()))
            path.unlink()
        for path in kinds["payload"][:-1]:
            items = list(run_folder.read_payloads(key, path.read_bytes()))
            capacity = (path.stat().st_size - records.HEADER_BYTES) // records.PAYLOAD_CELL.size
            if len(items) == capacity:
                writer.add(items)
                path.unlink()
        for path in kinds["slots"][:-1]:
            data = path.read_bytes()
            ended = memoryview(data)[records.HEADER_BYTES :].cast("Q")[7::8].tolist()
            if all(ended):
                writer.add(run_folder.read_slots(key, data))
                path.unlink()


def recover(folder: Path) -> Path:
    """Finish the recording of a run whose recorder was killed; returns its path."""
    writer = Writer(folder.with_suffix(""))
    writer.meta("recovered", True)
    pack(folder, writer)
    writer.close()
    return writer.path


def recordings(directory: Path | None = None) -> list[Path]:
    """The recordings kept, oldest first; broken-off runs that still have a folder too."""
    directory = directory or run_folder.state_directory() / "runs"
    if not directory.is_dir():
        return []
    names = {entry.name.removesuffix(".d") for entry in os.scandir(directory)}
    paths = [directory / name for name in names if name.endswith(".plainwire")]
    return sorted(paths, key=_age)


def _age(path: Path) -> tuple[float, str]:
    real = path if path.exists() else path.with_suffix(".plainwire.d")
    try:
        return (real.stat().st_mtime, path.name)
    except FileNotFoundError:
        return (0.0, path.name)


def keep_newest(count: int, directory: Path | None = None) -> None:
    """Delete all but the newest recordings; folders of runs that still last are left.

    What was concluded from a recording goes with it, also with one that its owner deleted.
    """
    directory = directory or run_folder.state_directory() / "runs"
    for path in recordings(directory)[:-count]:
        if not path.with_suffix(".plainwire.d").exists():
            path.unlink(missing_ok=True)
    for verdict in directory.glob(f"*.plainwire{VERDICT_SUFFIX}"):
        if not verdict.with_suffix("").exists():
            verdict.unlink(missing_ok=True)
