"""Every field agrees with tshark, the layers cover the packet, and no bytes raise."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.see.capture.dissect import Layer, dissect

from .packets import samples, tshark_fields, write_pcap

PACKETS = samples()
LINKTYPES = (0, 1, 101, 108, 113, 228, 229, 276, 9999)

# our layer, our field -> tshark's field
COMPARED = {
    ("Ethernet", "type"): "eth.type",
    ("VLAN", "vlan id"): "vlan.id",
    ("VLAN", "priority"): "vlan.priority",
    ("IPv4", "header length"): "ip.hdr_len",
    ("IPv4", "dscp"): "ip.dsfield.dscp",
    ("IPv4", "ecn"): "ip.dsfield.ecn",
    ("IPv4", "total length"): "ip.len",
    ("IPv4", "identification"): "ip.id",
    ("IPv4", "don't fragment"): "ip.flags.df",
    ("IPv4", "more fragments"): "ip.flags.mf",
    ("IPv4", "fragment offset"): "ip.frag_offset",
    ("IPv4", "time to live"): "ip.ttl",
    ("IPv4", "protocol"): "ip.proto",
    ("IPv4", "header checksum"): "ip.checksum",
    ("IPv6", "flow label"): "ipv6.flow",
    ("IPv6", "payload length"): "ipv6.plen",
    ("IPv6", "next header"): "ipv6.nxt",
    ("IPv6", "hop limit"): "ipv6.hlim",
    ("ARP", "operation"): "arp.opcode",
    ("ICMP", "type"): "icmp.type",
    ("ICMP", "code"): "icmp.code",
    ("ICMP", "checksum"): "icmp.checksum",
    ("ICMP", "next-hop mtu"): "icmp.mtu",
    ("ICMPv6", "type"): "icmpv6.type",
    ("ICMPv6", "code"): "icmpv6.code",
    ("ICMPv6", "checksum"): "icmpv6.checksum",
    ("ICMPv6", "mtu"): "icmpv6.mtu",
    ("TCP", "source port"): "tcp.srcport",
    ("TCP", "destination port"): "tcp.dstport",
    ("TCP", "sequence number"): "tcp.seq_raw",
    ("TCP", "acknowledgement number"): "tcp.ack_raw",
    ("TCP", "data offset"): "tcp.hdr_len",
    ("TCP", "flags"): "tcp.flags",
    ("TCP", "window"): "tcp.window_size_value",
    ("TCP", "checksum"): "tcp.checksum",
    ("TCP", "urgent pointer"): "tcp.urgent_pointer",
    ("UDP", "source port"): "udp.srcport",
    ("UDP", "destination port"): "udp.dstport",
    ("UDP", "length"): "udp.length",
    ("UDP", "checksum"): "udp.checksum",
}
IN_WORDS = {("IPv4", "header length"), ("TCP", "data offset")}
# tshark 4.0 leaves a segment quoted by ICMP (not ICMPv6) without its raw sequence number.
NOT_IN_TSHARK = {("too-big4", "sequence number")}


def number(text: str) -> int:
    if text in ("True", "False"):
        return int(text == "True")
    return int(text, 0)


def ours(layers: tuple[Layer, ...], key: tuple[str, str]) -> list[int]:
    factor = 4 if key in IN_WORDS else 1
    return [
        field.value * factor
        for layer in layers
        if layer.name == key[0]
        for field in layer.fields
        if field.name == key[1] and isinstance(field.value, int)
    ]


def test_every_field_agrees_with_tshark(tmp_path: Path) -> None:
    """The oracle of the field is tshark; a difference is our mistake."""
    names = sorted(PACKETS)
    write_pcap(tmp_path / "samples.pcap", [PACKETS[name] for name in names])
    options = ["-o", "ipv6.defragment:FALSE", "-o", "ip.defragment:FALSE"]
    rows = tshark_fields(tmp_path / "samples.pcap", sorted(set(COMPARED.values())), *options)
    assert len(rows) == len(names)
    different = []
    compared = 0
    for name, row in zip(names, rows, strict=True):
        layers = dissect(PACKETS[name])
        for key, theirs in COMPARED.items():
            expected = [number(value) for value in row[theirs]]
            compared += len(expected)
            if ours(layers, key) != expected and (name, key[1]) not in NOT_IN_TSHARK:
                different.append((name, key, ours(layers, key), expected))
    assert not different
    assert compared > 300


@pytest.mark.parametrize("name", sorted(PACKETS))
def test_the_layers_tile_the_packet(name: str) -> None:
    """A byte in no layer, or in two, could not be shown under its header."""
    position = 0
    for layer in dissect(PACKETS[name]):
        assert layer.offset == position
        position += layer.length
        for field in layer.fields:
            assert layer.offset <= field.offset
            assert field.offset + field.length <= position
    assert position == len(PACKETS[name])


def test_a_layer_says_where_it_stands_in_both_models() -> None:
    """The reader learns the OSI and the TCP/IP names from the same packet."""
    layers = dissect(PACKETS["tcp4-data"])
    assert [(layer.name, layer.osi, layer.osi_name, layer.tcpip_name) for layer in layers] == [
        ("Ethernet", 2, "data link", "link"),
        ("IPv4", 3, "network", "internet"),
        ("TCP", 4, "transport", "transport"),
        ("payload", 7, "application", "application"),
    ]


def test_a_quoted_packet_is_marked_as_quoted() -> None:
    """The ports inside an ICMP error are those of another packet."""
    layers = dissect(PACKETS["unreachable4"])
    assert [(layer.name, layer.quoted) for layer in layers[1:]] == [
        ("IPv4", False),
        ("ICMP", False),
        ("IPv4", True),
        ("UDP", True),
        ("payload", True),
    ]


def test_tcp_options_are_each_a_field() -> None:
    """A SYN's options explain windows and segment sizes of the whole flow."""
    tcp = dissect(PACKETS["tcp4-syn"])[2]
    meanings = [field.meaning for field in tcp.fields if field.name == "option"]
    assert meanings[0] == "maximum segment size: 1460 bytes"
    assert "window scale: windows are shifted by 7 (times 128)" in meanings
    assert "timestamps: value 7, echo 9" in meanings


