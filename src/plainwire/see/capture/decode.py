"""One packet's transport header as a small immutable value: the fast path.

`decode_summary` answers what the ledger and the TCP states need of every packet, in
about a microsecond; `dissect` is the slow path that names every field. It never raises
on any bytes: what is not TCP, UDP or an ICMP error about one of them is None.

Pure: no socket, no clock. Rules: RFC 791 (IPv4), RFC 8200 section 4 (IPv6 and its
extension headers), RFC 9293 section 3.1 (TCP), RFC 768 (UDP), RFC 792 and RFC 4443
(ICMP errors quote the packet they are about).
"""

from __future__ import annotations

import struct
from typing import Final, TypeAlias

import msgspec

from plainwire.see.capture.linktypes import ETHERNET, network_start

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10
URG: Final = 0x20
ECE: Final = 0x40
CWR: Final = 0x80

PROTOCOL_ICMP: Final = 1
PROTOCOL_TCP: Final = 6
PROTOCOL_UDP: Final = 17
PROTOCOL_ICMPV6: Final = 58

# RFC 8200 section 4.1, RFC 6275, RFC 5533, RFC 7401; all but 44 and 51 count 8-byte units.
_EXTENSIONS = frozenset({0, 43, 44, 51, 60, 135, 139, 140})
# A chain longer than this is an attack or noise; RFC 8200 section 4.1 needs at most seven.
_MAX_EXTENSIONS = 16

_IPV4 = struct.Struct("!BBHHHBBH4s4s").unpack_from
_TCP = struct.Struct("!HHIIBBHHH").unpack_from
_UDP = struct.Struct("!HHHH").unpack_from
_PORTS_SEQUENCE = struct.Struct("!HHI").unpack_from
_ICMPV4_ERRORS = frozenset({3, 4, 5, 11, 12})
_ICMPV6_ERRORS = frozenset({1, 2, 3, 4})

_FLAG_NAMES = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")


class Segment(msgspec.Struct, frozen=True, gc=False):
    """A TCP segment: addresses are 4 or 16 raw bytes, numbers as on the wire.

    Attributes:
        sequence, acknowledgement: 32 bits, not relative; see `sequence`.
        flags: the eight flag bits (FIN ... CWR of this module).
        window: as sent, not scaled; see `window_scale_of`.
        options: the raw option bytes, padding included.
        payload_offset: where the payload starts in the packet's bytes.
        payload_length: its true length on the wire, also when the capture cut it.
    """

    source: bytes
    source_port: int
    destination: bytes
    destination_port: int
    sequence: int
    acknowledgement: int
    flags: int
    window: int
    urgent: int
    options: bytes
    payload_offset: int
    payload_length: int

    @property
    def sequence_length(self) -> int:
        """Sequence numbers used: payload bytes, and one each for SYN and FIN (RFC 9293 3.4)."""
        return self.payload_length + (self.flags & FIN) + ((self.flags & SYN) >> 1)


class Datagram(msgspec.Struct, frozen=True, gc=False):
    """A UDP datagram, or its first fragment.

    Attributes:
        payload_length: from the UDP header: the whole datagram, also when fragmented.
        fragmented: more IP fragments follow that have no ports of their own.
    """

    source: bytes
    source_port: int
    destination: bytes
    destination_port: int
    payload_offset: int
    payload_length: int
    fragmented: bool


class IcmpError(msgspec.Struct, frozen=True, gc=False):
    """An ICMP or ICMPv6 error about a TCP segment or a UDP datagram.

    Attributes:
        version: 4 or 6; type and code are numbered differently in each.
        protocol: of the quoted packet, PROTOCOL_TCP or PROTOCOL_UDP.
        quoted_source, ...: the addresses and ports of the packet that failed.
        quoted_sequence: its TCP sequence number; 0 for UDP.
        quoted_length: the payload length of its UDP header; 0 for TCP.
        quoted_id: its IPv4 identification; 0 for IPv6.
        mtu: the next hop's MTU where the type carries one, else 0.
    """

    version: int
    type: int
    code: int
    source: bytes
    destination: bytes
    protocol: int
    quoted_source: bytes
    quoted_source_port: int
    quoted_destination: bytes
    quoted_destination_port: int
    quoted_sequence: int
    mtu: int
    quoted_length: int = 0
    quoted_id: int = 0

    @property
    def unreachable(self) -> bool:
        """True for destination unreachable of any code (type 3, or 1 in ICMPv6)."""
        return self.type == (3 if self.version == 4 else 1)


