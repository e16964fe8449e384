"""`Peer`: the other side of a conversation, in whole messages, blocking.

One thread may send while another receives. Invariants:

1. Receiving loses nothing when it times out (L6): messages live in the session.
2. `send` hands the message to the system at once, except in a server's handler while
   further received messages wait in the inbox: then answers are joined until the handler
   waits for any peer, 64 KiB are queued, or a `send` finds the first of them 1 ms old.
   A handler that waits for something else with answers joined calls `flush`.
   `send_many` joins messages that are there together.
3. Iteration ends only between two messages; anything else is raised (L2).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, Generic, Self, TypeVar

from plainwire.address import Address
from plainwire.errors import (
    BrokenError,
    BusyError,
    ClosedError,
    DeadlineError,
    EndOfMessages,
    PlainwireError,
)
from plainwire.transports.base import Stream
from plainwire.transports.limits import Limits
from plainwire.transports.session import Session

M = TypeVar("M")

JOIN_BYTES = 64 * 1024
"""Ceiling of joined messages, so that joining never holds more than one read of the peer."""
JOIN_SECONDS = 0.001
"""Ceiling of the wait of a joined message, looked at by each further send."""


# The peers whose answers are joined by this thread, flushed before it waits for any peer.
_here = threading.local()


def _flush_joined() -> None:
    joined: set[Peer[Any]] | None = getattr(_here, "joined", None)
    if joined:
        _here.joined = None
        for peer in joined:
            with contextlib.suppress(PlainwireError):
                peer.flush()


class Peer(Generic[M]):
    """The other side of a conversation, blocking.

    Made by `connect` and by the servers; use it as a context manager or call `close`.

    Attributes:
        local: our address.
        remote: the peer's address.
    """

    def __init__(
        self, stream: Stream, session: Session[M], limits: Limits, *, joins: bool = False
    ) -> None:
        self.local: Address = stream.local
        self.remote: Address = stream.remote
        self._stream = stream
        self._session = session
        self._inbox = session.inbox
        self._encode_parts, self._out = session.encode_parts, session.out
        self._limits = limits
        self._draining = False
        self._joins = joins
        self._joining = False
        # Bytes sent since the last flush.
        self._queued = 0
        self._joining_since = 0.0
        self._send_lock = threading.RLock()
        self._receive_lock = threading.Lock()
        self._sending_ended = False
        self._closed = False

    def send(self, message: M) -> None:
        """Send one message.

        Returns when the message is queued; waits while the peer is behind by more than
        the joined messages (back pressure).

        Raises:
            EncodeError: the codec cannot represent it; nothing was sent.
            ClosedError: `close` or `send_eof` was called.
            BrokenError: the connection broke.
            DeadlineError: the peer took nothing for `Limits.send_seconds`.
        """
        with self._send_lock:
            if self._sending_ended:
                raise ClosedError(f"send {self.local} -> {self.remote}: sending was ended here")
            self._queued += self._encode_parts(self._out, message)
            if self._inbox and self._joins and self._queued < JOIN_BYTES:
                now = time.monotonic()
                if not self._joining:
                    self._joining, self._joining_since = True, now
                    _here.joined = {*(getattr(_here, "joined", None) or ()), self}
                if now - self._joining_since < JOIN_SECONDS:
                    return
            self._flush()

    def send_many(self, messages: Iterable[M]) -> None:
        """Send messages in as few writes as the ceiling of joined messages allows.

        Raises: as `send`; those before the one that is refused are sent.
        """
        with self._send_lock:
            if self._sending_ended:
                raise ClosedError(f"send {self.local} -> {self.remote}: sending was ended here")
            try:
                for message in messages:
                    self._queued += self._encode_parts(self._out, message)
                    if self._queued >= JOIN_BYTES:
                        self._flush()
            finally:
                self._flush()

    def flush(self) -> None:
        """Hand everything that was sent to the system now."""
        with self._send_lock:
            self._flush()

    def _flush(self) -> None:
        self._joining = False
        self._queued = 0
        data = self._session.data_to_send()
        if not data:
            return
        sent = self._stream.send(data)
        if sent == len(data):
            return
        view = memoryview(data)[sent:]
        limit = self._limits.send_seconds
        since = self._stream.clock()
        while view:
            sent = self._stream.send(view)
            if sent:
                view = view[sent:]
                since = self._stream.clock()
            elif limit is not None and self._stream.clock() - since > limit:
                self.abort()
                text = f"send {self.local} -> {self.remote}: the peer took nothing for {limit} s"
                error = DeadlineError(text)
                self._session.fail(error)
                raise error

    @property
    def received(self) -> int:
        """How many messages have arrived."""
        return self._session.received

    def recv(self, timeout: float | None = None) -> M:
        """Receive one message.

        Args:
            timeout: seconds to wait; None waits as long as the limits allow. A receive
                that times out has lost nothing: the next one goes on.

        Raises:
            EndOfMessages: the peer finished sending.
            FrameError: the peer broke the protocol, or its stream ended in a message.
            DeadlineError: the timeout or a limit passed.
            BrokenError: the connection broke.
            ClosedError: `close` was called.
            BusyError: another thread is receiving.
        """
        if not self._inbox:
            self._fill(timeout)
        return self._inbox.popleft()

    def __iter__(self) -> Iterator[M]:
        """Every message until the peer finishes sending, or another thread calls `close`.

        Raises: other errors as `recv`.
        """
        inbox = self._inbox
        while True:
            while inbox:
                yield inbox.popleft()
            try:
                self._fill(None)
            except EndOfMessages:
                return
            except ClosedError:
                if self._closed:
                    return
                raise

    def _fill(self, timeout: float | None) -> None:
        """Wait until the inbox holds a message, or raise why there is none."""
        if not self._receive_lock.acquire(blocking=False):
            raise BusyError(f"receive {self.local} <- {self.remote}: another thread is receiving")
        try:
            self._fill_locked(timeout)
        finally:
            self._receive_lock.release()

    def _fill_locked(self, timeout: float | None) -> None:
        session, stream = self._session, self._stream
        deadline = None if timeout is None else stream.clock() + timeout
        # TLS and WebSocket may have to speak first.
        if (self._queued or session.speaks) and session.failure is None:
            self.flush()
        _flush_joined()
        while not self._inbox:
            if session.failure is not None:
                raise session.failure
            if self._draining and session.idle:
                raise EndOfMessages("the server is stopping")
            wait = None if deadline is None else max(0.0, deadline - stream.clock())
            try:
                data = stream.receive(wait)
            except PlainwireError as error:
                session.fail(error)
                continue
            self._take(data)
            if data is None and deadline is not None and stream.clock() >= deadline:
                raise DeadlineError(f"receive {self.local} <- {self.remote}: {timeout} s passed")

    def _take(self, data: bytes | None) -> None:
        session, clock = self._session, self._stream.clock
        if data:
            if session.plain:
                session.receive_data(data, clock)
            else:
                self._take_and_answer(data)
        elif data is not None:
            session.receive_eof()
        if session.started_at is not None or data is None:
            session.handle_timeout(clock())

    def _take_and_answer(self, data: bytes) -> None:
        """Take bytes, and send what TLS or WebSocket say by themselves."""
        with self._send_lock:
            self._session.receive_data(data, self._stream.clock)
            with contextlib.suppress(BrokenError):
                self._flush()

    def ask(self, message: M, timeout: float | None = None) -> M:
        """Send a message and receive the next one; errors as of `send` and `recv`."""
        self.send(message)
        return self.recv(timeout)

    def send_eof(self) -> None:
        """Say that nothing more will be sent; receiving goes on. Idempotent."""
        self._finish_handshake()
        with self._send_lock:
            if self._sending_ended:
                return
            self._flush()
            self._sending_ended = True
            last = self._session.send_eof()
            if last:
                self._stream.send(last)
            self._stream.send_eof()

    def _finish_handshake(self) -> None:
        """Read until messages that wait for TLS or WebSocket to be ready have left."""
        session, clock = self._session, self._stream.clock
        until = clock() + (self._limits.send_seconds or float("inf"))
        while session.held and session.failure is None and clock() < until:
            if not self._receive_lock.acquire(timeout=0.01):
                continue  # the thread that receives does the same
            try:
                self._take(self._stream.receive())
            finally:
                self._receive_lock.release()

    def close(self) -> None:
        """Send what is queued and close; never raises for a broken connection."""
        if self._closed:
            return
        self._closed = True
        try:
            with contextlib.suppress(PlainwireError):
                self.send_eof()
                self._linger()
        finally:
            self._sending_ended = True
            self._stream.close()
            self._session.fail(ClosedError(f"{self.local} <-> {self.remote}: closed here"))

    def _linger(self) -> None:
        """Read on to the end of the peer's stream, for a bounded time.

        Closing with unread bytes sends a reset, which destroys our last answer on its
        way or in the peer's queue.
        """
        if isinstance(self._session.failure, EndOfMessages | BrokenError):
            return
        until = self._stream.clock() + self._limits.linger_seconds
        while (left := until - self._stream.clock()) > 0:
            data = self._stream.receive(left)
            if not data:
                return

    def abort(self) -> None:
        """Cut the connection at once; the remote side sees a reset."""
        self._closed = self._sending_ended = True
        self._stream.abort()

    def drain(self) -> None:
        """End the iteration at the next boundary of messages; used by servers."""
        self._draining = True

    def fileno(self) -> int:
        """The descriptor, or -1."""
        return self._stream.fileno()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.local} <-> {self.remote}>"
