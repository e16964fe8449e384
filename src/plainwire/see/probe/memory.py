"""Mapped files that outlive the process: where the probe writes what it notes.

Nothing has to be flushed: the pages belong to the kernel as soon as they are stored
to. Each file is filled with real blocks before it is mapped, because touching a
mapping that a full disk cannot back kills the process with SIGBUS.

Mapped through ctypes: `mmap.mmap` keeps a descriptor of its own before Python 3.13,
and a program that lowers RLIMIT_NOFILE or counts its descriptors would notice.
"""

import ctypes
import itertools
import os
import struct
from _collections import deque
from _thread import RLock

from .. import records

PROT_READ_WRITE = 0x3
MAP_SHARED = 0x1

FIRST_SLOTS = 256  # 16 KiB: a server that forks 500 children must not need gigabytes
MOST_SLOTS = 16384  # 1 MiB
FIRST_JOURNAL = 16 * 1024
MOST_JOURNAL = 1024 * 1024
GROWTH = 4

_libc = ctypes.CDLL(None, use_errno=True)
_mmap = _libc.mmap
_mmap.restype = ctypes.c_void_p
_mmap.argtypes = [
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_long,
]
_munmap = _libc.munmap
_munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_FAILED = ctypes.c_void_p(-1).value

# The functions as they are before anything of the program or of ours replaces them.
_open, _close, _fallocate = os.open, os.close, os.posix_fallocate


def map_file(path, size, create=True):
    """Map `size` bytes of a file, made with mode 0600; raises OSError.

    The mapping ends with the last reference to the returned buffer: a call that is
    blocked in an old part keeps that part alive, nothing else does.
    """
    flags = os.O_RDWR | os.O_CLOEXEC
    if create:
        flags |= os.O_CREAT | os.O_EXCL
    fd = _open(path, flags, 0o600)
    try:
        if create:
            _fallocate(fd, 0, size)
        address = _mmap(None, size, PROT_READ_WRITE, MAP_SHARED, fd, 0)
    finally:
        _close(fd)
    if address in (None, _FAILED):
        raise OSError(ctypes.get_errno(), "mmap")
    # A view, because ctypes copies a slice byte by byte (1.4 us for 64 of them).
    return memoryview(_mapping_type(size).from_address(address)).cast("B")


def _mapping_type(size):
    """A ctypes array of `size` bytes that unmaps itself when it is dropped."""
    kind = _types.get(size)
    if kind is None:

        def __del__(self, _unmap=_munmap, _at=ctypes.addressof, _size=size):
            _unmap(_at(self), _size)

        kind = type("Mapping", (ctypes.c_char * size,), {"__del__": __del__})
        _types[size] = kind
    return kind


_types = {}


class Slots:
    """The series of slot files of this process.

    `next_slot()` gives each call its own number (itertools.count is atomic under the
    interpreter's lock). `current` is (buffer, first number, number after the last,
    offset that slot 0 would have); it is replaced as a whole, so a reader sees one part
    or the other, never a mixture.
    """

    def __init__(self, stem):
        self._lock = RLock()
        self.restart(stem)

    def restart(self, stem):
        """Begin a series of its own, in a forked child; the wrappers keep this object."""
        self.stem = stem
        self.next_slot = itertools.count().__next__
        self._lock = RLock()  # another thread of the parent may have held the old one
        self._capacity = FIRST_SLOTS
        self._part = 0
        self._parts = []  # of the parts being filled, newest last
        self.current = self._add(0)

    def _add(self, first):
        size = records.HEADER_BYTES + self._capacity * records.SLOT_BYTES
        buffer = map_file("%s.%d.slots" % (self.stem, self._part), size)
        records.HEADER.pack_into(
            buffer, 0, records.SLOTS_MAGIC, records.VERSION, os.getpid(), first, 0
        )
        shift = records.HEADER_BYTES - first * records.SLOT_BYTES
        part = (buffer, first, first + self._capacity, shift)
        self._parts.append(part)
        del self._parts[:-3]  # a thread is never further behind than the scheduler lets it
        self._part += 1
        self._capacity = min(self._capacity * GROWTH, MOST_SLOTS)
        return part

    def cell(self, number):
        """The buffer and offset of a slot; what the wrappers spell out for speed."""
        buffer, first, end, shift = self.current
        if first <= number < end:
            return buffer, number * records.SLOT_BYTES + shift
        return self.locate(number)

    def locate(self, number):
        """The buffer and offset of a slot outside `current`; (scratch, 0) when none can be.

        Adds the next part when the number lies beyond the last. Without room on the
        disk the program goes on unobserved, which the last part's header says.
        """
        with self._lock:
            try:
                while number >= self._parts[-1][2]:
                    self.current = self._add(self._parts[-1][2])
            except OSError:
                records.HEADER.pack_into(
                    self._parts[-1][0],
                    0,
                    records.SLOTS_MAGIC,
                    records.VERSION,
                    os.getpid(),
                    self._parts[-1][1],
                    1,
                )
                return _scratch, 0
            for buffer, first, end, shift in reversed(self._parts):
                if first <= number < end:
                    return buffer, number * records.SLOT_BYTES + shift
        return _scratch, 0

    def stop(self):
        """Send all further slots to a scratch cell that nobody reads."""
        self.current = (_scratch, 0, 0, 0)
        self._parts = []
        self.locate = lambda number: (_scratch, 0)


