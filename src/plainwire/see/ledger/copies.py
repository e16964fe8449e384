"""Packets that a capture holds twice. Pure, linear, and bounded by what a tenth of a second holds.

A bridge, a mirror port, a router with both its sides captured, or the `any` device give
one packet two stamps. Shown as they came, every segment would look sent again.

Q1  A copy has the same addresses, protocol and first bytes from the transport header on,
    at most WITHIN_NS later. Hop limits and link headers may differ.
Q2  An IPv4 identification other than 0 tells copies from what was sent again. Without one,
    a copy comes from another place (interface or link header), or it is a TCP segment
    within SAME_NS: with its sequence number and time stamps no sender repeats it so soon.
"""

from __future__ import annotations

from plainwire.see.capture.decode import PROTOCOL_TCP, identification_of
from plainwire.see.capture.linktypes import ETHERNET, network_start
from plainwire.see.ledger.model import Ledger
from plainwire.see.ledger.packets import header_of
from plainwire.see.ledger.wire import RawPacket

WITHIN_NS = 100_000_000
SAME_NS = 1_000_000
_COMPARED = 128  # bytes from the transport header on

_Place = tuple[int, bytes]
_Known = tuple[RawPacket, set[_Place]]


def copies(packets: list[RawPacket], linktypes: dict[int, int]) -> dict[int, int]:
    """The numbers of the packets that are copies, and of what they are copies of."""
    found: dict[int, int] = {}
    older: dict[bytes, _Known] = {}
    newer: dict[bytes, _Known] = {}
    turned = 0
    for packet in packets:
        if abs(packet.t - turned) >= WITHIN_NS:
            older, newer, turned = newer, {}, packet.t
        data = packet.data
        try:
            start, key, sure = _key(data, linktypes.get(packet.interface, ETHERNET))
        except IndexError:
            continue
        if not key:
            continue
        place = (packet.interface, data[:start])
        known = newer.get(key) or older.get(key)
        if known is not None and _is_copy(known, packet, place, sure, key):
            known[1].add(place)
            found[packet.number] = known[0].number
        else:
            newer[key] = (packet, {place})
    return found


def _key(data: bytes, linktype: int) -> tuple[int, bytes, bool]:
    """Where the IP header is, what copies share, and whether no other packet does.

    Raises:
        IndexError: the packet is cut inside its headers.
    """
    if linktype == ETHERNET and data[12] == 8 and data[13] == 0:
        start, ethertype = 14, 0x0800
    else:
        start, ethertype = network_start(data, linktype)
    if ethertype == 0x0800:
        transport = start + ((data[start] & 0x0F) << 2)
        mark = data[start + 4 : start + 8]  # identification and fragment offset
        head = data[start + 9 : start + 10] + mark + data[start + 12 : start + 20]
        sure = mark[:2] != b"\0\0"
    elif ethertype == 0x86DD:
        transport, sure = start + 40, False
        head = data[start + 6 : start + 7] + data[start + 8 : transport]
    else:
        return 0, b"", False
    if len(data) <= transport:
        return 0, b"", False
    return start, head + data[transport : transport + _COMPARED], sure


def _is_copy(known: _Known, packet: RawPacket, place: _Place, sure: bool, key: bytes) -> bool:
    first, places = known
    gap = packet.t - first.t  # below 0 where several interfaces were written in turns
    if abs(gap) >= WITHIN_NS:
        return False
    return sure or place not in places or (key[0] == PROTOCOL_TCP and abs(gap) < SAME_NS)


def is_copy(ledger: Ledger, first: int, again: int) -> bool:
    """May segment `again` be segment `first`, captured a second time, however much later?

    Two captures joined in one file, with clocks that differ, hold every packet twice. What
    is sent again has another IP identification, or another time stamp option; where it has
    neither, the two cannot be told apart.

    Args:
        ledger: of a capture; packet number N is its packet N - 1.
        first: a packet's number.
        again: that of a later one.
    """
    marks, rests = [], []
    linktypes = ledger.capture.linktypes if ledger.capture is not None else {}
    for number in (first, again):
        segment, packet = header_of(ledger, number), ledger.packets[number - 1]
        if segment is None:
            return False
        linktype = linktypes.get(packet.interface, ETHERNET)
        marks.append(identification_of(packet.data, linktype))
        rests.append(
            (segment.acknowledgement, segment.flags, segment.window, segment.options,
             segment.payload_length)
        )  # fmt: skip
    return marks[0] == marks[1] if all(marks) else rests[0] == rests[1]
