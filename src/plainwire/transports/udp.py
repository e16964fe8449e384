"""UDP: whole datagrams, one message each, with everything that goes wrong with them.

Rules of this file:

1. A datagram that was cut by the system (MSG_TRUNC) is `Truncated`, not a short message.
2. An empty datagram is a message like any other.
3. An ICMP error for a connected socket (`to=`) is raised, at the next call (udp(7)).
4. An address in a multicast group joins it when bound (RFC 1112); loopback of our own
   datagrams is on, and they stay on the local network (TTL 1) unless told otherwise.
"""

from __future__ import annotations

import contextlib
import ipaddress
import select
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any, Generic, Self, TypeVar

from plainwire.address import Address
from plainwire.errors import (
    AddressError,
    ClosedError,
    DeadlineError,
    EncodeError,
    EndOfMessages,
    Truncated,
)
from plainwire.frames.codec import Codec, Payload, make_one, parse_one
from plainwire.transports.sockets import address_of, explain, resolve

M = TypeVar("M")

DATAGRAM_BYTES = 65_507
"""Largest UDP payload over IPv4: 65,535 less 20 bytes of IP and 8 of UDP header."""


def open_udp(address: Address, *, interface: str = "", to: Address | None = None) -> socket.socket:
    """Bind a UDP socket, and join the group if the address is one.

    Args:
        address: port 0 lets the system choose; a multicast group is joined.
        interface: address of the interface for multicast; the system's choice by default.
        to: the only remote address, which the socket is connected to.

    Raises:
        AddressInUse: another socket has the address.
        BrokenError: the system refuses.
    """
    if address.scheme != "udp":
        raise AddressError(f"{address} is no udp:// address")
    # IPv4 for every interface: broadcast and most groups are of IPv4.
    family, where = resolve(address, socket.SOCK_DGRAM, passive=True)
    if to is not None and not address.host:
        # Of the remote side's family, since a socket connects within its own.
        family = resolve(to.connectable, socket.SOCK_DGRAM)[0]
        where = ("", address.port)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if address.is_multicast:
            # Several programs of one machine may listen to one group.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(where)  # type: ignore[arg-type]
        if address.is_multicast:
            _join(sock, address, interface)
        if to is not None:
            sock.connect(resolve(to.connectable, socket.SOCK_DGRAM)[1])  # type: ignore[arg-type]
    except OSError as error:
        sock.close()
        raise explain("bind", address, error) from error
    return sock


def _join(sock: socket.socket, address: Address, interface: str) -> None:
    group = ipaddress.ip_address(address.host.partition("%")[0])
    if group.version == 4:
        packed = group.packed + socket.inet_aton(interface or "0.0.0.0")
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, packed)
        if interface:
            chosen = socket.inet_aton(interface)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, chosen)
        return
    index = socket.if_nametoindex(interface) if interface else 0
    joined = group.packed + struct.pack("@I", index)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, joined)


