"""UDP under the models: the handler is called once, with the socket.

Under `loop` an `async def` handler awaits the socket; under the other models it is
driven in a thread. `processes` is refused: datagrams of one sender would be spread over
the workers in no order.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator
from typing import Any, Generic, TypeVar

from plainwire.address import Address
from plainwire.errors import AddressError, ClosedError, EndOfMessages
from plainwire.servers.base import Server, Task
from plainwire.servers.drive import drive, is_async
from plainwire.servers.loop import new_loop
from plainwire.transports.udp import DatagramSocket, open_udp

M = TypeVar("M")


class AsyncDatagrams(Generic[M]):
    """A UDP socket with awaitable methods, under every model.

    Attributes:
        local: our address.
    """

    def __init__(self, sock: DatagramSocket[M]) -> None:
        self._socket = sock
        self.local = sock.local

    async def send(self, message: M, to: str | Address | None = None) -> None:
        """As `DatagramSocket.send`; a datagram leaves at once or not at all."""
        self._socket.send(message, to)

    async def recv(self, timeout: float | None = None) -> tuple[M, Address]:
        """As `DatagramSocket.recv`."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return self._socket.recv(timeout)
        deadline = None if timeout is None else loop.time() + timeout
        while True:
            received = self._socket.receive_ready(0)
            if received is not None:
                return received
            left = None if deadline is None else deadline - loop.time()
            if left is not None and left <= 0:
                return self._socket.recv(0)
            await self._readable(loop, left)

    async def _readable(self, loop: asyncio.AbstractEventLoop, left: float | None) -> None:
        ready: asyncio.Future[None] = loop.create_future()

        def note() -> None:
            if not ready.done():
                ready.set_result(None)

        fd = self._socket.fileno()
        loop.add_reader(fd, note)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ready, left)
        finally:
            loop.remove_reader(fd)

    async def __aiter__(self) -> AsyncIterator[tuple[M, Address]]:
        """Every message and its sender until the socket is closed or drained."""
        while True:
            try:
                received = await self.recv()
            except (ClosedError, EndOfMessages):
                return
            yield received


class DatagramServer(Server):
    """One handler with one UDP socket, in a thread of its own."""

    def __init__(self, task: Task, model: str) -> None:
        super().__init__(task)
        if model == "processes":
            raise AddressError("udp:// cannot be served by processes; use loop or threads")
        self._on_loop = model == "loop" and is_async(task.handler)
        self._socket: DatagramSocket[Any] | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._ended = threading.Event()

    def start(self) -> None:
        """Bind and call the handler in a thread of its own."""
        sock = open_udp(self.task.address)
        self._socket = DatagramSocket(sock, self.task.codec)
        self.address = self.task.address.with_port(sock.getsockname()[1])
        if self._on_loop:
            self._loop = new_loop()
        self._thread = threading.Thread(target=self._run, name="plainwire-udp", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        assert self._socket is not None
        self.admit(self.address)
        try:
            if self._loop is not None:
                coroutine: Any = self.task.handler(AsyncDatagrams(self._socket))
                self._task = self._loop.create_task(coroutine)
                with contextlib.suppress(asyncio.CancelledError):
                    self._loop.run_until_complete(self._task)
            elif is_async(self.task.handler):
                made: Any = self.task.handler(AsyncDatagrams(self._socket))
                drive(made)
            else:
                self.task.handler(self._socket)
        except ClosedError:
            pass
        except Exception as error:
            self.report(self.address, error)
        finally:
            if self._loop is not None:
                self._loop.run_until_complete(self._loop.shutdown_asyncgens())
                self._loop.close()
            self._socket.close()
            self.release(self.address, 0)
            self._ended.set()

    def stop(self, drain: float | None = None) -> None:
        """End the iteration over the socket, then close it under the handler."""
        if self._socket is None:
            return
        self._socket.drain()
        deadline = time.monotonic() + (self.task.drain_seconds if drain is None else drain)
        if self._loop is not None and not self._ended.is_set():
            # The event loop waits for a datagram, so it is told rather than asked.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._cancel)
        elif not self._ended.wait(min(1.0, deadline - time.monotonic())):
            self._socket.close()
        if self._thread is not None:
            self._thread.join(max(1.0, deadline - time.monotonic()))

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the handler has ended."""
        return self._ended.wait(timeout)
