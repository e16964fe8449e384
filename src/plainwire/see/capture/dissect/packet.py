"""Walk a packet from its link header to its payload, one layer after another.

Whatever cannot be read becomes a layer of plain bytes with the reason, so that the
layers always cover the packet. Pure; never raises on any bytes. The rules of each
header are in the sibling modules.
"""

from __future__ import annotations

from collections.abc import Callable

from plainwire.see.capture import linktypes
from plainwire.see.capture.decode import PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP
from plainwire.see.capture.dissect import icmp, internet, link, transport
from plainwire.see.capture.dissect.model import Cursor, CutError, Field, Layer, Meaning
from plainwire.see.capture.dissect.transport import Around

# Tags, tunnels, extension headers and one quoted packet; more is noise or an attack.
_MAX_LAYERS = 40


def dissect(data: bytes, linktype: int = linktypes.ETHERNET) -> tuple[Layer, ...]:
    """Give every layer of a packet with every field: name, value, meaning, place.

    Args:
        data: the captured bytes from the link header on.
        linktype: a number of `linktypes`; an unknown one gives one layer of bytes.

    Returns:
        The layers in wire order; those of a packet quoted by an ICMP error have
        `quoted` set. Bytes that no header claims are in a last layer named "payload",
        "padding" (behind the internet layer's end) or "bytes" (could not be read).
    """
    walk = _Walk(data)
    walk.packet(linktype)
    return tuple(walk.layers)


class _Walk:
    """The layers found so far in one packet."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.layers: list[Layer] = []
        self.position = 0
        self.quoted = False

    def packet(self, linktype: int) -> None:
        ethertype = self._guard("link header", 2, lambda: self._link(linktype))
        if ethertype is not None:
            self._network(ethertype)

    def _guard(self, name: str, osi: int, read: Callable[[], int | None]) -> int | None:
        """Run one reader; a cut header becomes bytes, and None says to go no further."""
        if len(self.layers) > _MAX_LAYERS:
            self._bytes("bytes", osi, "too many headers")
            return None
        try:
            return read()
        except (CutError, IndexError):
            left = len(self.data) - self.position
            self._bytes(
                "bytes",
                osi,
                Meaning("cut inside the {name}: {count} bytes are here", name=name, count=left),
            )
            return None

    def _add(self, layer: Layer) -> None:
        if self.quoted:
            layer = Layer(
                layer.name,
                layer.osi,
                layer.osi_name,
                layer.tcpip_name,
                layer.offset,
                layer.length,
                layer.fields,
                quoted=True,
            )
        self.layers.append(layer)
        self.position = layer.offset + layer.length

    def _bytes(self, name: str, osi: int, meaning: str, end: int | None = None) -> None:
        cursor = Cursor(self.data, self.position, end)
        if cursor.rest("bytes", meaning):
            self._add(cursor.layer(name, osi))

    def _cursor(self) -> Cursor:
        return Cursor(self.data, self.position)

    def _link(self, linktype: int) -> int | None:
        if linktype == linktypes.ETHERNET:
            layer, ethertype = link.ethernet(self._cursor())
            self._add(layer)
            while ethertype in linktypes.ETHERTYPES_VLAN and len(self.layers) < _MAX_LAYERS:
                layer, ethertype = link.vlan(self._cursor())
                self._add(layer)
            return ethertype
        if linktype in (linktypes.LINUX_SLL, linktypes.LINUX_SLL2):
            layer, ethertype = link.cooked(self._cursor(), linktype)
        elif linktype in (linktypes.NULL, linktypes.LOOP):
            layer, ethertype = link.bsd_loopback(self._cursor(), linktype)
        elif linktype in (linktypes.RAW, linktypes.IPV4, linktypes.IPV6):
            return linktypes.network_start(self.data, linktype)[1]
        else:
            self._bytes(
                "bytes", 2, Meaning("link type {number} is not known here", number=linktype)
            )
            return None
        self._add(layer)
        return ethertype

    def _network(self, ethertype: int) -> None:
        if ethertype == linktypes.ETHERTYPE_IPV4:
            self._guard("IPv4 header", 3, self._ipv4)
        elif ethertype == linktypes.ETHERTYPE_IPV6:
            self._guard("IPv6 header", 3, self._ipv6)
        elif ethertype == linktypes.ETHERTYPE_ARP:
            self._guard("ARP packet", 2, self._arp)
            self._bytes("padding", 2, "fills the Ethernet frame to its least size")
        else:
            self._bytes("payload", 7, "")

    def _arp(self) -> None:
        self._add(link.arp(self._cursor()))

    def _ipv4(self) -> None:
        cursor = self._cursor()
        layer, protocol, end, first = internet.ipv4(cursor)
        self._add(layer)
        data, start = self.data, layer.offset
        around = Around((data[start + 12 : start + 16], data[start + 16 : start + 20], end))
        if first:
            self._transport(protocol, around)
        else:
            self._bytes("payload", 4, "a later fragment: its first has the ports", end)
        self._padding(end)

    def _ipv6(self) -> None:
        layer, protocol, end = internet.ipv6(self._cursor())
        self._add(layer)
        data, start = self.data, layer.offset
        around = Around((data[start + 8 : start + 24], data[start + 24 : start + 40], end))
        while protocol in internet.EXTENSIONS and len(self.layers) < _MAX_LAYERS:
            layer, protocol, first = internet.extension(self._cursor(), protocol)
            self._add(layer)
            if not first:
                self._bytes("payload", 4, "a later fragment: its first has the ports", end)
                break
        else:
            self._transport(protocol, around)
        self._padding(end)

    def _padding(self, end: int) -> None:
        if not self.quoted:
            self._bytes("payload", 7, "", end)
            self._bytes("padding", 2, "behind the end that the IP header gives")

    def _transport(self, protocol: int, around: Around) -> None:
        readers: dict[int, tuple[str, Callable[[Around], None]]] = {
            PROTOCOL_TCP: ("TCP header", self._tcp),
            PROTOCOL_UDP: ("UDP header", self._udp),
            PROTOCOL_ICMP: ("ICMP message", self._icmp4),
            PROTOCOL_ICMPV6: ("ICMPv6 message", self._icmp6),
        }
        if protocol not in readers:
            name = internet.PROTOCOL_NAMES.get(
                protocol, Meaning("protocol {number}", number=protocol)
            )
            self._bytes("payload", 4, name, around[2])
            return
        name, reader = readers[protocol]
        self._guard(name, 4, lambda: reader(around))

    def _tcp(self, around: Around) -> None:
        self._add(transport.tcp(self._cursor(), around))
        self._bytes("payload", 7, "", around[2])

    def _udp(self, around: Around) -> None:
        self._add(transport.udp(self._cursor(), around))
        self._bytes("payload", 7, "", around[2])

    def _icmp4(self, around: Around) -> None:
        layer, quotes = icmp.icmp4(self._cursor(), around[2])
        self._add(layer)
        self._quote(quotes, linktypes.ETHERTYPE_IPV4, around[2])

    def _icmp6(self, around: Around) -> None:
        layer, quotes = icmp.icmp6(self._cursor(), around[0], around[1], around[2])
        self._add(layer)
        self._quote(quotes, linktypes.ETHERTYPE_IPV6, around[2])

    def _quote(self, quotes: bool, ethertype: int, end: int) -> None:
        if quotes and not self.quoted:
            self.quoted = True
            self._network(ethertype)
            self.quoted = False
        self._bytes("payload", 7, "", end)


__all__ = ["Field", "Layer", "dissect"]
