"""PROXY headers: required or off, of trusted sources, and every byte behind them is kept."""

from __future__ import annotations

import socket
import ssl
import struct
from typing import Any

import pytest

import handlers
from plainwire import Address, Limits, connect, frames, serve
from plainwire.errors import AddressError, FrameError, Malformed, PlainwireError, Truncated
from plainwire.transports import proxy
from plainwire.transports.proxy import SIGNATURE, proxy_header

CODEC = frames.lines()


def version_2(command: int, family: int, body: bytes) -> bytes:
    return SIGNATURE + struct.pack(">BBH", command, family, len(body)) + body


FOUR = bytes([192, 0, 2, 7, 198, 51, 100, 1]) + struct.pack(">HH", 51234, 443)
SIX = socket.inet_pton(socket.AF_INET6, "2001:db8::7") * 2 + struct.pack(">HH", 51234, 443)
CLIENT = Address("tcp", "192.0.2.7", 51234)

GOOD: list[tuple[bytes, Address | None]] = [
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n", CLIENT),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 51234 443\r\n", Address("tcp", "2001:db8::7", 51234)),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN whatever stands here\r\n", None),
    (version_2(0x21, 0x11, FOUR), CLIENT),
    (version_2(0x21, 0x11, FOUR + b"\x04\0\1x"), CLIENT),
    (version_2(0x21, 0x21, SIX), Address("tcp", "2001:db8::7", 51234)),
    (version_2(0x20, 0x11, FOUR), None),
    (version_2(0x21, 0x00, b""), None),
    (version_2(0x21, 0x31, bytes(216)), None),
]
BAD = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 51234\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 51234 0443\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 51234 65536\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\n",
    b"PROXY TCP4 2001:db8::7 2001:db8::1 51234 443\r\n",
    b"PROXY TCP5 192.0.2.7 198.51.100.1 51234 443\r\n",
    b"PROXY TCP4 " + b"1" * 200 + b"\r\n",
    version_2(0x31, 0x11, FOUR),
    version_2(0x22, 0x11, FOUR),
    version_2(0x21, 0x11, FOUR[:-1]),
    version_2(0x21, 0x12, FOUR),
    SIGNATURE[:-1] + b"\x0b" + b"!\x11\0\x0c" + FOUR,
]


def parse(wire: bytes, most: int = 1 << 20) -> tuple[Address | None, bytes]:
    """Give the parser what it asks for, at most so much at a time; its answer and the rest."""
    reading = proxy_header("tcp")
    count = next(reading)
    while True:
        size = min(count, most)
        try:
            count = reading.send(wire[:size])
        except StopIteration as stop:
            return stop.value, wire[size:]
        wire = wire[size:]


@pytest.mark.parametrize(("wire", "client"), GOOD, ids=lambda v: str(v)[:40])
def test_a_header_is_read_whatever_the_cuts_and_not_a_byte_more(
    wire: bytes, client: Address | None
) -> None:
    """What stands behind it belongs to TLS or to the codec."""
    for most in (1, 3, 14, 16, 1000):
        assert parse(wire + b"\0surplus", most) == (client, b"\0surplus")


@pytest.mark.parametrize("wire", BAD, ids=lambda v: str(v)[:50])
def test_what_is_no_header_is_refused(wire: bytes) -> None:
    """A guess would let any client say that it is another."""
    for most in (1, 1000):
        with pytest.raises(Malformed):
            parse(wire, most)


@pytest.mark.parametrize("wire", [wire for wire, _ in GOOD], ids=lambda v: str(v)[:40])
def test_a_stream_that_ends_inside_a_header_is_truncated(wire: bytes) -> None:
    """L2: silence would look like a client that had nothing to say."""
    for size in range(len(wire)):
        with pytest.raises(Truncated):
            parse(wire[:size])


def test_a_line_over_107_bytes_is_refused_before_more_is_read() -> None:
    """L5: the line's end may never come."""
    reading = proxy_header("tcp")
    count, given = next(reading), 0
    with pytest.raises(FrameError, match="107"):
        for _ in range(500):
            piece = (b"PROXY UNKNOWN " + b"x" * 500)[given : given + count]
            given += len(piece)
            count = reading.send(piece)
    assert given == 107


