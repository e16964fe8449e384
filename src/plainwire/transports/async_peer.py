"""`AsyncPeer`: the other side of a conversation, in whole messages, on an event loop.

The same session as `Peer`, under asyncio or uvloop. Invariants:

1. All complete messages of one read are in the inbox before the handler runs, and it
   takes them without suspending.
2. What the handler sends is joined and leaves in one write: at the end of the read that
   woke it, otherwise at the end of the loop's turn, or when 64 KiB are queued.
3. While the transport is over its limit, `send` waits before it queues, so no buffer
   grows behind a slow peer (L7).
4. While the handler leaves messages in the inbox, nothing more is read.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from typing import Any, Generic, Self, TypeVar, cast

from plainwire.address import Address
from plainwire.errors import (
    BrokenError,
    BusyError,
    ClosedError,
    DeadlineError,
    EndOfMessages,
    PlainwireError,
)
from plainwire.transports.limits import Limits
from plainwire.transports.peer import JOIN_BYTES
from plainwire.transports.session import Session
from plainwire.transports.waiter import Waiter

M = TypeVar("M")


class _StubLoop:
    """What a Future asks of its loop before it has callbacks."""

    def get_debug(self) -> bool:
        return False

    def call_soon(self, *_: Any, **__: Any) -> None:
        """Nothing waits on a finished Future."""


# A finished Future is the cheapest thing to await: no coroutine, no suspension.
READY: Awaitable[None] = asyncio.Future(loop=cast("asyncio.AbstractEventLoop", _StubLoop()))
READY.set_result(None)  # type: ignore[attr-defined]


class PeerGroup:
    """What all peers of one loop share: the end of the turn, and the clock.

    A server has one; a connection of its own has one too.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        self.loop = loop
        self.peers: set[AsyncPeer[Any]] = set()
        self._tick = limits.tick_seconds
        self._dirty: list[AsyncPeer[Any]] = []
        self._timer: asyncio.TimerHandle | None = None

    def flush_soon(self, peer: AsyncPeer[Any]) -> None:
        """Write what a peer has queued at the end of this turn."""
        if not self._dirty:
            self.loop.call_soon(self._flush_all)
        self._dirty.append(peer)

    def _flush_all(self) -> None:
        dirty, self._dirty = self._dirty, []
        for peer in dirty:
            peer.flush_nowait()

    def add(self, peer: AsyncPeer[Any]) -> None:
        """Look at a peer's deadlines from now on."""
        self.peers.add(peer)
        if self._timer is None:
            self._timer = self.loop.call_later(self._tick, self._look)

    def _look(self) -> None:
        now = self.loop.time()
        for peer in list(self.peers):
            peer.handle_timeout(now)
        self._timer = self.loop.call_later(self._tick, self._look) if self.peers else None

    def discard(self, peer: AsyncPeer[Any]) -> None:
        """Forget a peer that is closed."""
        self.peers.discard(peer)
        if not self.peers and self._timer is not None:
            self._timer.cancel()
            self._timer = None