Summary: TypeAlias = Segment | Datagram | IcmpError


def decode_summary(data: bytes, linktype: int = ETHERNET) -> Summary | None:
    """Decode a packet's transport header; None if it is none of ours or cut inside a header.

    Checksums are not looked at: on loopback and with offload they are not filled in.
    A later IP fragment has no ports and gives None. Any bytes are accepted, none raise.

    Args:
        data: the captured bytes from the link header on.
        linktype: a number of `linktypes`.
    """
    try:
        if linktype == ETHERNET and data[12] == 8 and data[13] == 0:
            return _ipv4(data, 14)
        start, ethertype = network_start(data, linktype)
        if ethertype == 0x0800:
            return _ipv4(data, start)
        if ethertype == 0x86DD:
            return _ipv6(data, start)
    except (struct.error, IndexError):
        pass
    return None


def _ipv4(data: bytes, start: int) -> Summary | None:
    first, _, total, _, fragment, _, protocol, _, source, destination = _IPV4(data, start)
    if fragment & 0x1FFF or first < 0x45 or first > 0x4F:
        return None
    # Segmentation offload beyond 64 KiB leaves the total length 0 (linux: BIG TCP).
    end = start + total if total else len(data)
    offset = start + ((first & 0x0F) << 2)
    if protocol == PROTOCOL_TCP:
        return _segment(data, offset, end, source, destination)
    if protocol == PROTOCOL_UDP:
        return _datagram(data, offset, source, destination, bool(fragment & 0x2000))
    if protocol == PROTOCOL_ICMP:
        return _icmp_error(data, offset, source, destination)
    return None


def _ipv6(data: bytes, start: int) -> Summary | None:
    length = data[start + 4] << 8 | data[start + 5]
    protocol = data[start + 6]
    source = data[start + 8 : start + 24]
    destination = data[start + 24 : start + 40]
    offset = start + 40
    end = offset + length if length else len(data)
    fragmented = False
    if protocol in _EXTENSIONS:
        protocol, offset, fragmented = skip_extensions(data, protocol, offset)
    if protocol == PROTOCOL_TCP:
        return _segment(data, offset, end, source, destination)
    if protocol == PROTOCOL_UDP:
        return _datagram(data, offset, source, destination, fragmented)
    if protocol == PROTOCOL_ICMPV6:
        return _icmpv6_error(data, offset, source, destination)
    return None


def skip_extensions(data: bytes, protocol: int, offset: int) -> tuple[int, int, bool]:
    """Walk IPv6 extension headers (RFC 8200 section 4).

    Returns:
        (next protocol, offset of its header, whether this is a first fragment). The
        protocol is -1 for a later fragment, and for a chain of over 16 headers.

    Raises:
        IndexError: the packet is cut inside the chain.
    """
    fragmented = False
    for _ in range(_MAX_EXTENSIONS):
        if protocol not in _EXTENSIONS:
            return protocol, offset, fragmented
        following = data[offset]
        if protocol == 44:
            if data[offset + 2] or data[offset + 3] & 0xF8:
                return -1, offset, True
            fragmented = fragmented or bool(data[offset + 3] & 1)
            offset += 8
        elif protocol == 51:  # RFC 4302 section 2.2 counts 4-byte units, minus two
            offset += (data[offset + 1] + 2) << 2
        else:
            offset += (data[offset + 1] + 1) << 3
        protocol = following
    return -1, offset, fragmented


def _segment(
    data: bytes, offset: int, end: int, source: bytes, destination: bytes
) -> Segment | None:
    source_port, destination_port, sequence, acknowledgement, size, flags, window, _, urgent = _TCP(
        data, offset
    )
    header = size >> 4 << 2
    payload = offset + header
    if header < 20 or payload > end:
        return None
    options = data[offset + 20 : payload] if header > 20 else b""
    return Segment(
        source,
        source_port,
        destination,
        destination_port,
        sequence,
        acknowledgement,
        flags,
        window,
        urgent,
        options,
        payload,
        end - payload,
    )


def _datagram(
    data: bytes, offset: int, source: bytes, destination: bytes, fragmented: bool
) -> Datagram | None:
    source_port, destination_port, length, _ = _UDP(data, offset)
    if length == 0:  # RFC 2675 section 4: a jumbogram's length is the IP layer's
        length = max(len(data) - offset, 8)
    if length < 8:
        return None
    return Datagram(
        source, source_port, destination, destination_port, offset + 8, length - 8, fragmented
    )


