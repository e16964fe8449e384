"""Internet-layer headers: IPv4 with its options, IPv6 with its extension headers.

Pure. Rules: RFC 791, RFC 2474 and RFC 3168 (the traffic class byte), RFC 8200,
RFC 4302 (authentication header).
"""

from __future__ import annotations

from plainwire.see.capture.dissect.model import Cursor, Layer, Meaning
from plainwire.see.capture.dissect.notation import ip_text, ones_sum

PROTOCOL_NAMES = {
    0: "IPv6 hop-by-hop options",
    1: "ICMP",
    2: "IGMP",
    4: "IPv4 inside",
    6: "TCP",
    17: "UDP",
    41: "IPv6 inside",
    43: "IPv6 routing header",
    44: "IPv6 fragment header",
    47: "GRE",
    50: "encrypted (ESP)",
    51: "authentication header",
    58: "ICMPv6",
    59: "no next header",
    60: "IPv6 destination options",
    89: "OSPF",
    132: "SCTP",
}
EXTENSIONS = frozenset({0, 43, 44, 51, 60, 135, 139, 140})
_ECN = ("not capable", "capable (1)", "capable (0)", "congestion experienced")
_OPTION_NAMES = {
    0: "end of options",
    1: "no operation",
    7: "record route",
    68: "timestamp",
    130: "security",
    131: "loose source route",
    137: "strict source route",
    148: "router alert",
}


def ipv4(cursor: Cursor) -> tuple[Layer, int, int, bool]:
    """Read an IPv4 header.

    Returns:
        (layer, protocol, end of the packet by its total length, whether the bytes after
        the header begin with the protocol's header: False for a later fragment).
    """
    start = cursor.start
    cursor.take(1)
    cursor.bits("version", 1, 0xF0)
    words = cursor.bits("header length", 1, 0x0F)
    cursor.explain(Meaning("{count} bytes", count=words * 4))
    _traffic_class(cursor)
    total = cursor.number("total length", 2)
    cursor.explain(
        Meaning("{count} bytes", count=total)
        if total
        else "0: longer than 64 KiB (segmentation offload)"
    )
    cursor.number("identification", 2)
    offset = _ipv4_fragment(cursor)
    cursor.number("time to live", 1)
    cursor.explain("hops left")
    protocol = cursor.number("protocol", 1)
    cursor.explain(PROTOCOL_NAMES.get(protocol, ""))
    cursor.number("header checksum", 2)
    checksum_at = len(cursor.fields) - 1
    cursor.explain_with("source", 4, ip_text)
    cursor.explain_with("destination", 4, ip_text)
    _ipv4_options(cursor, start + max(words, 5) * 4)
    _judge_ipv4_checksum(cursor, checksum_at)
    end = start + total if total else len(cursor.data)
    return cursor.layer("IPv4", 3), protocol, end, offset == 0


def _traffic_class(cursor: Cursor) -> None:
    cursor.take(1)
    cursor.bits("dscp", 1, 0xFC)
    ecn = cursor.bits("ecn", 1, 0x03)
    cursor.explain(_ECN[ecn])


def _ipv4_fragment(cursor: Cursor) -> int:
    cursor.take(2)
    cursor.bits("reserved bit", 2, 0x8000)
    cursor.bits("don't fragment", 2, 0x4000)
    more = cursor.bits("more fragments", 2, 0x2000)
    offset = cursor.bits("fragment offset", 2, 0x1FFF)
    if offset or more:
        cursor.explain(Meaning("byte {offset} of the whole packet's data", offset=offset * 8))
    return offset


def _ipv4_options(cursor: Cursor, end: int) -> None:
    while cursor.position < end:
        kind = cursor.data[cursor.position] if cursor.position < cursor.end else None
        if kind is None or kind in (0, 1):
            cursor.octets("option", 1, _OPTION_NAMES.get(kind or 0, ""))
            continue
        rest = end - cursor.position
        length = cursor.data[cursor.position + 1] if cursor.position + 1 < cursor.end else 0
        broken = length < 2 or length > rest
        meaning = "broken: its length does not fit" if broken else _OPTION_NAMES.get(kind, "")
        cursor.octets("option", rest if broken else length, meaning)


def _judge_ipv4_checksum(cursor: Cursor, index: int) -> None:
    header = cursor.data[cursor.start : cursor.position]
    correct = ones_sum(header) == 0xFFFF
    field = cursor.fields[index]
    cursor.fields[index] = type(field)(
        field.name, field.value, "correct" if correct else "wrong", field.offset, field.length
    )


def ipv6(cursor: Cursor) -> tuple[Layer, int, int]:
    """Read the fixed IPv6 header; gives (layer, next header, end of the packet)."""
    cursor.take(4)
    cursor.bits("version", 4, 0xF0000000)
    cursor.bits("dscp", 4, 0x0FC00000)
    ecn = cursor.bits("ecn", 4, 0x00300000)
    cursor.explain(_ECN[ecn])
    cursor.bits("flow label", 4, 0x000FFFFF)
    length = cursor.number("payload length", 2)
    cursor.explain(
        Meaning("{count} bytes", count=length) if length else "0: longer than 64 KiB (jumbo)"
    )
    protocol = cursor.number("next header", 1)
    cursor.explain(PROTOCOL_NAMES.get(protocol, ""))
    cursor.number("hop limit", 1, "hops left")
    cursor.explain_with("source", 16, ip_text)
    cursor.explain_with("destination", 16, ip_text)
    end = cursor.position + length if length else len(cursor.data)
    return cursor.layer("IPv6", 3), protocol, end


def extension(cursor: Cursor, protocol: int) -> tuple[Layer, int, bool]:
    """Read one IPv6 extension header.

    Returns:
        (layer, next header, whether the next header's bytes follow: False in a later
        fragment).
    """
    start = cursor.start
    following = cursor.number("next header", 1)
    cursor.explain(PROTOCOL_NAMES.get(following, ""))
    first = True
    if protocol == 44:
        cursor.number("reserved", 1)
        cursor.take(2)
        offset = cursor.bits("fragment offset", 2, 0xFFF8)
        cursor.explain(Meaning("byte {offset} of the whole packet's data", offset=offset * 8))
        cursor.bits("more fragments", 2, 0x0001)
        cursor.number("identification", 4)
        first = offset == 0
    else:
        units = cursor.number("header length", 1)
        size = (units + 2) * 4 if protocol == 51 else (units + 1) * 8
        cursor.explain(Meaning("{count} bytes", count=size))
        cursor.octets("contents", start + size - cursor.position)
    return cursor.layer(PROTOCOL_NAMES.get(protocol, "IPv6 extension"), 3), following, first
