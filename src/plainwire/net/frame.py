"""Bytes of the first frames of a conversation, each field named by its layer.

Pure: builds from values, sends nothing. A field is *known* (it will be so), an *example*
(the kernel picks it when it sends: source port, sequence number, IP identification) or
*unknown* (a MAC that nobody has asked for yet). Checksums are true sums over the bytes
shown, so they are examples wherever they cover one.

Rules: IEEE 802.3 (Ethernet), RFC 826 (ARP), RFC 791 (IPv4), RFC 8200 (IPv6), RFC 9293
(TCP), RFC 7323 (timestamps, window scale), RFC 2018 (SACK), RFC 768 (UDP), RFC 4861 (NDP).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address
from struct import pack
from typing import TYPE_CHECKING

from plainwire.net.model import Address

if TYPE_CHECKING:
    from collections.abc import Iterable

BROADCAST_MAC = "ff:ff:ff:ff:ff:ff"
ZERO_MAC = "00:00:00:00:00:00"
ETHERTYPE = {"ARP": 0x0806, "IPv4": 0x0800, "IPv6": 0x86DD}
OSI_OF = {"Ethernet": 2, "ARP": 2, "IPv4": 3, "IPv6": 3, "ICMPv6": 3, "TCP": 4, "UDP": 4, "data": 7}
PROTOCOL = {"tcp": 6, "udp": 17, "icmpv6": 58}
# Examples, chosen to be recognised in a hex dump. Arbitrary.
EXAMPLE_PORT, EXAMPLE_SEQUENCE, EXAMPLE_ID, EXAMPLE_STAMP = 50000, 0x11223344, 0x1A2B, 1000
EXAMPLE_PAYLOAD = b"hello"
# Window of a Linux SYN for MTU 1500 and its usual scale; both depend on buffer sizes.
EXAMPLE_WINDOW, EXAMPLE_SCALE = 64240, 7


class Sure(StrEnum):
    """How much a field can be relied on."""

    KNOWN = "known"
    EXAMPLE = "example"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Field:
    """Some bytes of a frame: layer and name in the RFC's words, value as people write it."""

    layer: str
    name: str
    data: bytes
    value: str
    sure: Sure = Sure.KNOWN


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole frame as fields in wire order; `purpose` is a code of `words`."""

    purpose: str
    fields: tuple[Field, ...]

    @property
    def data(self) -> bytes:
        """The bytes, an unknown field as zeros."""
        return b"".join(field.data for field in self.fields)

    def layers(self) -> tuple[str, ...]:
        """Name the layers from the outside in."""
        return tuple(dict.fromkeys(field.layer for field in self.fields))


def checksum(data: bytes) -> int:
    """Compute the Internet checksum (RFC 1071): ones' complement sum of 16-bit words."""
    padded = data + b"\0" * (len(data) % 2)
    total = sum(int.from_bytes(padded[at : at + 2]) for at in range(0, len(padded), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def mac_bytes(mac: str) -> bytes:
    """Turn `02:fc:00:00:00:01` into six bytes."""
    return bytes.fromhex(mac.replace(":", ""))


def multicast_mac(address: Address) -> str:
    """Map a multicast group to its MAC: RFC 1112 (IPv4), RFC 2464 section 7 (IPv6)."""
    packed = address.packed
    if address.version == 4:
        tail = bytes([0x01, 0x00, 0x5E, packed[1] & 0x7F, *packed[2:]])
    else:
        tail = bytes([0x33, 0x33, *packed[12:]])
    return tail.hex(":")


def solicited_node(address: Address) -> IPv6Address:
    """Give the group that a neighbour solicitation goes to (RFC 4291 section 2.7.1)."""
    base = int(IPv6Address("ff02::1:ff00:0"))
    return IPv6Address(base | int(address) & 0xFFFFFF)


def ethernet(destination: str | None, source: str | None, payload: str) -> list[Field]:
    """Build an Ethernet header; a MAC of None is unknown and shown as zeros.

    Neither preamble nor the checksum behind the frame: the card adds both.
    """
    kind = ETHERTYPE[payload]
    return [
        _mac("destination MAC", destination),
        _mac("source MAC", source),
        Field("Ethernet", "EtherType", pack("!H", kind), f"0x{kind:04x} {payload}"),
    ]


def _mac(name: str, mac: str | None) -> Field:
    sure = Sure.UNKNOWN if mac is None else Sure.KNOWN
    return Field("Ethernet", name, mac_bytes(mac or ZERO_MAC), mac or "?", sure)


def arp_request(source_mac: str, source: Address, target: Address) -> Frame:
    """Build "who has `target`? tell `source`", sent to everybody on the link."""
    layer = "ARP"
    fields = [
        *ethernet(BROADCAST_MAC, source_mac, "ARP"),
        Field(layer, "hardware type", b"\0\1", "1 Ethernet"),
        Field(layer, "protocol type", b"\x08\0", "0x0800 IPv4"),
        Field(layer, "address sizes", b"\6\4", "6, 4"),
        Field(layer, "operation", b"\0\1", "1 request"),
        Field(layer, "sender MAC", mac_bytes(source_mac), source_mac),
        Field(layer, "sender IP", source.packed, str(source)),
        Field(layer, "target MAC", mac_bytes(ZERO_MAC), "? (asked for)"),
        Field(layer, "target IP", target.packed, str(target)),
    ]
    return Frame("frame-arp", tuple(fields))


def neighbour_solicitation(source_mac: str, source: Address, target: Address) -> Frame:
    """Build IPv6's "who has": an ICMPv6 message to the target's solicited-node group."""
    group = solicited_node(target)
    head = [
        Field("ICMPv6", "type", b"\x87", "135 neighbour solicitation"),
        Field("ICMPv6", "code", b"\0", "0"),
        Field("ICMPv6", "checksum", b"\0\0", ""),
        Field("ICMPv6", "reserved", bytes(4), "0"),
        Field("ICMPv6", "target IP", target.packed, str(target)),
        Field("ICMPv6", "option type, length", b"\1\1", "source link-layer address, 8"),
        Field("ICMPv6", "sender MAC", mac_bytes(source_mac), source_mac),
    ]
    body = _summed(head, 2, source, group, protocol="icmpv6", sure=Sure.KNOWN)
    fields = [
        *ethernet(multicast_mac(group), source_mac, "IPv6"),
        *ip_header(source, group, "icmpv6", _size(body), hop_limit=255),
        *body,
    ]
    return Frame("frame-ndp", tuple(fields))


def ip_header(
    source: Address, destination: Address, protocol: str, payload_bytes: int, *, hop_limit: int
) -> list[Field]:
    """Build the IP header of the destination's family, without options."""
    number = PROTOCOL[protocol]
    named = f"{number} {protocol.upper().replace('V', 'v')}"
    # A datagram carries an example, so its length is one too.
    sized = Sure.EXAMPLE if protocol == "udp" else Sure.KNOWN
    if destination.version == 6:
        layer = "IPv6"
        flow = 0 if protocol == "icmpv6" else 0x12345
        sure = Sure.KNOWN if flow == 0 else Sure.EXAMPLE
        return [
            Field(
                layer, "version, flow label", pack("!I", 6 << 28 | flow), f"6, 0x{flow:05x}", sure
            ),
            Field(layer, "payload length", pack("!H", payload_bytes), str(payload_bytes), sized),
            Field(layer, "next header", bytes([number]), named),
            Field(layer, "hop limit", bytes([hop_limit]), str(hop_limit)),
            Field(layer, "source IP", source.packed, str(source)),
            Field(layer, "destination IP", destination.packed, str(destination)),
        ]
    layer, whole = "IPv4", 20 + payload_bytes
    fields = [
        Field(layer, "version, header length", b"\x45", "4, 20 bytes"),
        Field(layer, "DSCP, ECN", b"\0", "0"),
        Field(layer, "total length", pack("!H", whole), str(whole), sized),
        Field(layer, "identification", pack("!H", EXAMPLE_ID), f"0x{EXAMPLE_ID:04x}", Sure.EXAMPLE),
        Field(layer, "flags, offset", b"\x40\0", "don't fragment, 0"),
        Field(layer, "TTL", bytes([hop_limit]), str(hop_limit)),
        Field(layer, "protocol", bytes([number]), named),
        Field(layer, "header checksum", b"\0\0", ""),
        Field(layer, "source IP", source.packed, str(source)),
        Field(layer, "destination IP", destination.packed, str(destination)),
    ]
    total = checksum(b"".join(field.data for field in fields))
    fields[7] = Field(layer, "header checksum", pack("!H", total), f"0x{total:04x}", Sure.EXAMPLE)
    return fields


def tcp_syn(port: int, mss: int, source: Address, destination: Address) -> list[Field]:
    """Build the SYN of a Linux client: MSS, SACK, timestamps and window scale on.

    Args:
        port: the destination port.
        mss: in bytes, MTU less the fixed headers.
        source: for the checksum's pseudo header.
        destination: for the checksum's pseudo header.
    """
    example, layer = Sure.EXAMPLE, "TCP"
    fields = [
        Field(layer, "source port", pack("!H", EXAMPLE_PORT), str(EXAMPLE_PORT), example),
        Field(layer, "destination port", pack("!H", port), str(port)),
        Field(layer, "sequence", pack("!I", EXAMPLE_SEQUENCE), str(EXAMPLE_SEQUENCE), example),
        Field(layer, "acknowledgement", bytes(4), "0"),
        Field(layer, "header length", b"\xa0", "40 bytes"),
        Field(layer, "flags", b"\x02", "SYN"),
        Field(layer, "window", pack("!H", EXAMPLE_WINDOW), str(EXAMPLE_WINDOW), example),
        Field(layer, "checksum", b"\0\0", ""),
        Field(layer, "urgent pointer", b"\0\0", "0"),
        Field(layer, "option MSS", pack("!BBH", 2, 4, mss), f"{mss} bytes"),
        Field(layer, "option SACK permitted", b"\4\2", "yes"),
        Field(
            layer,
            "option timestamps",
            pack("!BBII", 8, 10, EXAMPLE_STAMP, 0),
            f"{EXAMPLE_STAMP}, 0",
            example,
        ),
        Field(layer, "option padding", b"\1", "NOP"),
        Field(layer, "option window scale", bytes([3, 3, EXAMPLE_SCALE]), "x 128", example),
    ]
    return _summed(fields, 7, source, destination, protocol="tcp", sure=example)


def udp_datagram(port: int, source: Address, destination: Address) -> list[Field]:
    """Build a datagram that carries `EXAMPLE_PAYLOAD`."""
    example, layer = Sure.EXAMPLE, "UDP"
    size = 8 + len(EXAMPLE_PAYLOAD)
    fields = [
        Field(layer, "source port", pack("!H", EXAMPLE_PORT), str(EXAMPLE_PORT), example),
        Field(layer, "destination port", pack("!H", port), str(port)),
        Field(layer, "length", pack("!H", size), str(size), example),
        Field(layer, "checksum", b"\0\0", ""),
        Field("data", "payload", EXAMPLE_PAYLOAD, repr(EXAMPLE_PAYLOAD), example),
    ]
    return _summed(fields, 3, source, destination, protocol="udp", sure=example)


def _summed(
    fields: list[Field],
    at: int,
    source: Address,
    destination: Address,
    *,
    protocol: str,
    sure: Sure,
) -> list[Field]:
    """Put the checksum over pseudo header and fields at index `at`."""
    data = b"".join(field.data for field in fields)
    total = checksum(pseudo_header(source, destination, protocol, len(data)) + data)
    # RFC 768: a sum of zero is sent as all ones, since zero means "no checksum".
    total = 0xFFFF if protocol == "udp" and total == 0 else total
    found = Field(fields[at].layer, "checksum", pack("!H", total), f"0x{total:04x}", sure)
    return [*fields[:at], found, *fields[at + 1 :]]


def pseudo_header(source: Address, destination: Address, protocol: str, size: int) -> bytes:
    """Build what TCP, UDP and ICMPv6 sum besides their own bytes (RFC 9293, RFC 8200 8.1)."""
    number = PROTOCOL[protocol]
    tail = pack("!BBH", 0, number, size) if source.version == 4 else pack("!II", size, number)
    return source.packed + destination.packed + tail


def _size(fields: Iterable[Field]) -> int:
    return sum(len(field.data) for field in fields)


def first_packet(
    link: list[Field],
    source: Address,
    destination: Address,
    *,
    protocol: str,
    port: int,
    mss: int,
    hop_limit: int,
) -> Frame:
    """Build the frame with the SYN, or with the first datagram, behind a link header.

    Args:
        link: the Ethernet fields, or an empty list for a link of bare IP packets.
        source: the IP source, of the destination's family.
        destination: the IP destination.
        protocol: `tcp` or `udp`.
        port: the destination port.
        mss: what the SYN offers, in bytes.
        hop_limit: TTL or hop limit.
    """
    if protocol == "tcp":
        inner, purpose = tcp_syn(port, mss, source, destination), "frame-syn"
    else:
        inner, purpose = udp_datagram(port, source, destination), "frame-datagram"
    header = ip_header(source, destination, protocol, _size(inner), hop_limit=hop_limit)
    return Frame(purpose, (*link, *header, *inner))
