"""Follows one observed process while it runs: new notes, new calls, calls still open.

Reads the probe's files as they grow. A call is *settled* once it returned; the open
ones are kept by number until then, so that nothing is looked at twice. A busy server
makes a hundred thousand calls a second on a processor that it shares with us: most are
only glanced at, and an object is made of those that were asked for or are open.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plainwire.see import records
from plainwire.see.recorder import folder as run_folder

_MOST_PER_TURN = 20_000  # calls looked at in one turn; a busier program is caught up with later
_CELLS_AT_ONCE = 256
_GLANCE = struct.Struct("<12xH10xQ24xQ")  # op, t0, t1 of a slot
assert _GLANCE.size == records.SLOT_BYTES


@dataclass(frozen=True, slots=True)
class Call:
    """One slot: what was entered and, if `t1` is not 0, how it returned (see records.py)."""

    slot: int
    thread: int
    socket: int
    site: int
    op: int
    arg: int
    t0: int
    ret: int
    t1: int


class Tail:
    """The files of one process, read from where the last turn ended.

    `wanted` are the operations whose calls `settled` gives.
    """

    def __init__(
        self, folder: Path, key: str, wanted: Container[int] = frozenset(records.NAMES)
    ) -> None:
        self.folder = folder
        self.wanted = wanted
        self.key = key
        self.pid = int(key.partition("-")[0])
        self.open: dict[int, Call] = {}
        self.calls = 0  # slots entered so far
        self._journal_part = 0
        self._journal_at = records.HEADER_BYTES
        self._slots_part = 0
        self._cell = 0
        self._first = 0
        self._cells: mmap.mmap | None = None

    def notes(self) -> Iterator[list[Any]]:
        """The notes written since the last turn."""
        while True:
            path = self.folder / f"{self.key}.{self._journal_part}.journal"
            try:
                with path.open("rb") as file:
                    header = file.read(records.HEADER_BYTES)
                    file.seek(self._journal_at)
                    data = file.read()
            except FileNotFoundError:
                if not self._skip("journal", self._journal_part):
                    return
                self._journal_part += 1
                self._journal_at = records.HEADER_BYTES
                continue
            used = 0
            for item in run_folder.read_journal(self.key, header + data):
                if item[0] == "note":
                    yield item[2]
            used = _journal_length(data)
            self._journal_at += used
            following = self.folder / f"{self.key}.{self._journal_part + 1}.journal"
            if not following.exists():
                return
            if _journal_length(data[used:]):
                continue
            self._journal_part += 1
            self._journal_at = records.HEADER_BYTES

    def _skip(self, kind: str, part: int) -> bool:
        """Was a part packed away before it was read? Then go on with the next."""
        later = self.folder.glob(f"{self.key}.*.{kind}")
        return any(int(path.name.split(".")[1]) > part for path in later)

    def settled(self) -> list[Call]:
        """Wanted calls that returned since the last turn; `open` gets those that did not."""
        found: list[Call] = []
        for slot, call in list(self.open.items()):
            again = self._look(slot)
            if again is None or again.t1:
                del self.open[slot]
                if again is not None and again.op in self.wanted:
                    found.append(again)
            elif again != call:
                self.open[slot] = again
        for call in self._entered():
            if not call.t1:
                self.open[call.slot] = call
            elif call.op in self.wanted:
                found.append(call)
        return found

    def _entered(self) -> Iterator[Call]:
        """New calls that are wanted, or had not returned when they were glanced at."""
        until = self.calls + _MOST_PER_TURN
        while self.calls < until:
            if self._cells is None and not self._map():
                return
            assert self._cells is not None
            at = records.HEADER_BYTES + self._cell * records.SLOT_BYTES
            room = (len(self._cells) - at) // records.SLOT_BYTES
            if room <= 0:
                self._cells.close()
                self._cells = None
                self._slots_part += 1
                self._cell = 0
                continue
            piece = self._cells[at : at + min(room, _CELLS_AT_ONCE) * records.SLOT_BYTES]
            for op, t0, t1 in _GLANCE.iter_unpack(piece):
                if not t0:
                    return
                number, self._cell, self.calls = self._cell, self._cell + 1, self.calls + 1
                if not t1 or op in self.wanted:
                    # Read once more: the copy's first bytes may be older than its t0.
                    at = records.HEADER_BYTES + number * records.SLOT_BYTES
                    yield _call(self._cells, at, self._first + number)

    def _map(self) -> bool:
        path = self.folder / f"{self.key}.{self._slots_part}.slots"
        try:
            with path.open("rb") as file:
                self._cells = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (FileNotFoundError, ValueError):
            if not self._skip("slots", self._slots_part):
                return False
            self._slots_part += 1
            return self._map()
        if self._cells[: len(records.SLOTS_MAGIC)] != records.SLOTS_MAGIC:
            # Still being made, or left unfinished by an exception of a signal handler.
            self._cells.close()
            self._cells = None
            if not self._skip("slots", self._slots_part):
                return False
            self._slots_part += 1
            return self._map()
        self._first = records.HEADER.unpack_from(self._cells)[3]
        return True

    def _look(self, slot: int) -> Call | None:
        """A slot by number, in whichever part it lies; None when that was packed away."""
        if self._cells is not None and slot >= self._first:
            at = records.HEADER_BYTES + (slot - self._first) * records.SLOT_BYTES
            return _call(self._cells, at, slot)
        for path in run_folder.parts(self.folder).get(self.key, {}).get("slots", []):
            with path.open("rb") as file:
                header = file.read(records.HEADER_BYTES)
                if len(header) < records.HEADER_BYTES:
                    continue
                at = slot - records.HEADER.unpack_from(header)[3]
                if 0 <= at < (path.stat().st_size - records.HEADER_BYTES) // records.SLOT_BYTES:
                    file.seek(records.HEADER_BYTES + at * records.SLOT_BYTES)
                    return _call(file.read(records.SLOT_BYTES), 0, slot)
        return None

    def close(self) -> None:
        """Unmap what is mapped."""
        if self._cells is not None:
            self._cells.close()
            self._cells = None


def _call(cells: mmap.mmap | bytes, at: int, slot: int) -> Call:
    thread, socket, site, op, _, arg, _, t0, ret, _, _, t1 = records.SLOT.unpack_from(cells, at)
    return Call(slot, thread, socket, site, op, arg, t0, ret, t1)


def _journal_length(data: bytes) -> int:
    """How many bytes of whole entries stand at the beginning of `data`."""
    at = 0
    while at + records.ENTRY_HEADER_BYTES <= len(data):
        (size,) = records.SIZE.unpack_from(data, at)
        if size == 0 or data[at + 4] == 0 or at + records.ENTRY_HEADER_BYTES + size > len(data):
            break
        at += (records.ENTRY_HEADER_BYTES + size + 3) & ~3
    return at
