"""From facts to an explanation: every step of a packet's way, with its reasons.

Pure: `explain` takes a question, a `Snapshot` and the name's answers, and returns an
immutable `Explanation` of codes and values; `words` gives the sentences, `stations` the
row for a picture. Where our own longest-prefix match and the kernel's answer differ, the
kernel's leads and the difference is said (`kernel-disagrees`).

Rules: RFC 4632 section 5.1 (longest match), RFC 9293 section 3.7.1 (MSS); what Linux does
beyond them is said where it is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from plainwire.net import lookup
from plainwire.net.errors import RouteError
from plainwire.net.frame import BROADCAST_MAC, PROTOCOL, ZERO_MAC, multicast_mac
from plainwire.net.link import frames_of
from plainwire.net.model import (
    TABLE_NAMES,
    Address,
    Interface,
    LinkKind,
    Listener,
    NameAnswer,
    Neighbour,
    NeighbourState,
    Question,
    Reason,
    Route,
    RouteType,
    Snapshot,
    reason,
)
from plainwire.net.steps import (
    Explanation,
    NeighbourStep,
    NextHopStep,
    PortStep,
    RouteStep,
    SizeStep,
    SourceStep,
)
from plainwire.net.textbook import compare_with_textbook

if TYPE_CHECKING:
    from plainwire.net.ports import PortFacts

# Bytes of the fixed headers: IPv4 20, IPv6 40, TCP 20 (RFC 9293 section 3.7.1), UDP 8.
IP_HEADER_BYTES = {4: 20, 6: 40}
TCP_HEADER_BYTES, UDP_HEADER_BYTES = 20, 8
LOST_OUTSIDE = lookup.Verdict.LOST_OUTSIDE
REFUSING = frozenset({RouteType.BLACKHOLE, RouteType.UNREACHABLE, RouteType.PROHIBIT})
USABLE = frozenset(
    {
        NeighbourState.REACHABLE,
        NeighbourState.STALE,
        NeighbourState.DELAY,
        NeighbourState.PROBE,
        NeighbourState.PERMANENT,
        NeighbourState.NOARP,
    }
)


def explain(
    question: Question,
    facts: Snapshot,
    port: PortFacts,
    names: tuple[NameAnswer, ...] = (),
    sent: Reason | None = None,
) -> Explanation:
    """Explain the way of one packet from facts read before.

    Args:
        question: the destination, its protocol and port.
        facts: what the system answered.
        port: what `ports.classify` said.
        names: the answers of the resolver, empty for a literal address.
        sent: what was sent to resolve the neighbour, if anything.
    """
    found = _search(question, facts)
    source = _source(question, facts, found)
    hop = _next_hop(question, facts)
    neighbour = _neighbour(question, facts, hop, sent)
    size = _size(question, facts, found)
    return Explanation(
        question=question,
        names=names,
        port=_port(question, facts, port),
        source=source,
        textbook=compare_with_textbook(question, facts, hop),
        route=_route(facts, found),
        next_hop=hop,
        neighbour=neighbour,
        size=size,
        frames=frames_of(question, facts, source.address, neighbour, size),
        interfaces=facts.interfaces,
        platform=facts.platform,
        complete=facts.complete,
    )


def flow_of(question: Question, facts: Snapshot) -> lookup.Flow:
    """Say what the kernel knows of a packet whose program bound no address."""
    out = next((i for i in facts.interfaces if question.zone in (i.name, str(i.index))), None)
    return lookup.Flow(
        destination=question.destination,
        source=facts.asked_source,
        out_interface=out.name if out and question.zone else None,
        out_index=out.index if out and question.zone else None,
        uid=facts.settings.uid,
        protocol=PROTOCOL[question.protocol],
        destination_port=question.port,
    )


def _search(question: Question, facts: Snapshot) -> lookup.Lookup | None:
    if not facts.complete:
        return None
    flow = flow_of(question, facts)
    return lookup.find(facts.rows, facts.rules, flow, merged=facts.merged)


def _same_row(row: Route, facts: Snapshot) -> bool:
    answer = facts.answer
    # For a group the kernel names the packet's type, whatever row led it there.
    grouped = answer.type in (RouteType.MULTICAST, RouteType.BROADCAST)
    same_type = grouped or answer.type is row.type
    return same_type and (answer.row, answer.row_metric) == (row.destination, row.metric)


def refusal(question: Question, facts: Snapshot, errno: str, fallback: str) -> RouteError:
    """Name the row or rule that refuses the destination, as the error to show.

    Args:
        question: the destination.
        facts: rows and rules; the answer in it is not looked at.
        errno: the kernel's own word, such as `ENETUNREACH`.
        fallback: the code to use when neither row nor rule explains it.
    """
    found = _search(question, facts)
    shown = str(question.destination)
    if found is not None and found.refused is not None:
        rule = next(s.rule for s in found.rules if s.verdict is lookup.RuleVerdict.REFUSED)
        return RouteError(
            "error-rule-refuses",
            destination=shown,
            priority=rule.priority,
            type=rule.action,
            errno=errno,
        )
    if question.destination.is_loopback and not any(
        link.up for link in facts.interfaces if link.kind is LinkKind.LOOPBACK
    ):
        return RouteError("error-loopback-down", destination=shown, errno=errno)
    winner = found.winner if found else None
    if winner is not None and winner.type in REFUSING:
        return RouteError(
            "error-row-refuses",
            destination=shown,
            row=str(winner.destination),
            table=TABLE_NAMES.get(winner.table, str(winner.table)),
            type=str(winner.type),
            errno=errno,
        )
    inside = [c.row for c in found.candidates if c.verdict is not LOST_OUTSIDE] if found else []
    if fallback == "error-no-route" and inside:
        row = str(inside[0].destination)
        return RouteError("error-no-usable-row", destination=shown, row=row, errno=errno)
    return RouteError(fallback, destination=shown, errno=errno)


def _route(facts: Snapshot, found: lookup.Lookup | None) -> RouteStep:
    if found is None:
        return RouteStep(None, False, (reason("route-not-told", platform=facts.platform),))
    custom = any(step.rule not in lookup.default_rules() for step in found.rules)
    reasons = []
    if facts.answer.row is None:
        reasons.append(reason("kernel-tells-no-row"))
    elif found.winner is not None and _same_row(found.winner, facts):
        reasons.append(reason("kernel-agrees", row=str(facts.answer.row)))
    else:
        ours = "-" if found.winner is None else str(found.winner.destination)
        reasons.append(reason("kernel-disagrees", row=str(facts.answer.row), ours=ours))
    if facts.asked_source is not None:
        reasons.append(reason("route-asked-twice", source=str(facts.asked_source)))
    if not found.certain:
        reasons.append(reason("rules-unread"))
    if found.winner is not None and len(found.winner.hops) > 1:
        reasons.append(reason("route-many-hops", count=len(found.winner.hops)))
    return RouteStep(found, custom, tuple(reasons))


def _source(question: Question, facts: Snapshot, found: lookup.Lookup | None) -> SourceStep:
    answer = facts.answer
    interface = facts.interface(answer.hop.interface)
    name = interface.name if interface else None
    winner = found.winner if found else None
    address = answer.source
    if address is None:
        why = reason("source-unknown")
    elif address == question.destination:
        why = reason("source-own")
    elif winner is not None and winner.preferred_source == address:
        why = reason("source-row", row=str(winner.destination))
    elif not facts.complete:
        why = reason("source-connect")
    elif address.version == 6:
        why = reason("source-rfc6724")
    else:
        why = _source_on_interface(address, interface, answer.hop.gateway or question.destination)
    return SourceStep(address, name, why)


def _source_on_interface(address: Address, interface: Interface | None, target: Address) -> Reason:
    if interface is None:
        return reason("source-unknown")
    holders = [held for held in interface.addresses if held.ip == address]
    if not holders:
        return reason("source-elsewhere", interface=interface.name)
    if target in holders[0].network:
        return reason("source-near-hop", interface=interface.name, hop=str(target))
    return reason("source-first", interface=interface.name)


def _next_hop(question: Question, facts: Snapshot) -> NextHopStep:
    answer, target = facts.answer, question.destination
    interface = facts.interface(answer.hop.interface)
    name = interface.name if interface else None
    special = {
        RouteType.LOCAL: ("local", "hop-local"),
        RouteType.ANYCAST: ("local", "hop-local"),
        RouteType.BROADCAST: ("group", "hop-broadcast"),
        RouteType.MULTICAST: ("group", "hop-multicast"),
    }
    if answer.type in special or target.is_multicast:
        kind, code = special.get(answer.type, ("group", "hop-multicast"))
        return NextHopStep(kind, target, name, reason(code))
    if not facts.complete:
        return NextHopStep("unknown", None, name, reason("hop-not-told", platform=facts.platform))
    if answer.hop.gateway is not None:
        gateway = answer.hop.gateway
        code = "hop-gateway" if gateway.version == target.version else "hop-gateway-other-family"
        return NextHopStep("gateway", gateway, name, reason(code, gateway=str(gateway)))
    bare = interface is not None and interface.kind is LinkKind.BARE_IP
    code = "hop-point-to-point" if bare else "hop-direct"
    return NextHopStep("direct", target, name, reason(code, interface=name or "-"))


def _neighbour(
    question: Question, facts: Snapshot, hop: NextHopStep, sent: Reason | None
) -> NeighbourStep:
    interface = facts.interface(facts.answer.hop.interface)
    name = interface.name if interface else "-"
    kind = interface.kind if interface else LinkKind.OTHER
    group_mac = multicast_mac(question.destination) if hop.kind == "group" else None
    silent = interface is not None and not interface.uses_arp and facts.neighbour is None
    order: tuple[tuple[bool, str | None, Reason], ...] = (
        (hop.kind == "local" or kind is LinkKind.LOOPBACK, ZERO_MAC, reason("neighbour-local")),
        (not facts.complete, None, reason("neighbour-not-told", platform=facts.platform)),
        (kind is LinkKind.BARE_IP, None, reason("neighbour-bare", interface=name)),
        (
            facts.answer.type is RouteType.BROADCAST,
            BROADCAST_MAC,
            reason("neighbour-broadcast"),
        ),
        (hop.kind == "group", group_mac, reason("neighbour-multicast")),
        (silent, None, reason("neighbour-noarp", interface=name)),
    )
    for holds, mac, why in order:
        if holds:
            return NeighbourStep(mac, None, why)
    entry = facts.neighbour or Neighbour(
        hop.address or question.destination, 0, None, NeighbourState.ABSENT
    )
    protocol = "ARP" if entry.address.version == 4 else "NDP"
    noarp = entry.state is NeighbourState.NOARP
    code = "neighbour-noarp-state" if noarp else f"neighbour-{entry.state.lower()}"
    why = reason(code, address=str(entry.address), protocol=protocol)
    if interface is not None and not interface.running:
        why = reason("neighbour-no-carrier", interface=name)
    return NeighbourStep(entry.mac if entry.state in USABLE else None, entry.state, why, sent)


def _port(question: Question, facts: Snapshot, port: PortFacts) -> PortStep:
    reasons = [reason(port.kind, port=port.number)]
    low, high = facts.settings.ephemeral
    if port.kernel_picks:
        reasons.append(reason("port-kernel-picks", low=low, high=high))
    listener = None
    if facts.answer.type is RouteType.LOCAL and facts.complete and not question.assumed_port:
        listener = _listener(question, facts)
        if listener is None:
            code = "port-nobody-tcp" if question.protocol == "tcp" else "port-nobody-udp"
            reasons.append(reason(code, port=port.number))
        elif listener.program is None:
            reasons.append(reason("port-listener-hidden", port=port.number))
        else:
            name, pid = listener.program, listener.pid or 0
            reasons.append(reason("port-listener", program=name, pid=pid))
    return PortStep(port, question.assumed_port, listener, tuple(reasons))


def _listener(question: Question, facts: Snapshot) -> Listener | None:
    def hears(listener: Listener) -> bool:
        if (listener.protocol, listener.port) != (question.protocol, question.port):
            return False
        bound = listener.address
        # An IPv6 wildcard takes IPv4 as well unless IPV6_V6ONLY is set, which is not told.
        anything = bound.is_unspecified and bound.version in (question.destination.version, 6)
        return bound == question.destination or anything

    hearing = [listener for listener in facts.listeners if hears(listener)]
    hearing.sort(key=lambda found: (found.address.is_unspecified, found.address.version))
    return hearing[0] if hearing else None


def _size(question: Question, facts: Snapshot, found: lookup.Lookup | None) -> SizeStep:
    interface = facts.interface(facts.answer.hop.interface)
    link_mtu = interface.mtu if interface else None
    mtu = facts.answer.mtu or link_mtu
    if mtu is None:
        return SizeStep(None, None, reason("size-not-told", platform=facts.platform))
    name = interface.name if interface else "-"
    headers = IP_HEADER_BYTES[question.destination.version]
    headers += TCP_HEADER_BYTES if question.protocol == "tcp" else UDP_HEADER_BYTES
    if facts.answer.mtu is None or facts.answer.mtu == link_mtu:
        why = reason("size-interface", mtu=mtu, interface=name)
    elif found is not None and found.winner is not None and found.winner.mtu == mtu:
        why = reason("size-row", mtu=mtu, row=str(found.winner.destination))
    else:
        why = reason("size-learned", mtu=mtu)
    return SizeStep(mtu, mtu - headers, why)
