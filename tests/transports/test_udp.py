"""UDP: whole datagrams, and everything that goes wrong with them, said."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from plainwire import bind_udp, frames, serve
from plainwire.errors import (
    AddressError,
    AddressInUse,
    BrokenError,
    DeadlineError,
    EncodeError,
    Malformed,
    Truncated,
)
from plainwire.transports.udp import DATAGRAM_BYTES, DatagramSocket

MULTICAST = "239.77.77.7"


async def upper(net: Any) -> None:
    async for message, sender in net:
        await net.send(message.upper(), to=sender)


def upper_def(net: Any) -> None:
    for message, sender in net:
        net.send(message.upper(), to=sender)


@pytest.mark.parametrize("model", ["serial", "threads", "loop"])
@pytest.mark.parametrize("handler", [upper, upper_def])
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", ""])
def test_datagrams_are_whole_messages(model: Any, handler: Any, host: str) -> None:
    """Empty ones and the largest included."""
    with serve(
        handler, f"udp://{host}:0", frames.text(), model=model, background=True
    ) as server, bind_udp(f"udp://{host or '127.0.0.1'}:0", frames.text()) as net:  # fmt: skip
        for text in ("", "hi", "x" * (DATAGRAM_BYTES if ":" not in host else 60_000)):
            net.send(text, to=server.address)
            message, sender = net.recv(5)
            assert message == text.upper()
            assert sender.port == server.address.port


def test_a_datagram_that_is_too_long_is_refused() -> None:
    """The system's own error names neither size nor limit."""
    with bind_udp("udp://127.0.0.1:0", frames.raw()) as net, pytest.raises(EncodeError):
        net.send(bytes(DATAGRAM_BYTES + 1), to="udp://127.0.0.1:9")


def test_a_framed_codec_wants_exactly_one_frame() -> None:
    """A datagram is one message; half a frame or two are no message."""
    with bind_udp("udp://127.0.0.1:0", frames.length(2)) as net:
        plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for data in (b"\0\1a\0\1b", b"\0\2a"):
            plain.sendto(data, ("127.0.0.1", net.local.port))
        plain.sendto(b"\0\1z", ("127.0.0.1", net.local.port))
        plain.close()
        with pytest.raises(Malformed, match="exactly one"):
            net.recv(5)
        with pytest.raises(Exception, match="ended inside"):
            net.recv(5)
        assert net.recv(5)[0] == b"z"


def test_a_receive_that_times_out_loses_nothing() -> None:
    """L6 for datagrams."""
    with bind_udp("udp://127.0.0.1:0", frames.raw()) as net:
        with pytest.raises(DeadlineError):
            net.recv(0.01)
        net.send(b"x", to=net.local)
        assert net.recv(5)[0] == b"x"


def test_one_to_many_by_multicast() -> None:
    """A bound address in a group joins it; several programs of one machine may."""
    with bind_udp(f"udp://{MULTICAST}:0", frames.raw(), interface="127.0.0.1") as one:
        where = f"udp://{MULTICAST}:{one.local.port}"
        with bind_udp(where, frames.raw(), interface="127.0.0.1") as two:
            one.send(b"all", to=where)
            assert [net.recv(5)[0] for net in (one, two)] == [b"all", b"all"]


def test_a_busy_port_is_said() -> None:
    """Not a traceback of the socket module."""
    with bind_udp("udp://127.0.0.1:0", frames.raw()) as net:
        with pytest.raises(AddressInUse, match="another program"):
            bind_udp(f"udp://127.0.0.1:{net.local.port}", frames.raw())
    with pytest.raises(AddressError):
        bind_udp("tcp://127.0.0.1:0", frames.raw())


def test_a_drain_ends_the_iteration() -> None:
    """A blocking handler's thread must end with its server."""
    done = threading.Event()

    def handler(net: Any) -> None:
        for _ in net:
            pass
        done.set()

    with serve(handler, "udp://127.0.0.1:0", frames.raw(), model="threads", background=True):
        pass
    assert done.is_set()


def test_processes_are_refused() -> None:
    """Datagrams of one sender would be spread over workers in no order."""
    with pytest.raises(AddressError, match="processes"):
        serve(upper, "udp://127.0.0.1:0", frames.raw(), model="processes", background=True)
    assert issubclass(AddressInUse, BrokenError)


def test_nobody_there_is_said_to_a_connected_socket() -> None:
    """ICMP port unreachable reaches the program, by its remote address; an open port does not."""
    with bind_udp("udp://127.0.0.1:0", frames.raw()) as gone:
        where = gone.local
    with bind_udp("udp://127.0.0.1:0", frames.raw(), to=where) as net:
        net.send(b"x")
        with pytest.raises(BrokenError, match=f"{where}: connection refused"):
            net.recv(5)
        with pytest.raises(BrokenError, match="refused"):
            for _ in range(2):
                net.send(b"x")
        with pytest.raises(AddressError, match="connected to"):
            net.send(b"x", to="udp://127.0.0.1:9")


def test_a_connected_socket_hears_only_its_remote_side() -> None:
    """A stranger's datagram must not pass for an answer."""
    with bind_udp("udp://127.0.0.1:0", frames.raw()) as one:
        with (
            bind_udp("udp://:0", frames.raw(), to=one.local) as net,
            bind_udp("udp://127.0.0.1:0", frames.raw()) as stranger,
        ):
            stranger.send(b"false", to=f"udp://127.0.0.1:{net.local.port}")
            net.send(b"question")
            message, sender = one.recv(5)
            one.send(message.upper(), to=f"udp://127.0.0.1:{sender.port}")
            assert net.recv(5) == (b"QUESTION", one.local)
            with pytest.raises(AddressError, match="to= is needed"):
                one.send(b"x")


def test_a_datagram_that_was_cut_is_an_error_and_the_next_one_is_whole() -> None:
    """The kernel cuts what does not fit its buffer, and says so by a flag only (recvmsg(2)).

    No buffer of ours is too small for UDP over IP, so the socket here is a Unix one, whose
    datagrams may be longer.
    """
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    left.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    net: DatagramSocket[bytes] = DatagramSocket(right, frames.raw())
    with left, net:
        left.send(b"x" * 70_000)
        left.send(b"whole")
        with pytest.raises(Truncated, match="datagram"):
            net.recv(10)
        assert net.recv(10)[0] == b"whole"


def test_one_to_many_by_broadcast() -> None:
    """Permission to broadcast is asked for, so that the address is all one needs."""
    with bind_udp("udp://:0", frames.text()) as hears:
        port = hears.local.port
        with bind_udp("udp://:0", frames.text()) as tells:
            tells.send("all of you", to=f"udp://127.255.255.255:{port}")
        assert hears.recv(10)[0] == "all of you"
