"""The words of opened packets: names of fields and layers, and what values mean. Pure.

    name("sequence number", lookup)          "序列号"
    meaning(field.meaning, lookup)           of a plain text or a `Meaning`

The decoder (capture/dissect) speaks English and knows no catalogue; its texts are the
messages here. A test holds them equal. What stands in no list is said as it is: protocol
names, flags, addresses, names that programs use (`syn`, `ecn`, `dscp`).
"""

from __future__ import annotations

from collections.abc import Callable

from plainwire.see.capture.dissect import Meaning

Lookup = Callable[[str], str]


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "translated later"
    """Mark a message that is translated later."""
    return message


NAMES: tuple[str, ...] = (
    N_("acknowledgement number"),
    N_("address"),
    N_("address length"),
    N_("bytes"),
    N_("checksum"),
    N_("code"),
    N_("contents"),
    N_("data offset"),
    N_("destination"),
    N_("destination port"),
    N_("don't fragment"),
    N_("drop eligible"),
    N_("family"),
    N_("flags"),
    N_("flow label"),
    N_("fragment offset"),
    N_("gateway"),
    N_("hardware length"),
    N_("hardware type"),
    N_("header checksum"),
    N_("header length"),
    N_("hop limit"),
    N_("identification"),
    N_("identifier"),
    N_("interface index"),
    N_("length"),
    N_("more fragments"),
    N_("next header"),
    N_("next-hop mtu"),
    N_("operation"),
    N_("option"),
    N_("packet type"),
    N_("payload"),
    N_("payload length"),
    N_("priority"),
    N_("protocol"),
    N_("protocol length"),
    N_("protocol type"),
    N_("reserved"),
    N_("reserved bit"),
    N_("rest of header"),
    N_("sender hardware address"),
    N_("sender protocol address"),
    N_("sequence number"),
    N_("source"),
    N_("source port"),
    N_("target"),
    N_("target hardware address"),
    N_("target protocol address"),
    N_("time to live"),
    N_("total length"),
    N_("type"),
    N_("unused"),
    N_("urgent pointer"),
    N_("version"),
    N_("vlan id"),
    N_("window"),
)
LAYERS: tuple[str, ...] = (
    N_("BSD loopback"),
    N_("IPv6 extension"),
    N_("Linux cooked"),
    N_("Linux cooked v2"),
    N_("padding"),
    N_("link header"),
    N_("IPv4 header"),
    N_("IPv6 header"),
    N_("TCP header"),
    N_("UDP header"),
    N_("ICMP message"),
    N_("ICMPv6 message"),
    N_("ARP packet"),
)
MEANINGS: tuple[str, ...] = (
    N_("correct"),
    N_("wrong"),
    N_("not used"),
    N_("not checked: the capture cut the packet"),
    N_("not checked: the datagram is not whole in this packet"),
    N_("not filled in: left to the network card (offload); usual on loopback"),
    N_("{count} bytes of header"),
    N_("{count} bytes of header (broken: under 20)"),
    N_("congestion window reduced"),
    N_("ECN echo"),
    N_("the urgent pointer counts"),
    N_("the acknowledgement number counts"),
    N_("hand over to the program without waiting for more"),
    N_("reset: the connection is gone"),
    N_("open: the sequence number is the initial one"),
    N_("the sender has finished sending"),
    N_("zero: the receiver has no room"),
    N_("not scaled"),
    N_("to be shifted by the SYN's window scale"),
    N_("urgent data ends {count} bytes after the sequence number"),
    N_("end of options"),
    N_("no operation"),
    N_("maximum segment size"),
    N_("window scale"),
    N_("SACK permitted"),
    N_("SACK"),
    N_("timestamps"),
    N_("MD5 signature"),
    N_("user timeout"),
    N_("authentication"),
    N_("multipath TCP"),
    N_("fast open cookie"),
    N_("experimental"),
    N_("option {number}"),
    N_("{name}: {count} bytes"),
    N_("{name}: windows are shifted by {shift} (times {factor})"),
    N_("{name}: has {parts}"),
    N_("{name}: value {sent}, echo {echoed}"),
    N_("{name}: {value}"),
    N_("broken: its length does not fit"),
    N_("{count} bytes of payload"),
    N_("0: jumbo datagram"),
    N_("{count} bytes"),
    N_("0: longer than 64 KiB (segmentation offload)"),
    N_("0: longer than 64 KiB (jumbo)"),
    N_("hops left"),
    N_("not capable"),
    N_("capable (1)"),
    N_("capable (0)"),
    N_("congestion experienced"),
    N_("byte {offset} of the whole packet's data"),
    N_("record route"),
    N_("timestamp"),
    N_("security"),
    N_("loose source route"),
    N_("strict source route"),
    N_("router alert"),
    N_("IPv6 hop-by-hop options"),
    N_("IPv4 inside"),
    N_("IPv6 inside"),
    N_("IPv6 routing header"),
    N_("IPv6 fragment header"),
    N_("encrypted (ESP)"),
    N_("authentication header"),
    N_("no next header"),
    N_("IPv6 destination options"),
    N_("protocol {number}"),
    N_("a later fragment: its first has the ports"),
    N_("echo reply"),
    N_("destination unreachable"),
    N_("source quench"),
    N_("redirect"),
    N_("echo request"),
    N_("router advertisement"),
    N_("router solicitation"),
    N_("time exceeded"),
    N_("parameter problem"),
    N_("timestamp request"),
    N_("timestamp reply"),
    N_("network unreachable"),
    N_("host unreachable"),
    N_("protocol unreachable"),
    N_("port unreachable: nobody listens there"),
    N_("fragmentation needed but forbidden"),
    N_("network prohibited"),
    N_("host prohibited"),
    N_("prohibited by a filter"),
    N_("packet too big"),
    N_("multicast listener query"),
    N_("multicast listener report"),
    N_("multicast listener report v2"),
    N_("neighbour solicitation"),
    N_("neighbour advertisement"),
    N_("no route"),
    N_("address unreachable"),
    N_("the largest packet the next link takes"),
    N_("VLAN tag (802.1Q)"),
    N_("VLAN tag (802.1ad)"),
    N_("VLAN tag"),
    N_("PPPoE discovery"),
    N_("PPPoE session"),
    N_("to us"),
    N_("broadcast"),
    N_("multicast"),
    N_("to another host"),
    N_("sent by us"),
    N_("request"),
    N_("reply"),
    N_("reverse request"),
    N_("reverse reply"),
    N_("length of an 802.3 frame: {count} bytes"),
    N_("unknown family"),
    N_("{target}: who has it? {sender} asks"),
    N_("{address} (broadcast)"),
    N_("{address} (all zero)"),
    N_("{address} (multicast)"),
    N_("fills the Ethernet frame to its least size"),
    N_("behind the end that the IP header gives"),
    N_("too many headers"),
    N_("cut inside the {name}: {count} bytes are here"),
    N_("link type {number} is not known here"),
)
_KNOWN = frozenset(NAMES + LAYERS + MEANINGS)


def name(text: str, lookup: Lookup) -> str:
    """The name of a field or a layer; `lookup` finds a message's form in a language."""
    return lookup(text) if text in _KNOWN else text


def meaning(text: str, lookup: Lookup) -> str:
    """A field's meaning; what is filled in is translated too where it has words."""
    if not isinstance(text, Meaning):
        return name(text, lookup)
    values = {
        key: meaning(value, lookup) if isinstance(value, str) else value
        for key, value in text.values.items()
    }
    return lookup(text.template).format(**values)
