"""`AsyncPeer` on asyncio's own loops: bytes come through one buffer that all peers share.

To a plain protocol asyncio gives `recv(256 KiB)`: memory that the system maps and unmaps
again for every message, and costs three times the message (bench/echo.py). A buffered
protocol brings its own. uvloop reads into a buffer of its own anyway.

The buffer is filled and emptied within one callback of the loop, so one for each thread
is enough.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TypeVar

from plainwire.transports.async_peer import AsyncPeer

M = TypeVar("M")
READ_BYTES = 256 * 1024

_buffers = threading.local()


class BufferedPeer(AsyncPeer[M], asyncio.BufferedProtocol):
    """An `AsyncPeer` that asyncio hands its bytes without making a new object of 256 KiB."""

    __slots__ = ()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - as asyncio calls it
        """The memory that the next bytes are read into."""
        try:
            view: memoryview = _buffers.view
        except AttributeError:
            view = _buffers.view = memoryview(bytearray(READ_BYTES))
        return view

    def buffer_updated(self, nbytes: int) -> None:
        """Take the bytes that were read."""
        self.data_received(bytes(_buffers.view[:nbytes]))


def peer_class(loop: asyncio.AbstractEventLoop) -> type[AsyncPeer[M]]:
    """The class of peers that suits a loop."""
    return BufferedPeer if isinstance(loop, asyncio.SelectorEventLoop) else AsyncPeer
