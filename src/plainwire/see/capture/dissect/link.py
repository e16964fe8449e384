"""Link headers: Ethernet with VLAN tags, Linux cooked headers, BSD loopback; and ARP.

Pure. Rules: IEEE 802.3 and 802.1Q; RFC 826 (ARP, whose layer is the link layer by
RFC 1122 section 2.3.2); draft-ietf-opsawg-pcaplinktype for the cooked headers.
"""

from __future__ import annotations

from plainwire.see.capture import linktypes
from plainwire.see.capture.dissect.model import Cursor, Layer, Meaning
from plainwire.see.capture.dissect.notation import hex_meaning, ip_text, mac_text

ETHERTYPE_NAMES = {
    0x0800: "IPv4",
    0x0806: "ARP",
    0x86DD: "IPv6",
    0x8100: "VLAN tag (802.1Q)",
    0x88A8: "VLAN tag (802.1ad)",
    0x9100: "VLAN tag",
    0x88CC: "LLDP",
    0x8847: "MPLS",
    0x8863: "PPPoE discovery",
    0x8864: "PPPoE session",
}
_SLL_TYPES = {0: "to us", 1: "broadcast", 2: "multicast", 3: "to another host", 4: "sent by us"}
_ARP_OPERATIONS = {1: "request", 2: "reply", 3: "reverse request", 4: "reverse reply"}


def ethertype_meaning(value: int) -> str:
    """Name an EtherType; below 1536 the field is a length (IEEE 802.3 clause 3.2.6)."""
    if value < 0x0600:
        return Meaning("length of an 802.3 frame: {count} bytes", count=value)
    return ETHERTYPE_NAMES.get(value, hex_meaning(value))


def ethernet(cursor: Cursor) -> tuple[Layer, int]:
    """Read the 14 bytes of an Ethernet header; gives the layer and the EtherType."""
    cursor.explain_with("destination", 6, mac_text)
    cursor.explain_with("source", 6, mac_text)
    ethertype = cursor.number("type", 2)
    cursor.explain(ethertype_meaning(ethertype))
    return cursor.layer("Ethernet", 2), ethertype


def vlan(cursor: Cursor) -> tuple[Layer, int]:
    """Read one VLAN tag (the EtherType before it was the Ethernet header's)."""
    cursor.take(2)
    cursor.bits("priority", 2, 0xE000)
    cursor.bits("drop eligible", 2, 0x1000)
    cursor.bits("vlan id", 2, 0x0FFF)
    ethertype = cursor.number("type", 2)
    cursor.explain(ethertype_meaning(ethertype))
    return cursor.layer("VLAN", 2), ethertype


def cooked(cursor: Cursor, linktype: int) -> tuple[Layer, int]:
    """Read a Linux cooked header, version 1 (SLL) or 2 (SLL2)."""
    if linktype == linktypes.LINUX_SLL2:
        ethertype = cursor.number("protocol", 2)
        cursor.explain(ethertype_meaning(ethertype))
        cursor.number("reserved", 2)
        cursor.number("interface index", 4)
        cursor.number("hardware type", 2)
        kind = cursor.number("packet type", 1)
        cursor.explain(_SLL_TYPES.get(kind, ""))
        length = cursor.number("address length", 1)
        cursor.octets("address", 8)
        cursor.explain(mac_text(cursor.data[cursor.position - 8 :][: min(length, 8)]))
        return cursor.layer("Linux cooked v2", 2), ethertype
    kind = cursor.number("packet type", 2)
    cursor.explain(_SLL_TYPES.get(kind, ""))
    cursor.number("hardware type", 2)
    length = cursor.number("address length", 2)
    cursor.octets("address", 8)
    cursor.explain(mac_text(cursor.data[cursor.position - 8 :][: min(length, 8)]))
    ethertype = cursor.number("protocol", 2)
    cursor.explain(ethertype_meaning(ethertype))
    return cursor.layer("Linux cooked", 2), ethertype


def bsd_loopback(cursor: Cursor, linktype: int) -> tuple[Layer, int]:
    """Read the 4-byte address family of BSD loopback captures."""
    cursor.octets("family", 4)
    _, ethertype = linktypes.network_start(cursor.data, linktype)
    cursor.explain(ETHERTYPE_NAMES.get(ethertype, "unknown family"))
    return cursor.layer("BSD loopback", 2), ethertype


def arp(cursor: Cursor) -> Layer:
    """Read an ARP packet of any address sizes (RFC 826)."""
    hardware = cursor.number("hardware type", 2)
    cursor.explain("Ethernet" if hardware == 1 else "")
    protocol = cursor.number("protocol type", 2)
    cursor.explain(ethertype_meaning(protocol))
    hardware_length = cursor.number("hardware length", 1)
    protocol_length = cursor.number("protocol length", 1)
    operation = cursor.number("operation", 2)
    cursor.explain(_ARP_OPERATIONS.get(operation, ""))
    cursor.explain_with("sender hardware address", hardware_length, mac_text)
    sender = cursor.explain_with("sender protocol address", protocol_length, ip_text)
    cursor.explain_with("target hardware address", hardware_length, mac_text)
    target = cursor.explain_with("target protocol address", protocol_length, ip_text)
    if operation == 1:
        cursor.explain(
            Meaning(
                "{target}: who has it? {sender} asks",
                target=ip_text(target),
                sender=ip_text(sender),
            )
        )
    return cursor.layer("ARP", 2)
