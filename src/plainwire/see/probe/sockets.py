"""Which methods of `socket` and `os` are observed, and what each puts on record.

The methods are set on the class `socket.socket` itself: a subclass in its place would
change `type(sock)`, and miss sockets made through a name bound earlier. In `os` they
are installed as `wrap.Builtin`, because a builtin does not bind when it is looked up
through a class (`class Connection: _write = os.write` in multiprocessing).
"""

import _socket
import fcntl
import os
import termios
from sys import _getframe

from . import wrap
from .state import now, pass_benign

_STREAM, _DATAGRAM = 1, 2

# What follows a read: payload, and the count of reads that gave b''. `size` is what
# was asked for: recv(0) gives b'' without meaning the end.
_READ = """if {data}:
        if eofs: eofs.pop(fd, None)
        {keep}
    elif {asked} and fd >= 0 and is_stream(self, fd):
        ended(state, fd, number, site)"""


def patch_socket(state, module):
    """Observe the `socket` module; called once, right after the program imported it."""
    cls = module.socket
    base = _socket.socket
    wrap.name_for_wrappers(
        state,
        fileno=base.fileno,
        ended=wrap.ended,
        is_stream=is_stream,
        partial=_partial(state),
        named=state.named,
    )
    _sending(state, cls, base)
    _receiving(state, cls, base)
    _addresses(state, cls, base)
    _making(state, module, cls)
    _ending(state, cls)
    _patch_os(state)


def is_stream(sock, fd):
    """Does b'' from this socket mean that the peer has finished?"""
    return sock is None or int(sock.type) & 0xF == _STREAM


def unread(fd):
    """Bytes in the receive queue of a stream (FIONREAD); 0 when it has none."""
    raw = bytearray(4)
    try:
        fcntl.ioctl(fd, termios.FIONREAD, raw)
    except OSError as error:
        pass_benign(error)
        return 0
    return int.from_bytes(raw, "little")


def _partial(state):
    def partial(slot, data, done):
        """A send took less than it was given: note how the rest begins."""
        view = memoryview(data).cast("B")
        state.note("remainder", slot, len(view) - done, bytes(view[done : done + 32]).hex())

    return partial


def _read(state, data, kept, size, asked):
    return _READ.format(data=data, keep=_keep(state, kept, size), asked=asked)


def _read_bytes(state, asked):
    """Likewise, for a read that gives bytes and nothing else."""
    return _READ.format(data="size", keep=_keep_bytes(state, "result"), asked=asked)


def _keep(state, kept, size):
    """The text that puts payload on record, if any is to be."""
    return "keep(slot, %s, %s)" % (kept, size) if state.payload_limit else "pass"


# `keep` spelt out for a few bytes in a bytes object: a tenth of what a call costs.
_KEEP_BYTES = """if {unless}size > {small}:
            keep_large(slot, {data}, size)
        else:
            cells, at, _ = next(payloads.free, None) or payloads.more()
            put_cell(cells, at, slot, {data}, size)"""


def _keep_bytes(state, data, unless=""):
    """Likewise, for all of a bytes object; `unless` are words for what may be none."""
    if not state.payload_limit:
        return "pass"
    return _KEEP_BYTES.format(data=data, small=state.payloads.small, unless=unless)


def _keep_joined(state, size):
    """Likewise, for a sequence of buffers."""
    if not state.payload_limit:
        return "pass"
    return (
        "if %s:\n"
        "        kept = joined(buffers, %s)\n"
        "        if kept is not None: keep(slot, kept, %s)" % (size, size, size)
    )


# `size` is that of a send's data; a bytes object of 4 GiB is clipped like any other.
_SIZE = "size = len(data) if type(data) is bytes else length(data)"
_CLIPPED = "size if size < UNLIMITED else UNLIMITED"


