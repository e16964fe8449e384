"""Facts from the Linux kernel, by rtnetlink; no privilege is needed for any of them.

Speaks netlink, with `route_question`. `pyroute2` is imported on the first question (0.2 s),
so that commands which ask nothing stay fast. Must not decide anything: what a fact means
is said in `lookup` and `explain`. Source of numbers: rtnetlink(7), linux/rtnetlink.h,
linux/neighbour.h, linux/if_arp.h.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from plainwire.net.errors import KernelError, RouteError
from plainwire.net.explain import refusal
from plainwire.net.frame import PROTOCOL
from plainwire.net.model import (
    TABLE_MAIN,
    Address,
    Answer,
    Hop,
    Interface,
    InterfaceAddress,
    LinkKind,
    Neighbour,
    NeighbourState,
    Network,
    Question,
    Route,
    RouteType,
    Rule,
    Settings,
    Snapshot,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

# linux/rtnetlink.h: ask which row matched, not only where the packet would go; and name
# its true table (without this flag the answer always says 254).
RTM_F_FIB_MATCH, RTM_F_LOOKUP_TABLE = 0x2000, 0x1000
RTM_F_CLONED = 0x0200
RTNH_F_DEAD = 1
NTF_USE = 0x01
IFF_UP, IFF_LOOPBACK, IFF_POINTOPOINT, IFF_RUNNING, IFF_NOARP = 1, 8, 16, 64, 128
ARPHRD_ETHER, ARPHRD_LOOPBACK = 1, 772
# Point-to-point links without a link header: PPP, raw IP, NONE (tun), IP tunnels.
ARPHRD_BARE = frozenset({512, 519, 65534, 768, 769, 776, 778, 823})
FIB_RULE_INVERT = 2

_TYPES = {
    1: RouteType.UNICAST,
    2: RouteType.LOCAL,
    3: RouteType.BROADCAST,
    4: RouteType.ANYCAST,
    5: RouteType.MULTICAST,
    6: RouteType.BLACKHOLE,
    7: RouteType.UNREACHABLE,
    8: RouteType.PROHIBIT,
    9: RouteType.THROW,
}
# /etc/iproute2/rt_protos: who put a row there.
_PROTOCOLS = {1: "redirect", 2: "kernel", 3: "boot", 4: "static", 9: "ra", 16: "dhcp"}
_STATES = {
    0x01: NeighbourState.INCOMPLETE,
    0x02: NeighbourState.REACHABLE,
    0x04: NeighbourState.STALE,
    0x08: NeighbourState.DELAY,
    0x10: NeighbourState.PROBE,
    0x20: NeighbourState.FAILED,
    0x40: NeighbourState.NOARP,
    0x80: NeighbourState.PERMANENT,
}
_ACTIONS = {
    1: "table",
    2: "goto",
    3: "nop",
    6: "blackhole",
    7: "unreachable",
    8: "prohibit",
}
_UNREAD = ("FRA_L3MDEV", "FRA_TUN_ID", "FRA_SUPPRESS_IFGROUP")


class Kernel:
    """One netlink socket and the questions asked on it; use as a context manager.

    Raises:
        KernelError: on construction, when the system is no Linux, or refuses the socket.
    """

    def __init__(self) -> None:
        if not hasattr(socket, "AF_NETLINK"):
            raise KernelError("error-no-netlink")
        try:
            from pyroute2 import IPRoute

            self._netlink: Any = IPRoute()
        except OSError as error:
            raise KernelError("error-netlink", detail=error.strerror or str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._netlink.close()

    def interfaces(self) -> tuple[Interface, ...]:
        """List all interfaces with their addresses, in the kernel's order."""
        held: dict[int, list[InterfaceAddress]] = {}
        peers: dict[int, list[Address]] = {}
        for message in self._netlink.get_addr():
            text = message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS")
            if text is None:
                continue
            address = ipaddress.ip_interface(f"{text}/{message['prefixlen']}")
            held.setdefault(message["index"], []).append(address)
            peer = message.get_attr("IFA_ADDRESS")
            if peer is not None and peer != text:
                peers.setdefault(message["index"], []).append(ipaddress.ip_address(peer))
        found = []
        for message in self._netlink.get_links():
            index = message["index"]
            link = _interface(message)
            mine = tuple(held.get(index, ()))
            found.append(replace(link, addresses=mine, peer_addresses=tuple(peers.get(index, ()))))
        return tuple(found)

    def rows(self, version: int) -> tuple[Route, ...]:
        """Dump every row of every table of one family (4 or 6).

        Rows of IPv6's route cache (`RTM_F_CLONED`) are left out: they are results.
        """
        messages = self._netlink.get_routes(family=_family(version))
        return tuple(_route(message) for message in messages if not message["flags"] & RTM_F_CLONED)

    def rules(self, version: int) -> tuple[Rule, ...]:
        """Dump the policy rules of one family, lowest priority number first."""
        return tuple(_rule(message) for message in self._netlink.get_rules(_family(version)))

    def answer(
        self, question: Question, out_index: int | None = None, source: Address | None = None
    ) -> Answer:
        """Ask the kernel where it would send, and which row it matched.

        Args:
            question: destination, protocol and port.
            out_index: the interface that must be used, if any.
            source: the address the program is bound to, or that the kernel chose before.

        Raises:
            RouteError: it would refuse; `values["errno"]` is the name it gave.
        """
        asked: dict[str, Any] = {
            "RTA_DST": str(question.destination),
            "RTA_IP_PROTO": PROTOCOL[question.protocol],
            "RTA_DPORT": question.port,
        }
        if out_index is not None:
            asked["RTA_OIF"] = out_index
        if source is not None:
            asked["RTA_SRC"] = str(source)
        message = self._ask(question.destination, asked)
        matched = self._match(question.destination, asked)
        # The kernel names no source that it was told (net/ipv4/route.c, rt_fill_info).
        chosen = message.get_attr("RTA_PREFSRC") or source
        hops = _hops(message)
        return Answer(
            source=ipaddress.ip_address(chosen) if chosen else None,
            hop=hops[0] if hops else Hop(None),
            type=_TYPES.get(message["type"], RouteType.OTHER),
            mtu=_metric(message, "RTAX_MTU"),
            row=None if matched is None else _destination(matched),
            row_metric=None if matched is None else matched.get_attr("RTA_PRIORITY") or 0,
            row_table=None if matched is None else matched.get_attr("RTA_TABLE"),
        )

    def _ask(self, destination: Address, asked: dict[str, Any]) -> Any:
        from plainwire.net.route_question import ask_route

        try:
            return ask_route(asked, destination.version)
        except OSError as error:
            name = errno.errorcode.get(error.errno or 0, str(error))
            raise RouteError(
                _REFUSALS.get(name, "error-route"), destination=str(destination), errno=name
            ) from error

    def _match(self, destination: Address, asked: dict[str, Any]) -> Any | None:
        """Ask with FIB_MATCH; None when this kernel cannot tell (before 4.13)."""
        from plainwire.net.route_question import ask_route

        try:
            found = ask_route(asked, destination.version, RTM_F_FIB_MATCH | RTM_F_LOOKUP_TABLE)
        except OSError:
            return None
        # An old kernel ignores the flag and answers with a cloned route to the address.
        return None if found["flags"] & RTM_F_CLONED else found

    def neighbour(self, address: Address, interface: int) -> Neighbour:
        """Look up one address in the ARP or NDP cache; nothing is sent."""
        wanted = str(address).partition("%")[0]
        for message in self._netlink.get_neighbours(family=_family(address.version)):
            if message["ifindex"] == interface and message.get_attr("NDA_DST") == wanted:
                state = _STATES.get(message["state"], NeighbourState.ABSENT)
                return Neighbour(address, interface, message.get_attr("NDA_LLADDR"), state)
        return Neighbour(address, interface, None, NeighbourState.ABSENT)

    def probe_neighbour(self, address: Address, interface: int) -> bool:
        """Ask the kernel to resolve a neighbour now (`NTF_USE`); False without privilege.

        Sends ARP or NDP only, no IP packet of a program. Needs CAP_NET_ADMIN.
        """
        from pyroute2.netlink.exceptions import NetlinkError

        wanted = str(address).partition("%")[0]
        try:
            self._netlink.neigh(
                "replace",
                dst=wanted,
                ifindex=interface,
                flags=NTF_USE,
                state=0,
                family=_family(address.version),
            )
        except NetlinkError as error:
            if error.code in (errno.EPERM, errno.EACCES):
                return False
            raise
        return True

    def merged(self) -> bool:
        """Tell whether `local` and `main` of IPv4 are still one trie.

        While they are, the kernel names table 254 for its own loopback address although
        the row is listed in 255 (measured on Linux 6.18). The first rule ever added parts
        them for good, also when it is deleted again, so the rules alone cannot tell.
        """
        try:
            question = Question("", ipaddress.ip_address("127.0.0.1"))
            return self.answer(question).row_table == TABLE_MAIN
        except RouteError:
            return False

    def snapshot(self, question: Question) -> Snapshot:
        """Gather everything about one destination.

        Raises:
            RouteError: the kernel would refuse to send there.
        """
        version = question.destination.version
        interfaces = self.interfaces()
        out_index = zone_index(question.zone, interfaces)
        rows, rules = self.rows(version), self.rules(version)
        facts = Snapshot(
            interfaces,
            rows,
            rules,
            Answer(None, Hop(None), RouteType.OTHER),
            settings=settings(version),
            merged=version == 4 and self.merged(),
        )
        try:
            answer = self.answer(question, out_index)
            if asks_twice(question, answer, rules):
                facts = replace(facts, asked_source=answer.source)
                answer = self.answer(question, out_index, answer.source)
        except RouteError as error:
            name = str(error.values["errno"])
            raise refusal(question, facts, name, error.code) from error
        neighbour = None
        index = answer.hop.interface
        if index is not None and answer.type is RouteType.UNICAST:
            neighbour = self.neighbour(answer.hop.gateway or question.destination, index)
        link = facts.interface(index)
        if link is not None:
            facts = replace(facts, settings=settings(version, link.name))
        return replace(facts, answer=answer, neighbour=neighbour)


