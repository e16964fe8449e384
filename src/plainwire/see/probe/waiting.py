"""Waits for many sockets at once: `select.select` and the selectors.

An `epoll` object itself can be neither subclassed nor patched, but Python programs use
it through `selectors`. The loop of asyncio is left out: it waits all the time, and its
own calls (streams.py) say for what.
"""

import select
from sys import _getframe

from . import wrap

_CLASSES = ("SelectSelector", "PollSelector", "EpollSelector", "DevpollSelector", "KqueueSelector")


def patch_selectors(state, module):
    """Observe `selectors` and `select`; called once, right after the first import."""
    original = select.select
    observed = wrap.make(
        state,
        original,
        "select",
        "rlist, wlist, xlist, timeout=None, /",
        "rlist, wlist, xlist, timeout",
        descriptor="self = None; fd = -1",
        arg="milliseconds(timeout)",
    )
    select.select = wrap.builtin(observed, "select")
    patched = set()
    for name in _CLASSES:
        cls = getattr(module, name, None)
        owner = next((c for c in cls.__mro__ if "select" in vars(c)), None) if cls else None
        if owner is None or owner in patched or owner.__name__.startswith("Base"):
            continue
        patched.add(owner)
        owner.select = _observed(state, owner.select)


def _observed(state, original):
    recorded = wrap.make(
        state,
        original,
        "select",
        "self, timeout=None",
        "self, timeout",
        descriptor="fd = -1",
        arg="milliseconds(timeout)",
    )

    def observed_select(self, timeout=None):
        if _getframe(1).f_code.co_name == "_run_once":
            return original(self, timeout)
        return recorded(self, timeout)

    return wrap.like(observed_select, original)
