"""A machine written by hand, for tests of the explanation that need no kernel.

eth0 192.0.2.2/24 (default route by 192.0.2.1), eth1 10.0.2.2/24, tun0 a tunnel, lo.
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from plainwire.net.lookup import default_rules
from plainwire.net.model import (
    Answer,
    Hop,
    Interface,
    LinkKind,
    Neighbour,
    NeighbourState,
    Question,
    Route,
    RouteType,
    Snapshot,
)

LO, ETH0, ETH1, TUN = 1, 2, 3, 4


def interface(index: int, name: str, kind: LinkKind, *addresses: str) -> Interface:
    ethernet = kind is LinkKind.ETHERNET
    return Interface(
        index=index,
        name=name,
        kind=kind,
        mac=f"02:00:00:00:00:0{index}" if ethernet else None,
        mtu=65536 if kind is LinkKind.LOOPBACK else 1500,
        up=True,
        running=True,
        uses_arp=ethernet,
        addresses=tuple(ipaddress.ip_interface(a) for a in addresses),
    )


INTERFACES = (
    interface(LO, "lo", LinkKind.LOOPBACK, "127.0.0.1/8", "::1/128"),
    interface(ETH0, "eth0", LinkKind.ETHERNET, "192.0.2.2/24", "2001:db8::2/64"),
    interface(ETH1, "eth1", LinkKind.ETHERNET, "10.0.2.2/24"),
    interface(TUN, "tun0", LinkKind.BARE_IP, "10.8.0.2/32"),
)


def row(prefix: str, dev: int, via: str | None = None, **more: object) -> Route:
    hop = Hop(dev, ipaddress.ip_address(via) if via else None)
    local = more.get("type") is RouteType.LOCAL
    return Route(ipaddress.ip_network(prefix), 255 if local else 254, hops=(hop,), **more)  # type: ignore[arg-type]


ROWS = (
    row("0.0.0.0/0", ETH0, "192.0.2.1"),
    row("192.0.2.0/24", ETH0),
    row("10.0.2.0/24", ETH1),
    row("10.8.0.0/16", TUN),
    row("192.0.2.128/25", ETH0, "192.0.2.9"),
    row("203.0.113.0/24", ETH0, "192.0.2.9"),
    row("198.51.100.7/32", ETH0),
    row("127.0.0.0/8", LO, type=RouteType.LOCAL),
    row("192.0.2.2/32", ETH0, type=RouteType.LOCAL),
)


def asked(target: str, **more: object) -> Question:
    return Question(target, ipaddress.ip_address(target), **more)  # type: ignore[arg-type]


def machine(
    target: str,
    prefix: str,
    source: str,
    state: NeighbourState | None = None,
    mac: str | None = None,
) -> Snapshot:
    """The facts for one destination, whose winning row is named by its prefix."""
    won = next(r for r in ROWS if str(r.destination) == prefix)
    hop = won.hops[0]
    answer = Answer(
        source=ipaddress.ip_address(source),
        hop=hop,
        type=won.type,
        row=won.destination,
        row_metric=0,
        row_table=254,
    )
    facts = Snapshot(INTERFACES, ROWS, default_rules(), answer)
    if state is not None and hop.interface is not None:
        address = hop.gateway or ipaddress.ip_address(target)
        facts = replace(facts, neighbour=Neighbour(address, hop.interface, mac, state))
    return facts
