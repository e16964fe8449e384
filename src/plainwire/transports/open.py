"""Make a peer of a connected socket, with TLS and WebSocket as its address asks."""

from __future__ import annotations

import socket
from typing import Any, TypeVar

from plainwire.address import Address
from plainwire.frames.codec import Codec, Payload
from plainwire.transports.base import Stream
from plainwire.transports.limits import Limits
from plainwire.transports.peer import Peer
from plainwire.transports.session import Layer, Session, open_session
from plainwire.transports.sockets import SocketStream

M = TypeVar("M")


def make_session(
    scheme: str,
    codec: Codec[M] | Payload[M],
    limits: Limits,
    now: float,
    *,
    server: bool,
    tls: Any = None,
    remote: Address | None = None,
    fileno: int = -1,
) -> Session[M]:
    """Begin a conversation as its scheme asks.

    Args:
        scheme: of the address; `tls` and `wss` encrypt, `ws` and `wss` are WebSocket.
        codec: what messages are.
        limits: whose deadlines hold.
        now: seconds of the clock that the peer uses.
        server: which side we are.
        tls: an `ssl.SSLContext`; a client's default verifies by the system's roots.
        remote: of a client: the address it connects to, for names in handshakes.
        fileno: of the socket, for observers.
    """
    layer: Layer | None = None
    if scheme in ("tls", "wss"):
        from plainwire.transports.tls import TlsLayer

        layer = TlsLayer(tls, server=server, hostname=remote.host if remote else "")
    if scheme in ("ws", "wss"):
        from plainwire.transports.websocket import WebSocketFraming

        framing = WebSocketFraming(codec, server=server, remote=remote)
        return Session(framing, framing.encode_parts, limits, now, out=framing.out, layer=layer,
                       name=codec.name)  # fmt: skip
    return open_session(codec, limits, now, layer=layer, fileno=fileno)


def open_peer(
    sock: socket.socket, local: Address, remote: Address, codec: Codec[M] | Payload[M],
    limits: Limits, tls: Any = None, *, server: bool,
) -> Peer[M]:  # fmt: skip
    """Make a blocking peer of a connected socket."""
    stream = SocketStream(sock, local, remote, limits.tick_seconds)
    return open_stream_peer(stream, codec, limits, tls, server=server)


def open_stream_peer(
    stream: Stream, codec: Codec[M] | Payload[M], limits: Limits, tls: Any = None, *, server: bool
) -> Peer[M]:
    """Make a blocking peer of any stream."""
    scheme = stream.remote.scheme if not server else stream.local.scheme
    session = make_session(
        scheme, codec, limits, stream.clock(), server=server, tls=tls,
        remote=None if server else stream.remote, fileno=stream.fileno(),
    )  # fmt: skip
    peer = Peer(stream, session, limits, joins=server)
    if session.speaks and not server:
        peer.flush()
    return peer
