"""The model `loop`: one thread, one event loop, a task for each client.

uvloop is used when it is installed. An `async def` handler is a task; a `def` handler
runs in a pool of threads, bounded by `workers` (64 by default), with a blocking peer.

Invariants: as in base.py, and accepting stops while `Limits.connections` are open.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import socket
import sys
import threading
from collections.abc import MutableSequence
from contextvars import Context, copy_context
from typing import Any, Self

from plainwire.address import Address
from plainwire.servers.base import Server, Task, log
from plainwire.servers.drive import is_async
from plainwire.transports.async_peer import AsyncPeer
from plainwire.transports.buffered import peer_class
from plainwire.transports.group import PeerGroup
from plainwire.transports.open import make_session
from plainwire.transports.proxy import read_proxy_async
from plainwire.transports.session import HOOK_MODULE
from plainwire.transports.sockets import address_of, prepare
from plainwire.transports.waiter import Driven

ACCEPTS_PER_TURN = 64
"""How many clients are taken before the loop looks at the others again."""


def new_loop() -> asyncio.AbstractEventLoop:
    """Make an event loop, uvloop's when it is installed.

    Not in a program that is observed: uvloop makes its calls where no probe of Python sees
    them, and then half of each conversation would be missing.
    """
    if HOOK_MODULE in sys.modules:
        return asyncio.new_event_loop()
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


class LoopServer(Server):
    """A server on an event loop in a thread of its own.

    Args:
        task: what to do; its handler is `async def`.
        listener: a socket that listens already and stays the caller's.
        counts: see `Server`.
    """

    def __init__(
        self, task: Task, listener: socket.socket | None = None,
        counts: MutableSequence[int] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(task, counts)
        assert is_async(task.handler)
        self._given = listener
        self._loop: asyncio.AbstractEventLoop | None = None
        self._group: PeerGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepting = False
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._stop_asked = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self._drain = task.drain_seconds
        self._ended = threading.Event()

    def start(self) -> None:
        """Bind and begin to accept in a thread of its own."""
        self._bind(self._given).setblocking(False)
        self._loop = new_loop()
        self._thread = threading.Thread(target=self._run, name="plainwire-loop", daemon=True)
        self._thread.start()

    async def __aenter__(self) -> Self:
        """Bind and begin to accept on the event loop that runs here."""
        self._bind(self._given).setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._serving = self._loop.create_task(self._serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop accepting, let messages in progress end, then cut what is left."""
        assert self._serving is not None
        self._stopping = True
        self._stop_asked.set()
        try:
            await self._serving
        finally:
            self._unbind()
            self._ended.set()

    def _run(self) -> None:
        assert self._loop is not None
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        except Exception:
            log.exception("%s: the loop failed", self.address)
        finally:
            self._loop.close()
            self._unbind()
            self._ended.set()

    async def _serve(self) -> None:
        assert self._loop is not None
        self._group = PeerGroup(self._loop, self.task.limits)
        self._set_accepting(True)
        await self._stop_asked.wait()
        self._set_accepting(False)
        for peer in list(self._group.peers):
            peer.drain()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=max(0.0, self._drain))
        for peer in list(self._group.peers):
            log.warning("%s: cut %s, which outlived the drain", self.address, peer.remote)
            peer.abort()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1.0)

    def _set_accepting(self, on: bool) -> None:
        if on == self._accepting:
            return
        assert self._loop is not None
        assert self._listener is not None
        self._accepting = on
        if on:
            self._loop.add_reader(self._listener.fileno(), self._accept)
        else:
            self._loop.remove_reader(self._listener.fileno())

    def _accept(self) -> None:
        assert self._loop is not None
        assert self._listener is not None
        for _ in range(ACCEPTS_PER_TURN):
            if self.active >= self.task.limits.connections:
                self._set_accepting(False)
                return
            try:
                sock, name = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionError):
                return
            except OSError as error:
                # Out of descriptors: let those that are open end first.
                log.warning("accept %s: %s", self.address, error)
                self._set_accepting(False)
                self._loop.call_later(0.1, self._accept_again)
                return
            remote = address_of(self.address.scheme, name)
            if not self.admit(remote):
                sock.close()
                continue
            sock.setblocking(False)
            prepare(sock)
            context = copy_context()
            task = self._loop.create_task(self._handle(sock, remote, context), context=context)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _accept_again(self) -> None:
        if not self._stop_asked.is_set():
            self._set_accepting(True)

    async def _handle(self, sock: socket.socket, remote: Address, context: Context) -> None:
        peer: AsyncPeer[Any] | None = None
        try:
            if self.task.proxy is not None:
                remote = await self._identify(sock, remote)
            peer = await self._open(sock, remote)
            if self._stop_asked.is_set():
                peer.drain()
            coroutine = self.task.handler(peer)
            assert inspect.iscoroutine(coroutine)
            await Driven(coroutine, context)
        except asyncio.CancelledError:
            if peer is not None:
                peer.abort()
        except Exception as error:
            self.report(remote, error)
        finally:
            messages = 0
            if peer is not None:
                messages = peer.received
                with contextlib.suppress(asyncio.CancelledError):
                    await peer.close()
            self.release(remote, messages)
            if self.active < self.task.limits.connections:
                self._accept_again()

    async def _identify(self, sock: socket.socket, remote: Address) -> Address:
        try:
            client = await read_proxy_async(sock, self.address.scheme, remote)
            return self.identify(remote, client)
        except BaseException:
            sock.close()
            raise

    async def _open(self, sock: socket.socket, remote: Address) -> AsyncPeer[Any]:
        assert self._loop is not None
        assert self._group is not None
        group, task, loop = self._group, self.task, self._loop
        try:
            local = address_of(self.address.scheme, sock.getsockname())
            session = make_session(self.address.scheme, task.codec, task.limits, loop.time(),
                                   server=True, tls=task.tls, fileno=sock.fileno())  # fmt: skip
            made: type[AsyncPeer[Any]] = peer_class(loop)
            peer = made(session, task.limits, group, local, remote, sock)
            await loop.connect_accepted_socket(lambda: peer, sock)
        except BaseException:
            sock.close()
            raise
        return peer

    def stop(self, drain: float | None = None) -> None:
        """Stop accepting, let messages in progress end, then cut what is left."""
        if not self._stopping:
            self._stopping = True
            self._drain = self.task.drain_seconds if drain is None else drain
            assert self._loop is not None
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop_asked.set)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(self._drain + 5.0)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the loop has ended."""
        return self._ended.wait(timeout)
