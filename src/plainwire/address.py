"""Addresses: where a peer is, as one immutable value that prints as it is written.

    tcp://127.0.0.1:7000    tcp://[::1]:7000    tcp://:7000 (every interface)    tcp://:0
    tls://host:7443         ws://host:8080/chat   wss://host/chat
    udp://:5000             udp://239.1.2.3:5000 (joins that group when bound)
    unix:/run/app.sock      unix:relative.sock    unix:@abstract (Linux)
    memory:name             both ends inside this process

Pure: resolves no name and opens no socket. Rules: RFC 3986 section 3.2.2 for the
brackets around an IPv6 address, section 3.2.3 for ports.

Invariant 1: `Address.parse(str(a)) == a` for every address `a`.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace

from plainwire.errors import AddressError

_INTERNET = ("tcp", "tls", "udp", "ws", "wss")
_DEFAULT_PORTS = {"ws": 80, "wss": 443}
# sun_path holds 108 bytes on Linux and 104 on macOS, the last one a zero (unix(7)).
_UNIX_PATH_BYTES = 103


@dataclass(frozen=True, slots=True)
class Address:
    """Where a peer is.

    Attributes:
        scheme: `tcp`, `tls`, `udp`, `ws`, `wss`, `unix` or `memory`.
        host: name or address without brackets; empty means every interface when
            bound and this machine when connected.
        port: 0 to 65535; 0 asks the system to choose. 0 for `unix` and `memory`.
        path: file of a Unix socket, name of a memory address, or the path of a
            WebSocket request, `/` by default.
    """

    scheme: str
    host: str = ""
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, text: str | Address) -> Address:
        """Read an address.

        Raises:
            AddressError: the text is no address of the forms in this module's docstring.
        """
        if isinstance(text, Address):
            return text
        scheme, colon, rest = text.partition(":")
        if not colon:
            raise AddressError(f"address {text!r} names no scheme; write tcp://{text} for instance")
        if scheme in ("unix", "memory"):
            return _parse_local(scheme, rest, text)
        if scheme not in _INTERNET:
            known = ", ".join((*_INTERNET, "unix", "memory"))
            raise AddressError(f"address {text!r} has unknown scheme {scheme!r}; known: {known}")
        if not rest.startswith("//"):
            raise AddressError(f"address {text!r} needs // after {scheme}:")
        return _parse_internet(scheme, rest[2:], text)

    def __str__(self) -> str:
        if self.scheme in ("unix", "memory"):
            return f"{self.scheme}:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    def with_port(self, port: int) -> Address:
        """The same address with the port that the system chose."""
        return replace(self, port=port)

    @property
    def connectable(self) -> Address:
        """The address a client on this machine uses to reach what is bound here."""
        if self.scheme not in _INTERNET:
            return self
        if self.host in ("", "0.0.0.0"):
            return replace(self, host="127.0.0.1")
        return replace(self, host="::1") if self.host == "::" else self

    @property
    def is_multicast(self) -> bool:
        """True if the host is a multicast group, by number."""
        try:
            return ipaddress.ip_address(self.host.partition("%")[0]).is_multicast
        except ValueError:
            return False


def _parse_local(scheme: str, path: str, text: str) -> Address:
    path = path.removeprefix("//") if path.startswith("///") else path
    if not path or path.startswith("//") or "\0" in path:
        raise AddressError(f"address {text!r} needs a path, such as {scheme}:/run/app.sock")
    if scheme == "unix" and len(path.encode("utf-8", "surrogateescape")) > _UNIX_PATH_BYTES:
        raise AddressError(
            f"address {text!r}: the path of a unix socket has at most {_UNIX_PATH_BYTES} bytes"
        )
    return Address(scheme, path=path)


def _parse_internet(scheme: str, rest: str, text: str) -> Address:
    authority, slash, path = rest.partition("/")
    if slash and scheme not in ("ws", "wss"):
        raise AddressError(f"address {text!r} has a path, which {scheme} does not know")
    if authority.startswith("["):
        host, bracket, port_text = authority[1:].partition("]")
        _check_ipv6(host, bracket, text)
        if port_text and not port_text.startswith(":"):
            raise AddressError(f"address {text!r} needs : between ] and the port")
        port_text = port_text[1:]
    else:
        host, _, port_text = authority.rpartition(":") if ":" in authority else (authority, "", "")
        if ":" in host:
            raise AddressError(f"address {text!r}: write an IPv6 address in brackets, [{host}]")
    if any(c.isspace() or c in "@?#%\\" for c in host.partition("%")[0]):
        raise AddressError(f"address {text!r} has a host that is no name: {host!r}")
    port = _parse_port(scheme, port_text, text)
    return Address(scheme, host, port, f"/{path}" if scheme in ("ws", "wss") else "")


def _check_ipv6(host: str, bracket: str, text: str) -> None:
    try:
        ipaddress.IPv6Address(host)
    except ValueError as error:
        raise AddressError(f"address {text!r}: {host!r} is no IPv6 address") from error
    if not bracket:
        raise AddressError(f"address {text!r} lacks the closing bracket")


def _parse_port(scheme: str, text: str, whole: str) -> int:
    if not text:
        if scheme in _DEFAULT_PORTS:
            return _DEFAULT_PORTS[scheme]
        raise AddressError(f"address {whole!r} needs a port, such as {scheme}://127.0.0.1:7000")
    if not (text.isascii() and text.isdigit()) or int(text[:6]) > 65535:
        raise AddressError(f"address {whole!r}: port {text!r} is not a number from 0 to 65535")
    return int(text)
