"""What any system tells without netlink: macOS, Windows, and Linux that refuses it.

The source address comes from connecting a UDP socket, which sends nothing; the names of
interfaces from the standard library. Routing rows, gateways, MACs, MTU and neighbours are
not known here and are never guessed: the snapshot is marked incomplete.
"""

from __future__ import annotations

import ipaddress
import socket
import sys

from plainwire.net.errors import RouteError
from plainwire.net.model import (
    Answer,
    Hop,
    Interface,
    LinkKind,
    Question,
    RouteType,
    Snapshot,
)

# What people call the system, for sentences.
PLATFORM_NAMES = {"darwin": "macOS", "win32": "Windows", "linux": "Linux"}


def platform_name() -> str:
    """Name the system as people do."""
    return PLATFORM_NAMES.get(sys.platform, sys.platform)


def interfaces() -> tuple[Interface, ...]:
    """List the interfaces by name and number; nothing else is known of them."""
    try:
        named = socket.if_nameindex()
    except OSError:
        return ()
    return tuple(
        Interface(
            index=index,
            name=name,
            kind=LinkKind.OTHER,
            mac=None,
            mtu=None,
            up=True,
            running=True,
            uses_arp=False,
        )
        for index, name in named
    )


def snapshot(question: Question) -> Snapshot:
    """Gather what can be had for one destination.

    Raises:
        RouteError: connecting a UDP socket there is refused.
    """
    family = socket.AF_INET if question.destination.version == 4 else socket.AF_INET6
    target = (str(question.destination), question.port)
    if question.zone is not None:
        target = (f"{question.destination}%{question.zone}", question.port)
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(socket.getaddrinfo(*target, family, socket.SOCK_DGRAM)[0][4])
            source = ipaddress.ip_address(str(probe.getsockname()[0]).partition("%")[0])
    except OSError as error:
        word = error.strerror or str(error)
        raise RouteError("error-route", destination=target[0], errno=word) from error
    local = source == question.destination or question.destination.is_loopback
    kind = RouteType.LOCAL if local else RouteType.OTHER
    return Snapshot(
        interfaces=interfaces(),
        rows=(),
        rules=(),
        answer=Answer(source, Hop(None), kind),
        complete=False,
        platform=platform_name(),
    )