@pytest.mark.parametrize("model", ["serial", "threads", "processes", "loop"])
def test_the_handler_sees_the_client_behind_the_proxy(model: Any) -> None:
    """Message and header in one segment; a header of no client leaves the proxy's address."""
    with serve(
        handlers.remote, "tcp://127.0.0.1:0", CODEC, model=model, workers=1, background=True,
        proxy="required",
    ) as server:  # fmt: skip
        for wire, client in (GOOD[0], GOOD[4], GOOD[2]):
            with socket.create_connection(("127.0.0.1", server.address.port), timeout=20) as sock:
                sock.sendall(wire + b"hi\n")
                own = Address("tcp", *sock.getsockname())
                with sock.makefile("rb") as stream:
                    assert stream.readline() == f"hi from {client or own}\n".encode()


@pytest.mark.parametrize("model", ["threads", "loop"])
def test_tls_begins_behind_the_header(model: Any, tls_files: Any) -> None:
    """The proxy speaks in the clear; its client's handshake follows."""
    pem, client = tls_files
    with serve(
        handlers.remote, "tls://127.0.0.1:0", CODEC, model=model, tls=pem, background=True,
        proxy="127.0.0.0/8",
    ) as server:  # fmt: skip
        with socket.create_connection(("127.0.0.1", server.address.port), timeout=20) as sock:
            sock.sendall(GOOD[0][0])
            with client.wrap_socket(sock, server_hostname="127.0.0.1") as inside:
                assert isinstance(inside, ssl.SSLSocket)
                inside.sendall(b"hi\n")
                assert inside.recv(100) == b"hi from tls://192.0.2.7:51234\n"


@pytest.mark.parametrize("model", ["threads", "loop"])
def test_without_a_header_in_time_or_of_another_source_nobody_is_served(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain client, a silent one, and one that is not among the trusted."""
    monkeypatch.setattr(proxy, "HEADER_SECONDS", 0.2)
    with serve(
        handlers.echo, "tcp://127.0.0.1:0", CODEC, model=model, background=True, proxy="required"
    ) as server:
        with pytest.raises(PlainwireError):
            connect(server.address, CODEC).ask(b"a line that is longer than a header", 20)
        with socket.create_connection(("127.0.0.1", server.address.port), timeout=20) as sock:
            assert sock.recv(1) == b""
    assert (server.statistics().failed, server.statistics().active) == (2, 0)
    with serve(
        handlers.echo, "tcp://127.0.0.1:0", CODEC, model=model, background=True,
        proxy=["10.0.0.0/8", "2001:db8::/32"],
    ) as server:  # fmt: skip
        with socket.create_connection(("127.0.0.1", server.address.port), timeout=20) as sock:
            assert sock.recv(1) == b""
    assert server.statistics().refused == 1


@pytest.mark.parametrize("model", ["threads", "loop"])
def test_the_limit_of_an_address_counts_the_clients_behind_the_proxy(model: Any) -> None:
    """All of them come from the proxy's own address, which must not exhaust the limit."""
    limits = Limits(per_address=2)
    lines = [f"PROXY TCP4 192.0.2.{n} 198.51.100.1 51234 443\r\n".encode() for n in (1, 1, 2, 1)]
    socks = []
    with serve(
        handlers.remote, "tcp://127.0.0.1:0", CODEC, model=model, limits=limits, background=True,
        proxy="required",
    ) as server:  # fmt: skip
        try:
            for number, line in enumerate(lines):
                sock = socket.create_connection(("127.0.0.1", server.address.port), timeout=20)
                socks.append(sock)
                sock.sendall(line + b"hi\n")
                try:
                    got = sock.recv(100)
                except ConnectionError:
                    got = b""
                assert (got[:2] == b"hi") == (number < 3)
        finally:
            for sock in socks:
                sock.close()
    assert server.statistics().failed == 1


def test_a_wrong_word_for_the_proxy_is_refused_at_once() -> None:
    """And so is a header where there is no stream."""
    for address, word in (("tcp://127.0.0.1:0", "optional"), ("udp://127.0.0.1:0", "required")):
        with pytest.raises(AddressError, match="proxy="):
            serve(handlers.echo, address, CODEC, proxy=word, background=True)
