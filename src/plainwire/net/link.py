"""Which frames would leave first, given what is known of the link.

Pure. With a usable neighbour the packet itself leaves; without one, ARP (or NDP) leaves
first and the packet waits, its destination MAC unknown. A loopback has Ethernet headers of
zeros (that is what a capture on `lo` shows); a tunnel has none.
"""

from __future__ import annotations

from plainwire.net.frame import (
    ZERO_MAC,
    Field,
    Frame,
    arp_request,
    ethernet,
    first_packet,
    neighbour_solicitation,
)
from plainwire.net.model import Address, Interface, LinkKind, Question, RouteType, Snapshot
from plainwire.net.steps import NeighbourStep, SizeStep

# RFC 9293 section 3.7.1: the MSS of a path whose MTU is not known.
DEFAULT_MSS = {4: 536, 6: 1220}


def frames_of(
    question: Question,
    facts: Snapshot,
    source: Address | None,
    neighbour: NeighbourStep,
    size: SizeStep,
) -> tuple[Frame, ...]:
    """Build the frames in the order they would leave; empty without a source or MAC of ours."""
    interface = facts.interface(facts.answer.hop.interface)
    if facts.answer.type is RouteType.LOCAL and interface is not None:
        # The kernel answers with the owner's interface for IPv6; the packet turns back at lo.
        interface = next((i for i in facts.interfaces if i.kind is LinkKind.LOOPBACK), interface)
    if source is None or interface is None or source.version != question.destination.version:
        return ()
    link = _link(interface, question.destination.version, neighbour)
    if link is None:
        return ()
    mss = size.payload if question.protocol == "tcp" and size.payload else None
    hop_limit = facts.settings.hop_limit
    if question.destination.is_multicast:
        hop_limit = 1  # the default of IP_MULTICAST_TTL and IPV6_MULTICAST_HOPS
    packet = first_packet(
        link,
        source,
        question.destination,
        protocol=question.protocol,
        port=question.port,
        mss=min(max(mss or DEFAULT_MSS[source.version], 0), 0xFFFF),
        hop_limit=hop_limit,
    )
    asking = _asking(interface, source, facts, neighbour)
    return (packet,) if asking is None else (asking, packet)


def _link(interface: Interface, version: int, neighbour: NeighbourStep) -> list[Field] | None:
    if interface.kind is LinkKind.BARE_IP:
        return []
    name = f"IPv{version}"
    if interface.kind is LinkKind.LOOPBACK:
        return ethernet(ZERO_MAC, ZERO_MAC, name)
    if interface.kind is LinkKind.ETHERNET and interface.mac is not None:
        return ethernet(neighbour.mac, interface.mac, name)
    return None


def _asking(
    interface: Interface, source: Address, facts: Snapshot, neighbour: NeighbourStep
) -> Frame | None:
    entry = facts.neighbour
    if neighbour.mac is not None or entry is None or interface.mac is None:
        return None
    if not interface.uses_arp:
        return None
    asker = source
    if entry.address.version != source.version:
        # An IPv4 packet through an IPv6 gateway: asked by NDP, from the link-local address.
        held = [a.ip for a in interface.addresses if a.version == entry.address.version]
        asker = min(held, key=lambda address: not address.is_link_local, default=source)
    if entry.address.version != asker.version:
        return None
    build = arp_request if entry.address.version == 4 else neighbour_solicitation
    return build(interface.mac, asker, entry.address)
