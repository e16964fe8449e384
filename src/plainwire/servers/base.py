"""What every server has: its address, its statistics, a drain; and how a handler is called.

    start -> accepting -> stop(drain): no more accepts; idle peers end; the rest finish
                                       their messages, or are cut at the deadline -> ended

Invariants:

1. The address is bound before `serve(..., background=True)` returns.
2. After `stop` no thread, process or descriptor of the server is left.
3. A fault of a handler or a peer ends that peer, is logged and counted, and touches no
   other.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable, MutableSequence
from dataclasses import dataclass, field
from typing import Any, Self

from plainwire.address import Address
from plainwire.errors import BrokenError, ClosedError, DeadlineError, RemoteProtocolError
from plainwire.frames.codec import Codec, Payload
from plainwire.transports.limits import Limits
from plainwire.transports.proxy import is_trusted
from plainwire.transports.sockets import bound_address, forget_unix, listen

log = logging.getLogger("plainwire.servers")

Handler = Callable[[Any], Awaitable[None] | None]
"""What is called with each peer, `def` or `async def`."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts since the start of a server, at one moment, dead workers' included.

    Attributes:
        accepted: connections taken.
        refused: closed at once because of `Limits.per_address`.
        active: being handled now.
        messages: whole messages received on connections that have ended.
        failed: connections that ended by an error, of the peer or of the handler.
    """

    accepted: int = 0
    refused: int = 0
    active: int = 0
    messages: int = 0
    failed: int = 0


@dataclass(slots=True)
class Task:
    """What a server is to do; the same for every model."""

    handler: Handler
    address: Address
    codec: Codec[Any] | Payload[Any]
    limits: Limits
    drain_seconds: float = 10.0
    workers: int | None = None
    inner: str | None = None
    tls: Any = None
    proxy: tuple[str, ...] | None = None
    options: dict[str, Any] = field(default_factory=dict)


ACCEPTED, REFUSED, ACTIVE, MESSAGES, FAILED = range(5)


class Server(ABC):
    """A server that is running; a context manager that stops it at the end.

    Args:
        task: what to do.
        counts: where to count, in the order of `Statistics`; a worker process counts in
            memory that it shares with its supervisor, so that no count dies with it.
    """

    def __init__(self, task: Task, counts: MutableSequence[int] | None = None) -> None:
        self.task = task
        self.address: Address = task.address
        self._lock = threading.Lock()
        self._counts: MutableSequence[int] = [0] * 5 if counts is None else counts
        self._from: Counter[str] = Counter()
        self._listener: socket.socket | None = None
        self._owns_listener = False
        self._file: tuple[int, int] | None = None

    def _bind(self, given: socket.socket | None = None) -> socket.socket:
        """Listen at the address; a socket that is given listens already and stays its owner's."""
        listener = self._listener = given or listen(self.task.address)
        self.address = bound_address(self.task.address, listener)
        if given is None and self.address.scheme == "unix" and self.address.path[0] != "@":
            found = os.stat(self.address.path)
            self._file = (found.st_dev, found.st_ino)
        self._owns_listener = given is None
        return listener

    def _unbind(self) -> None:
        """Give the address back."""
        if self._listener is not None and self._owns_listener:
            self._listener.close()
            forget_unix(self.address, self._file)

    @abstractmethod
    def start(self) -> None:
        """Bind and begin to accept; returns at once.

        Raises:
            AddressInUse: another socket has the address.
            BrokenError: the system refuses the address.
        """

    @abstractmethod
    def stop(self, drain: float | None = None) -> None:
        """Stop accepting, let messages in progress end, close. Idempotent.

        Args:
            drain: seconds that peers get to finish; the server's own by default.
        """

    @abstractmethod
    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the server has ended; False if the timeout passes first."""

    def statistics(self) -> Statistics:
        """Counts at this moment."""
        with self._lock:
            return Statistics(*self._counts)

    @property
    def active(self) -> int:
        """Connections that are being handled now."""
        return self._counts[ACTIVE]

    def admit(self, remote: Address) -> bool:
        """Count a new connection; False if its address has too many already.

        A proxy in front has as many as it has clients, which `identify` counts.
        """
        limit, proxy = self.task.limits.per_address, self.task.proxy
        if proxy is not None:
            limit = None
            if not is_trusted(remote.host, proxy):
                with self._lock:
                    self._counts[REFUSED] += 1
                return False
        with self._lock:
            if limit is not None and remote.host and self._from[remote.host] >= limit:
                self._counts[REFUSED] += 1
                return False
            self._counts[ACCEPTED] += 1
            self._counts[ACTIVE] += 1
            self._from[remote.host] += 1
            return True

    def identify(self, remote: Address, client: Address | None) -> Address:
        """Count a connection for the client that its proxy names; the address from now on.

        Raises:
            RemoteProtocolError: that client has too many connections already.
        """
        if client is None:
            return remote
        limit = self.task.limits.per_address
        with self._lock:
            if limit is not None and self._from[client.host] >= limit:
                raise RemoteProtocolError(f"{client} has {limit} connections already")
            self._from[client.host] += 1
            self._leave(remote)
        return client

    def _leave(self, remote: Address) -> None:
        self._from[remote.host] -= 1
        if not self._from[remote.host]:
            del self._from[remote.host]

    def release(self, remote: Address, messages: int) -> None:
        """Count the end of a connection."""
        with self._lock:
            self._counts[ACTIVE] -= 1
            self._counts[MESSAGES] += messages
            self._leave(remote)

    def report(self, remote: Address, error: BaseException) -> None:
        """Log and count what ended a connection; the peer's faults in one line."""
        with self._lock:
            self._counts[FAILED] += 1
        expected = (RemoteProtocolError, BrokenError, DeadlineError, ClosedError)
        if isinstance(error, expected):
            # Most of them name both addresses already.
            text = str(error)
            where = "" if str(remote) in text else f"{self.address} <- {remote}: "
            log.warning("%s%s", where, text)
        else:
            log.error("%s <- %s: the handler failed", self.address, remote, exc_info=error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.address}>"
