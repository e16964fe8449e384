"""Handlers that worker processes find by import."""

from __future__ import annotations

import os
from typing import Any


async def echo(peer: Any) -> None:
    async for message in peer:
        await peer.send(message)


def echo_def(peer: Any) -> None:
    for message in peer:
        peer.send(message)


async def pid(peer: Any) -> None:
    async for _ in peer:
        await peer.send(str(os.getpid()).encode())


async def remote(peer: Any) -> None:
    async for message in peer:
        await peer.send(message + b" from " + str(peer.remote).encode())


async def count_then_end(peer: Any) -> None:
    """Answer the number of messages after the peer has finished."""
    total = 0
    async for _ in peer:
        total += 1
    await peer.send(b"%d" % total)


async def broken(peer: Any) -> None:
    async for message in peer:
        if message == b"fail":
            raise RuntimeError("on purpose")
        await peer.send(message)


async def record(peer: Any) -> None:
    """Answer and write down what was answered; PLAINWIRE_RECORD names the file."""
    target = os.open(os.environ["PLAINWIRE_RECORD"], os.O_WRONLY | os.O_APPEND)
    try:
        async for message in peer:
            await peer.send(message)
            os.write(target, message + b"\n")
    finally:
        os.close(target)
