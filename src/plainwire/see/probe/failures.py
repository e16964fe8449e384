"""Exceptions that nobody caught, and tracebacks that do not show the probe.

A wrapper's frame stands in the traceback of every exception that a socket call
raises. Before a traceback is printed, those frames are unlinked, so that the program's
output is what it would have been; what surfaced is noted with its lines.
"""

import sys
from sys import _getframe

from .sites import is_ours
from .state import now

_MOST_FRAMES = 50


def patch_excepthook(state):
    """Note what ends the main thread."""
    original = sys.excepthook
    if original is not sys.__excepthook__:
        return  # the embedder's own; it was there before the program

    def excepthook(kind, value, traceback, /):
        note(state, value, traceback, "uncaught")
        clean(value, traceback)
        sys.__excepthook__(kind, value, traceback)

    sys.excepthook = excepthook


def patch_threading(state, module):
    """Note what ends a thread."""
    original = module.excepthook

    def excepthook(args, /):
        note(state, args.exc_value, args.exc_traceback, "thread")
        clean(args.exc_value, args.exc_traceback)
        return original(args)

    module.excepthook = excepthook


def patch_traceback(state, module):
    """Clean what Python code prints; note what multiprocessing prints as it ends a child."""
    init = module.TracebackException.__init__

    def __init__(self, exc_type, exc_value, exc_traceback, *rest, **named):
        if exc_value is not None and exc_traceback is not None:
            how = _who_prints()
            if how:
                note(state, exc_value, exc_traceback, how)
            clean(exc_value, exc_traceback)
        init(self, exc_type, exc_value, exc_traceback, *rest, **named)

    __init__.__wrapped__ = init
    module.TracebackException.__init__ = __init__


def patch_socketserver(state, module):
    """Note the accept loop as a wait, and what a handler raised."""
    from . import wrap

    server = module.BaseServer
    server.serve_forever = wrap.make(
        state, server.serve_forever, "serve_forever", "self, poll_interval=0.5",
        "self, poll_interval", descriptor="fd = self.fileno()",
    )  # fmt: skip
    handle_error = server.handle_error

    def observed_handle_error(self, request, client_address):
        value = sys.exc_info()[1]
        note(state, value, value.__traceback__, "handler")
        return handle_error(self, request, client_address)

    server.handle_error = wrap.like(observed_handle_error, handle_error)


def patch_base_events(state, module):
    """Note what a task or callback of asyncio raised and nobody took."""
    loop = module.BaseEventLoop
    original = loop.call_exception_handler

    def call_exception_handler(self, context):
        value = context.get("exception")
        if value is not None:
            note(state, value, value.__traceback__, "asyncio")
        return original(self, context)

    call_exception_handler.__doc__ = original.__doc__
    loop.call_exception_handler = call_exception_handler


def _who_prints():
    """'process' when multiprocessing ends a child with this exception, else None."""
    frame = _getframe(2)
    for _ in range(4):
        if frame is None:
            return None
        if frame.f_code.co_filename.endswith("multiprocessing/process.py"):
            return "process"
        frame = frame.f_back
    return None


def note(state, value, traceback, how):
    """Put an exception on record: type, text, lines, and the call that raised it."""
    if value is None:
        return
    frames = []
    while traceback is not None and len(frames) < _MOST_FRAMES:
        code = traceback.tb_frame.f_code
        if not is_ours(code):
            frames.append(state.sites.describe(code, traceback.tb_lasti, traceback.tb_lineno))
        traceback = traceback.tb_next
    number = getattr(state.local, "number", 0)
    identity, kind, slot = getattr(state.local, "failure", (0, None, None))
    causes, cause = set(), value
    while cause is not None and len(causes) < 8 and (id(cause), type(cause)) not in causes:
        causes.add((id(cause), type(cause)))
        cause = cause.__cause__ or cause.__context__
    try:
        text = str(value)[:500]
    except Exception:
        text = ""
    state.note(
        "exception",
        number,
        slot if (identity, kind) in causes else None,
        type(value).__name__,
        text,
        how,
        frames,
        now(),
    )


def clean(value, traceback, depth=8):
    """Unlink the wrappers' frames from a traceback and from those it came from."""
    while traceback is not None:
        following = traceback.tb_next
        while following is not None and is_ours(following.tb_frame.f_code):
            following = following.tb_next
        if following is not traceback.tb_next:
            traceback.tb_next = following
        traceback = following
    if value is None or depth == 0:
        return
    for cause in (value.__cause__, value.__context__):
        if cause is not None:
            clean(cause, cause.__traceback__, depth - 1)
