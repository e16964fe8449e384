"""The servers that `echo.py` compares; each prints its port and serves until killed.

Run as `python servers.py NAME`. Every one answers 4-byte big-endian length-prefixed
messages with the same messages, as its own documentation would write it.
"""

from __future__ import annotations

import asyncio
import struct
import sys
from typing import Any


async def _streams() -> None:
    async def handle(reader: Any, writer: Any) -> None:
        try:
            while True:
                header = await reader.readexactly(4)
                body = await reader.readexactly(int.from_bytes(header, "big"))
                writer.write(header + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class BareProtocol(asyncio.Protocol):
    """A bare protocol, tuned: all frames of a chunk, one joined write."""

    def connection_made(self, transport: Any) -> None:
        self.transport, self.rest = transport, b""

    def data_received(self, data: bytes) -> None:
        data = self.rest + data if self.rest else data
        at, size, out = 0, len(data), []
        unpack = struct.Struct(">I").unpack_from
        while size - at >= 4:
            stop = at + 4 + unpack(data, at)[0]
            if stop > size:
                break
            out.append(data[at:stop])
            at = stop
        self.rest = data[at:]
        if out:
            self.transport.write(b"".join(out))


async def _protocol() -> None:
    server = await asyncio.get_running_loop().create_server(
        BareProtocol, "127.0.0.1", 0, backlog=4096
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _uvloop(main: Any) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def threading_server() -> None:
    import socket
    import socketserver

    class Handler(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self) -> None:
            while len(header := self.rfile.read(4)) == 4:
                self.wfile.write(header + self.rfile.read(int.from_bytes(header, "big")))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads, request_queue_size = True, 4096

    with Server(("127.0.0.1", 0), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
    del socket


def twisted() -> None:
    from twisted.internet import protocol, reactor
    from twisted.protocols.basic import Int32StringReceiver

    class Echo(Int32StringReceiver):
        def stringReceived(self, string: bytes) -> None:  # noqa: N802
            self.sendString(string)

    factory = protocol.Factory.forProtocol(Echo)
    port = reactor.listenTCP(0, factory, backlog=4096, interface="127.0.0.1")
    print(port.getHost().port, flush=True)
    reactor.run()


def gevent() -> None:
    from gevent.server import StreamServer

    def handle(sock: Any, _address: Any) -> None:
        stream = sock.makefile("rb")
        while len(header := stream.read(4)) == 4:
            sock.sendall(header + stream.read(int.from_bytes(header, "big")))

    server = StreamServer(("127.0.0.1", 0), handle, backlog=4096)
    server.start()
    print(server.server_port, flush=True)
    server.serve_forever()


async def echo(peer: Any) -> None:
    async for message in peer:
        await peer.send(message)


def echo_def(peer: Any) -> None:
    for message in peer:
        peer.send(message)


def plainwire(model: str, *, plain_asyncio: bool = False, compiled: bool = True) -> None:
    import os
    import signal

    if not compiled:
        os.environ["PLAINWIRE_PURE"] = "1"
    from plainwire import Limits, frames, serve

    if plain_asyncio:
        sys.modules["uvloop"] = None  # type: ignore[assignment]
    handler = echo_def if model in ("threads", "serial") else echo
    limits = Limits(per_address=None, connections=2000)
    with serve(
        handler, "tcp://127.0.0.1:0", frames.length(4), model=model, workers=None if model !=
        "processes" else 2, limits=limits, background=True, drain=0,
    ) as server:  # fmt: skip
        print(server.address.port, flush=True)
        signal.sigwait({signal.SIGTERM})


NAMES: dict[str, Any] = {
    "asyncio streams": lambda: asyncio.run(_streams()),
    "asyncio protocol": lambda: asyncio.run(_protocol()),
    "uvloop streams": lambda: _uvloop(_streams),
    "uvloop protocol": lambda: _uvloop(_protocol),
    "socketserver threads": threading_server,
    "twisted": twisted,
    "gevent": gevent,
    "plainwire loop (uvloop)": lambda: plainwire("loop"),
    "plainwire loop (asyncio)": lambda: plainwire("loop", plain_asyncio=True),
    "plainwire loop, Python only": lambda: plainwire("loop", compiled=False),
    "plainwire threads": lambda: plainwire("threads"),
    "plainwire processes": lambda: plainwire("processes"),
    "plainwire serial": lambda: plainwire("serial"),
}

if __name__ == "__main__":
    NAMES[sys.argv[1]]()
