"""Packets for the tests, made by scapy so that our own code does not check itself."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoRequest,
    ICMPv6ND_NS,
    ICMPv6PacketTooBig,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
V4 = {"src": "192.0.2.1", "dst": "198.51.100.2"}
V6 = {"src": "2001:db8::1", "dst": "2001:db8::2"}
ALL_OPTIONS: list[tuple[Any, Any]] = [
    ("MSS", 1460),
    ("SAckOK", b""),
    ("Timestamp", (7, 9)),
    ("NOP", None),
    ("WScale", 7),
    ("TFO", (0x11223344, 0x55667788)),
]


def samples() -> dict[str, bytes]:
    """One packet of each kind, by name, all behind an Ethernet header."""
    ether = Ether(**MACS)
    syn = TCP(sport=40000, dport=80, flags="S", seq=1000, window=65535, options=ALL_OPTIONS)
    data = TCP(sport=40000, dport=80, flags="PA", seq=1001, ack=5, window=512)
    sack = TCP(
        sport=80,
        dport=40000,
        flags="A",
        seq=5,
        ack=1001,
        options=[("NOP", None), ("NOP", None), ("SAck", (2000, 3000, 4000, 5000))],
    )
    urgent = TCP(sport=1, dport=2, flags="PAU", seq=9, ack=9, urgptr=1)
    udp = UDP(sport=5000, dport=53)
    built = {
        "tcp4-syn": ether / IP(**V4) / syn,
        "tcp4-data": ether / IP(**V4) / data / Raw(b"hello"),
        "tcp4-sack": ether / IP(**V4) / sack,
        "tcp4-urgent": ether / IP(**V4) / urgent / Raw(b"!"),
        "tcp4-reset": ether / IP(**V4) / TCP(sport=80, dport=40000, flags="RA", ack=1001),
        "tcp4-ecn": ether / IP(**V4, tos=3) / TCP(sport=80, dport=1, flags="SEC"),
        "tcp4-ip-options": ether / IP(**V4, options=[("\x07\x07\x04\x00\x00\x00\x00")]) / data,
        "tcp6-data": ether / IPv6(**V6) / data / Raw(b"hello v6"),
        "tcp6-extensions": ether
        / IPv6(**V6)
        / IPv6ExtHdrHopByHop()
        / IPv6ExtHdrDestOpt()
        / data
        / Raw(b"behind"),
        "udp4": ether / IP(**V4) / udp / Raw(b"query"),
        "udp6": ether / IPv6(**V6) / udp / Raw(b"query"),
        "udp6-fragment": ether / IPv6(**V6) / IPv6ExtHdrFragment(m=1) / udp / Raw(b"x" * 16),
        "vlan": ether / Dot1Q(vlan=42, prio=3) / IP(**V4) / udp / Raw(b"tagged"),
        "arp": ether / ARP(op=1, psrc="192.0.2.1", pdst="192.0.2.9"),
        "ping4": ether / IP(**V4) / ICMP(type=8, id=3, seq=4) / Raw(b"ping"),
        "ping6": ether / IPv6(**V6) / ICMPv6EchoRequest(id=3, seq=4),
        "unreachable4": ether / IP(**V4) / ICMP(type=3, code=3) / IP(**V4) / udp / Raw(b"lost"),
        "too-big4": ether / IP(**V4) / ICMP(type=3, code=4, nexthopmtu=1400) / IP(**V4) / data,
        "unreachable6": ether / IPv6(**V6) / ICMPv6DestUnreach(code=4) / IPv6(**V6) / udp,
        "too-big6": ether / IPv6(**V6) / ICMPv6PacketTooBig(mtu=1280) / IPv6(**V6) / data,
        "neighbour": ether / IPv6(**V6) / ICMPv6ND_NS(tgt="2001:db8::2"),
        "gre": ether / IP(**V4, proto=47) / Raw(b"\x00" * 12),
        "padding": ether / IP(**V4) / TCP(sport=1, dport=2, flags="A") / Raw(b""),
        "unknown": Ether(**MACS, type=0x88B5) / Raw(b"private"),
    }
    packets = {name: bytes(packet) for name, packet in built.items()}
    packets["padding"] += b"\x00" * 6
    return packets


def write_pcap(path: Path, packets: Iterable[bytes], linktype: int = 1) -> None:
    """Write a classic capture file for tshark, independent of our own writer."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, linktype))
        for number, packet in enumerate(packets):
            file.write(struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet)


def tshark_fields(path: Path, fields: Iterable[str], *options: str) -> list[dict[str, list[str]]]:
    """Ask tshark for fields of every packet of a file; absent ones are empty lists."""
    command = ["tshark", "-n", "-r", str(path), *options, "-T", "json"]
    command += [word for name in fields for word in ("-e", name)]
    result = subprocess.run(command, capture_output=True, check=True, timeout=60)
    rows = json.loads(result.stdout or b"[]")
    return [{name: row["_source"]["layers"].get(name, []) for name in fields} for row in rows]
