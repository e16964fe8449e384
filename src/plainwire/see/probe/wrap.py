"""The observed form of one socket method, made from a template.

Every wrapper is the same eight steps around the original, with the method's own
parameters, written out once as text and compiled per method: a shared wrapper taking
`*args` costs 0.13 us more a call (3.11), and there are some twenty methods.

    line and column -> socket number -> thread -> slot -> ENTER -> original -> EXIT -> payload

Between the original's return and ours nothing can raise but a signal handler of the
program; an exception of the original is put down and raised again untouched.
"""

import _socket
import errno
import sys

from .. import records
from .state import now, pass_benign

ENTER = records.ENTER.pack_into
EXIT = records.EXIT.pack_into
_HALF = records.SLOT_BYTES // 2
_QUIET_AFTER = 64  # reads of b'' in a row before they are only counted

TEMPLATE = """
def {name}({parameters}):
    frame = getframe(1)
    site = known.get((id(frame.f_code), frame.f_lasti)) or find(frame)
    {descriptor}
    number = sids.get(fd)
    if number is None or number <= 0:
        {unknown}
    try:
        thread = state.local.number
    except AttributeError:
        thread = state.thread()
    slot = slots.next_slot()
    cells, first, end = slots.current
    if first <= slot < end:
        at = HEADER + (slot - first) * SLOT
    else:
        cells, at = slots.locate(slot)
    enter(cells, at, thread, number, site, {op}, {flags}, {arg}, 0, now())
    at += HALF
    try:
        result = original({call})
    except BaseException as error:
        failed(cells, at, error, self, {op}, number, slot)
        raise
    leave(cells, at, {ret}, {aux}, 0, now())
    {after}
    return result
"""

FROM_SELF = "fd = fileno(self)"
FROM_FD = "self = None"
ADOPT = "number = odd(self, fd)"
COUNT_EOF = """if number is not None and number < 0:
            return quiet(original, ({call}), fd, site)
        number = odd(self, fd)"""
PASS = "return original({call})"


def make(state, original, op, parameters, call, **parts):
    """Compile the observed form of `original`; it looks like it from outside."""
    parts.setdefault("descriptor", FROM_SELF)
    parts.setdefault("unknown", ADOPT)
    parts["unknown"] = parts["unknown"].format(call=call)
    parts.setdefault("flags", "0")
    parts.setdefault("arg", "0")
    parts.setdefault("ret", "0")
    parts.setdefault("aux", "0")
    parts.setdefault("after", "pass")
    name = getattr(original, "__name__", op)
    source = TEMPLATE.format(
        name=name, parameters=parameters, call=call, op=records.OPS[op], **parts
    )
    space = namespace(state)
    space["original"] = original
    exec(compile(source, "<plainwire %s>" % op, "exec"), space)
    return like(space[name], original)


def like(wrapper, original):
    """Give a wrapper the name, documentation and module of what it stands for."""
    for attribute in ("__module__", "__name__", "__qualname__", "__doc__", "__text_signature__"):
        try:
            setattr(wrapper, attribute, getattr(original, attribute))
        except (AttributeError, TypeError):
            pass
    return wrapper


_spaces = {}


def namespace(state):
    """What a wrapper's code can name; the fixed part is made once."""
    if not _spaces:
        odd, quiet, failed = _odd(state), _quiet(state), _failed(state)
        _spaces.update(
            getframe=sys._getframe,
            known=state.sites.known,
            find=state.sites.find,
            sids=state.sids,
            eofs=state.eofs,
            state=state,
            slots=state.slots,
            now=now,
            enter=ENTER,
            leave=EXIT,
            HEADER=records.HEADER_BYTES,
            SLOT=records.SLOT_BYTES,
            HALF=_HALF,
            odd=odd,
            quiet=quiet,
            failed=failed,
            address=state.address,
            keep=state.keep,
            flagbits=flagbits,
            length=length,
            clip=clip,
            milliseconds=milliseconds,
            UNLIMITED=records.UNLIMITED,
            EINPROGRESS=errno.EINPROGRESS,
            size_of=size_of,
            joined=joined,
        )
    return dict(_spaces)


def name_for_wrappers(state, **names):
    """Add names that the texts of further wrappers use."""
    namespace(state)
    _spaces.update(names)


# -- small functions of the templates; none of them may raise ----------------------


def flagbits(flags):
    """MSG_ flags as 16 bits; 0 for what the original is going to refuse."""
    return flags & 0xFFFF if isinstance(flags, int) else 0


def clip(value):
    """A count as 32 bits; 0 for what the original is going to refuse."""
    if not isinstance(value, int) or value < 0:
        return 0
    return min(value, records.UNLIMITED)


def milliseconds(timeout):
    """A time-out in milliseconds; UNLIMITED for None, 0 for what will be refused."""
    if timeout is None:
        return records.UNLIMITED
    if not isinstance(timeout, (int, float)) or not timeout > 0:
        return 0
    return int(min(timeout * 1000, records.UNLIMITED - 1))