_scratch = ctypes.create_string_buffer(records.SLOT_BYTES)


class _Turn(dict):
    """Key 0: whose turn it is. Reading it cannot raise, nor run any Python code."""

    __slots__ = ()
    __missing__ = dict.get


class Journal:
    """The series of journal files of this process, appended to by whoever comes first.

    One entry is written at a time, by whoever has the turn; one that comes meanwhile
    leaves its entry for the holder and goes on. So nobody waits, and a signal handler
    that interrupts the holder cannot deadlock (P4).

    The turn is an entry in a dict: `setdefault` gives it to exactly one. It is asked
    for inside the `try`, because an exception of a signal handler may come right after
    a call, and a lock taken just before a `try` would then never be free again.
    """

    def __init__(self, stem):
        self.stem = stem
        self.pending = deque()
        self.turn = _Turn()
        self._part = 0
        self._size = FIRST_JOURNAL
        self.buffer = None
        self.at = 0
        self.last = 0  # the last byte of an entry must lie before this
        self._add(0)

    def _add(self, need):
        while self._size < need + records.HEADER_BYTES + 8:
            self._size *= GROWTH
        buffer = map_file("%s.%d.journal" % (self.stem, self._part), self._size)
        records.HEADER.pack_into(
            buffer, 0, records.JOURNAL_MAGIC, records.VERSION, os.getpid(), self._part, 0
        )
        self._part += 1
        self.buffer = buffer
        self.at = records.HEADER_BYTES
        # Padding, and four zero bytes behind the last entry: the end mark.
        self.last = self._size - 8
        self._size = max(min(self._size * GROWTH, MOST_JOURNAL), FIRST_JOURNAL)

    def append(self, kind, body):
        """Write one entry; the bytes are on record when this returns, or a moment later."""
        mine, turn = [], self.turn
        try:
            if turn.setdefault(0, mine) is mine and not self.pending:
                self.write(kind, body)
            else:
                self.pending.append((kind, body))
        finally:
            if turn[0] is mine:
                del turn[0]
        if self.pending:
            self.drain()

    def drain(self):
        """Write what others left; one of them has the turn now, or we take it."""
        turn = self.turn
        while self.pending:
            mine = []
            try:
                if turn.setdefault(0, mine) is not mine:
                    return  # the holder looks once more after its turn
                while self.pending:
                    self.write(*self.pending.popleft())
            finally:
                if turn[0] is mine:
                    del turn[0]

    def write(self, kind, body):
        """Write one entry; the caller has the turn."""
        size = len(body)
        if self.at + records.ENTRY_HEADER_BYTES + size > self.last:
            try:
                self._add((records.ENTRY_HEADER_BYTES + size + 3) & ~3)
            except OSError:
                return
        buffer, at = self.buffer, self.at
        start = at + records.ENTRY_HEADER_BYTES
        buffer[start : start + size] = body
        _put_head(buffer, at, size, kind)
        self.at = (start + size + 3) & ~3


_put_head = struct.Struct("<IB").pack_into
