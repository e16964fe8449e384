"""Link types: what the first bytes of a captured packet are.

The numbers are those of capture files (pcap-linktype, the LINKTYPE_ registry), not the
kernel's ARPHRD_ numbers; `linktype_of_hardware` maps the ones a live capture meets.
Pure. Rules: draft-ietf-opsawg-pcaplinktype; linux/if_arp.h for ARPHRD_.
"""

from __future__ import annotations

from typing import Final

NULL: Final = 0
ETHERNET: Final = 1
RAW: Final = 101
LOOP: Final = 108
LINUX_SLL: Final = 113
IPV4: Final = 228
IPV6: Final = 229
LINUX_SLL2: Final = 276

KNOWN: Final = frozenset({NULL, ETHERNET, RAW, LOOP, LINUX_SLL, IPV4, IPV6, LINUX_SLL2})

ETHERTYPE_IPV4: Final = 0x0800
ETHERTYPE_ARP: Final = 0x0806
ETHERTYPE_IPV6: Final = 0x86DD
# 802.1Q, 802.1ad and the pre-standard double tag; each adds four bytes.
ETHERTYPES_VLAN: Final = frozenset({0x8100, 0x88A8, 0x9100})

# BSD's NULL and LOOP headers carry the address family of the machine that captured.
FAMILIES_IPV6: Final = frozenset({10, 24, 28, 30})

_ARPHRD_ETHER = 1
_ARPHRD_LOOPBACK = 772
_ARPHRD_WITHOUT_HEADER = frozenset({519, 65534, 768, 769, 776, 778, 823})


def linktype_of_hardware(hardware: int) -> int | None:
    """Map an ARPHRD_ number (from sockaddr_ll) to a link type, or None if unknown.

    Loopback has an all-zero Ethernet header on Linux; tunnels have none at all.
    """
    if hardware in (_ARPHRD_ETHER, _ARPHRD_LOOPBACK):
        return ETHERNET
    if hardware in _ARPHRD_WITHOUT_HEADER:
        return RAW
    return None


def header_length(linktype: int) -> int:
    """Give the bytes before the network header: 14 for ETHERNET without tags, 0 for RAW.

    Raises:
        ValueError: the link type is not one a live capture meets.
    """
    if linktype == ETHERNET:
        return 14
    if linktype == RAW:
        return 0
    raise ValueError(f"link type {linktype} has no fixed header length here")


def network_start(data: bytes | memoryview, linktype: int) -> tuple[int, int]:
    """Find where the network header starts, and its EtherType; VLAN tags are skipped.

    Returns:
        (offset, EtherType); EtherType 0 where the bytes name no network protocol.

    Raises:
        IndexError: the packet is cut inside its link header.
    """
    if linktype == ETHERNET:
        start, ethertype = 14, data[12] << 8 | data[13]
        while ethertype in ETHERTYPES_VLAN:
            ethertype = data[start + 2] << 8 | data[start + 3]
            start += 4
        return start, ethertype
    if linktype in (RAW, IPV4, IPV6):
        return 0, _ethertype_of_version(data[0] >> 4)
    if linktype == LINUX_SLL:
        return 16, data[14] << 8 | data[15]
    if linktype == LINUX_SLL2:
        return 20, data[0] << 8 | data[1]
    if linktype in (NULL, LOOP):
        # The family is in the capturing machine's byte order; it always fits one byte.
        return 4, _ethertype_of_family(data[0] or data[3])
    return 0, 0


def _ethertype_of_family(family: int) -> int:
    if family == 2:
        return ETHERTYPE_IPV4
    return ETHERTYPE_IPV6 if family in FAMILIES_IPV6 else 0


def _ethertype_of_version(version: int) -> int:
    if version == 4:
        return ETHERTYPE_IPV4
    return ETHERTYPE_IPV6 if version == 6 else 0
