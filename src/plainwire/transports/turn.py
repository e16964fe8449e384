"""`Turn`: what an `AsyncPeer` does for every single message, and nothing else.

    bytes -> inbox -> __anext__ -> handler -> send -> encoder -> out -> the socket

Compiled in `plainwire.fast` where that could be built; this is its twin and its documentation.
Invariants:

1. A message leaves the inbox when the awaitable of `__anext__` is stepped, not when it is
   made: one that is never awaited, or cancelled first, loses nothing (L6).
2. At most one coroutine waits on `_waiter`, and `_message_waiter` is that one then.
3. `_queued` counts the bytes sent since the last flush, which is asked for once a turn or
   once they are `join_bytes`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from plainwire.fast import compiled
from plainwire.transports.sent import SENT
from plainwire.transports.session import Session
from plainwire.transports.waiter import Waiter

M = TypeVar("M")


class PythonTurn(Generic[M]):
    """The state that is looked at for every message.

    Args:
        session: whose inbox is taken from and whose queue is sent to.
        waiter: what to wait on while the inbox is empty.
        join_bytes: how many queued bytes are flushed at once.
    """

    __slots__ = (
        "_blocked",
        "_direct",
        "_draining",
        "_encode_parts",
        "_flush_certain",
        "_inbox",
        "_join_bytes",
        "_message_waiter",
        "_out",
        "_parse",
        "_queued",
        "_reading_paused",
        "_received",
        "_session",
        "_take",
        "_waiter",
    )

    _clock: Callable[[], float]

    def __init__(self, session: Session[M], waiter: Waiter, join_bytes: int) -> None:
        self._session, self._waiter, self._join_bytes = session, waiter, join_bytes
        self._inbox, self._take = session.inbox, session.inbox.popleft
        self._out, self._encode_parts = session.out, session.encode_parts
        self._parse = session.parse
        # The socket's own send while the transport holds nothing back, which has to go first.
        self._direct: Callable[[bytes], int] | None = None
        self._queued = 0
        # Messages that did not go by way of the session.
        self._received = 0
        self._message_waiter: Waiter | None = None
        # True while the peer is behind or sending has ended: `send` has one thing to look at.
        self._blocked = False
        # True while a flush is certain to come: inside a read, or at the turn's end.
        self._flush_certain = False
        self._draining = False
        self._reading_paused = False

    def send(self, message: M, /) -> Awaitable[None]:
        """Send one message; await the result.

        The message is queued at once unless the peer is behind by more than
        `Limits.write_buffer_bytes`; then awaiting waits for room and queues it.

        Raises:
            EncodeError: the codec cannot represent it; nothing was sent.
            ClosedError: `close` or `send_eof` was called.
            BrokenError: the connection broke.
            DeadlineError: the peer took nothing for `Limits.send_seconds`.
        """
        if self._blocked:
            return self._send_blocked(message)
        encode_parts = self._encode_parts
        size = encode_parts(self._out, message)
        queued = self._queued = self._queued + size
        if queued >= self._join_bytes:
            self.flush_nowait()
        elif not self._flush_certain:
            self._flush_certain = True
            self._flush_soon()
        return SENT

    def __aiter__(self) -> AsyncIterator[M]:
        """Every message until the peer finishes sending; errors as from `recv`."""
        return self

    async def __anext__(self) -> M:
        inbox, waiter = self._inbox, self._waiter
        while not inbox:
            if (
                self._message_waiter is not None
                or self._draining
                or self._reading_paused
                or self._session.failure is not None
            ):
                return await self._next_message()
            self._message_waiter = waiter
            try:
                await waiter
            finally:
                self._message_waiter = None
        return self._take()

    def data_received(self, data: bytes, /) -> None:
        """Take bytes and let the handler run on the messages they complete."""
        session, waiter = self._session, self._message_waiter
        if (
            waiter is None
            or waiter.woken
            or waiter.driver is None
            or not session.plain
            or session.failure is not None
        ):
            self._receive(data)
            return
        # A server's handler that waits for these bytes: the way of almost every message.
        framing, inbox = session.framing, self._inbox
        messages = self._parse(data)
        if messages and not framing.pending and framing.error is None:
            inbox += messages
            self._received += len(messages)
            session.first_deadline = session.started_at = None
        else:
            session.note(messages, self._clock)
            if not inbox and session.failure is None:
                if self._out:
                    self.flush_nowait()
                return
        self._flush_certain = True
        waiter.driver.step(waiter)
        self._flush_certain = False
        if self._out:
            if self._direct is None:
                self.flush_nowait()
            else:
                self._write(b"".join(self._out))
        if inbox:
            self._pause_reading()

    @abstractmethod
    def _receive(self, data: bytes) -> None:
        """Take bytes whoever waits, and whatever stands between them and the messages."""

    @abstractmethod
    def _write(self, data: bytes) -> None:
        """Give all that is queued to the socket."""

    @abstractmethod
    def _pause_reading(self) -> None:
        """Read no more until the handler has taken what is in the inbox."""

    @abstractmethod
    def _send_blocked(self, message: M) -> Awaitable[None]:
        """Send when there is room again, or raise why there will be none."""

    @abstractmethod
    def _next_message(self) -> Coroutine[Any, Any, M]:
        """The next message where something stands in the way of waiting for it."""

    @abstractmethod
    def _flush_soon(self) -> None:
        """See to it that `flush_nowait` is called at the end of the loop's turn."""

    @abstractmethod
    def flush_nowait(self) -> None:
        """Hand everything queued to the system now."""


if TYPE_CHECKING:
    Turn = PythonTurn
else:
    Turn = PythonTurn if compiled is None else compiled.Turn
