"""Mapped files that outlive the process: where the probe writes what it notes.

Nothing has to be flushed: the pages belong to the kernel as soon as they are stored
to. Each file is filled with real blocks before it is mapped, because touching a
mapping that a full disk cannot back kills the process with SIGBUS.

Mapped through ctypes: `mmap.mmap` keeps a descriptor of its own before Python 3.13,
and a program that lowers RLIMIT_NOFILE or counts its descriptors would notice.
"""

import ctypes
import errno
import itertools
import os
import struct
from _collections import deque
from _thread import RLock
from functools import partial

from .. import records

PROT_READ_WRITE = 0x3
MAP_SHARED = 0x1

FIRST_SLOTS = 256  # 16 KiB: a server that forks 500 children must not need gigabytes
MOST_SLOTS = 16384  # 1 MiB
FIRST_PAYLOADS = 128  # 16 KiB
MOST_PAYLOADS = 8192  # 1 MiB
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
    return memoryview(_mapping(address, size)).cast("B")


def _mapping(address, size):
    """A ctypes array at an address, which unmaps itself when it is dropped.

    By C code alone: in a destructor written in Python a signal handler of the program
    may run, and the exception it raises would be swallowed there.
    """
    unmap = staticmethod(partial(_munmap, address, size))
    return type("Mapping", (ctypes.c_char * size,), {"__del__": unmap}).from_address(address)


class Series:
    """A series of mapped files of equal cells: whoever takes one has it to itself.

    `next(series.free, None) or series.more()` is (buffer, offset, number of the cell):
    one step of an iterator written in C, which the interpreter's lock makes atomic, and
    which costs half of a counter and the arithmetic behind it. `free` is replaced when a
    part is full.
    """

    def __init__(self, stem, kind, magic, cell_bytes, first_capacity, most_capacity):
        self._kind = kind
        self._magic = magic
        self.cell_bytes = cell_bytes
        self._first_capacity = first_capacity
        self._most_capacity = most_capacity
        self.restart(stem)

    def restart(self, stem):
        """Begin a series of its own, in a forked child; the wrappers keep this object."""
        self.stem = stem
        self._lock = RLock()  # another thread of the parent may have held the old one
        self._capacity = self._first_capacity
        self._part = 0
        self._end = 0  # the number after the last cell of the newest part
        self._newest = None
        self.free = iter(())

    def _add(self):
        # A signal handler may come in anywhere here, make calls, and add a part itself.
        first, capacity = self._end, self._capacity
        size = records.HEADER_BYTES + capacity * self.cell_bytes
        # Counted first: a signal handler that raises while the file is made leaves an
        # empty one behind, whose number must not be tried again.
        number = self._part
        self._part += 1
        buffer = map_file("%s.%d.%s" % (self.stem, number, self._kind), size)
        if self._end > first:
            return  # ours stays without a header: readers pass over it
        records.HEADER.pack_into(buffer, 0, self._magic, records.VERSION, os.getpid(), first, 0)
        self._newest = buffer
        self._end = first + capacity
        self._capacity = min(capacity * GROWTH, self._most_capacity)
        offsets = range(records.HEADER_BYTES, size, self.cell_bytes)
        self.free = zip(itertools.repeat(buffer), offsets, itertools.count(first))

    def more(self):
        """A cell of a new part, since the newest is full; a scratch cell when none can be.

        Without room on the disk the program goes on unobserved, which the last part's
        header says.
        """
        with self._lock:
            while True:
                taken = next(self.free, None)  # another thread may have added a part
                if taken is not None:
                    return taken
                try:
                    self._add()
                except OSError as error:
                    if error.errno is None:
                        raise  # a signal handler's TimeoutError; the system's have a number
                    if self._newest is not None:
                        records.STOPPED.pack_into(self._newest, records.STOPPED_OFFSET, 1)
                    self.stop()

    def stop(self):
        """Send all further cells to a scratch cell that nobody reads."""
        self.free = itertools.repeat((_scratch, 0, 0))


class Slots(Series):
    """The calls of this process. Its first part is made at once, or OSError is raised."""

    def __init__(self, stem):
        super().__init__(
            stem, "slots", records.SLOTS_MAGIC, records.SLOT_BYTES, FIRST_SLOTS, MOST_SLOTS
        )

    def restart(self, stem):
        super().restart(stem)
        self._add()


class SmallPayloads(Series):
    """Payload of calls of few bytes, a cell each; made with the first of them.

    A cell needs neither a turn nor an offset, so it costs a third of a journal entry.
    `grant(bytes)` is asked for each part: may this much payload more be kept?
    """

    def __init__(self, stem, grant):
        self._grant = grant
        super().__init__(
            stem,
            "payload",
            records.PAYLOADS_MAGIC,
            records.PAYLOAD_CELL.size,
            FIRST_PAYLOADS,
            MOST_PAYLOADS,
        )

    def _add(self):
        if not self._grant(self._capacity * records.SMALL_PAYLOAD):
            raise OSError(errno.EDQUOT, "the run's payload is used up")
        super()._add()


_scratch = ctypes.create_string_buffer(max(records.SLOT_BYTES, records.PAYLOAD_CELL.size))


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
        number = self._part
        self._part += 1  # first, as in Slots
        buffer = map_file("%s.%d.journal" % (self.stem, number), self._size)
        records.HEADER.pack_into(
            buffer, 0, records.JOURNAL_MAGIC, records.VERSION, os.getpid(), number, 0
        )
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