_REFUSALS = {
    "ENETUNREACH": "error-no-route",
    "EHOSTUNREACH": "error-unreachable",
    "EACCES": "error-prohibit",
    "EINVAL": "error-blackhole",
}


def asks_twice(question: Question, answer: Answer, rules: tuple[Rule, ...]) -> bool:
    """Tell whether `connect` looks the way up again, now with the source it was given.

    It does for IPv4 (net/route.h, `ip_route_connect`), so that rules by source decide
    although the program bound no address; a datagram without `connect` asks once, and IPv6
    as well (net/ipv6/ip6_output.c). Measured on Linux 6.18 by where the packets went.
    """
    asks = question.protocol == "tcp" and question.destination.version == 4
    return asks and answer.source is not None and any(rule.source for rule in rules)


def zone_index(zone: str | None, interfaces: Iterable[Interface]) -> int | None:
    """Turn the zone of `fe80::1%eth0` into an interface number.

    Raises:
        RouteError: no interface has that name or number.
    """
    if zone is None:
        return None
    for interface in interfaces:
        if zone in (interface.name, str(interface.index)):
            return interface.index
    raise RouteError("error-zone", zone=zone)


def settings(version: int, interface: str = "default") -> Settings:
    """Read the few sysctls that decide fields; Linux's own defaults where unreadable.

    IPv6's hop limit belongs to an interface, since a router may announce it (RFC 4861).
    """
    base = Path("/proc/sys/net")
    hops = "ipv4/ip_default_ttl" if version == 4 else f"ipv6/conf/{interface}/hop_limit"
    low, high = [*_numbers(base / "ipv4/ip_local_port_range"), 32768, 60999][:2]
    return Settings(
        hop_limit=[*_numbers(base / hops), 64][0],
        ephemeral=(low, high),
        unprivileged_from=[*_numbers(base / "ipv4/ip_unprivileged_port_start"), 1024][0],
        uid=os.getuid(),
    )