def length(data):
    """Bytes in one argument of a send; 0 for what the original is going to refuse."""
    kind = type(data)
    if kind is bytes or kind is bytearray:
        return min(len(data), records.UNLIMITED)
    if kind is memoryview:
        return min(data.nbytes, records.UNLIMITED)
    if isinstance(data, (bytes, bytearray)):
        return min(len(data), records.UNLIMITED)
    if hasattr(data, "itemsize"):  # array.array
        return min(len(data) * data.itemsize, records.UNLIMITED)
    return 0


def size_of(buffers):
    """Bytes in a sequence of buffers; UNLIMITED when only consuming it would tell."""
    if type(buffers) is list or type(buffers) is tuple:
        return min(sum(map(length, buffers)), records.UNLIMITED)
    return records.UNLIMITED


def joined(buffers, limit):
    """The first `limit` bytes of a sequence of buffers; None when it cannot be read twice."""
    if type(buffers) is not list and type(buffers) is not tuple:
        return None
    parts, left = [], limit
    for part in buffers:
        if left <= 0:
            break
        view = memoryview(part).cast("B")[:left]
        parts.append(bytes(view))
        left -= len(view)
    return b"".join(parts)


def _odd(state):
    def odd(sock, fd):
        """Number of a socket that is not in the table: closed, or made behind our back."""
        number = state.sids.get(fd)
        if number is not None:
            return abs(number)
        if fd < 0 or sock is None:
            return 0
        return state.socket(sock, fd, "found")

    return odd


def _quiet(state):
    def quiet(original, arguments, fd, site):
        """A read that has given b'' many times: call it, and only count."""
        result = original(*arguments)
        data = result if not isinstance(result, tuple) else result[0]
        row = state.eofs.get(fd)
        if data or row is None:
            number = abs(state.sids.get(fd, 0))
            if number:
                state.sids[fd] = number
            state.eofs.pop(fd, None)
            size = data if isinstance(data, int) else len(data)
            state.instant("recv", number, site, ret=size)
            return result
        row[0] += 1
        if row[0] & (row[0] - 1) == 0:  # at every power of two
            state.note("eofs", abs(state.sids.get(fd, 0)), site, row[0], now())
        return result

    return quiet


def ended(state, fd, number, site):
    """A read gave b'': count it, and stop recording each after many in a row."""
    row = state.eofs.get(fd)
    if row is None:
        row = state.eofs[fd] = [0, site]
    row[0] += 1
    if row[0] >= _QUIET_AFTER:
        state.sids[fd] = -number
        state.note("eofs", number, site, row[0], now())


def _failed(state):
    seen = {}
    connect, sendall = records.OPS["connect"], records.OPS["sendall"]

    def failed(cells, at, error, sock, op, number, slot):
        """Write the second half of a slot whose call raised."""
        # With its type, because an id is used again once its exception is gone.
        state.local.failure = (id(error), type(error), slot)
        if op == connect and getattr(error, "errno", None) == errno.EINPROGRESS:
            state.name(sock, number)
        code = getattr(error, "errno", None) if isinstance(error, OSError) else None
        moment = now()
        if type(code) is int and 0 < code < 4096:
            aux = 0
            if op == sendall and sock is not None:
                aux = written(sock)
            EXIT(cells, at, -code, aux, 0, moment)
            return
        kind = type(error)
        # The text of a foreign exception is code of the program's: not ours to run.
        text = str(error)[:200] if kind.__module__ in _TRUSTED else ""
        number = seen.get((kind, text))
        if number is None:
            number = state.exception(kind.__name__, text)
            if len(seen) < 4096:
                seen[kind, text] = number
        aux = written(sock) if op == sendall and sock is not None else 0
        EXIT(cells, at, records.RAISED, aux, number, moment)

    return failed


_TCP_INFO = 11
_TRUSTED = ("builtins", "socket", "_socket", "ssl", "_ssl", "asyncio.exceptions")


def tcp_info(sock):
    """(state, bytes sent in order, of them not yet on the wire, acked, received), or None.

    Offsets are those of struct tcp_info (linux/tcp.h); bytes_sent since Linux 4.19.
    """
    if int(sock.type) & 0xF != 1 or int(sock.family) not in (2, 10):
        return None
    try:
        raw = _socket.socket.getsockopt(sock, 6, _TCP_INFO, 256)
    except OSError as error:
        pass_benign(error)
        return None
    if len(raw) < 216:
        return None
    whole = lambda at, size: int.from_bytes(raw[at : at + size], sys.byteorder)  # noqa: E731
    sent, retransmitted = whole(200, 8), whole(208, 8)
    return raw[0], sent - retransmitted, whole(144, 4), whole(120, 8), whole(128, 8)


def written(sock):
    """Bytes the program has written to a TCP stream so far, plus one; 0 = unknown.

    A sendall() that fails does not say how far it came; the kernel does.
    """
    info = tcp_info(sock)
    return 0 if info is None else info[1] + info[2] + 1


__all__ = ["ended", "like", "make", "namespace", "tcp_info", "written"]
