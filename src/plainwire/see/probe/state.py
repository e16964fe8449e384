"""What the process knows of its sockets, threads and addresses, and how it says so.

One `State` per process, restarted in a forked child. The tables are plain dicts used
by the wrappers directly; every change is one atomic dict operation, so no lock is
needed, and a signal handler that comes in between finds a consistent table.
"""

import _socket
import errno
import os
import sys
import time
from _thread import _local, get_ident
from _weakref import ref
from functools import partial
from itertools import count

from .. import records
from .memory import Journal, Slots, map_file
from .payload import Payloads
from .sites import Sites

try:
    from _json import encode_basestring_ascii as _quote
except ImportError:  # an interpreter without the C accelerator

    def _quote(text):
        body = "".join(
            c
            if 32 <= ord(c) < 127 and c not in '"\\'
            else "".join(
                "\\u%04x" % unit
                for unit in (
                    [ord(c)]
                    if ord(c) < 0x10000
                    else [
                        0xD800 + ((ord(c) - 0x10000) >> 10),
                        0xDC00 + ((ord(c) - 0x10000) & 0x3FF),
                    ]
                )
            )
            for c in text
        )
        return '"' + body + '"'


now = time.monotonic_ns
try:
    from _thread import get_native_id as _native_id
except ImportError:  # a platform without one
    _native_id = get_ident
_SO_COOKIE = 57  # asm-generic/socket.h; Linux 4.12
_SO_PEERCRED = 17
_MOST_ADDRESSES = 65536

_base = _socket.socket
# What the kernel may answer to our own questions about a socket.
BENIGN = frozenset(
    (
        errno.EINVAL,
        errno.ENOTTY,
        errno.EBADF,
        errno.ENOTCONN,
        errno.ENOPROTOOPT,
        errno.EOPNOTSUPP,
    )
)


def pass_benign(error):
    """Drop an OSError that the kernel answered to us; raise any other again.

    The program's signal handler can run, and raise, in the middle of our own call:
    its exception must not be swallowed, or the program never leaves its loop.
    """
    if error.errno not in BENIGN:
        raise error