def _numbers(path: Path) -> list[int]:
    try:
        return [int(word) for word in path.read_text(encoding="ascii").split()]
    except (OSError, ValueError):
        return []


def _family(version: int) -> int:
    return socket.AF_INET if version == 4 else socket.AF_INET6


def _interface(message: Any) -> Interface:
    flags = message["flags"]
    number = message["ifi_type"]
    if number == ARPHRD_LOOPBACK:
        kind = LinkKind.LOOPBACK
    elif number == ARPHRD_ETHER:
        kind = LinkKind.ETHERNET
    else:
        kind = LinkKind.BARE_IP if number in ARPHRD_BARE else LinkKind.OTHER
    return Interface(
        index=message["index"],
        name=message.get_attr("IFLA_IFNAME"),
        kind=kind,
        mac=message.get_attr("IFLA_ADDRESS"),
        mtu=message.get_attr("IFLA_MTU"),
        up=bool(flags & IFF_UP),
        running=bool(flags & IFF_RUNNING),
        uses_arp=kind is LinkKind.ETHERNET and not flags & (IFF_NOARP | IFF_POINTOPOINT),
    )


def _network(text: str | None, length: int, family: int) -> Network:
    base = text or ("0.0.0.0" if family == socket.AF_INET else "::")
    return ipaddress.ip_network(f"{base}/{length}", strict=False)