def _icmp_error(data: bytes, offset: int, source: bytes, destination: bytes) -> IcmpError | None:
    kind, code = data[offset], data[offset + 1]
    if kind not in _ICMPV4_ERRORS:
        return None
    inner = offset + 8
    first, _, _, identification, fragment, _, protocol, _, quoted_source, quoted_destination = (
        _IPV4(data, inner)
    )
    if protocol not in (PROTOCOL_TCP, PROTOCOL_UDP) or fragment & 0x1FFF or first >> 4 != 4:
        return None
    ports = _PORTS_SEQUENCE(data, inner + ((first & 0x0F) << 2))
    mtu = data[offset + 6] << 8 | data[offset + 7] if (kind, code) == (3, 4) else 0
    return IcmpError(
        4,
        kind,
        code,
        source,
        destination,
        protocol,
        quoted_source,
        ports[0],
        quoted_destination,
        ports[1],
        ports[2] if protocol == PROTOCOL_TCP else 0,
        mtu,
        max(0, (ports[2] >> 16) - 8) if protocol == PROTOCOL_UDP else 0,
        identification,
    )


def _icmpv6_error(data: bytes, offset: int, source: bytes, destination: bytes) -> IcmpError | None:
    kind, code = data[offset], data[offset + 1]
    if kind not in _ICMPV6_ERRORS:
        return None
    inner = offset + 8
    protocol, start, _ = skip_extensions(data, data[inner + 6], inner + 40)
    if protocol not in (PROTOCOL_TCP, PROTOCOL_UDP):
        return None
    ports = _PORTS_SEQUENCE(data, start)
    return IcmpError(
        6,
        kind,
        code,
        source,
        destination,
        protocol,
        data[inner + 8 : inner + 24],
        ports[0],
        data[inner + 24 : inner + 40],
        ports[1],
        ports[2] if protocol == PROTOCOL_TCP else 0,
        int.from_bytes(data[offset + 4 : offset + 8], "big") if kind == 2 else 0,
        max(0, (ports[2] >> 16) - 8) if protocol == PROTOCOL_UDP else 0,
    )


def flag_names(flags: int) -> str:
    """Name the flags as a reader expects them: "SYN, ACK"; SYN, FIN and RST come first.

    No flag at all gives "none".
    """
    order = (1, 0, 2, 3, 4, 5, 6, 7)
    return ", ".join(_FLAG_NAMES[bit] for bit in order if flags >> bit & 1) or "none"


def identification_of(data: bytes, linktype: int = ETHERNET) -> int:
    """Give a packet's IPv4 identification; 0 for anything else, and for what is cut before it.

    A sender that retransmits counts it up (Linux, Windows) or leaves it 0; a packet that
    was captured twice keeps it.
    """
    start, ethertype = network_start(data, linktype)
    if ethertype != 0x0800 or len(data) < start + 20:
        return 0
    return data[start + 4] << 8 | data[start + 5]


def option_of(options: bytes, wanted: int) -> bytes | None:
    """Find one TCP option's value bytes; None if it is absent or the options are broken.

    Rule: RFC 9293 section 3.1: kinds 0 and 1 are single bytes, others say their length.
    """
    position, end = 0, len(options)
    while position < end:
        kind = options[position]
        if kind == 0:
            return None
        if kind == 1:
            position += 1
            continue
        if position + 1 >= end:
            return None
        length = options[position + 1]
        if length < 2 or position + length > end:
            return None
        if kind == wanted:
            return options[position + 2 : position + length]
        position += length
    return None


def window_scale_of(options: bytes) -> int | None:
    """Give the shift count of a SYN's window scale option, at most 14 (RFC 7323 2.3)."""
    value = option_of(options, 3)
    return min(value[0], 14) if value is not None and len(value) == 1 else None


def maximum_segment_size_of(options: bytes) -> int | None:
    """Give the MSS option of a SYN in bytes (RFC 9293 section 3.7.1), None if absent."""
    value = option_of(options, 2)
    return int.from_bytes(value, "big") if value is not None and len(value) == 2 else None


def sack_blocks_of(options: bytes) -> tuple[tuple[int, int], ...]:
    """Give the selective acknowledgements as (left, right) sequence numbers (RFC 2018)."""
    value = option_of(options, 5)
    if value is None or len(value) % 8:
        return ()
    return tuple(
        (int.from_bytes(value[i : i + 4], "big"), int.from_bytes(value[i + 4 : i + 8], "big"))
        for i in range(0, len(value), 8)
    )
