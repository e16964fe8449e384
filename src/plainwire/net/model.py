"""The facts a path is explained from, as immutable values.

Nothing here asks or decides: `kernel` and `portable` fill a `Snapshot`, `lookup` and
`explain` read it, tests write one by hand. Names and numbers follow rtnetlink(7);
absent values are None, never 0 or "".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
InterfaceAddress = IPv4Interface | IPv6Interface

# Numbers of the tables that every Linux has (/etc/iproute2/rt_tables).
TABLE_DEFAULT, TABLE_MAIN, TABLE_LOCAL = 253, 254, 255
TABLE_NAMES: Mapping[int, str] = MappingProxyType(
    {TABLE_DEFAULT: "default", TABLE_MAIN: "main", TABLE_LOCAL: "local"}
)


class RouteType(StrEnum):
    """What a row does with a packet (rtnetlink(7), `rtm_type`)."""

    UNICAST = "unicast"
    LOCAL = "local"
    BROADCAST = "broadcast"
    ANYCAST = "anycast"
    MULTICAST = "multicast"
    BLACKHOLE = "blackhole"
    UNREACHABLE = "unreachable"
    PROHIBIT = "prohibit"
    THROW = "throw"
    OTHER = "other"


class LinkKind(StrEnum):
    """What the frames of an interface look like (its ARPHRD type)."""

    ETHERNET = "ethernet"
    LOOPBACK = "loopback"
    BARE_IP = "bare-ip"
    OTHER = "other"


class NeighbourState(StrEnum):
    """The states of a neighbour entry (`ndm_state`); ABSENT: there is no entry."""

    INCOMPLETE = "INCOMPLETE"
    REACHABLE = "REACHABLE"
    STALE = "STALE"
    DELAY = "DELAY"
    PROBE = "PROBE"
    FAILED = "FAILED"
    NOARP = "NOARP"
    PERMANENT = "PERMANENT"
    ABSENT = "ABSENT"


@dataclass(frozen=True, slots=True)
class Interface:
    """One network interface; `mtu` in bytes, `mac` as `02:fc:..` or None."""

    index: int
    name: str
    kind: LinkKind
    mac: str | None
    mtu: int | None
    up: bool
    running: bool
    uses_arp: bool
    addresses: tuple[InterfaceAddress, ...] = ()
    peer_addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Hop:
    """Where a row sends to: a gateway or None (the link itself), and the interface."""

    interface: int | None
    gateway: Address | None = None
    weight: int = 1
    dead: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One row of one routing table, in the order of the kernel's dump."""

    destination: Network
    table: int
    type: RouteType = RouteType.UNICAST
    metric: int = 0
    tos: int = 0
    protocol: str = ""
    preferred_source: Address | None = None
    hops: tuple[Hop, ...] = ()
    mtu: int | None = None
    source: Network | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One policy rule (ip-rule(8)): selectors, then a table, a jump or a refusal.

    `action` is `table`, `goto`, `nop`, `blackhole`, `unreachable`, `prohibit` or `other`.
    A selector that is None does not ask. `unread` names selectors that we cannot judge.
    """

    priority: int
    action: str = "table"
    table: int | None = None
    goto: int | None = None
    invert: bool = False
    source: Network | None = None
    destination: Network | None = None
    in_interface: str | None = None
    out_interface: str | None = None
    mark: int | None = None
    mask: int = 0xFFFFFFFF
    uid_range: tuple[int, int] | None = None
    ip_protocol: int | None = None
    source_ports: tuple[int, int] | None = None
    destination_ports: tuple[int, int] | None = None
    tos: int = 0
    suppress_prefix_length: int | None = None
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An entry of the ARP or NDP cache, or its absence."""

    address: Address
    interface: int
    mac: str | None
    state: NeighbourState


@dataclass(frozen=True, slots=True)
class Answer:
    """What the kernel itself said for this destination (`RTM_GETROUTE`).

    `row`, with `table`, `metric` and `type`, comes from a second question with
    `RTM_F_FIB_MATCH` (Linux 4.13 and newer); None where the system does not tell.
    """

    source: Address | None
    hop: Hop
    type: RouteType
    mtu: int | None = None
    row: Network | None = None
    row_metric: int | None = None
    row_table: int | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """A program's socket that waits: TCP LISTEN or an unconnected UDP socket.

    `program` and `pid` are None when the system shows them only to the owner.
    """

    protocol: str
    address: Address
    port: int
    program: str | None = None
    pid: int | None = None
    interface: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Numbers of the kernel that decide fields; defaults are those of Linux."""

    hop_limit: int = 64
    ephemeral: tuple[int, int] = (32768, 60999)
    unprivileged_from: int = 1024
    uid: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a destination, a protocol and perhaps a port.

    `assumed_port` says that the port was not asked for but stands in as an example;
    `mapped`, that the destination was written as ::ffff:a.b.c.d.
    """

    text: str
    destination: Address
    protocol: str = "tcp"
    port: int = 80
    assumed_port: bool = True
    zone: str | None = None
    mapped: bool = False


@dataclass(frozen=True, slots=True)
class NameAnswer:
    """One answer of `getaddrinfo`, in its order; `skipped` is an error code of `words`."""

    address: Address
    zone: str | None = None
    chosen: bool = False
    skipped: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All facts for one destination, read at one time.

    `complete` is False on systems that tell no routing table: then `rows`, `rules` and
    `neighbour` are unknown rather than empty, and `platform` names the system.
    `asked_source` is the source that the kernel's last question carried: see
    `kernel.asks_twice`. `merged` is the kernel's own: until a rule is added, `local` and
    `main` of IPv4 are one trie, searched together (net/ipv4/fib_trie.c, `fib_trie_alias`).
    """

    interfaces: tuple[Interface, ...]
    rows: tuple[Route, ...]
    rules: tuple[Rule, ...]
    answer: Answer
    neighbour: Neighbour | None = None
    listeners: tuple[Listener, ...] = ()
    settings: Settings = field(default_factory=Settings)
    asked_source: Address | None = None
    merged: bool = True
    complete: bool = True
    platform: str = "Linux"

    def interface(self, index: int | None) -> Interface | None:
        """Find an interface by its number."""
        return next((found for found in self.interfaces if found.index == index), None)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a code of `words.REASONS` and the values of its sentence."""

    code: str
    values: Mapping[str, str | int] = field(default_factory=dict)


def reason(code: str, **values: str | int) -> Reason:
    """Make a `Reason` whose values cannot be changed."""
    return Reason(code, MappingProxyType(values))
