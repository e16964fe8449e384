"""A pair of streams in memory: two ends of one conversation without a socket.

    a, b = memory_pair()        what a sends b receives, and the other way round

For tests and for programs that talk to themselves; each direction holds at most
`BUFFER_BYTES`, so that back pressure is as real as over TCP.
"""

from __future__ import annotations

import threading
import time

from plainwire.address import Address
from plainwire.errors import BrokenError, ClosedError
from plainwire.transports.base import RECEIVE_BYTES, Stream

BUFFER_BYTES = 256 * 1024
TICK_SECONDS = 0.25


class _Pipe:
    """One direction: bytes, their end, and the condition that both sides wait on."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.ended = False
        self.broken = False
        self.changed = threading.Condition()


class MemoryStream(Stream):
    """One end of a pair; see `memory_pair`."""

    def __init__(self, local: Address, remote: Address, incoming: _Pipe, outgoing: _Pipe) -> None:
        self.local, self.remote = local, remote
        self._incoming, self._outgoing = incoming, outgoing
        self._closed = False

    def receive(self, wait_seconds: float | None = None) -> bytes | None:
        """Wait for bytes; see `Stream.receive`."""
        pipe = self._incoming
        until = time.monotonic() + (TICK_SECONDS if wait_seconds is None else wait_seconds)
        with pipe.changed:
            while True:
                if self._closed:
                    raise ClosedError(f"receive {self.local} <- {self.remote}: closed here")
                if pipe.broken:
                    raise BrokenError(f"receive {self.local} <- {self.remote}: reset by peer")
                if pipe.data:
                    data = bytes(pipe.data[:RECEIVE_BYTES])
                    del pipe.data[:RECEIVE_BYTES]
                    pipe.changed.notify_all()
                    return data
                if pipe.ended:
                    return b""
                left = until - time.monotonic()
                if left <= 0:
                    return None
                pipe.changed.wait(left)

    def send(self, data: bytes | memoryview) -> int:
        """Send some bytes; see `Stream.send`."""
        pipe = self._outgoing
        until = time.monotonic() + TICK_SECONDS
        with pipe.changed:
            while True:
                if self._closed or pipe.ended:
                    raise ClosedError(f"send {self.local} -> {self.remote}: closed here")
                if pipe.broken:
                    raise BrokenError(f"send {self.local} -> {self.remote}: broken pipe")
                room = BUFFER_BYTES - len(pipe.data)
                if room > 0:
                    pipe.data += data[:room]
                    pipe.changed.notify_all()
                    return min(room, len(data))
                left = until - time.monotonic()
                if left <= 0:
                    return 0
                pipe.changed.wait(left)

    def send_eof(self) -> None:
        """End our direction."""
        with self._outgoing.changed:
            self._outgoing.ended = True
            self._outgoing.changed.notify_all()

    def close(self) -> None:
        """End both directions; what was sent can still be received."""
        self.send_eof()
        self._closed = True
        with self._incoming.changed:
            self._incoming.broken = True
            self._incoming.changed.notify_all()

    def abort(self) -> None:
        """Break both directions; bytes on their way are lost."""
        self._closed = True
        for pipe in (self._incoming, self._outgoing):
            with pipe.changed:
                pipe.broken = True
                pipe.data.clear()
                pipe.changed.notify_all()


def memory_pair() -> tuple[MemoryStream, MemoryStream]:
    """Make two streams that are each other's remote side."""
    one, two = Address("memory", path="one"), Address("memory", path="two")
    there, back = _Pipe(), _Pipe()
    return MemoryStream(one, two, back, there), MemoryStream(two, one, there, back)
