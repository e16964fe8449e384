"""What all asynchronous peers of one loop share: the end of the turn, and the clock.

One timer looks at the deadlines of all peers and one callback writes what they queued in a
turn, since a timer and a callback for each message cost more than the message. Must not know
how a peer does either.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from plainwire.transports.limits import Limits

if TYPE_CHECKING:
    from plainwire.transports.async_peer import AsyncPeer


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