class DatagramSocket(Generic[M]):
    """A UDP socket that sends and receives messages, blocking.

    One thread may send while another receives.

    Attributes:
        local: our address.
        remote: the only remote address, or None for any.
    """

    def __init__(
        self, sock: socket.socket, codec: Codec[M] | Payload[M], remote: Address | None = None
    ) -> None:
        self.remote = remote
        self.local = address_of("udp", sock.getsockname())
        self._sock = sock
        self._codec = codec
        self._closed = False
        self._draining = False

    def send(self, message: M, to: str | Address | None = None) -> None:
        """Send one message as one datagram.

        Args:
            message: what to send.
            to: a host, a broadcast address or a multicast group; needless where the socket
                has one remote address.

        Raises:
            EncodeError: the codec cannot represent it, or it is over 65,507 bytes.
            BrokenError: the system refuses, or an earlier datagram was answered by ICMP.
            ClosedError: the socket was closed.
            AddressError: no address is given and the socket has none, or the socket has
                another one.
        """
        address = self.remote if to is None else Address.parse(to)
        if address is None:
            raise AddressError("send: to= is needed, as the socket has no remote address")
        if self.remote not in (None, address):
            raise AddressError(f"send to {address}: the socket is connected to {self.remote}")
        data = make_one(self._codec, message)
        if len(data) > DATAGRAM_BYTES:
            text = f"datagram of {len(data)} bytes, {DATAGRAM_BYTES} allowed"
            raise EncodeError(self._codec.name, text)
        if self._closed:
            raise ClosedError(f"send {self.local} -> {address}: closed here")
        try:
            if self.remote is None:
                self._sock.sendto(data, self._target(address))
            else:
                self._sock.send(data)
        except OSError as error:
            raise explain("send to", address, error) from error

    def _target(self, address: Address) -> Any:
        address = address.connectable
        host = address.host
        if self._sock.family == socket.AF_INET6 and ":" not in host:
            host = f"::ffff:{host}"
        try:
            ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return resolve(address, socket.SOCK_DGRAM)[1]
        return (host, address.port)

    def recv(self, timeout: float | None = None) -> tuple[M, Address]:
        """Receive one message and the address it came from.

        Args:
            timeout: seconds to wait; None waits for ever.

        Raises:
            DeadlineError: the timeout passed; nothing is lost.
            FrameError: the datagram is no message; the next receive goes on behind it.
            BrokenError: an earlier datagram was answered by ICMP.
            ClosedError: the socket was closed.
            EndOfMessages: the server is stopping.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            # The tick is when a drain or a close of another thread is noticed.
            left = 0.25 if deadline is None else min(0.25, deadline - time.monotonic())
            received = self.receive_ready(max(0.0, left))
            if received is not None:
                return received
            if self._draining:
                raise EndOfMessages("the server is stopping")
            if deadline is not None and time.monotonic() >= deadline:
                raise DeadlineError(f"receive {self.local}: {timeout} s passed")

    def receive_ready(self, wait_seconds: float) -> tuple[M, Address] | None:
        """Receive one message if one comes in time; errors as of `recv`."""
        if self._closed:
            raise ClosedError(f"receive {self.local}: closed here")
        try:
            poll = select.poll()
            poll.register(self._sock, select.POLLIN)
            if not poll.poll(int(wait_seconds * 1000 + 0.999)):
                return None
            data, _, flags, name = self._sock.recvmsg(65_536, 0, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except (OSError, ValueError) as error:
            if self._closed or isinstance(error, ValueError):
                raise ClosedError(f"receive {self.local}: closed here") from error
            raise explain("receive", self.remote or self.local, error) from error
        return self._parse(data, flags, name)

    def _parse(self, data: bytes, flags: int, name: object) -> tuple[M, Address]:
        if flags & socket.MSG_TRUNC:
            rule = "the system cut the datagram"
            raise Truncated(self._codec.name, rule, 0, announced=len(data), head=data)
        return parse_one(self._codec, data), address_of("udp", name)

    def __iter__(self) -> Iterator[tuple[M, Address]]:
        """Every message and its sender until the socket is closed or drained."""
        while True:
            try:
                yield self.recv()
            except (ClosedError, EndOfMessages):
                return

    def drain(self) -> None:
        """End the iteration when nothing more waits; used by servers."""
        self._draining = True

    def close(self) -> None:
        """Give the descriptor back. Idempotent."""
        if not self._closed:
            self._closed = True
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)
            self._sock.close()

    def fileno(self) -> int:
        """The descriptor, -1 when closed."""
        return self._sock.fileno()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def bind_udp(
    address: str | Address,
    codec: Codec[M] | Payload[M],
    *,
    interface: str = "",
    to: str | Address | None = None,
) -> DatagramSocket[M]:
    """Open a blocking UDP socket of your own.

    Args:
        address: `udp://:0` to send only; a multicast group is joined.
        codec: what messages are; a payload layer is enough.
        interface: address of the interface for multicast.
        to: the only remote address: others are not heard, and a datagram that an ICMP
            message answers (no program there) makes the next call raise `BrokenError`.
            Without it the system does not say what became of a datagram (udp(7)).

    Raises:
        AddressInUse: another socket has the address.
        BrokenError: the system refuses.
    """
    remote = None if to is None else Address.parse(to)
    sock = open_udp(Address.parse(address), interface=interface, to=remote)
    return DatagramSocket(sock, codec, remote)
