"""Run one handler, `def` or `async def`, with a blocking peer in this thread.

Under the blocking models no await of a peer suspends, so an `async def` handler runs to
its end in one step. Awaiting something that only an event loop can finish is refused
with its place in the source, rather than hanging.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Generic, TypeVar

from plainwire.errors import LocalProtocolError
from plainwire.transports.peer import Peer

M = TypeVar("M")


class DrivenPeer(Generic[M]):
    """A blocking peer with the awaitable methods of `AsyncPeer`, none of which suspends."""

    def __init__(self, peer: Peer[M]) -> None:
        self._peer = peer
        self.local, self.remote = peer.local, peer.remote

    async def send(self, message: M) -> None:
        """As `Peer.send`."""
        self._peer.send(message)

    async def recv(self, timeout: float | None = None) -> M:
        """As `Peer.recv`."""
        return self._peer.recv(timeout)

    async def ask(self, message: M, timeout: float | None = None) -> M:
        """As `Peer.ask`."""
        return self._peer.ask(message, timeout)

    def send_nowait(self, message: M) -> bool:
        """As `Peer.send`; waits while the peer is behind, as nothing else can run here."""
        self._peer.send(message)
        return True

    async def flush(self) -> None:
        """As `Peer.flush`."""
        self._peer.flush()

    async def send_eof(self) -> None:
        """As `Peer.send_eof`."""
        self._peer.send_eof()

    async def close(self) -> None:
        """As `Peer.close`."""
        self._peer.close()

    def abort(self) -> None:
        """As `Peer.abort`."""
        self._peer.abort()

    def fileno(self) -> int:
        """As `Peer.fileno`."""
        return self._peer.fileno()

    async def __aiter__(self) -> AsyncIterator[M]:
        """As iterating over the `Peer`."""
        for message in self._peer:
            yield message


def is_async(handler: Any) -> bool:
    """True for `async def` handlers and objects whose call is one."""
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
        getattr(handler, "__call__", None)  # noqa: B004 - the method, not whether it exists
    )


def run_handler(handler: Any, peer: Any) -> None:
    """Call a handler with a blocking peer and return when it has ended."""
    if not is_async(handler):
        handler(peer)
        return
    drive(handler(DrivenPeer(peer)))


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never suspends.

    Raises:
        LocalProtocolError: it awaited something that needs an event loop.
    """
    try:
        awaited = coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    except RuntimeError as failure:
        if "no running event loop" not in str(failure):
            raise
        raise _needs_loop(_deepest(failure), "something") from failure
    place = _innermost(coroutine)
    error = _needs_loop(place, type(awaited).__name__)
    try:
        coroutine.throw(error)
    except StopIteration:
        pass
    finally:
        coroutine.close()
    raise error


def _needs_loop(place: str, what: str) -> LocalProtocolError:
    return LocalProtocolError(
        f"{place}: awaits {what}, which needs an event loop; use "
        'model="loop", or plainwire.sleep() in place of asyncio.sleep()'
    )


def _deepest(error: BaseException) -> str:
    """The last line outside of asyncio that an error passed through."""
    place = "?"
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if "asyncio" not in name:
            place = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _innermost(coroutine: Any) -> str:
    """Where the chain of awaits stands, in the outermost file that is not a library's."""
    place = "?"
    while coroutine is not None and getattr(coroutine, "cr_frame", None) is not None:
        frame = coroutine.cr_frame
        if "asyncio" not in frame.f_code.co_filename:
            place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        coroutine = coroutine.cr_await
    return place


async def sleep(seconds: float) -> None:
    """Sleep under every model: on the event loop if one runs here, else in the thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        time.sleep(max(0.0, seconds))
    else:
        await asyncio.sleep(seconds)


async def every(seconds: float) -> AsyncIterator[int]:
    """Count 0, 1, 2 ... at fixed moments; one that is missed is not made up for."""
    start = time.monotonic()
    number = 0
    while True:
        yield number
        number = max(number + 1, int((time.monotonic() - start) / seconds))
        await sleep(start + number * seconds - time.monotonic())
