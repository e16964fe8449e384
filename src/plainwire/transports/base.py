"""The contract of a byte stream as the blocking peer uses it.

Invariants that `plainwire.testing.check_stream` holds every stream to:

1. Bytes arrive whole, once, in order.
2. `receive` gives b"" only at the end of the stream, and then always.
3. `send_eof` ends one direction only.
4. After `close` nothing is left behind: no descriptor, no thread.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

from plainwire.address import Address

RECEIVE_BYTES = 64 * 1024
"""One read. A socket pair, Linux 6: 4 KiB cost three times as much, 256 KiB and more no less
(bench/costs.py)."""


class Stream(ABC):
    """Ordered bytes in both directions.

    Attributes:
        local: our address.
        remote: the peer's.
    """

    local: Address
    remote: Address

    @abstractmethod
    def receive(self, wait_seconds: float | None = None) -> bytes | None:
        """Wait for bytes and return some; b"" at the end of the stream.

        Args:
            wait_seconds: 0 or more; None waits for one tick of the stream.

        Returns:
            None if nothing came in that time.

        Raises:
            BrokenError: the connection was reset or is unreachable.
            ClosedError: it was closed here.
        """

    @abstractmethod
    def send(self, data: bytes | memoryview) -> int:
        """Send some of the bytes and return how many; 0 if none went in one tick.

        Raises:
            BrokenError: the peer takes nothing any more.
            ClosedError: it was closed here.
        """

    @abstractmethod
    def send_eof(self) -> None:
        """Say that nothing more will be sent; receiving goes on."""

    @abstractmethod
    def close(self) -> None:
        """Give the stream back; what was sent is still delivered. Idempotent."""

    @abstractmethod
    def abort(self) -> None:
        """Cut the stream; the peer sees a reset. Idempotent."""

    def fileno(self) -> int:
        """The descriptor, or -1 if there is none."""
        return -1

    def clock(self) -> float:
        """Seconds of the stream's clock, which is steady; tests may bring their own."""
        return time.monotonic()
