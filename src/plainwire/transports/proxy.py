r"""PROXY protocol headers: what a proxy in front says of its client, before the first byte.

    PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n     version 1: a line, 107 bytes at most
    \r\n\r\n\0\r\nQUIT\n 21 11 000C ...                 version 2: 12 bytes that begin no
                                                      other protocol, then binary

The header is required or not looked for, never guessed: where it is optional, any client can
say that it is another. Only the header's own bytes are read, so what stands behind it in the
same segment goes to TLS or the codec as it came. Rules: HAProxy's "The PROXY protocol",
versions 1 and 2; additional fields (TLV) of version 2 are passed over.

`proxy_header` is pure; the two functions behind it read it from a socket, on which nothing
else may read yet.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager

from plainwire.address import Address
from plainwire.errors import AddressError, DeadlineError, Malformed, Truncated
from plainwire.transports.sockets import explain

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
HEADER_SECONDS = 3.0
"""A proxy sends its header with the connection; the specification asks for 3 s at least."""
_LONGEST_LINE = 107
# No header is shorter: `PROXY UNKNOWN` and its end of line; version 2 has 16 bytes at least.
_SHORTEST = 15
_NAME = "PROXY header"

Reading = Generator[int, bytes, Address | None]


def proxy_header(scheme: str) -> Reading:
    """Parse one header: yields how many bytes to read at most, is sent those that came.

    Args:
        scheme: of the address to make.

    Returns:
        The client's address; None if the proxy speaks for itself or does not know it.

    Raises:
        Malformed: the bytes are no header, or one of another version or family.
        Truncated: b"" was sent, which is the end of the stream.
    """
    head = b""
    while len(head) < _SHORTEST:
        head = yield from _more(head, _SHORTEST - len(head))
        if not (SIGNATURE.startswith(head[:12]) or b"PROXY ".startswith(head[:6])):
            raise Malformed(_NAME, "a PROXY header is required first", 0, head=head)
    if head.startswith(SIGNATURE):
        return (yield from _version_2(head, scheme))
    return (yield from _version_1(head, scheme))


def _more(head: bytes, count: int) -> Generator[int, bytes, bytes]:
    data = yield count
    if not data:
        raise Truncated(_NAME, "the stream ended inside the header", 0, head=head)
    return head + data


def _up_to(head: bytes, size: int) -> Generator[int, bytes, bytes]:
    while len(head) < size:
        head = yield from _more(head, size - len(head))
    return head


def _version_1(head: bytes, scheme: str) -> Reading:
    while not head.endswith(b"\n"):
        if len(head) >= _LONGEST_LINE:
            raise Malformed(_NAME, f"a line of more than {_LONGEST_LINE} bytes", 0, head=head)
        # One at a time: the byte behind the line is not ours.
        head = yield from _more(head, 1)
    words = head[6:].removesuffix(b"\r\n").split(b" ")
    if words[0] == b"UNKNOWN":
        return None
    try:
        version = {b"TCP4": 4, b"TCP6": 6}[words[0]]
        source, target, *ports = (word.decode("ascii") for word in words[1:])
        hosts = [ipaddress.ip_address(host) for host in (source, target)]
        numbers = [int(port) for port in ports if port == str(int(port))]
    except (KeyError, ValueError):
        raise Malformed(_NAME, "a line of another form", 0, head=head) from None
    right = len(ports) == len(numbers) == 2 and all(0 <= number < 65536 for number in numbers)
    if not right or not head.endswith(b"\r\n") or {host.version for host in hosts} != {version}:
        raise Malformed(_NAME, "a line of another form", 0, head=head)
    return Address(scheme, str(hosts[0]), numbers[0])


def _version_2(head: bytes, scheme: str) -> Reading:
    head = yield from _up_to(head, 16)
    version, command, family = head[12] >> 4, head[12] & 15, head[13]
    if version != 2 or command > 1:
        rule = f"version {version}, command {command}; version 2, command 0 or 1 is expected"
        raise Malformed(_NAME, rule, 0, head=head)
    size = 16 + int.from_bytes(head[14:16], "big")
    head = yield from _up_to(head, size)
    body = head[16:]
    # LOCAL is the proxy's own check of health; 0 is a client of no address.
    if command == 0 or family == 0:
        return None
    width = {0x11: 4, 0x21: 16, 0x31: 108}.get(family)
    if width is None or len(body) < 2 * width + (0 if family == 0x31 else 4):
        raise Malformed(_NAME, f"family {family:#04x} with {len(body)} bytes", 0, head=head)
    if family == 0x31:
        return None
    host = str(ipaddress.ip_address(body[:width]))
    return Address(scheme, host, int.from_bytes(body[2 * width : 2 * width + 2], "big"))


def read_proxy(sock: socket.socket, scheme: str, remote: Address) -> Address | None:
    """Read the header from a socket, waiting for `HEADER_SECONDS` at most.

    Raises:
        FrameError: as `proxy_header`.
        DeadlineError: it did not come in time.
        BrokenError: the connection broke.
    """
    reading = _Steps(scheme)
    deadline, before = time.monotonic() + HEADER_SECONDS, sock.gettimeout()
    with _explained(remote):
        try:
            while reading.wants:
                sock.settimeout(max(0.001, deadline - time.monotonic()))
                reading.take(sock.recv(reading.wants))
                if reading.wants and time.monotonic() > deadline:
                    raise TimeoutError
        finally:
            sock.settimeout(before)
    return reading.found


async def read_proxy_async(sock: socket.socket, scheme: str, remote: Address) -> Address | None:
    """As `read_proxy`, on the event loop; the socket does not block."""
    reading, loop = _Steps(scheme), asyncio.get_running_loop()
    with _explained(remote):
        async with asyncio.timeout(HEADER_SECONDS):
            while reading.wants:
                reading.take(await loop.sock_recv(sock, reading.wants))
    return reading.found


class _Steps:
    """A `proxy_header` step by step; `wants` is 0 and `found` holds when it is read."""

    def __init__(self, scheme: str) -> None:
        self._reading = proxy_header(scheme)
        self.wants = next(self._reading)
        self.found: Address | None = None

    def take(self, data: bytes) -> None:
        """Give it what came."""
        try:
            self.wants = self._reading.send(data)
        except StopIteration as stop:
            self.wants, self.found = 0, stop.value


@contextmanager
def _explained(remote: Address) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        text = f"no PROXY header within {HEADER_SECONDS} s of connecting"
        raise DeadlineError(text) from None
    except OSError as error:
        raise explain("receive", remote, error) from error


def trusted(proxy: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Read what `serve` is given: networks to trust, () for everybody, None for no header.

    Raises:
        AddressError: neither "required" nor networks such as 10.0.0.0/8.
    """
    if proxy is None:
        return None
    if proxy == "required":
        return ()
    networks = (proxy,) if isinstance(proxy, str) else tuple(proxy)
    for network in networks:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            text = f'proxy={network!r} is neither "required" nor a network such as 10.0.0.0/8'
            raise AddressError(text) from None
    return networks


def is_trusted(host: str, networks: Sequence[str]) -> bool:
    """True if a proxy at this host may speak for others; () trusts everybody."""
    if not networks:
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)
