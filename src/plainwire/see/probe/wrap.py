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
import struct
import sys
from functools import partial

from .. import records
from . import sites
from .payload import put_cell
from .state import now, pass_benign

ENTER = records.ENTER.pack_into
EXIT = records.EXIT.pack_into
_HALF = records.SLOT_BYTES // 2
_MISSING = object()
_NONE = type(None)
_QUIET_AFTER = 64  # reads of b'' in a row before they are only counted

TEMPLATE = """
def {name}({parameters}):
    {refuse}
    frame = getframe(1)
    site = known.get({key})
    if site.__class__ is not int:
        site = outwards(frame, site)
    {descriptor}
    number = sids.get(fd, 0)
    if number <= 0:
        {unknown}
    {before}
    try:
        thread = state.local.number
    except AttributeError:
        thread = state.thread()
    cells, at, slot = next(slots.free, None) or slots.more()
    enter(cells, at, thread, number, site, {op}, {flags}, {arg}, now())
    try:
        result = original({call})
    except BaseException as error:
        failed(cells, at + {half}, error, self, {op}, number, slot)
        {names} = frame = None
        raise
    {got}
    {leave}, now())
    {after}
    return result
"""

# The halves of a slot without the fields that are always zero: each costs 10 ns.
_ENTER = struct.Struct("<IIIHHI4xQ").pack_into
LEAVE = struct.Struct("<q16xQ").pack_into
_LEAVE_AUX = struct.Struct("<qQ8xQ").pack_into

FROM_SELF = "fd = fileno(self)"
FROM_FD = "self = None"
ADOPT = "number = odd(self, fd)"
COUNT_EOF = """if number < 0:
            return quiet(original, ({call}), fd, site)
        number = odd(self, fd)"""
# By descriptor: what is no socket is none of our business.
PASS = """if not number:
            return original({call})
        number = -number"""
PASS_COUNT_EOF = """if not number:
            return original({call})
        return quiet(original, ({call}), fd, site)"""


def make(state, original, op, parameters, call, **parts):
    """Compile the observed form of `original`; it looks like it from outside.

    When the call raised, the wrapper lets go of what it was given: its frame stays in
    the traceback, and a socket held there would be closed later than without us.
    """
    parts.setdefault("descriptor", FROM_SELF)
    parts.setdefault("unknown", ADOPT)
    parts["unknown"] = parts["unknown"].format(call=call)
    parts.setdefault("before", "pass")
    parts.setdefault("flags", "0")
    parts.setdefault("arg", "0")
    parts.setdefault("got", "pass")
    parts.setdefault("ret", "0")
    parts.setdefault("after", "pass")
    parts["leave"] = "leave(cells, at + %d, %s" % (_HALF, parts["ret"])
    if "aux" in parts:
        parts["leave"] = "leave_aux(cells, at + %d, %s, %s" % (_HALF, parts["ret"], parts["aux"])
    name = getattr(original, "__name__", op)
    parameters, parts["refuse"] = _as_strict(parameters)
    words = [word.split("=")[0].strip(" */") for word in parameters.split(",")]
    source = TEMPLATE.format(
        name=name,
        parameters=parameters,
        call=call,
        op=records.OPS[op],
        names=" = ".join(word for word in words if word),
        key=sites.KEY.format("frame"),
        half=_HALF,
        **parts,
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


def _as_strict(parameters):
    """Take any arguments; the text that lets the original refuse what it does not take.

    Python's words for a missing or superfluous argument are not those of the builtin.
    """
    loose, given, required, extra = [], [], None, "extra_"
    for word in (word.strip() for word in parameters.split(",")):
        if word.startswith("**"):
            return parameters, "pass"  # all that comes is handed on as it came
        if word.startswith("*"):
            extra = word[1:]
            continue
        if word not in ("/", "self"):
            if "=" not in word:
                required = word
                word += "=MISSING"
        loose.append(word)
        if word != "/":
            given.append(word.split("=")[0])
    loose += ["*" + extra, "**named_"]
    wrong = ["named_"]
    if extra == "extra_":
        wrong.insert(0, extra)
    if required:
        wrong.append(required + " is MISSING")
    refuse = "if %s:\n        return refuse(original, (%s,), %s, named_)" % (
        " or ".join(wrong),
        ", ".join(given),
        extra,
    )
    return ", ".join(loose), refuse


def refuse(original, given, extra, named):
    """Call the original as the program did, which it is going to refuse."""
    given = list(given)
    for at, argument in enumerate(given):
        if argument is _MISSING:
            del given[at:]
            break
    # Defaults that the program did not write would be counted as given.
    while named and not extra and given and type(given[-1]) in (int, _NONE) and not given[-1]:
        given.pop()
    # Before 3.11 a call with keywords binds the method first, which changes its name.
    if sys.version_info < (3, 11) and given and isinstance(given[0], _socket.socket):
        original = original.__get__(given.pop(0))
    return original(*given, *extra, **named)


class Builtin(partial):
    """An observed builtin function of a module: does not bind, and is pickled by name.

    A Python function in its place would become a method where a class holds it
    (`class Connection: _write = os.write` in multiprocessing).
    """

    def __get__(self, instance, owner=None):
        return self

    def __reduce__(self):
        return self.__name__

    def __repr__(self):
        return "<built-in function %s>" % self.__name__


def builtin(function, module):
    """A `Builtin` that calls the function, found in `module` under its name."""
    made = Builtin(function)
    made.__name__ = made.__qualname__ = function.__name__
    made.__module__ = module
    made.__doc__ = function.__doc__
    return made


_spaces = {}


def namespace(state):
    """What a wrapper's code can name; the fixed part is made once."""
    if not _spaces:
        odd, quiet, failed = _odd(state), _quiet(state), _failed(state)
        _spaces.update(
            getframe=sys._getframe,
            known=state.sites.known,
            outwards=state.sites.outwards,
            sids=state.sids,
            eofs=state.eofs,
            state=state,
            slots=state.slots,
            next=next,  # found sooner than a builtin, and not the program's
            now=now,
            enter=_ENTER,
            leave=LEAVE,
            leave_aux=_LEAVE_AUX,
            odd=odd,
            quiet=quiet,
            failed=failed,
            refuse=refuse,
            MISSING=_MISSING,
            address=state.address,
            keep=state.keep,
            payloads=state.payloads.cells,
            keep_large=state.payloads.large,
            put_cell=put_cell,
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
        size = len(data)
    elif kind is memoryview:
        size = data.nbytes
    else:
        # A subclass may have a `__len__` of its own: not ours to run.
        try:
            size = memoryview(data).nbytes
        except (TypeError, BufferError):
            return 0
    return size if size < records.UNLIMITED else records.UNLIMITED


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
        kind = type(error)
        code = getattr(error, "errno", None) if isinstance(error, OSError) else None
        moment = now()
        # The errno of an SSLError is a number of OpenSSL's, whatever else it inherits. The
        # commonest error of all, nothing there yet, is not asked where it comes from.
        ours = kind is BlockingIOError or kind.__module__ not in ("ssl", "_ssl")
        if ours and type(code) is int and 0 < code < 4096:
            aux = 0
            if op == sendall and sock is not None:
                aux = written(sock)
            EXIT(cells, at, -code, aux, 0, moment)
            return
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


__all__ = ["builtin", "ended", "like", "make", "namespace", "tcp_info", "written"]
