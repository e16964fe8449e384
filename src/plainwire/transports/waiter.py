"""`Waiter`: what a task waits on, woken in the same turn of the loop.

A Future schedules the waiting task for the next turn: one more trip through the loop per
message, 0.7 us of about 9 (uvloop, loopback, 64-byte ping-pong). A Waiter steps the task
at once, from the callback in which its bytes arrived.

It is the protocol that asyncio documents for future-like objects (`asyncio.isfuture`,
`_asyncio_future_blocking`), used by CPython's own tasks in C since 3.6. Rules:

1. A task is never stepped from inside another: then it is scheduled as usual.
2. A cancelled waiter wakes by the loop, as a Future does.
"""

from __future__ import annotations

import asyncio
import itertools
from asyncio import CancelledError, current_task
from collections.abc import Callable, Generator
from contextvars import Context, copy_context
from typing import Any


class Waiter:
    """One wait of one task; `again` makes it ready for the next."""

    __slots__ = (
        "_asyncio_future_blocking",
        "_callback",
        "_cancel",
        "_context",
        "_done",
        "_loop",
        "get_loop",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # The loop that the task must run on; a task asks at every wait, so it is C.
        self.get_loop = itertools.repeat(loop).__next__
        self._asyncio_future_blocking = False
        self._callback: Callable[[Any], object] | None = None
        self._context: Context | None = None
        self._cancel: Any = None
        self._done = False

    def __await__(self) -> Generator[Any, None, None]:
        if not self._done:
            self._asyncio_future_blocking = True
            yield self

    def again(self) -> Waiter:
        """Forget the last wait; nobody may be waiting."""
        self._done = False
        self._callback = self._cancel = None
        return self

    def wake(self) -> None:
        """Step the waiting task now; do nothing if it was woken before."""
        if self._done:
            return
        self._done = True
        callback = self._callback
        if callback is None:
            return
        assert self._context is not None
        if current_task(self._loop) is None:
            self._context.run(callback, self)
        else:
            self._loop.call_soon(callback, self, context=self._context)

    def wake_soon(self) -> None:
        """Step the waiting task in the next turn of the loop."""
        if not self._done:
            self._done = True
            if self._callback is not None:
                self._loop.call_soon(self._callback, self, context=self._context)

    # What a task asks of a future follows.

    def add_done_callback(
        self, callback: Callable[[Any], object], *, context: Context | None = None
    ) -> None:
        """Note the task's wake-up; a task adds exactly one."""
        self._callback = callback
        self._context = context or copy_context()
        if self._done:
            self._loop.call_soon(callback, self, context=self._context)

    def remove_done_callback(self, callback: Callable[[Any], object]) -> int:
        """Forget the wake-up."""
        found = int(self._callback == callback)
        self._callback = None if found else self._callback
        return found

    def cancel(self, msg: Any = None) -> bool:
        """Wake the task with CancelledError; False if it was woken before."""
        if self._done:
            return False
        self._cancel = CancelledError() if msg is None else CancelledError(msg)
        self.wake_soon()
        return True

    def done(self) -> bool:
        """True once woken or cancelled."""
        return self._done

    def cancelled(self) -> bool:
        """True once cancelled."""
        return self._cancel is not None

    def result(self) -> None:
        """Raise CancelledError if cancelled."""
        if self._cancel is not None:
            raise self._cancel
