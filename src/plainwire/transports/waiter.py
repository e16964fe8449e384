"""`Waiter`, on which a handler waits for a message, and `Driven`, which steps a handler.

    data_received -> decoder -> inbox -> Waiter.wake -> the handler runs on -> one write

A Future would schedule the waiting task for the next turn and the task would subscribe
to it again for every message. A driven handler belongs to a task as any other, but while
it waits for nothing but messages its coroutine is resumed from the callback in which they
arrived. `python bench/costs.py` measures both. `PythonWait` and `PythonStep`, what of them
every message passes through, have twins in `plainwire.fast`. Rules:

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
from abc import abstractmethod
from asyncio import CancelledError, current_task

# Named with an underscore and documented all the same: docs.python.org, "Extending".
from asyncio.tasks import _enter_task as enter_task
from asyncio.tasks import _leave_task as leave_task
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

from plainwire.fast import compiled


class PythonWait:
    """What is looked at for every message that is waited for.

    Attributes:
        woken: True from the wake-up or cancellation of a wait until the next one begins.
        driver: what resumes the coroutine that waits; None if a task does.
    """

    __slots__ = ("driver", "woken")

    def __init__(self) -> None:
        self.driver: Driven | None = None
        self.woken = False


class PythonStep:
    """The next step of a handler's coroutine.

    Args:
        coroutine: what to run.
        context: the context of its task.
        loop: the loop of its task.
        task: what `asyncio.current_task` is to be meanwhile.

    Attributes:
        on: what the coroutine waits on; None if on nothing that may resume it.
    """

    __slots__ = ("_context_run", "_coroutine", "_loop", "_send", "_task", "on")

    def __init__(
        self, coroutine: Coroutine[Any, Any, None], context: Context,
        loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any],
    ) -> None:  # fmt: skip
        self._coroutine, self._send = coroutine, coroutine.send
        self._context_run = context.run
        self._loop, self._task = loop, task
        self.on: Waiter | None = None

    def step(self, waiter: Waiter) -> None:
        """Run the coroutine on, whose `waiter` was woken."""
        # The wait may have been cancelled, or begun anew, since this call was planned.
        if self.on is not waiter:
            return
        try:
            enter_task(self._loop, self._task)
        except RuntimeError:
            self._step_soon(waiter)
            return
        awaited, ended, failure = None, True, None
        try:
            run = self._context_run
            awaited = run(self._send, None)
            ended = False
        except StopIteration:
            pass
        except BaseException as error:
            failure = error
        finally:
            leave_task(self._loop, self._task)
        if ended:
            self._end(failure)
        elif awaited is not waiter or waiter.driver is not self:
            self._went_on(awaited)

    @abstractmethod
    def _step_soon(self, waiter: Waiter) -> None:
        """Step in the next turn of the loop: another task is running now."""

    @abstractmethod
    def _went_on(self, awaited: Any) -> None:
        """Note that the coroutine waits for something else now."""

    @abstractmethod
    def _end(self, failure: BaseException | None) -> None:
        """Note that the coroutine has ended."""


if TYPE_CHECKING:
    Wait = PythonWait
    Step = PythonStep
else:
    Wait = PythonWait if compiled is None else compiled.Wait
    Step = PythonStep if compiled is None else compiled.Step


class Waiter(Wait):
    """What one coroutine at a time waits on; each await is a new wait."""

    __slots__ = (
        "_asyncio_future_blocking",
        "_callback",
        "_cancel",
        "_context",
        "_loop",
        "get_loop",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        # The loop that the task must run on; a task asks at every wait, so it is C.
        self.get_loop = itertools.repeat(loop).__next__
        # A task sets it to False at each wait, and `add_done_callback` back.
        self._asyncio_future_blocking = True
        self._callback: Callable[[Any], object] | None = None
        self._context: Context | None = None
        self._cancel: Any = None

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


class Driven(Step):
    """A handler's coroutine, to be awaited once by the task that it belongs to.

    Args:
        coroutine: what to run.
        context: the context of the task that will await this.
    """

    __slots__ = ("_ended", "_failure", "_handed", "_park")

    def __init__(self, coroutine: Coroutine[Any, Any, None], context: Context) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        super().__init__(coroutine, context, loop, task)
        # The task waits on this one while the coroutine waits on `on` for a message.
        self._park = _Park(loop, self)
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

    def _step_soon(self, waiter: Waiter) -> None:
        waiter.woken = True
        self._loop.call_soon(self.step_later, waiter)

    def _went_on(self, awaited: Any) -> None:
        if type(awaited) is Waiter:
            awaited.driver, self.on = self, awaited
            return
        self._handed, self.on = awaited, None
        self._park.wake()

    def _end(self, failure: BaseException | None) -> None:
        self._ended, self._failure, self.on = True, failure, None
        self._park.wake()
