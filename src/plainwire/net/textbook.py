"""The textbook's account of where a packet goes, beside what the kernel does.

Pure. *The textbook*: AND both addresses with my mask; the same network is reached
directly, anything else through the default gateway. It is right for a machine with one
address and one gateway; `verdict` says where this machine differs and why.
Rule: RFC 1122 section 3.3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from plainwire.net.model import (
    TABLE_MAIN,
    Address,
    Hop,
    Interface,
    InterfaceAddress,
    LinkKind,
    Question,
    Reason,
    Route,
    RouteType,
    Snapshot,
    reason,
)
from plainwire.net.steps import NextHopStep, TextbookStep
from plainwire.net.subnet import compare

if TYPE_CHECKING:
    from collections.abc import Iterable


def default_gateway(rows: Iterable[Route], version: int) -> Hop | None:
    """Find the hop of the best default row of the main table, None without one."""
    defaults = [
        row
        for row in rows
        if row.destination.version == version
        and row.destination.prefixlen == 0
        and row.table == TABLE_MAIN
        and row.type is RouteType.UNICAST
        and row.hops
    ]
    best = min(defaults, key=lambda row: row.metric, default=None)
    return best.hops[0] if best else None


def main_address(
    question: Question, facts: Snapshot, gateway: Hop | None
) -> tuple[InterfaceAddress, Interface] | None:
    """Choose the one address a textbook machine would have.

    For a link-local destination of IPv6 that is the link-local address of the interface it
    names: a global one would be compared with what it can never share a network with.
    """
    version = question.destination.version
    link_local = version == 6 and question.destination.is_link_local
    via = gateway.gateway if gateway else None

    def order(held: tuple[InterfaceAddress, Interface]) -> tuple[bool, bool, bool, bool, int]:
        address, interface = held
        named = question.zone in (interface.name, str(interface.index))
        default = gateway is not None and interface.index == gateway.interface
        # Of several, the one beside the gateway: a textbook machine could not reach it otherwise.
        near = via is not None and via in address.network
        other_scope = address.ip.is_link_local is not link_local
        return (not named, other_scope, not default, not near, interface.index)

    held = [
        (address, interface)
        for interface in facts.interfaces
        if interface.up and interface.kind is not LinkKind.LOOPBACK
        for address in interface.addresses
        if address.version == version
    ]
    return min(held, key=order, default=None)


def compare_with_textbook(question: Question, facts: Snapshot, hop: NextHopStep) -> TextbookStep:
    """Apply the rule to the machine's main address and compare with the kernel's next hop."""
    version = question.destination.version
    default = default_gateway(facts.rows, version)
    gateway = default.gateway if default else None
    found = main_address(question, facts, default)
    if found is None:
        nothing = reason("textbook-no-address", family=f"IPv{version}")
        verdict = reason("differ-local" if hop.kind == "local" else "textbook-silent")
        return TextbookStep(None, None, gateway, None, nothing, verdict, agrees=False)
    mine, interface = found
    comparison = compare(mine, question.destination)
    if comparison.same:
        result = reason("textbook-direct", target=str(question.destination))
    elif gateway is not None:
        result = reason("textbook-gateway", gateway=str(gateway))
    else:
        code = "textbook-no-gateway" if facts.complete else "textbook-gateway-not-told"
        result = reason(code)
    verdict, agrees = _verdict(result.code, gateway, hop, facts)
    if facts.complete and interface.name != hop.interface and hop.kind in ("direct", "gateway"):
        agrees = False
        verdict = reason(
            "differ-interface",
            textbook=interface.name,
            kernel=hop.interface or "-",
            hop=str(hop.address),
        )
    return TextbookStep(mine, interface.name, gateway, comparison, result, verdict, agrees)


def _verdict(
    code: str, gateway: Address | None, hop: NextHopStep, facts: Snapshot
) -> tuple[Reason, bool]:
    via = str(hop.address)
    direct, book_direct = hop.kind == "direct", code == "textbook-direct"
    order: tuple[tuple[bool, Reason, bool], ...] = (
        (not facts.complete, reason("textbook-silent"), False),
        (hop.kind == "local", reason("differ-local"), False),
        (hop.kind == "group", reason("differ-group"), False),
        (book_direct and direct, reason("agree-direct"), True),
        (book_direct, reason("differ-via", gateway=via), False),
        (direct, reason("differ-on-link"), False),
        (gateway == hop.address, reason("agree-gateway", gateway=via), True),
    )
    for holds, verdict, agrees in order:
        if holds:
            return verdict, agrees
    return reason("differ-gateway", gateway=via), False
