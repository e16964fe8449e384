"""`check_stream` and `check_server`: hold a transport or a server model to its contract.

Each raises AssertionError with the number of the invariant that broke; the invariants
stand at the top of `plainwire/transports/base.py` and `plainwire/servers/base.py`.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

from plainwire.errors import PlainwireError
from plainwire.frames.length import length
from plainwire.servers.base import Server
from plainwire.transports.base import Stream
from plainwire.transports.connect import connect
from plainwire.transports.sockets import dial

PATTERN = bytes(range(256)) * 4096


def check_stream(make_pair: Callable[[], tuple[Stream, Stream]]) -> None:
    """Hold a stream to the contract of `Stream`.

    Args:
        make_pair: makes two connected ends; called several times.
    """
    a, b = make_pair()
    _check_transfer(a, b)
    _check_transfer(b, a)
    a.send_eof()
    for _ in range(2):
        assert _next(b) == b"", "2: the end of a stream stays its end"
    assert b.send(b"still") == 5, "3: send_eof ends one direction only"
    assert _next(a) == b"still", "3: send_eof ends one direction only"
    assert a.receive(0) is None, "2: no bytes and no end is None"
    for stream in (a, b):
        stream.close()
        stream.close()
        assert stream.fileno() == -1, "4: close gives the descriptor back"
        for use in (stream.receive, lambda s=stream: s.send(b"x")):
            try:
                use()
            except PlainwireError:
                continue
            raise AssertionError("4: a closed stream refuses to be used")
    a, b = make_pair()
    a.send(b"unread")
    b.abort()
    try:
        while a.receive(5.0):
            pass
    except PlainwireError:
        pass
    a.close()


def _next(stream: Stream) -> bytes | None:
    return stream.receive(10.0)


def _check_transfer(source: Stream, sink: Stream) -> None:
    received = bytearray()

    def read() -> None:
        while len(received) < len(PATTERN):
            data = _next(sink)
            if not data:
                return
            received.extend(data)

    reader = threading.Thread(target=read)
    reader.start()
    view = memoryview(PATTERN)
    while view and reader.is_alive():
        view = view[source.send(view) :]
    reader.join(30.0)
    assert bytes(received) == PATTERN, "1: bytes arrive whole, once, in order"


def check_server(start: Callable[[Any], Server]) -> None:
    """Hold a server model to the contract of `Server`.

    Args:
        start: given a handler that echoes over `length(4)`, starts a server on TCP.
    """
    codec = length(4)
    with start(_echo) as server:
        assert server.address.port, "1: the address is bound when the server is returned"
        with connect(server.address, codec) as peer:
            assert peer.ask(b"hi", 10.0) == b"hi"
            with dial(server.address, 10.0) as bad:
                bad.sendall(b"\xff\xff\xff\xff")
                bad.shutdown(socket.SHUT_WR)
            assert peer.ask(b"again", 10.0) == b"again", "3: a bad peer touches no other"
        assert connect(server.address, codec).ask(b"next") == b"next"
    assert server.wait(5.0), "2: stop ends the server"
    counts = server.statistics()
    assert counts.active == 0, "2: nothing is left after stop"
    assert counts.messages == 3, "statistics count the messages"
    try:
        dial(server.address, 1.0).close()
    except PlainwireError:
        return
    raise AssertionError("2: the address is free after stop")


async def _echo(peer: Any) -> None:
    async for message in peer:
        await peer.send(message)