def test_checksums_are_judged() -> None:
    """Right, wrong and left to the card are three different things."""
    good = bytearray(PACKETS["tcp4-data"])

    def verdict(packet: bytes) -> str:
        field = dissect(packet)[2].field("checksum")
        assert field is not None
        return field.meaning

    assert verdict(bytes(good)) == "correct"
    wrong = bytearray(good)
    wrong[-1] ^= 1
    assert verdict(bytes(wrong)) == "wrong"
    assert verdict(bytes(good[:-1])).startswith("not checked")
    total = sum(
        int.from_bytes(part, "big")
        for part in (good[26:28], good[28:30], good[30:32], good[32:34], b"\x00\x06", b"\x00\x19")
    )
    good[50:52] = (total % 0xFFFF).to_bytes(2, "big")
    assert verdict(bytes(good)).startswith("not filled in")


@pytest.mark.parametrize("name", sorted(PACKETS))
@pytest.mark.parametrize("linktype", LINKTYPES)
def test_no_cut_packet_raises_and_every_byte_is_shown(name: str, linktype: int) -> None:
    """Bytes that cannot be read are kept as bytes."""
    packet = PACKETS[name]
    for length in range(len(packet)):
        layers = dissect(packet[:length], linktype)
        assert sum(layer.length for layer in layers) == length


@given(st.binary(max_size=200), st.sampled_from(LINKTYPES))
def test_no_bytes_raise(data: bytes, linktype: int) -> None:
    """What arrives is chosen by strangers."""
    assert sum(layer.length for layer in dissect(data, linktype)) == len(data)


def test_no_mutated_packet_raises() -> None:
    """Damaged packets reach the inner headers that random bytes miss."""
    dice = random.Random(11)
    for packet in PACKETS.values():
        for _ in range(200):
            damaged = bytearray(packet)
            for _ in range(dice.randint(1, 4)):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
            cut = bytes(damaged[: dice.randint(1, len(damaged))])
            assert sum(layer.length for layer in dissect(cut)) == len(cut)
