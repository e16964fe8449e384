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
    """What one coroutine at a time waits on; each await is a new wait.

    Attributes:
        woken: True from the wake-up or cancellation of a wait until the next one begins.
        driver: what resumes the coroutine that waits; None if a task does.
    """

    __slots__ = (
        "_asyncio_future_blocking",
        "_callback",
        "_cancel",
        "_context",
        "_loop",
        "driver",
        "get_loop",
        "woken",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # The loop that the task must run on; a task asks at every wait, so it is C.
        self.get_loop = itertools.repeat(loop).__next__
        # A task sets it to False at each wait, and `add_done_callback` back.
        self._asyncio_future_blocking = True
        self._callback: Callable[[Any], object] | None = None
        self._context: Context | None = None
        self._cancel: Any = None
        self.woken = False
        self.driver: Driven | None = None

    def __await__(self) -> Generator[Any, None, None]:
        self.woken = False
        yield self

    def wake(self) -> None:
        """Let what waits run on now; do nothing if it was woken before."""
        if self.woken:
            return
        if self.driver is not None:
            self.driver.step(self)
            return
        self.woken = True
        if self._callback is not None:
            assert self._context is not None
            if current_task(self._loop) is None:
                self._context.run(self._callback, self)
            else:
                self._loop.call_soon(self._callback, self, context=self._context)

    def wake_soon(self) -> None:
        """Let what waits run on in the next turn of the loop."""
        if self.woken:
            return
        self.woken = True
        if self.driver is not None:
            self._loop.call_soon(self.driver.step_later, self)
        elif self._callback is not None:
            self._loop.call_soon(self._callback, self, context=self._context)

    # What a task asks of a future follows.

    def add_done_callback(
        self, callback: Callable[[Any], object], *, context: Context | None = None
    ) -> None:
        """Note the task's wake-up; a task adds exactly one."""
        self.driver = self._cancel = None
        self._callback = callback
        self._context = context or copy_context()
        self._asyncio_future_blocking = True
        if self.woken:
            self._loop.call_soon(callback, self, context=self._context)

    def remove_done_callback(self, callback: Callable[[Any], object]) -> int:
        """Forget the wake-up."""
        found = int(self._callback == callback)
        self._callback = None if found else self._callback
        return found

    def cancel(self, msg: Any = None) -> bool:
        """Wake the task with CancelledError; False if it was woken before."""
        if self.woken:
            return False
        self._cancel = CancelledError() if msg is None else CancelledError(msg)
        self.wake_soon()
        return True

    def done(self) -> bool:
        """True once woken or cancelled."""
        return self.woken

    def cancelled(self) -> bool:
        """True once cancelled."""
        return self._cancel is not None

    def result(self) -> None:
        """Raise CancelledError if cancelled."""
        if self._cancel is not None:
            raise self._cancel


class _Park(Waiter):
    """What a handler's task waits on while its coroutine waits for a message."""

    __slots__ = ("_driven",)

    def __init__(self, loop: asyncio.AbstractEventLoop, driven: Driven) -> None:
        super().__init__(loop)
        self._driven = driven

    def cancel(self, msg: Any = None) -> bool:
        """Cancel the wait; from now on a message no longer resumes the coroutine.

        If one did in the turn before the cancellation arrives, an `asyncio.timeout` could
        be left by then and the cancellation would hit the handler instead.
        """
        self._driven.on = None
        return super().cancel(msg)


class Driven:
    """A handler's coroutine, to be awaited once by the task that it belongs to.

    Args:
        coroutine: what to run.
        context: the context of the task that will await this.

    Attributes:
        on: what the coroutine waits on; None if on nothing that may resume it.
    """

    __slots__ = (
        "_context_run",
        "_coroutine",
        "_ended",
        "_failure",
        "_handed",
        "_loop",
        "_park",
        "_send",
        "_task",
        "on",
    )

    def __init__(self, coroutine: Coroutine[Any, Any, None], context: Context) -> None:
        self._loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._coroutine = coroutine
        self._send = coroutine.send
        self._context_run = context.run
        # The task waits on this one while the coroutine waits on `on` for a message.
        self._park = _Park(self._loop, self)
        self.on: Waiter | None = None
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
                    awaited.driver, self.on = self, awaited
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
                self.on = None
        if self._failure is not None:
            raise self._failure

    def step_later(self, waiter: Waiter) -> None:
        """Run the coroutine on as `wake_soon` planned, if it still waits for that."""
        if waiter.woken:
            self.step(waiter)

    def step(self, waiter: Waiter) -> None:
        """Run the coroutine on, whose `waiter` was woken."""
        # The wait may have been cancelled, or begun anew, since this call was planned.
        if self.on is not waiter:
            return
        try:
            enter_task(self._loop, self._task)
        except RuntimeError:
            waiter.woken = True
            self._loop.call_soon(self.step_later, waiter)
            return
        try:
            run = self._context_run
            awaited = run(self._send, None)
            if awaited is waiter and waiter.driver is self:
                return
            if type(awaited) is Waiter:
                awaited.driver, self.on = self, awaited
                return
            self._handed = awaited
            self.on = None
        except StopIteration:
            self._ended, self.on = True, None
        except BaseException as error:
            self._ended, self.on, self._failure = True, None, error
        finally:
            leave_task(self._loop, self._task)
        self._park.wake()
