"""Starts the probe, and patches a module right after the program imports it.

Nothing is imported for the program: one without sockets never loads `socket`. The
finder lets the ordinary ones find the module and wraps `exec_module` of the loader
*instance* for one call, so `module.__loader__` stays what it would have been.
"""

import os
import sys

from .. import records
from . import failures, sockets, streams, tls, waiting, wrap
from .state import State, now

FOLDER_VARIABLE = "PLAINWIRE_RUN"


def start(folder):
    """Begin to observe this process; raises OSError when the folder cannot be written."""
    state = State(folder)
    _patch_exit(state)
    failures.patch_excepthook(state)
    patches = {
        "socket": lambda module: sockets.patch_socket(state, module),
        "selectors": lambda module: waiting.patch_selectors(state, module),
        "ssl": lambda module: tls.patch_ssl(state, module),
        "asyncio.streams": lambda module: streams.patch_streams(state, module),
        "asyncio.selector_events": lambda m: streams.patch_selector_events(state, m),
        "asyncio.base_events": lambda module: failures.patch_base_events(state, module),
        "threading": lambda module: failures.patch_threading(state, module),
        "traceback": lambda module: failures.patch_traceback(state, module),
        "socketserver": lambda module: failures.patch_socketserver(state, module),
        "subprocess": lambda module: _patch_environment(state, module),
        "uvloop": lambda _: state.note("unseen", "uvloop", "does its I/O in C"),
        "gevent": lambda _: state.note("unseen", "gevent", "has a socket class of its own"),
    }
    for name in list(patches):
        if name in sys.modules:
            patches.pop(name)(sys.modules[name])
    sys.meta_path.insert(0, AfterImport(state, patches))
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=state.after_fork)
    _provide_hook(state)


class AfterImport:
    """A finder that finds nothing itself: it runs a patch once the real one's module is there."""

    def __init__(self, state, patches):
        self._state = state
        self._patches = patches

    def find_spec(self, name, path=None, target=None):
        """See importlib.abc.MetaPathFinder."""
        patch = self._patches.pop(name, None)
        if patch is None:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                self._arm(spec, patch)
                return spec
        return None

    def _arm(self, spec, patch):
        loader = spec.loader
        original = getattr(loader, "exec_module", None)
        if original is None or isinstance(loader, type):
            return
        state = self._state

        def exec_module(module):
            try:
                del loader.exec_module
            except AttributeError:
                pass
            original(module)
            try:
                patch(module)
            except Exception as error:
                state.note("unseen", spec.name, repr(error)[:200])

        try:
            loader.exec_module = exec_module
        except AttributeError:
            state.note("unseen", spec.name, "its loader cannot be wrapped")


def _patch_exit(state):
    """Note the end of a process that leaves without the interpreter's own clean-up."""
    original = os._exit

    def _exit(status):
        state.note("exit", now(), status if isinstance(status, int) else None)
        original(status)

    os._exit = wrap.builtin(wrap.like(_exit, original), "os")
    import atexit

    def leaving():
        sockets.note_drops(state)
        state.note("exit", now(), None)

    atexit.register(leaving)


def _patch_environment(state, module):
    """Keep following a program that starts Python with an environment of its own making.

    Only the two variables are added, and only where the parent's had them.
    """
    ours = {name: os.environ.get(name) for name in (FOLDER_VARIABLE, "PYTHONPATH")}
    init = module.Popen._execute_child

    def _execute_child(self, *arguments, **named):
        arguments = list(arguments)
        # _execute_child(args, executable, preexec_fn, close_fds, pass_fds, cwd, env, ...)
        if len(arguments) > 6 and arguments[6] is not None:
            arguments[6] = with_probe(arguments[6], ours)
        return init(self, *arguments, **named)

    module.Popen._execute_child = wrap.like(_execute_child, init)


def with_probe(environment, ours):
    """An environment in which a Python will find the probe."""
    folder, path = ours[FOLDER_VARIABLE], ours["PYTHONPATH"]
    if not folder or FOLDER_VARIABLE in environment:
        return environment
    try:
        added = dict(environment)
        inject = path.split(os.pathsep)[0]
        theirs = added.get("PYTHONPATH")
        added["PYTHONPATH"] = inject + os.pathsep + theirs if theirs else inject
        added[FOLDER_VARIABLE] = folder
    except (TypeError, ValueError):
        return environment
    return added


def _provide_hook(state):
    """Let programs written with Plainwire name their messages (docs/build.md)."""
    hook = type(sys)("plainwire_probe_hook")

    def message(fd, direction, start, end, codec, label):
        state.note(
            "message", abs(state.sids.get(fd, 0)), direction, start, end, codec, str(label)[:80]
        )

    hook.message = message
    sys.modules["plainwire_probe_hook"] = hook


__all__ = ["FOLDER_VARIABLE", "records", "start"]
