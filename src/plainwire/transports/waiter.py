"""`Waiter`, on which a handler waits for a message, and `Driven`, which steps a handler.

    data_received -> decoder -> inbox -> Waiter.wake -> the handler runs on -> one write

A Future would schedule the waiting task for the next turn and the task would subscribe
to it again for every message. A driven handler belongs to a task as any other, but while
it waits for nothing but messages its coroutine is resumed from the callback in which they
arrived. `python bench/costs.py` measures both. Rules:

1. What is yielded is a `Waiter` always, which a task understands too: it follows the
   protocol that asyncio documents for future-like objects (`asyncio.isfuture`), so a
   peer works the same in a task that nobody drives.
2. `asyncio.current_task` and the context are those of the handler's task at every step.
3. No coroutine is stepped from inside another task; then it waits for the next turn.
4. Whatever else a handler awaits is handed to its task and waited for there, so
   cancellation, `asyncio.timeout` and task groups need no care here.
"""

from __future__ import annotations

import asyncio
import itertools
from asyncio import CancelledError, current_task

# Named with an underscore and documented all the same: docs.python.org, "Extending".
from asyncio.tasks import _enter_task as enter_task
from asyncio.tasks import _leave_task as leave_task
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, copy_context
from typing import Any


class Waiter:
    """What one coroutine at a time waits on; each await is a new wait."""

    __slots__ = (
        "_asyncio_future_blocking",
        "_callback",
        "_cancel",
        "_context",
        "_done",
        "_loop",
        "driver",
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
        self.driver: Driven | None = None

    def __await__(self) -> Generator[Any, None, None]:
        self._callback = self._cancel = None
        self._done = False
        self._asyncio_future_blocking = True
        yield self

    def wake(self) -> None:
        """Let what waits run on now; do nothing if it was woken before."""
        if self._done:
            return
        self._done = True
        if self.driver is not None:
            self.driver.step(self)
        elif self._callback is not None:
            assert self._context is not None
            if current_task(self._loop) is None:
                self._context.run(self._callback, self)
            else:
                self._loop.call_soon(self._callback, self, context=self._context)

    def wake_soon(self) -> None:
        """Let what waits run on in the next turn of the loop."""
        if self._done:
            return
        self._done = True
        if self.driver is not None:
            self._loop.call_soon(self.driver.step, self)
        elif self._callback is not None:
            self._loop.call_soon(self._callback, self, context=self._context)

    # What a task asks of a future follows.

    def add_done_callback(
        self, callback: Callable[[Any], object], *, context: Context | None = None
    ) -> None:
        """Note the task's wake-up; a task adds exactly one."""
        self.driver = None
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


class Driven:
    """A handler's coroutine, to be awaited once by the task that it belongs to.

    Args:
        coroutine: what to run.
        context: the context of the task that will await this.
    """

    __slots__ = (
        "_context_run",
        "_coroutine",
        "_ended",
        "_failure",
        "_handed",
        "_loop",
        "_on",
        "_park",
        "_send",
        "_task",
    )

    def __init__(self, coroutine: Coroutine[Any, Any, None], context: Context) -> None:
        self._loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._coroutine = coroutine
        self._send = coroutine.send
        self._context_run = context.run
        # The task waits on this one while the coroutine waits on `_on` for a message.
        self._park = Waiter(self._loop)
        self._on: Waiter | None = None
        self._handed: Any = None
        self._ended = False
        self._failure: BaseException | None = None

    def __await__(self) -> Generator[Any, Any, None]:
        step: Callable[[Any], Any] = self._coroutine.send
        value: Any = None
        while True:
            try:
                awaited = step(value)
            except StopIteration:
                return
            try:
                if type(awaited) is Waiter:
                    awaited.driver, self._on = self, awaited
                    yield from self._park.__await__()
                    if self._ended:
                        break
                    awaited = self._handed
                value = yield awaited
                step = self._coroutine.send
            except BaseException as error:
                if self._ended:
                    raise
                step, value = self._coroutine.throw, error
            finally:
                self._on = None
        if self._failure is not None:
            raise self._failure

    def step(self, waiter: Waiter) -> None:
        """Run the coroutine on, now that `waiter` was woken."""
        # The wait may have been cancelled, or begun anew, since this call was planned.
        if self._on is not waiter or not waiter.done():
            return
        loop, task = self._loop, self._task
        try:
            enter_task(loop, task)
        except RuntimeError:
            loop.call_soon(self.step, waiter)
            return
        try:
            awaited = self._context_run(self._send, None)
            if type(awaited) is Waiter:
                if awaited is not waiter or awaited.driver is not self:
                    awaited.driver, self._on = self, awaited
                return
            self._handed = awaited
        except StopIteration:
            self._ended = True
        except BaseException as error:
            self._ended, self._failure = True, error
        finally:
            leave_task(loop, task)
        self._park.wake()
