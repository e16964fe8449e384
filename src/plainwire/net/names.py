"""From what a person types to an address: reading the text, asking the resolver.

`parse` is pure. `resolve` asks the system's resolver (`getaddrinfo(3)`: hosts file, then
DNS, ordered by RFC 6724) and gives up after a bounded time. Sends nothing itself.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from dataclasses import dataclass

from plainwire.net.errors import AddressTextError, ResolveError
from plainwire.net.model import Address, NameAnswer

# A resolver with two silent servers and the default options takes 20 s (resolv.conf(5):
# timeout 5, attempts 2); nobody waits that long to be told why.
RESOLVE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination as typed: host (name or address), and what was given besides it.

    `mapped`: it was written as ::ffff:a.b.c.d; `address` is then the IPv4 address, since a
    socket sends IPv4 to it (RFC 4038 section 4.2).
    """

    text: str
    host: str
    address: Address | None
    zone: str | None
    port: int | None
    protocol: str | None
    mapped: bool = False


def parse(text: str) -> Destination:
    """Read `HOST`, `HOST:PORT`, `[V6]:PORT`, `V6`, `V6%ZONE`, perhaps behind `tcp://`.

    Raises:
        AddressTextError: the text is none of these, the port is outside 1 to 65535, or a
            zone stands behind an address that takes none.
    """
    protocol, rest = _protocol(text.strip())
    host, port_text = _split(rest)
    port = None
    if port_text is not None:
        if not (port_text.isascii() and port_text.isdigit() and 1 <= int(port_text[:6]) <= 65535):
            raise AddressTextError("error-port", text=text)
        port = int(port_text)
    if not host:
        raise AddressTextError("error-empty")
    if "/" in host:
        raise AddressTextError("error-network", text=host)
    bare, _, zone = host.partition("%")
    try:
        address: Address | None = ipaddress.ip_address(bare)
    except ValueError:
        address = None
        # Only digits and dots, or colons: meant as an address, and no name can look so.
        if ":" in host or host.replace(".", "").isdigit():
            raise AddressTextError("error-not-an-address", text=host) from None
    if address is not None and zone and not takes_zone(address):
        raise AddressTextError("error-zone-needless", address=bare, zone=zone)
    mapped = getattr(address, "ipv4_mapped", None)
    return Destination(
        text, host, mapped or address, zone or None, port, protocol, mapped=mapped is not None
    )


def takes_zone(address: Address) -> bool:
    """Tell whether an address needs its interface: link-local, of one host or of a group.

    glibc refuses a zone behind any other, and Linux ignores one in `sockaddr_in6`
    (net/ipv6/addrconf.h, `__ipv6_addr_needs_scope_id`).
    """
    if address.version == 4:
        return False
    # RFC 4291 section 2.7: the second byte's low half is a group's scope; 1 interface, 2 link.
    narrow = address.is_multicast and address.packed[1] & 0x0F in (1, 2)
    return address.is_link_local or narrow


def _protocol(text: str) -> tuple[str | None, str]:
    scheme, mark, rest = text.partition("://")
    if not mark:
        return None, text
    scheme = scheme.lower()
    if scheme not in ("tcp", "udp"):
        raise AddressTextError("error-protocol", text=text)
    return scheme, rest


def _split(text: str) -> tuple[str, str | None]:
    if text.startswith("["):
        host, mark, tail = text[1:].partition("]")
        if not mark or (tail and not tail.startswith(":")):
            raise AddressTextError("error-brackets", text=text)
        return host, tail[1:] if tail else None
    if text.count(":") > 1:
        return text, None
    host, mark, port = text.partition(":")
    return host, port if mark else None


def resolve(
    name: str, family: int | None = None, seconds: float = RESOLVE_SECONDS
) -> tuple[NameAnswer, ...]:
    """List all addresses of a name, in the order in which programs try them.

    Args:
        name: a host name; it may also carry a zone.
        family: 4 or 6 to ask for one family, None for both.
        seconds: how long to wait; the resolver's thread may outlive the wait.

    Raises:
        ResolveError: no address, or no answer in time.
    """
    asked = {None: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}[family]
    answers: queue.SimpleQueue[list[str] | OSError | ValueError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(name, None, asked, socket.SOCK_STREAM)
            answers.put([str(entry[4][0]) for entry in found])
        except (OSError, ValueError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="plainwire-resolve", daemon=True).start()
    try:
        result = answers.get(timeout=seconds)
    except queue.Empty:
        raise ResolveError("error-resolve-timeout", name=name, seconds=round(seconds)) from None
    if isinstance(result, OSError):
        detail = result.strerror or str(result)
        raise ResolveError("error-resolve", name=name, detail=detail) from result
    if isinstance(result, ValueError):
        raise ResolveError("error-resolve", name=name, detail="not a host name") from result
    return tuple(_answer(text) for text in dict.fromkeys(result))


def _answer(text: str) -> NameAnswer:
    bare, _, zone = text.partition("%")
    return NameAnswer(ipaddress.ip_address(bare), zone or None)
