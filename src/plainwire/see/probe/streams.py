"""asyncio: what the program asked of a stream, above the socket.

The loop reads in callbacks in which no line of the program is on the stack. What the
program asked for stands in its calls of StreamReader and in writes that had to wait,
so these are on record beside the socket's own calls, with the task that made them.
The line is taken when the method is *called*, not when its coroutine first runs:
`wait_for(reader.readline(), 5)` runs it in a task of its own (3.11).
"""

from sys import _getframe

from .. import records
from . import wrap
from .state import now

_HALF = records.SLOT_BYTES // 2
_RECEIVING = ("data_received", "buffer_updated", "datagram_received")


def patch_streams(state, module):
    """Observe `asyncio.streams`."""
    reader = module.StreamReader
    file = reader.readline.__code__.co_filename
    mark = _coroutine_mark()
    for name, arguments in (("read", 1), ("readline", 0), ("readexactly", 1), ("readuntil", 0)):
        original = getattr(reader, name)
        observed = _observe(state, original, records.OPS["stream." + name], arguments, file)
        setattr(reader, name, mark(wrap.like(observed, original)))

    drain = module.StreamWriter.drain
    waiting = _waiting(state, drain, records.OPS["stream.drain"])

    def observed_drain(self):
        # Most drains return at once and are not worth a record.
        if getattr(self._protocol, "_paused", False):
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

    stream = module._SelectorSocketTransport
    write = stream.write

    def observed_write(self, data):
        write(self, data)
        if self._buffer:
            sock = self._sock
            number = abs(state.sids.get(sock.fileno(), 0)) if sock is not None else 0
            site = state.sites.find(_getframe(1))
            queued = min(self.get_write_buffer_size(), records.UNLIMITED)
            state.instant("stream.queue", number, site, arg=wrap.length(data), aux=queued)

    stream.write = wrap.like(observed_write, write)


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


def _observe(state, original, op, takes_size, file):
    """The observed form of one reading method; its line is taken when it is called.

    StreamReader's methods call each other (readline() is made of readuntil(), read(-1)
    of read(n)): only what the program called is one of its reads.
    """
    waiting = _waiting(state, original, op)
    find = state.sites.find

    def inner(frame):
        code = frame.f_code
        return code.co_filename == file and code.co_name in ("read", "readline")

    if not takes_size:

        def method(self, *rest, **named):
            frame = _getframe(1)
            if inner(frame):
                return original(self, *rest, **named)
            return waiting(self, find(frame), 0, *rest, **named)

    elif original.__defaults__:

        def method(self, n=original.__defaults__[0]):
            frame = _getframe(1)
            if inner(frame):
                return original(self, n)
            return waiting(self, find(frame), wrap.clip(n), n)

    else:

        def method(self, n):
            return waiting(self, find(_getframe(1)), wrap.clip(n), n)

    return method


def _waiting(state, original, op):
    """The coroutine that runs an original one between the two halves of a slot."""
    from asyncio.tasks import current_task

    async def waiting(self, site, arg, *rest, **named):
        task = current_task()
        try:
            thread = state.local.number
        except AttributeError:
            thread = state.thread()
        number = _number(state, self)
        slot = state.slots.next_number()
        cells, at = state.slots.cell(slot)
        task_number = state.task(task) if task is not None else 0
        wrap.ENTER(cells, at, thread, number, site, op, 0, arg, task_number, now())
        try:
            result = await original(self, *rest, **named)
        except BaseException as error:
            partial = getattr(error, "partial", b"")
            state.local.failure = (id(error), type(error), slot)
            raised = state.exception(type(error).__name__, _text(error))
            wrap.EXIT(cells, at + _HALF, records.RAISED, len(partial), raised, now())
            raise
        size = len(result) if result is not None else 0
        wrap.EXIT(cells, at + _HALF, size, 0, 0, now())
        return result

    return wrap.like(waiting, original)


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
