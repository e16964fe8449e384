"""Handlers for the command line: `echo`, `time`, `broadcast`.

Each takes bytes or str, whichever the codec makes.
"""

from __future__ import annotations

import time as clock
from typing import Any

_members: set[Any] = set()


async def echo(peer: Any) -> None:
    """Send every message back."""
    async for message in peer:
        await peer.send(message)


async def time(peer: Any) -> None:
    """Answer every message with the time, in the form of RFC 3339."""
    async for message in peer:
        now = clock.strftime("%Y-%m-%dT%H:%M:%SZ", clock.gmtime())
        await peer.send(now.encode() if isinstance(message, bytes) else now)


async def broadcast(peer: Any) -> None:
    """Send every message to all other clients of this process; one behind misses some."""
    _members.add(peer)
    try:
        async for message in peer:
            for member in list(_members - {peer}):
                member.send_nowait(message)
    finally:
        _members.discard(peer)


READY = {"echo": echo, "time": time, "broadcast": broadcast}