def _sending(state, cls, base):
    one = {"before": _SIZE, "arg": _CLIPPED, "ret": "result"}
    flags = "flags and flagbits(flags)"
    whole = "if size:\n        " + _keep_bytes(state, "data", "type(data) is not bytes or ")
    cls.send = wrap.make(
        state, base.send, "send", "self, data, flags=0, /", "self, data, flags", flags=flags,
        after="if result < size:\n"
        "        partial(slot, data, result)\n"
        "        %s\n"
        "    el%s" % (_keep(state, "data", "result"), whole), **one,
    )  # fmt: skip
    cls.sendall = wrap.make(
        state, base.sendall, "sendall", "self, data, flags=0, /", "self, data, flags",
        flags=flags, before=_SIZE, arg=_CLIPPED, ret="size", after=whole,
    )  # fmt: skip
    cls.sendto = wrap.make(
        state, base.sendto, "sendto", "self, data, /, *rest", "self, data, *rest",
        flags="flagbits(rest[0]) if len(rest) > 1 else 0",
        aux="address(rest[-1]) if rest else 0",
        after="number in named or state.name(self, number)\n    "
        + _keep(state, "data", "result"), **one,
    )  # fmt: skip
    cls.sendmsg = wrap.make(
        state, base.sendmsg, "sendmsg", "self, buffers, /, *rest", "self, buffers, *rest",
        flags="flagbits(rest[1]) if len(rest) > 1 else 0", arg="size_of(buffers)",
        aux="address(rest[2]) if len(rest) > 2 else 0", ret="result",
        after=_keep_joined(state, "result"),
    )  # fmt: skip


def _receiving(state, cls, base):
    asked = "bufsize if type(bufsize) is int and 0 <= bufsize < 4294967296 else clip(bufsize)"
    into = "clip(nbytes) if nbytes else length(buffer)"
    bits = "flags and flagbits(flags)"

    def receive(op, parameters, call, **parts):
        original = getattr(base, op)
        method = wrap.make(state, original, op, parameters, call, unknown=wrap.COUNT_EOF, **parts)
        setattr(cls, op, method)

    first = _read(state, "result[0]", "result[0]", "len(result[0])", "bufsize")
    wanted = "(nbytes or length(buffer))"
    # A tuple of arguments for the path that only counts; without `self` it would be a method.
    receive(
        "recv", "self, bufsize, flags=0, /", "self, bufsize, flags",
        flags=bits, arg=asked, got="size = len(result)", ret="size",
        after=_read_bytes(state, "bufsize"),
    )  # fmt: skip
    receive(
        "recvfrom", "self, bufsize, flags=0, /", "self, bufsize, flags",
        flags=bits, arg=asked, ret="len(result[0])", aux="address(result[1])", after=first,
    )  # fmt: skip
    receive(
        "recvmsg", "self, bufsize, ancbufsize=0, flags=0, /", "self, bufsize, ancbufsize, flags",
        flags="flagbits(flags)", arg=asked, ret="len(result[0])", aux="address(result[3])",
        after=first,
    )  # fmt: skip
    receive(
        "recv_into", "self, buffer, nbytes=0, flags=0", "self, buffer, nbytes, flags",
        flags=bits, arg=into, ret="result",
        after=_read(state, "result", "buffer", "result", wanted),
    )  # fmt: skip
    receive(
        "recvfrom_into", "self, buffer, nbytes=0, flags=0", "self, buffer, nbytes, flags",
        flags=bits, arg=into, ret="result[0]", aux="address(result[1])",
        after=_read(state, "result[0]", "buffer", "result[0]", wanted),
    )  # fmt: skip
    receive(
        "recvmsg_into", "self, buffers, ancbufsize=0, flags=0, /",
        "self, buffers, ancbufsize, flags",
        flags="flagbits(flags)", arg="size_of(buffers)", ret="result[0]",
        aux="address(result[3])", after=_keep_joined(state, "result[0]"),
    )  # fmt: skip


