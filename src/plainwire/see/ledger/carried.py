"""UDP flows and ICMP errors of a capture without calls. Pure, and linear in its packets.

U1  A UDP flow is an unordered pair of (address, port) ends; its client is who sent first.
U2  An ICMP error belongs to the flow that it quotes; of several uses of a TCP connection's
    addresses, to the last that had begun. One that quotes nothing captured has no flow.
U3  The packet it is about is the last before it, by the same sender, with the quoted
    identification and size (UDP) or sequence number (TCP). Only so many are looked at.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator

from plainwire.see.capture.decode import PROTOCOL_UDP, Datagram, identification_of
from plainwire.see.capture.linktypes import ETHERNET
from plainwire.see.ledger.model import Address, Direction, Flow
from plainwire.see.ledger.packets import Sorted, Taken, host_text
from plainwire.see.ledger.wire import Carried, Icmp, RawPacket, Told

_LOOKED_AT = 256  # packets before an ICMP error; routers and kernels answer at once, or never

Raw = tuple[bytes, int]


def flows(datagrams: list[tuple[RawPacket, Datagram]]) -> list[Flow]:
    """The UDP flows, in the order of their first datagrams; their numbers are still 0."""
    found: dict[tuple[Raw, Raw], tuple[Flow, Raw]] = {}
    for packet, datagram in datagrams:
        source = (datagram.source, datagram.source_port)
        target = (datagram.destination, datagram.destination_port)
        key = (source, target) if source <= target else (target, source)
        known = found.get(key)
        if known is None:
            known = found[key] = _flow(packet.t, source, target), source
        flow, client = known
        end = 0 if source == client else 1
        flow.carried.append(Carried(packet.number, packet.t, end, datagram.payload_length))
    return [flow for flow, _ in found.values()]


def _flow(opened: int, source: Raw, target: Raw) -> Flow:
    there, back = Direction(None, None), Direction(None, None)
    ends = ((host_text(source[0]), source[1]), (host_text(target[0]), target[1]))
    return Flow(0, "udp", None, None, there, back, opened, addresses=ends)


def tell(
    flows: list[Flow], found: Sorted, taken: list[RawPacket], linktypes: dict[int, int]
) -> None:
    """Put each ICMP error into the flow that it quotes (U2, U3).

    Args:
        flows: all flows of the capture, in the order of their first packets.
        found: its packets by kind.
        taken: all its packets; packet number N is at N - 1.
        linktypes: the link type of each of its interfaces.
    """
    if not found.icmp:
        return
    by_ends: dict[tuple[str, frozenset[Address]], list[Flow]] = defaultdict(list)
    for flow in flows:
        if flow.addresses is not None:
            by_ends[flow.kind, frozenset(flow.addresses)].append(flow)
    for error in found.icmp:
        kind = "udp" if error.protocol == PROTOCOL_UDP else "tcp"
        uses = by_ends.get((kind, frozenset((error.quoted_source, error.quoted_target))), [])
        quoted = next((flow for flow in reversed(uses) if first(flow) < error.number), None)
        if quoted is None or quoted.addresses is None:
            continue
        end = 0 if quoted.addresses[0] == error.quoted_source else 1
        if kind == "udp":
            about = _datagram(quoted, end, error, taken, linktypes)
        else:
            about = _segment(quoted, end, error, found.segments)
        quoted.told.append(Told(error, end, about))


def first(flow: Flow) -> int:
    """The number of a captured flow's first packet."""
    return flow.carried[0].number if flow.carried else flow.segments[0].number


def _datagram(
    flow: Flow, end: int, error: Icmp, taken: list[RawPacket], linktypes: dict[int, int]
) -> int | None:
    at = bisect_left(flow.carried, error.number, key=lambda c: c.number)
    for sent in _before(flow.carried, at):
        if sent.end == end and sent.size == error.quoted_size:
            packet = taken[sent.number - 1]
            known = identification_of(packet.data, linktypes.get(packet.interface, ETHERNET))
            if not known or not error.quoted_id or known == error.quoted_id:
                return sent.number
    return None


def _before(items: list[Carried], at: int) -> Iterator[Carried]:
    return (items[n] for n in range(at - 1, max(-1, at - 1 - _LOOKED_AT), -1))


def _segment(flow: Flow, end: int, error: Icmp, segments: dict[int, Taken]) -> int | None:
    own = flow.segments
    at = bisect_left(own, error.number, key=lambda s: s.number)
    for n in range(at - 1, max(-1, at - 1 - _LOOKED_AT), -1):
        if own[n].end == end and segments[own[n].number][1].sequence == error.quoted_sequence:
            return own[n].number
    return None
