"""asyncio: what the program asked of a stream, above the socket.

The loop reads in callbacks in which no line of the program is on the stack. What the
program asked for stands in its calls of StreamReader and in writes that had to wait,
so these are on record beside the socket's own calls, with the task that made them.
The line is taken when the method is *called*, not when its coroutine first runs:
`wait_for(reader.readline(), 5)` runs it in a task of its own (3.11).
"""

import sys
from sys import _getframe

from .. import records
from . import sites, wrap
from .state import now

_HALF = records.SLOT_BYTES // 2
_RECEIVING = ("data_received", "buffer_updated", "datagram_received")


def patch_streams(state, module):
    """Observe `asyncio.streams`."""
    reader = module.StreamReader
    own = {id(reader.read.__code__), id(reader.readline.__code__)}  # a code's hash is slow
    mark = _coroutine_mark()
    for name, arguments in (("read", 1), ("readline", 0), ("readexactly", 1), ("readuntil", 0)):
        original = getattr(reader, name)
        observed = _observe(state, original, records.OPS["stream." + name], arguments, own)
        setattr(reader, name, mark(wrap.like(observed, original)))

    drain = module.StreamWriter.drain
    waiting = _waiting(state, drain, records.OPS["stream.drain"])

    def observed_drain(self):
        # Most drains return at once and are not worth a record.
        try:
            paused = self._protocol._paused
        except AttributeError:  # a protocol of the program's own
            paused = False
        if paused:
            return waiting(self, state.sites.find(_getframe(1)), 0)
        return drain(self)

    module.StreamWriter.drain = mark(wrap.like(observed_drain, drain))


def patch_selector_events(state, module):
    """Observe the selector loop's transports: who receives, and what had to queue."""
    transport = module._SelectorTransport
    init, set_protocol = transport.__init__, transport.set_protocol

    def __init__(self, loop, sock, protocol, *rest, **named):
        _note_protocol(state, sock, protocol)
        init(self, loop, sock, protocol, *rest, **named)

    def observed_set_protocol(self, protocol):
        _note_protocol(state, self._sock, protocol)
        return set_protocol(self, protocol)

    close = transport.close

    def observed_close(self):
        # The socket is closed later, in a callback: who asked for it is known only now.
        sock = self._sock
        if sock is not None and not self._closing:
            site = state.sites.find(_getframe(1))
            if site in state.sites.users:
                state.instant("close", abs(state.sids.get(sock.fileno(), 0)), site, arg=1)
        return close(self)

    transport.close = wrap.like(observed_close, close)
    transport.__init__ = wrap.like(__init__, init)
    transport.set_protocol = wrap.like(observed_set_protocol, set_protocol)

    # Called by write() when data had to stay, and only then: a wrapper of write() itself
    # would be one frame more between the socket and the program's line in every send.
    stream = module._SelectorSocketTransport
    write, pause = stream.write.__code__, stream._maybe_pause_protocol

    def observed_pause(self):
        frame = _getframe(1)
        if frame.f_code is write:
            sock = self._sock
            number = abs(state.sids.get(sock.fileno(), 0)) if sock is not None else 0
            stayed = wrap.length(frame.f_locals.get("data"))
            queued = min(self.get_write_buffer_size(), records.UNLIMITED)
            site = state.sites.find(frame)
            state.instant("stream.queue", number, site, arg=stayed, aux=queued)
        return pause(self)

    stream._maybe_pause_protocol = wrap.like(observed_pause, pause)


def _note_protocol(state, sock, protocol):
    method = None
    for name in _RECEIVING:
        found = getattr(type(protocol), name, None)
        code = getattr(found, "__code__", None)
        if code is not None and not state.sites.is_library_file(code.co_filename):
            method = [state.sites.path(code.co_filename), code.co_firstlineno, code.co_name]
            break
    # A transport that was closed has no socket any more, and takes a protocol all the same.
    number = abs(state.sids.get(sock.fileno(), 0)) if sock is not None else 0
    state.note("protocol", number, type(protocol).__name__, method)


def _number(state, owner):
    """The socket number behind a reader or writer; 0 when there is none to see."""
    number = owner.__dict__.get("_plainwire_socket")
    if number is None:
        number = 0
        transport = owner._transport
        if transport is not None:
            sock = transport.get_extra_info("socket")
            if sock is not None:
                number = abs(state.sids.get(sock.fileno(), 0))
        owner.__dict__["_plainwire_socket"] = number
    return number