def _addresses(state, cls, base):
    def after(text):
        return text + "\n    state.name(self, number)"

    cls.bind = wrap.make(
        state, base.bind, "bind", "self, address_, /", "self, address_",
        arg="address(address_)", aux="address(address_)", after=after("pass"),
    )  # fmt: skip
    cls.listen = wrap.make(
        state, base.listen, "listen", "self, /, *backlog", "self, *backlog",
        arg="clip(backlog[0]) if backlog else UNLIMITED", after=after("pass"),
    )  # fmt: skip
    # The address goes into the first half: a connect that hangs has no second one.
    cls.connect = wrap.make(
        state, base.connect, "connect", "self, address_, /", "self, address_",
        arg="address(address_)", aux="address(address_)", after=after("pass"),
    )  # fmt: skip
    cls.connect_ex = wrap.make(
        state, base.connect_ex, "connect_ex", "self, address_, /", "self, address_",
        arg="address(address_)", aux="address(address_)", ret="-result",
        after="if result in (0, EINPROGRESS): state.name(self, number, remote=address_)",
    )  # fmt: skip
    cls.shutdown = wrap.make(
        state, base.shutdown, "shutdown", "self, how, /", "self, how", arg="clip(how)"
    )
    cls.accept = wrap.make(
        state, cls.accept, "accept", "self", "self",
        ret="sids.get(fileno(result[0]), 0)", aux="address(result[1])",
        after="state.name(result[0], sids.get(fileno(result[0]), 0), remote=result[1])",
    )  # fmt: skip
    setsockopt = base.setsockopt

    def observed_setsockopt(self, *arguments):
        result = setsockopt(self, *arguments)
        value = arguments[2] if len(arguments) > 2 else None
        state.note(
            "option",
            state.sids.get(base.fileno(self), 0),
            int(arguments[0]),
            int(arguments[1]),
            int(value) if isinstance(value, int) else repr(value)[:80],
            now(),
        )
        return result

    cls.setsockopt = wrap.like(observed_setsockopt, setsockopt)


def _making(state, module, cls):
    init, socketpair = cls.__init__, module.socketpair
    fileno = _socket.socket.fileno

    # The parameters are those of socket.socket, and so are their names.
    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):  # noqa: A002
        init(self, family, type, proto, fileno)
        fd = self.fileno()
        origin = abs(state.sids.get(fd, 0)) if fileno is not None else 0
        number = state.socket(self, fd, "created" if fileno is None else "adopted", origin)
        state.instant("socket", number, state.sites.find(_getframe(1)))

    def observed_socketpair(*arguments, **named):
        a, b = socketpair(*arguments, **named)
        sids = state.sids
        state.note("pair", sids.get(fileno(a), 0), sids.get(fileno(b), 0))
        return a, b

    cls.__init__ = wrap.like(__init__, init)
    module.socketpair = wrap.like(observed_socketpair, socketpair)


def _ending(state, cls):
    close, real_close, detach = cls.close, cls._real_close, cls.detach
    fileno = _socket.socket.fileno

    def mine(self, number):
        reference = state.owners.get(number)
        return number and (reference is None or reference() is self)

    def observed_close(self):
        # A makefile object holds the descriptor: this close() does nothing yet.
        if self._io_refs > 0 and not self._closed:
            number = state.sids.get(fileno(self), 0)
            state.instant("close", abs(number), state.sites.find(_getframe(1)), arg=1)
        close(self)

    def _real_close(self, *arguments):
        fd = fileno(self)
        number = abs(state.sids.get(fd, 0))
        if mine(self, number):
            rest = _note_last(state, self, fd, number)
            state.instant("closed", number, state.sites.find(_getframe(1)), aux=rest)
            state.forget(fd)
        real_close(self, *arguments)

    def observed_detach(self):
        number = abs(state.sids.get(fileno(self), 0))
        result = detach(self)
        if mine(self, number):
            state.owners.pop(number, None)
            state.instant("detach", number, state.sites.find(_getframe(1)))
        return result

    cls.close = wrap.like(observed_close, close)
    cls._real_close = wrap.like(_real_close, real_close)
    cls._real_close.__defaults__ = real_close.__defaults__
    cls.detach = wrap.like(observed_detach, detach)