def _destination(message: Any) -> Network:
    return _network(message.get_attr("RTA_DST"), message["dst_len"], message["family"])


def _metric(message: Any, name: str) -> int | None:
    metrics = message.get_attr("RTA_METRICS")
    value = None if metrics is None else metrics.get_attr(name)
    return None if value is None else int(value)


def _gateway(message: Any) -> Address | None:
    text = message.get_attr("RTA_GATEWAY")
    via = message.get_attr("RTA_VIA")
    if text is None and via is not None:
        text = via["addr"]
    return None if text is None else ipaddress.ip_address(text)


def _hops(message: Any) -> tuple[Hop, ...]:
    many = message.get_attr("RTA_MULTIPATH")
    if many:
        return tuple(
            Hop(hop["oif"], _gateway(hop), hop["hops"] + 1, bool(hop["flags"] & RTNH_F_DEAD))
            for hop in many
        )
    interface = message.get_attr("RTA_OIF")
    gateway = _gateway(message)
    if interface is None and gateway is None:
        return ()
    return (Hop(interface, gateway, 1, bool(message["flags"] & RTNH_F_DEAD)),)


def _route(message: Any) -> Route:
    preferred = message.get_attr("RTA_PREFSRC")
    source = message.get_attr("RTA_SRC")
    return Route(
        destination=_destination(message),
        table=message.get_attr("RTA_TABLE") or message["table"],
        type=_TYPES.get(message["type"], RouteType.OTHER),
        metric=message.get_attr("RTA_PRIORITY") or 0,
        tos=message["tos"],
        protocol=_PROTOCOLS.get(message["proto"], str(message["proto"])),
        preferred_source=ipaddress.ip_address(preferred) if preferred else None,
        hops=_hops(message),
        mtu=_metric(message, "RTAX_MTU"),
        source=_network(source, message["src_len"], message["family"])
        if source and message["src_len"]
        else None,
    )


def _pair(value: str | None) -> tuple[int, int] | None:
    """Read a range, which pyroute2 gives as `443:443`."""
    if value is None:
        return None
    low, _, high = value.partition(":")
    return int(low), int(high)


def _rule(message: Any) -> Rule:
    family = message["family"]
    source, destination = message.get_attr("FRA_SRC"), message.get_attr("FRA_DST")
    suppress = message.get_attr("FRA_SUPPRESS_PREFIXLEN")
    mask = message.get_attr("FRA_FWMASK")
    return Rule(
        priority=message.get_attr("FRA_PRIORITY") or 0,
        action=_ACTIONS.get(message["action"], "other"),
        table=message.get_attr("FRA_TABLE") or message["table"] or None,
        goto=message.get_attr("FRA_GOTO"),
        invert=bool(message["flags"] & FIB_RULE_INVERT),
        source=_network(source, message["src_len"], family) if source else None,
        destination=_network(destination, message["dst_len"], family) if destination else None,
        in_interface=message.get_attr("FRA_IIFNAME"),
        out_interface=message.get_attr("FRA_OIFNAME"),
        mark=message.get_attr("FRA_FWMARK"),
        mask=0xFFFFFFFF if mask is None else mask,
        uid_range=_pair(message.get_attr("FRA_UID_RANGE")),
        ip_protocol=message.get_attr("FRA_IP_PROTO"),
        source_ports=_pair(message.get_attr("FRA_SPORT_RANGE")),
        destination_ports=_pair(message.get_attr("FRA_DPORT_RANGE")),
        tos=message["tos"],
        suppress_prefix_length=None if suppress in (None, 0xFFFFFFFF) else suppress,
        unread=tuple(name for name in _UNREAD if message.get_attr(name) not in (None, 0xFFFFFFFF)),
    )