def to_json(value):
    """JSON of None, bool, int, float, str, list, tuple and dict; text may hold any code point."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, dict):
        pairs = [_quote(str(k)) + ":" + to_json(v) for k, v in value.items()]
        return "{" + ",".join(pairs) + "}"
    return "[" + ",".join(map(to_json, value)) + "]"


def plain_address(address):
    """A socket address as JSON can hold it: [host, port, ...], a path, or None.

    Unnamed Unix sockets give None; an abstract name begins with '@'.
    """
    if isinstance(address, tuple):
        return [part if isinstance(part, (str, int)) else repr(part) for part in address]
    if isinstance(address, bytes):
        if not address:
            return None
        if address[:1] == b"\0":
            return "@" + address[1:].decode("utf-8", "backslashreplace")
        return address.decode("utf-8", "backslashreplace")
    return address or None


def _forget(table, key, _reference):
    table.pop(key, None)


class State:
    """All tables of the observed process."""

    def __init__(self, folder):
        self.folder = folder
        self.key = None
        self.control = map_file(os.path.join(folder, "control"), records.CONTROL.size, create=False)
        _, flags, self.payload_limit, _, _ = records.CONTROL.unpack_from(self.control, 0)
        self.tls_payload = bool(flags & records.CONTROL_TLS_PAYLOAD)
        self.sids = {}  # descriptor -> socket number
        self.owners = {}  # socket number -> weak reference to the socket object
        self.addresses = {}
        self.eofs = {}  # descriptor -> [reads in a row that gave b'', site]
        self.named = set()  # socket numbers whose addresses were noted
        # Numbers come from counters, because `x += 1` is not atomic.
        self._next_socket = count(1).__next__
        self._next_thread = count(1).__next__
        self.tasks = {}  # id(task) -> (number, weak reference)
        self._next_task = count(1).__next__
        self._next_exception = count(1).__next__
        self._next_address = count(1).__next__
        self._open_files(None, "main")

    def _open_files(self, parent, start):
        self.key = "%d-%x" % (os.getpid(), now())
        stem = os.path.join(self.folder, self.key)
        self.local = _local()
        self.journal = Journal(stem)
        if parent is None:
            self.slots = Slots(stem)
            self.payloads = Payloads(self, stem)
            self.keep = self.payloads.keeper()
            self.sites = Sites(self.note)
        self.note(
            "process",
            os.getpid(),
            os.getppid(),
            parent,
            self._next_socket(),
            self.sites.next_number(),
            self._next_address(),
            now(),
            list(getattr(sys, "orig_argv", None) or getattr(sys, "argv", [])),
            self.sites._cwd,
            "%d.%d.%d" % sys.version_info[:3],
            sys.executable,
            None,
            start,
        )

    def after_fork(self):
        """Go on in a forked child, with files and thread numbers of its own."""
        parent = self.key
        self._next_thread = count(1).__next__
        try:
            self._open_files(parent, "fork")
            stem = os.path.join(self.folder, self.key)
            self.slots.restart(stem)
            self.payloads.restart(stem)
        except OSError:
            self.stop()

    def stop(self):
        """Note nothing any more: the files cannot be written (P2)."""
        self.journal.append = lambda kind, body: None
        self.slots.stop()
        self.payloads.stop()

    # -- notes -----------------------------------------------------------------

    def note(self, *fields):
        """Append one note to the journal."""
        body = to_json(fields).encode("ascii")
        self.journal.append(records.NOTE, body)

    def thread(self):
        """Number of the calling thread; noted when it is new."""
        number = self.local.number = self._next_thread()
        threading = sys.modules.get("threading")
        # threading.current_thread() would make a dummy for a foreign thread and take a lock.
        thread = threading._active.get(get_ident()) if threading else None
        self.note("thread", number, _native_id(), getattr(thread, "name", ""))
        return number

    def task(self, task):
        """Number of an asyncio task; noted when it is new."""
        known = self.tasks.get(id(task))
        if known is not None:
            return known[0]
        if known is None:
            number = self._next_task()
            self.tasks[id(task)] = (
                number,
                ref(task, partial(_forget, self.tasks, id(task))),
            )
            coroutine = task.get_coro()
            code = getattr(coroutine, "cr_code", None)
            self.note(
                "task",
                number,
                task.get_name() if hasattr(task, "get_name") else "",
                getattr(coroutine, "__qualname__", repr(coroutine)),
                self.sites.path(code.co_filename) if code else "",
                code.co_firstlineno if code else 0,
            )
        return number

    def address(self, address):
        """Number of an address; 0 when too many were seen (a scan of the whole world)."""
        try:
            number = self.addresses.get(address)
            if number is None:
                if len(self.addresses) >= _MOST_ADDRESSES:
                    return 0
                number = self.addresses[address] = self._next_address()
                self.note("address", number, plain_address(address))
            return number
        except TypeError:  # unhashable: the program passed a list, the call will say so
            return 0

    def exception(self, kind, text):
        """Number of an exception without an errno, for a slot."""
        number = self._next_exception()
        self.note("raised", number, kind, text)
        return number

    # -- sockets ---------------------------------------------------------------

    def socket(self, sock, fd, how, origin=0):
        """Number a socket that has just come to this process, and note what it is."""
        number = self._next_socket()
        cookie = 0
        try:
            cookie = int.from_bytes(_base.getsockopt(sock, 1, _SO_COOKIE, 8), sys.byteorder)
        except OSError as error:
            pass_benign(error)
        self.sids[fd] = number
        self.note(
            "socket",
            number,
            fd,
            int(sock.family),
            int(sock.type),
            int(sock.proto),
            os.fstat(fd).st_ino,
            cookie,
            how,
            origin,
            now(),
        )
        self.owners[number] = ref(sock, _Dropped(self, number, fd))
        return number

    def name(self, sock, number, remote=None):
        """Note the addresses that a socket has now."""
        self.named.add(number)
        local = None
        try:
            local = _base.getsockname(sock)
            if remote is None:
                remote = _base.getpeername(sock)
        except OSError as error:
            pass_benign(error)
        self.note("name", number, plain_address(local), plain_address(remote), now())
        if int(sock.family) == 1:
            try:
                raw = _base.getsockopt(sock, 1, _SO_PEERCRED, 12)
                self.note("peer", number, int.from_bytes(raw[:4], sys.byteorder))
            except OSError as error:
                pass_benign(error)

    def forget(self, fd):
        """The descriptor was closed; it may come back as something else at once."""
        number = self.sids.pop(fd, 0)
        self.owners.pop(number, None)
        self.eofs.pop(fd, None)
        return number

    def instant(self, op, number, site, arg=0, aux=0, ret=0):
        """Write a slot for something that took no time; returns its number."""
        try:
            thread = self.local.number
        except AttributeError:
            thread = self.thread()
        cells, at, slot = next(self.slots.free, None) or self.slots.more()
        moment = now()
        records.ENTER.pack_into(cells, at, thread, number, site, records.OPS[op], 0, arg, 0, moment)
        records.EXIT.pack_into(cells, at + records.SLOT_BYTES // 2, ret, aux, 0, moment)
        return slot


class _Dropped:
    """Called when a socket object was collected; notes it if nobody had closed it."""

    __slots__ = ("fd", "number", "state")

    def __init__(self, state, number, fd):
        self.state = state
        self.number = number
        self.fd = fd

    def __call__(self, _reference):
        state = self.state
        if state.sids.get(self.fd) != self.number or sys.is_finalizing():
            return
        del state.sids[self.fd]
        state.owners.pop(self.number, None)
        state.instant("dropped", self.number, 0)
