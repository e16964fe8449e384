"""`AsyncPeer`: the other side of a conversation, in whole messages, on an event loop.

The same session as `Peer`, under asyncio or uvloop. Invariants:

1. All complete messages of one read are in the inbox before the handler runs, and it
   takes them without suspending.
2. What the handler sends is joined and leaves in one write: at the end of the read that
   woke it, otherwise at the end of the loop's turn, or when 64 KiB are queued. It goes to
   the socket itself while the transport holds nothing back, and never behind its back.
3. While the transport is over its limit, `send` waits before it queues, so no buffer
   grows behind a slow peer (L7).
4. While the handler leaves messages in the inbox, nothing more is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Awaitable
from typing import Generic, Self, TypeVar, cast

from plainwire.address import Address
from plainwire.errors import (
    BrokenError,
    BusyError,
    ClosedError,
    DeadlineError,
    EndOfMessages,
    PlainwireError,
)
from plainwire.transports.group import PeerGroup
from plainwire.transports.limits import Limits
from plainwire.transports.peer import JOIN_BYTES
from plainwire.transports.session import HOOK_MODULE, Session
from plainwire.transports.turn import Turn
from plainwire.transports.waiter import Waiter

M = TypeVar("M")


class AsyncPeer(Turn[M], asyncio.Protocol, Generic[M]):
    """The other side of a conversation, on an event loop.

    Made by `connect` and by the servers; use it with `async with` or await `close`.
    It is also the asyncio protocol of its transport, whose methods are not for callers.

    Attributes:
        local: our address.
        remote: the peer's address.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_clock",
        "_group",
        "_limits",
        "_loop",
        "_lost",
        "_room_waiters",
        "_sending_ended",
        "_socket_send",
        "_stalled_since",
        "_transport",
        "local",
        "remote",
    )

    def __init__(
        self, session: Session[M], limits: Limits, group: PeerGroup, local: Address,
        remote: Address, sock: socket.socket | None = None,
    ) -> None:  # fmt: skip
        super().__init__(session, Waiter(group.loop), JOIN_BYTES)
        self.local, self.remote = local, remote
        self._clock = group.loop.time
        self._limits = limits
        self._group = group
        self._loop = group.loop
        self._transport: asyncio.Transport | None = None
        # An observer of the socket's calls sees the transport's way of sending only.
        usable = sock is not None and session.plain and HOOK_MODULE not in sys.modules
        self._socket_send = sock.send if sock is not None and usable else None
        self._room_waiters: list[Waiter] = []
        self._stalled_since: float | None = None
        self._sending_ended = False
        self._lost = asyncio.Event()

    # Sending

    def _send_blocked(self, message: M) -> Awaitable[None]:
        if self._sending_ended:
            raise self._why_closed()
        return self._send_later(message)

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

    def _end_sending(self) -> None:
        self._sending_ended = self._blocked = True
        # The number of a closed socket may soon be another's.
        self._direct = self._socket_send = None

    def _why_closed(self) -> PlainwireError:
        failure = self._session.failure
        if isinstance(failure, BrokenError | DeadlineError):
            return failure
        return ClosedError(f"send {self.local} -> {self.remote}: sending was ended here")

    def _flush_soon(self) -> None:
        self._group.flush_soon(self)

    def flush_nowait(self) -> None:
        """Hand everything queued to the system now."""
        self._flush_certain = False
        transport = self._transport
        if transport is None:
            return
        if self._direct is None and not (
            self._socket_send is None or transport.get_write_buffer_size() or transport.is_closing()
        ):
            self._direct = self._socket_send
        if self._direct is None:
            self._queued = 0
            if data := self._session.data_to_send():
                transport.write(data)
        elif self._out:
            self._write(b"".join(self._out))

    async def flush(self) -> None:
        """Hand everything sent to the system now, and wait while the peer is behind."""
        self.flush_nowait()
        await self._wait_room()

    # Receiving

    @property
    def received(self) -> int:
        """How many messages have arrived."""
        return self._received + self._session.received

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

    async def _next_message(self) -> M:
        try:
            return await self.recv()
        except EndOfMessages:
            raise StopAsyncIteration from None

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
        self._end_sending()
        last = self._session.send_eof()
        if last:
            self._transport.write(last)
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()

    async def close(self) -> None:
        """Send what is queued and close; never raises for a broken connection."""
        transport = self._transport
        if transport is None or self._lost.is_set():
            self._end_sending()
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
            self._end_sending()
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
        self._end_sending()
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

    def _receive(self, data: bytes) -> None:
        """Take bytes whoever waits, and whatever stands between them and the messages."""
        session, waiter = self._session, self._message_waiter
        session.receive_data(data, self._clock)
        if waiter is not None and (session.inbox or session.failure is not None):
            self._flush_certain = True
            waiter.wake()
            self._flush_certain = False
        if self._out or session.speaks:
            self.flush_nowait()
            if self._room_waiters and not session.held:
                self._wake_room()
        if session.inbox:
            self._pause_reading()

    def _write(self, data: bytes) -> None:
        """Give all that is queued to the socket; what it does not take, to the transport."""
        direct = self._direct
        assert direct is not None
        self._out.clear()
        self._queued = 0
        try:
            sent = direct(data)
        except OSError:
            # Full; or broken, which the transport finds out too, and tells.
            sent = 0
        if sent != len(data):
            self._write_rest(data[sent:])

    def _write_rest(self, data: bytes) -> None:
        """Leave to the transport what the socket did not take, and all until that is gone."""
        self._direct = None
        if self._transport is not None:
            self._transport.write(data)

    def _pause_reading(self) -> None:
        if not self._reading_paused and self._transport is not None:
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
            reason = (getattr(exc, "strerror", None) or str(exc)).lower()
            text = f"{self.local} <-> {self.remote}: {reason}"
            error = BrokenError(text)
            error.__cause__ = exc
            self._session.fail(error)
        else:
            self._session.fail(ClosedError(f"{self.local} <-> {self.remote}: closed here"))
        self._end_sending()
        self._stalled_since = None
        if self._message_waiter is not None:
            self._message_waiter.wake_soon()
        self._wake_room()
        self._group.discard(self)
        self._lost.set()

    def pause_writing(self) -> None:
        """Let senders wait: the peer is behind its limit."""
        self._stalled_since = self._loop.time()
        self._blocked = True

    def resume_writing(self) -> None:
        """Let senders go on."""
        self._stalled_since = None
        self._blocked = self._sending_ended
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
