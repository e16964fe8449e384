"""TCP and Unix stream sockets: listen, connect, and the blocking stream over them.

This file owns descriptors. Rules: a Unix path that a server still answers on is never
taken from it; a dead one is replaced. TCP_NODELAY is on, because messages are joined
above and Nagle's wait would only be added (RFC 896, RFC 1122 section 4.2.3.4).
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import stat
import struct
import threading

from plainwire.address import Address
from plainwire.errors import AddressError, AddressInUse, BrokenError, ClosedError
from plainwire.transports.base import RECEIVE_BYTES, Stream

# Linux clamps the backlog to net.core.somaxconn silently (listen(2)), so asking for too
# much is harmless and asking for too little drops bursts.
BACKLOG = 4096
TCP_SCHEMES = ("tcp", "tls", "ws", "wss")
_HINTS: dict[tuple[int | None, str], str] = {
    (errno.ECONNREFUSED, ""): "; no program listens there",
    (errno.EADDRNOTAVAIL, ""): "; no interface of this machine has this address",
    (errno.ENOENT, "connect"): "; no server has made it",
    (errno.ENOENT, "listen"): "; its folder must exist and allow it",
}
_WOULD_BLOCK = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR)


def explain(operation: str, address: Address, error: OSError) -> BrokenError:
    """Turn a system error into ours, with what was tried and a hint."""
    # socket.create_server() writes its own words behind the system's.
    known = error.errno is not None and not isinstance(error, socket.gaierror)
    reason = (os.strerror(error.errno) if known else str(error)).lower()  # type: ignore[arg-type]
    if error.errno == errno.EADDRINUSE:
        return AddressInUse(f"{operation} {address}: {reason}; another program is bound there")
    hint = _HINTS.get((error.errno, operation), _HINTS.get((error.errno, ""), ""))
    if error.errno == errno.EACCES and address.port and address.port < 1024:
        hint = "; use a port above 1023 or grant cap_net_bind_service"
    return BrokenError(f"{operation} {address}: {reason}{hint}")


def resolve(
    address: Address, kind: socket.SocketKind, *, passive: bool = False
) -> tuple[int, object]:
    """Look a host up: the family and the socket address to use.

    Raises:
        AddressError: the host is not known.
    """
    flags = socket.AI_PASSIVE if passive else 0
    try:
        found = socket.getaddrinfo(address.host or None, address.port, type=kind, flags=flags)
    except socket.gaierror as error:
        raise AddressError(f"address {address}: host {address.host!r} is not known") from error
    # IPv4 first for names such as localhost, where half the world binds only that.
    found.sort(key=lambda item: item[0] != socket.AF_INET)
    family, *_, where = found[0]
    return family, where


def listen(address: Address) -> socket.socket:
    """Bind and listen; the caller owns the socket.

    Raises:
        AddressInUse: another socket has the address.
        BrokenError: the system refuses.
        AddressError: not a stream address, or the host is not known.
    """
    if address.scheme == "unix":
        return _listen_unix(address)
    if address.scheme not in TCP_SCHEMES:
        raise AddressError(f"listen {address}: {address.scheme} has no stream listener")
    try:
        if not address.host and socket.has_dualstack_ipv6():
            return socket.create_server(
                ("", address.port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True
            )
        family, where = resolve(address, socket.SOCK_STREAM, passive=True)
        return socket.create_server(where, family=family, backlog=BACKLOG)  # type: ignore[arg-type]
    except OSError as error:
        raise explain("listen", address, error) from error


def _listen_unix(address: Address) -> socket.socket:
    path = _unix_path(address)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        try:
            sock.bind(path)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not _is_dead_socket(path):
                raise
            os.unlink(path)
            sock.bind(path)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise explain("listen", address, error) from error
    return sock


def _is_dead_socket(path: str) -> bool:
    """True if the path is a socket on which nobody answers."""
    if path.startswith("\0") or not stat.S_ISSOCK(os.stat(path).st_mode):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(path) == errno.ECONNREFUSED


def _unix_path(address: Address) -> str:
    return "\0" + address.path[1:] if address.path.startswith("@") else address.path


def forget_unix(address: Address, bound: tuple[int, int] | None) -> None:
    """Remove the file of a Unix listener that is closed, if it is still the same file."""
    with contextlib.suppress(OSError):
        found = os.stat(address.path)
        if bound == (found.st_dev, found.st_ino):
            os.unlink(address.path)


def address_of(scheme: str, name: object, path: str = "") -> Address:
    """Turn what the socket module calls an address into ours."""
    if isinstance(name, tuple):
        host = str(name[0]).removeprefix("::ffff:")
        return Address(scheme, "" if host in ("::", "0.0.0.0") else host, int(name[1]), path)
    raw = name.decode("latin-1") if isinstance(name, bytes) else str(name or "")
    return Address("unix", path="@" + raw[1:] if raw.startswith("\0") else raw)


def bound_address(asked: Address, sock: socket.socket) -> Address:
    """The address as asked for, with the port that the system chose."""
    return asked if asked.scheme == "unix" else asked.with_port(sock.getsockname()[1])


def dial(address: Address, timeout_seconds: float | None) -> socket.socket:
    """Connect; the caller owns the socket, which is blocking.

    Raises:
        BrokenError: refused, unreachable, or not answered in time.
        AddressError: the host is not known.
    """
    if address.scheme == "unix":
        family, where = int(socket.AF_UNIX), _unix_path(address)
    elif address.scheme in TCP_SCHEMES:
        address = address.connectable
        family, where = resolve(address, socket.SOCK_STREAM)  # type: ignore[assignment]
    else:
        raise AddressError(f"connect {address}: {address.scheme} has no stream")
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_seconds)
        sock.connect(where)
        sock.settimeout(None)
    except OSError as error:
        sock.close()
        if isinstance(error, TimeoutError):
            text = f"connect {address}: no answer within {timeout_seconds} s"
            raise BrokenError(text) from error
        raise explain("connect", address, error) from error
    prepare(sock)
    return sock


def prepare(sock: socket.socket) -> None:
    """Set what every stream socket here has."""
    if sock.family != socket.AF_UNIX:
        # The peer may be gone already, which the first read will say better.
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class SocketStream(Stream):
    """A blocking stream over a connected socket.

    Waiting is the kernel's: SO_RCVTIMEO and SO_SNDTIMEO let one system call wait for at
    most a tick, where a Python timeout would cost a poll before every read.
    """

    def __init__(
        self, sock: socket.socket, local: Address, remote: Address, tick_seconds: float = 0.25
    ) -> None:
        self.local, self.remote = local, remote
        self._sock = sock
        self._closed = False
        self._lock = threading.Lock()
        sock.setblocking(True)
        tick = struct.pack("ll", int(tick_seconds), int(tick_seconds % 1 * 1_000_000))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, tick)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, tick)

    def receive(self, wait_seconds: float | None = None) -> bytes | None:
        """Wait for bytes; see `Stream.receive`."""
        try:
            if wait_seconds is not None and not self._readable(wait_seconds):
                return None
            return self._sock.recv(RECEIVE_BYTES)
        except (OSError, ValueError) as error:
            self._failed("receive", error)
            return None

    def _readable(self, wait_seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(int(max(0.0, wait_seconds) * 1000 + 0.999)))

    def send(self, data: bytes | memoryview) -> int:
        """Send some of the bytes; see `Stream.send`."""
        try:
            return self._sock.send(data)
        except (OSError, ValueError) as error:
            self._failed("send", error)
            return 0

    def _failed(self, operation: str, error: Exception) -> None:
        if self._closed or isinstance(error, ValueError):
            raise ClosedError(f"{operation} {self.local} -> {self.remote}: closed here") from error
        assert isinstance(error, OSError)
        if error.errno in _WOULD_BLOCK:
            return
        reason = (error.strerror or str(error)).lower()
        text = f"{operation} {self.local} <-> {self.remote}: {reason}"
        raise BrokenError(text) from error

    def send_eof(self) -> None:
        """End our direction; see `Stream.send_eof`."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Give the descriptor back."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        # A thread that waits in recv on it is woken by the shutdown, not by the close.
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def abort(self) -> None:
        """Cut the connection with a reset."""
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with self._lock:
            if self._closed:
                return
            self._closed = True
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RD)
        self._sock.close()

    def fileno(self) -> int:
        """The descriptor, -1 when closed."""
        return self._sock.fileno()
