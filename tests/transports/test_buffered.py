"""Peers on asyncio's own loop read into one buffer: no byte of one may show at another."""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
from typing import Any

import pytest

from plainwire import connect, frames, serve
from plainwire.transports.buffered import BufferedPeer

PEERS = 8


async def echo(peer: Any) -> None:
    async for message in peer:
        await peer.send(message)


async def talk(address: Any, number: int) -> type:
    """Send messages of one's own letter, of sizes around the buffer's; return the peer's class."""
    sizes = random.Random(number).sample([1, 7, 65_536, 262_139, 262_144, 300_000, 900_000], 7)
    async with connect(address, frames.length(4)) as peer:
        for size in itertools.chain(sizes, [3] * 50):
            message = bytes([65 + number]) * size
            assert await peer.ask(message, 20) == message
        return type(peer)


def test_many_peers_of_one_loop_keep_their_bytes_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's loop and the client's have a buffer each, and 8 peers in each."""
    monkeypatch.setitem(sys.modules, "uvloop", None)

    async def all_of(address: Any) -> list[type]:
        return await asyncio.gather(*(talk(address, number) for number in range(PEERS)))

    with serve(echo, "tcp://127.0.0.1:0", frames.length(4), model="loop", background=True) as one:
        assert asyncio.run(all_of(one.address)) == [BufferedPeer] * PEERS
