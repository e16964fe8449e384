"""Plainwire: network programming in plain sight.

SEE ties every line of a Python program to what it did on the wire and says what is
wrong (`plainwire run server.py -- client.py`). BUILD exchanges whole messages over
TCP, UDP, Unix sockets, TLS and WebSocket.

Public names are loaded on first use, so that importing the package costs nothing to
the command line and to observed programs.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from plainwire import frames
    from plainwire.address import Address
    from plainwire.errors import PlainwireError
    from plainwire.servers.base import Server, Statistics
    from plainwire.servers.drive import every, sleep
    from plainwire.servers.serve import serve, serve_async
    from plainwire.transports.async_peer import AsyncPeer
    from plainwire.transports.connect import connect
    from plainwire.transports.limits import Limits
    from plainwire.transports.peer import Peer
    from plainwire.transports.udp import DatagramSocket, bind_udp

__all__ = [
    "Address",
    "AsyncPeer",
    "DatagramSocket",
    "Limits",
    "Peer",
    "PlainwireError",
    "Server",
    "Statistics",
    "bind_udp",
    "connect",
    "every",
    "frames",
    "serve",
    "serve_async",
    "sleep",
]

# name: where it is defined; `tests/test_public.py` holds this and __all__ equal
_HOMES = {
    "Address": "address",
    "AsyncPeer": "transports.async_peer",
    "DatagramSocket": "transports.udp",
    "Limits": "transports.limits",
    "Peer": "transports.peer",
    "PlainwireError": "errors",
    "Server": "servers.base",
    "Statistics": "servers.base",
    "bind_udp": "transports.udp",
    "connect": "transports.connect",
    "every": "servers.drive",
    "frames": "frames",
    "serve": "servers.serve",
    "serve_async": "servers.serve",
    "sleep": "servers.drive",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'plainwire' has no attribute {name!r}")
    import importlib

    module = importlib.import_module(f"plainwire.{_HOMES[name]}")
    value: object = module if name == "frames" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
