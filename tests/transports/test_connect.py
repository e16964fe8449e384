"""Connections that are made again, and a server on the program's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import threading
from typing import Any

import pytest

import handlers
from plainwire import Address, connect, frames, serve, serve_async
from plainwire.errors import AddressError, BrokenError
from plainwire.transports.connect import LONGEST_DELAY, delays
from plainwire.transports.sockets import explain

CODEC = frames.lines()


class Flaky:
    """A server that resets its first clients and ends the last one cleanly."""

    def __init__(self, resets: int) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.greetings: list[bytes] = []
        self.thread = threading.Thread(target=self.run, args=(resets,))
        self.thread.start()

    def run(self, resets: int) -> None:
        with self.listener:
            for number in range(resets + 1):
                sock, _ = self.listener.accept()
                with sock:
                    self.greetings.append(sock.recv(100))
                    sock.sendall(b"%d\n" % number)
                    # The client confirms, since a reset destroys what it has not read.
                    assert sock.recv(100) == b"got\n"
                    if number < resets:
                        linger = b"\1\0\0\0\0\0\0\0"
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def test_messages_go_on_over_a_new_connection() -> None:
    """Each break is one more connection, greeted anew, until a clean end."""
    server = Flaky(resets=2)
    connection = connect(server.address, CODEC, retry=20)
    got = []
    peers: list[Any] = []

    def greet(peer: Any) -> None:
        peer.send(b"from %d" % len(got))
        peers.append(peer)

    for message in connection.messages(greet):
        got.append(message)
        peers[-1].send(b"got")
    server.thread.join(10)
    assert got == [b"0", b"1", b"2"]
    assert server.greetings == [b"from 0\n", b"from 1\n", b"from 2\n"]


def test_messages_go_on_over_a_new_connection_on_a_loop() -> None:
    """As blocking."""
    server = Flaky(resets=2)

    async def main() -> list[bytes]:
        got = []
        peers: list[Any] = []

        async def greet(peer: Any) -> None:
            await peer.send(b"hello")
            peers.append(peer)

        connection = connect(server.address, CODEC, retry=20)
        async with contextlib.aclosing(connection.messages_async(greet)) as messages:
            async for message in messages:
                got.append(message)
                await peers[-1].send(b"got")
        return got

    assert asyncio.run(main()) == [b"0", b"1", b"2"]
    server.thread.join(10)


def test_a_break_without_retry_is_raised() -> None:
    """Trying again must be asked for."""
    server = Flaky(resets=1)
    peers: list[Any] = []

    def greet(peer: Any) -> None:
        peer.send(b"hello")
        peers.append(peer)

    messages = connect(server.address, CODEC).messages(greet)
    assert next(messages) == b"0"
    peers[0].send(b"got")
    with pytest.raises(BrokenError):
        next(messages)
    with socket.create_connection(server.listener.getsockname(), timeout=10) as last:
        last.sendall(b"hello\n")
        assert last.recv(10) == b"1\n"
        last.sendall(b"got\n")
    server.thread.join(10)


def test_pauses_grow_to_their_ceiling_and_differ() -> None:
    """Clients of a server that restarts must not come all at once."""
    for part in (0.0, 0.999):
        pauses = delays(lambda part=part: part)
        found = [next(pauses) for _ in range(20)]
        assert found == sorted(found)
        assert LONGEST_DELAY / 2 <= found[-1] <= LONGEST_DELAY
    assert next(delays(lambda: 0.0)) != next(delays(lambda: 0.9))


def test_a_server_on_the_loop_that_runs_already() -> None:
    """Handlers share the program's loop; the end of the block drains and frees the address."""
    loops: list[Any] = []

    async def echo(peer: Any) -> None:
        loops.append(asyncio.get_running_loop())
        async for message in peer:
            await peer.send(message)

    async def main() -> Any:
        async with serve_async(echo, "tcp://127.0.0.1:0", CODEC) as server:
            async with connect(server.address, CODEC) as peer:
                assert await peer.ask(b"hi", 10) == b"hi"
            idle = connect(server.address, CODEC)
            async with idle as peer:
                await peer.send(b"x")
                assert await peer.recv(10) == b"x"
        assert loops == [asyncio.get_running_loop()] * 2
        assert len(asyncio.all_tasks()) == 1
        with pytest.raises(BrokenError):
            await connect(server.address, CODEC).open_async()
        return server.statistics()

    counts = asyncio.run(main())
    assert (counts.accepted, counts.active, counts.failed) == (2, 0, 0)


def test_a_server_on_a_running_loop_refuses_what_would_stop_it() -> None:
    """A def handler blocks, UDP has its own server."""
    for handler, address in ((handlers.echo_def, "tcp://:0"), (handlers.echo, "udp://:0")):
        with pytest.raises(AddressError, match="serve_async"):
            serve_async(handler, address, CODEC)  # type: ignore[arg-type]
    assert serve is not serve_async


@pytest.mark.parametrize(
    ("operation", "address", "number", "words"),
    [
        ("listen", "tcp://0.0.0.0:80", errno.EACCES, "permission denied; use a port above 1023"),
        ("listen", "tcp://8.8.8.8:7000", errno.EADDRNOTAVAIL, "no interface of this machine"),
        ("listen", "unix:/no/s", errno.ENOENT, "its folder must exist"),
        ("connect", "unix:/no/s", errno.ENOENT, "no server has made it"),
        ("connect", "tcp://[::1]:7000", errno.ECONNREFUSED, "no program listens there"),
        ("listen", "tcp://127.0.0.1:7000", errno.EADDRINUSE, "another program is bound there"),
    ],
)
def test_a_refusal_of_the_system_says_what_helps(
    operation: str, address: str, number: int, words: str
) -> None:
    """One line: what was tried, where, the system's word, and a hint."""
    found = explain(operation, Address.parse(address), OSError(number, "x (while attempting)"))
    assert str(found).startswith(f"{operation} {address}: {os.strerror(number).lower()}; ")
    assert words in str(found)
    assert "attempting" not in str(found)