class AsyncPeer(asyncio.Protocol, Generic[M]):
    """The other side of a conversation, on an event loop.

    Made by `connect` and by the servers; use it with `async with` or await `close`.
    It is also the asyncio protocol of its transport, whose methods are not for callers.

    Attributes:
        local: our address.
        remote: the peer's address.
    """

    def __init__(
        self, session: Session[M], limits: Limits, group: PeerGroup, local: Address, remote: Address
    ) -> None:
        self.local, self.remote = local, remote
        self._session = session
        self._encode_parts, self._out = session.encode_parts, session.out
        self._clock = group.loop.time
        self._limits = limits
        self._group = group
        self._loop = group.loop
        self._transport: asyncio.Transport | None = None
        self._message_waiter: Waiter | None = None
        self._room_waiters: list[Waiter] = []
        # True while a flush is certain to come: inside a read, or at the turn's end.
        self._flush_certain = False
        self._reading_paused = False
        self._stalled_since: float | None = None
        self._draining = False
        self._sending_ended = False
        self._lost = asyncio.Event()

    # Sending

    def send(self, message: M) -> Awaitable[None]:
        """Send one message; await the result.

        The message is queued at once unless the peer is behind by more than
        `Limits.write_buffer_bytes`; then awaiting waits for room and queues it.

        Raises:
            EncodeError: the codec cannot represent it; nothing was sent.
            ClosedError: `close` or `send_eof` was called.
            BrokenError: the connection broke.
            DeadlineError: the peer took nothing for `Limits.send_seconds`.
        """
        if self._stalled_since is not None:
            return self._send_later(message)
        if self._sending_ended:
            raise self._why_closed()
        session = self._session
        session.queued += self._encode_parts(self._out, message)
        if session.queued >= JOIN_BYTES:
            self.flush_nowait()
        elif not self._flush_certain:
            self._flush_certain = True
            self._group.flush_soon(self)
        return READY

    async def _send_later(self, message: M) -> None:
        await self._wait_room()
        await self.send(message)

    async def _wait_room(self) -> None:
        session = self._session
        while self._stalled_since is not None or (session.held and session.failure is None):
            waiter = Waiter(self._loop)
            self._room_waiters.append(waiter)
            try:
                await waiter
            finally:
                self._room_waiters.remove(waiter)
        if self._sending_ended:
            raise self._why_closed()

    def send_nowait(self, message: M) -> bool:
        """Send one message if there is room; False if the peer is behind its limit.

        Raises: as `send`.
        """
        if self._stalled_since is not None:
            return False
        self.send(message)
        return True

    def _why_closed(self) -> PlainwireError:
        failure = self._session.failure
        if isinstance(failure, BrokenError | DeadlineError):
            return failure
        return ClosedError(f"send {self.local} -> {self.remote}: sending was ended here")

    def flush_nowait(self) -> None:
        """Hand everything queued to the system now."""
        self._flush_certain = False
        if self._transport is not None:
            data = self._session.data_to_send()
            if data:
                self._transport.write(data)

    async def flush(self) -> None:
        """Hand everything sent to the system now, and wait while the peer is behind."""
        self.flush_nowait()
        await self._wait_room()

    # Receiving

    async def recv(self, timeout: float | None = None) -> M:
        """Receive one message.

        Args:
            timeout: seconds to wait; None waits as long as the limits allow. A receive
                that times out or is cancelled has lost nothing: the next one goes on.

        Raises:
            EndOfMessages: the peer finished sending.
            FrameError: the peer broke the protocol, or its stream ended in a message.
            DeadlineError: the timeout or a limit passed.
            BrokenError: the connection broke.
            ClosedError: `close` was called.
            BusyError: another task is receiving.
        """
        inbox = self._session.inbox
        deadline = None if timeout is None else self._loop.time() + timeout
        while not inbox:
            await self._wait_message(deadline)
        return inbox.popleft()

    async def __aiter__(self) -> AsyncIterator[M]:
        """Every message until the peer finishes sending; errors as from `recv`."""
        session = self._session
        inbox = session.inbox
        take = inbox.popleft
        waiter = Waiter(self._loop)
        while True:
            while inbox:
                yield take()
            # The common case of _wait_message, without a coroutine for each wait.
            if (
                session.failure is None
                and self._message_waiter is None
                and not self._draining
                and not self._reading_paused
            ):
                self._message_waiter = waiter
                try:
                    await waiter
                finally:
                    self._message_waiter = None
                continue
            try:
                await self._wait_message(None)
            except EndOfMessages:
                return

    async def _wait_message(self, deadline: float | None) -> None:
        """Wait for something to happen, or raise why no message can come."""
        session = self._session
        if session.failure is not None:
            raise session.failure
        if self._draining and session.idle:
            raise EndOfMessages("the server is stopping")
        if self._message_waiter is not None:
            raise BusyError(f"receive {self.local} <- {self.remote}: another task is receiving")
        if self._reading_paused and self._transport is not None:
            self._reading_paused = False
            self._transport.resume_reading()
        waiter = self._message_waiter = Waiter(self._loop)
        timer = None
        if deadline is not None:
            timer = self._loop.call_at(deadline, waiter.wake_soon)
        try:
            await waiter
        finally:
            self._message_waiter = None
            if timer is not None:
                timer.cancel()
        if deadline is not None and not session.inbox and self._loop.time() >= deadline - 1e-4:
            raise DeadlineError(f"receive {self.local} <- {self.remote}: the timeout passed")

    async def ask(self, message: M, timeout: float | None = None) -> M:
        """Send a message and receive the next one; errors as of `send` and `recv`."""
        await self.send(message)
        return await self.recv(timeout)

    # Ending

    async def send_eof(self) -> None:
        """Say that nothing more will be sent; receiving goes on. Idempotent."""
        if self._sending_ended or self._transport is None:
            return
        if self._session.held:
            await self.flush()
        self.flush_nowait()
        self._sending_ended = True
        last = self._session.send_eof()
        if last:
            self._transport.write(last)
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()

    async def close(self) -> None:
        """Send what is queued and close; never raises for a broken connection."""
        transport = self._transport
        if transport is None or self._lost.is_set():
            self._sending_ended = True
            return
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                with contextlib.suppress(PlainwireError, OSError):
                    await self.flush()
            with contextlib.suppress(PlainwireError, OSError):
                await self.send_eof()
            await self._linger(transport)
        except TimeoutError:
            transport.abort()
        finally:
            self._session.fail(ClosedError(f"{self.local} <-> {self.remote}: closed here"))
            self._sending_ended = True
            transport.close()
        await self._lost.wait()

    async def _linger(self, transport: asyncio.Transport) -> None:
        """Read on to the end of the peer's stream, for a bounded time; see `Peer._linger`."""
        if isinstance(self._session.failure, EndOfMessages | BrokenError):
            return
        if self._reading_paused:
            self._reading_paused = False
            transport.resume_reading()
        self._session.fail(ClosedError(f"{self.local} <-> {self.remote}: closed here"))
        self._session.inbox.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.linger_seconds):
                await self._lost.wait()

    def abort(self) -> None:
        """Cut the connection at once; the remote side may see a reset."""
        self._sending_ended = True
        if self._transport is not None:
            self._transport.abort()

    def drain(self) -> None:
        """End the iteration at the next boundary of messages; used by servers."""
        self._draining = True
        if self._message_waiter is not None and self._session.idle:
            self._message_waiter.wake_soon()

    def fileno(self) -> int:
        """The descriptor, or -1."""
        sock = self._transport.get_extra_info("socket") if self._transport else None
        return -1 if sock is None else int(sock.fileno())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.local} <-> {self.remote}>"

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=self._limits.write_buffer_bytes)
        self._group.add(self)
        if self._session.speaks:
            self.flush_nowait()

    def data_received(self, data: bytes) -> None:
        """Take bytes and let the handler run on the messages they complete."""
        session = self._session
        session.receive_data(data, self._clock)
        waiter = self._message_waiter
        if waiter is not None and (session.inbox or session.failure is not None):
            self._flush_certain = True
            waiter.wake()
            self._flush_certain = False
        if self._out or session.speaks:
            self.flush_nowait()
            if self._room_waiters and not session.held:
                self._wake_room()
        if session.inbox and not self._reading_paused and self._transport is not None:
            self._reading_paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Note the end of the peer's stream; ours stays open."""
        self._session.receive_eof()
        if self._message_waiter is not None:
            self._message_waiter.wake_soon()
        return not self._sending_ended

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is gone."""
        if exc is not None:
            text = f"{self.local} <-> {self.remote}: {str(exc).lower()}"
            error = BrokenError(text)
            error.__cause__ = exc
            self._session.fail(error)
        else:
            self._session.fail(ClosedError(f"{self.local} <-> {self.remote}: closed here"))
        self._sending_ended = True
        self._stalled_since = None
        if self._message_waiter is not None:
            self._message_waiter.wake_soon()
        self._wake_room()
        self._group.discard(self)
        self._lost.set()

    def pause_writing(self) -> None:
        """Let senders wait: the peer is behind its limit."""
        self._stalled_since = self._loop.time()

    def resume_writing(self) -> None:
        """Let senders go on."""
        self._stalled_since = None
        self._wake_room()

    def _wake_room(self) -> None:
        for waiter in list(self._room_waiters):
            waiter.wake_soon()

    def handle_timeout(self, now: float) -> None:
        """Look at the deadlines; called by the group at every tick."""
        if self._session.handle_timeout(now):
            if self._message_waiter is not None:
                self._message_waiter.wake_soon()
            self._wake_room()
        limit = self._limits.send_seconds
        stalled = self._stalled_since
        if limit is not None and stalled is not None and now - stalled > limit:
            text = f"send {self.local} -> {self.remote}: the peer was behind for {limit} s"
            self._session.fail(DeadlineError(text))
            self.abort()