def _note_last(state, sock, fd, number):
    """What the kernel says of a socket about to be closed; returns its unread bytes."""
    kind = int(sock.type) & 0xF
    if kind == _DATAGRAM:
        drops = datagram_drops(sock)
        if drops:
            state.note("drops", number, drops, now())
        return 0
    if kind != _STREAM:
        return 0
    rest = unread(fd)
    info = wrap.tcp_info(sock)
    if info is not None:
        state.note("info", number, now(), rest, *info)
    return rest


def note_drops(state):
    """What the kernel dropped at the datagram sockets that are still open as we leave."""
    for number, reference in list(state.owners.items()):
        sock = reference()
        if sock is not None and int(sock.type) & 0xF == _DATAGRAM:
            drops = datagram_drops(sock)
            if drops:
                state.note("drops", number, drops, now())


_SO_MEMINFO = 55


def datagram_drops(sock):
    """Datagrams the kernel dropped at this socket because its queue was full."""
    try:
        raw = _socket.socket.getsockopt(sock, 1, _SO_MEMINFO, 36)
    except OSError as error:
        pass_benign(error)
        return 0
    return int.from_bytes(raw[32:36], "little") if len(raw) >= 36 else 0


def _patch_os(state):
    """Observe reads and writes by descriptor; other descriptors pay one dict look-up."""
    fd_of = {"descriptor": "self = None", "unknown": wrap.PASS}
    _install(
        state, "write", "os.write", "fd, data, /", "fd, data",
        before=_SIZE, arg=_CLIPPED, ret="result",
        after="if result < size: partial(slot, data, result)\n    "
        + _keep(state, "data", "result"), **fd_of,
    )  # fmt: skip
    _install(
        state, "read", "os.read", "fd, length_, /", "fd, length_",
        arg="clip(length_)", got="size = len(result)", ret="size",
        after=_read_bytes(state, "length_"),
        descriptor="self = None", unknown=wrap.PASS_COUNT_EOF,
    )  # fmt: skip
    _install(
        state, "writev", "os.writev", "fd, buffers, /", "fd, buffers",
        arg="size_of(buffers)", ret="result", after=_keep_joined(state, "result"), **fd_of,
    )  # fmt: skip
    _install(
        state, "readv", "os.readv", "fd, buffers, /", "fd, buffers",
        arg="size_of(buffers)", ret="result", after=_keep_joined(state, "result"), **fd_of,
    )  # fmt: skip
    _install(
        state, "sendfile", "os.sendfile", "*rest, **named", "*rest, **named", ret="result",
        # Its parameters' names are others in Python 3.8: `out`, `in`.
        descriptor="self = None\n"
        "    fd = rest[0] if rest else named.get('out_fd', named.get('out', -1))",
        unknown=wrap.PASS,
    )  # fmt: skip
    close = os.close

    def observed_close(*arguments, **named):
        fd = arguments[0] if arguments else named.get("fd")
        number = state.sids.get(fd) if type(fd) is int else 0
        if number:
            state.instant("closed", abs(number), state.sites.find(_getframe(1)),
                aux=unread(fd),
            )  # fmt: skip
            state.forget(fd)
        return close(*arguments, **named)

    os.close = wrap.builtin(wrap.like(observed_close, close), "os")


def _install(state, attribute, op, parameters, call, **parts):
    original = getattr(os, attribute, None)
    if original is None:
        return
    method = wrap.make(state, original, op, parameters, call, **parts)
    setattr(os, attribute, wrap.builtin(method, "os"))