METHOD = """
def method(self, {parameters}):
    frame = getframe(1)
    if id(frame.f_code) in own:
        return original(self, {given})
    site = known.get({key})
    if site.__class__ is not int:
        site = outwards(frame, site)
    return waiting(self, site, {arg}, {given})
"""
_SIZE = "n if type(n) is int and 0 <= n < UNLIMITED else clip(n)"


def _observe(state, original, op, takes_size, own):
    """The observed form of one reading method; its line is taken when it is called.

    StreamReader's methods call each other (readline() is made of readuntil(), read(-1)
    of read(n)): only what the program called is one of its reads. `own` are the ids of the
    code objects of those that call others.
    """
    given = parameters = "*rest, **named"
    if takes_size:
        given, defaults = "n", original.__defaults__
        parameters = "n=%d" % defaults[0] if defaults else "n"
    space = {
        "getframe": _getframe,
        "known": state.sites.known,
        "outwards": state.sites.outwards,
        "own": own,
        "original": original,
        "waiting": _waiting(state, original, op, given),
        "clip": wrap.clip,
        "UNLIMITED": records.UNLIMITED,
    }
    text = METHOD.format(
        parameters=parameters,
        given=given,
        arg=_SIZE if takes_size else "0",
        key=sites.KEY.format("frame"),
    )
    exec(compile(text, "<plainwire stream>", "exec"), space)
    return space["method"]


WAITING = """
async def waiting(self, site, arg, {given}):
    loop = running()
    task = current(loop) if loop is not None else None
    known = tasks.get(id(task))
    if known is not None:
        task_number = known[0]
    else:
        task_number = state.task(task) if task is not None else 0
    try:
        thread = state.local.number
    except AttributeError:
        thread = state.thread()
    number = self.__dict__.get("_plainwire_socket")
    if number is None:
        number = number_of(state, self)
    cells, at, slot = next(slots.free, None) or slots.more()
    enter(cells, at, thread, number, site, {op}, 0, arg, task_number, now())
    try:
        result = await original(self, {given})
    except BaseException as error:
        failed(cells, at + {half}, error, slot)
        raise
    leave(cells, at + {half}, 0 if result is None else len(result), now())
    return result
"""


def _waiting(state, original, op, given="*rest, **named"):
    """The coroutine that runs an original one between the two halves of a slot.

    Text like the wrappers of sockets: what is handed on by name costs half of `*rest`.
    """
    running, current = _task_lookup()

    def failed(cells, at, error, slot):
        partial = getattr(error, "partial", b"")
        state.local.failure = (id(error), type(error), slot)
        raised = state.exception(type(error).__name__, _text(error))
        wrap.EXIT(cells, at, records.RAISED, len(partial), raised, now())

    space = {
        "state": state,
        "tasks": state.tasks,
        "slots": state.slots,
        "original": original,
        "running": running,
        "current": current,
        "number_of": _number,
        "enter": wrap.ENTER,
        "leave": wrap.LEAVE,
        "failed": failed,
        "now": now,
        "next": next,
    }
    text = WAITING.format(given=given, op=op, half=_HALF)
    exec(compile(text, "<plainwire stream>", "exec"), space)
    return wrap.like(space["waiting"], original)


def _task_lookup():
    """Functions that give the running loop, or None, and the task that a loop runs.

    Before 3.12 `current_task` is Python code around a dict.
    """
    from asyncio import events, tasks

    if sys.version_info < (3, 12):
        return events._get_running_loop, tasks._current_tasks.get
    return events._get_running_loop, tasks.current_task


def _text(error):
    """The words of asyncio's own RuntimeError; others' are code of the program's."""
    first = error.args[0] if type(error) is RuntimeError and error.args else None
    return first[:200] if type(first) is str else ""


def _coroutine_mark():
    """A function that makes a plain function count as a coroutine function."""
    import inspect
    from asyncio import coroutines

    mark = getattr(inspect, "markcoroutinefunction", None)
    if mark is not None:  # 3.12
        return mark

    def old_mark(function):
        function._is_coroutine = getattr(coroutines, "_is_coroutine", None)
        return function

    return old_mark
