"""How addresses, numbers and checksums are written for a reader. Pure.

Rules: RFC 5952 (IPv6 text), RFC 1071 (the Internet checksum), RFC 8200 section 8.1 and
RFC 9293 section 3.1 (the pseudo-header it covers).
"""

from __future__ import annotations

import ipaddress

from plainwire.see.capture.dissect.model import Meaning


def ip_text(address: bytes) -> str:
    """Write a 4- or 16-byte address; any other length as hex."""
    if len(address) == 4:
        return f"{address[0]}.{address[1]}.{address[2]}.{address[3]}"
    if len(address) == 16:
        return str(ipaddress.IPv6Address(address))
    return address.hex()


def mac_text(address: bytes) -> str:
    """Write a hardware address as 02:00:5e:10:00:01, and say what its bits mean."""
    text = address.hex(":")
    if address == b"\xff" * 6:
        return Meaning("{address} (broadcast)", address=text)
    if address == b"\x00" * 6:
        return Meaning("{address} (all zero)", address=text)
    if address and address[0] & 1:
        return Meaning("{address} (multicast)", address=text)
    return text


def ones_sum(data: bytes, initial: int = 0) -> int:
    """Fold bytes into the 16-bit one's complement sum of RFC 1071, not yet inverted."""
    if len(data) % 2:
        data += b"\x00"
    # 2**16 is 1 modulo 0xffff, so the whole number modulo 0xffff is the folded sum.
    total = initial + int.from_bytes(data, "big")
    folded = total % 0xFFFF
    return 0xFFFF if folded == 0 and total else folded


def pseudo_header(source: bytes, destination: bytes, protocol: int, length: int) -> bytes:
    """Build what TCP, UDP and ICMPv6 checksums cover besides their own bytes."""
    if len(source) == 4:
        return source + destination + bytes((0, protocol)) + length.to_bytes(2, "big")
    return source + destination + length.to_bytes(4, "big") + bytes((0, 0, 0, protocol))


def checksum_meaning(data: bytes, stored: int, pseudo: bytes, *, whole: bool) -> str:
    """Judge a transport checksum from the bytes it covers.

    With offload the kernel leaves only the pseudo-header's sum in the field and lets the
    network card finish it; on loopback nobody ever does. That is not an error.

    Args:
        data: the transport header and payload, checksum field included.
        stored: the checksum field.
        pseudo: the pseudo-header, b"" for ICMP.
        whole: False where the capture cut the payload, so that nothing can be said.
    """
    if not whole:
        return "not checked: the capture cut the packet"
    if ones_sum(pseudo + data) == 0xFFFF:
        return "correct"
    if pseudo and stored == ones_sum(pseudo):
        return "not filled in: left to the network card (offload); usual on loopback"
    return "wrong"


def hex_meaning(value: int, width: int = 4) -> str:
    """Write a number as 0x002a."""
    return f"0x{value:0{width}x}"
