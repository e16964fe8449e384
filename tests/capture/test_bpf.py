"""The compiled filter, run by the kernel itself on every sample packet.

A datagram socketpair runs a socket filter over the bytes sent, without any privilege.
"""

from __future__ import annotations

import random
import socket
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether

from plainwire.see.capture.bpf import MAX_INSTRUCTIONS, compile_filter, port_ranges
from plainwire.see.capture.decode import IcmpError, decode_summary
from plainwire.see.capture.ring import attach_filter

from .packets import V4, samples

PACKETS = samples()
Run = Callable[[tuple[object, ...], bytes], int]

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="SO_ATTACH_FILTER is Linux's"
)


@pytest.fixture
def passed() -> Iterator[Callable[..., int]]:
    """Give a function that runs a program on bytes and returns how many are kept."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    far.setblocking(False)

    def run(program: tuple[object, ...], packet: bytes) -> int:
        attach_filter(far, program)  # type: ignore[arg-type]
        near.send(packet)
        try:
            return len(far.recv(1 << 17))
        except BlockingIOError:
            return 0

    with near, far:
        yield run


def ports_of(packet: bytes) -> tuple[int, int] | None:
    summary = decode_summary(packet)
    if summary is None:
        return None
    if isinstance(summary, IcmpError):
        return summary.quoted_source_port, summary.quoted_destination_port
    return summary.source_port, summary.destination_port


@pytest.mark.parametrize("name", sorted(PACKETS))
def test_exactly_the_packets_of_a_port_pass(name: str, passed: Callable[..., int]) -> None:
    """Each end's port alone is enough; another port's packets are not copied."""
    packet = PACKETS[name]
    if name == "vlan":
        return  # the kernel takes the tag out before the filter sees the packet
    ports = ports_of(packet)
    # IPv6 extension headers cannot be walked without loops: those packets all pass.
    always = name in {"tcp6-extensions", "udp6-fragment"}
    for port in (80, 40000, 53, 5000, 1, 2, 999):
        expected = always or (ports is not None and port in ports)
        assert (passed(compile_filter({port}), packet) > 0) == expected, port


def test_no_port_passes_nothing_and_none_passes_all(passed: Callable[..., int]) -> None:
    """Before the first port is known an empty filter keeps strangers' packets out."""
    for name, packet in PACKETS.items():
        if name not in {"tcp6-extensions", "udp6-fragment"}:
            assert passed(compile_filter(()), packet) == 0, name
        assert passed(compile_filter(None), packet) == len(packet), name


def test_arp_passes_when_asked_for(passed: Callable[..., int]) -> None:
    """Who has this address is part of the first packet's story."""
    assert passed(compile_filter({1}, arp=True), PACKETS["arp"]) > 0
    assert passed(compile_filter({1}), PACKETS["arp"]) == 0


def test_a_tunnel_has_no_link_header(passed: Callable[..., int]) -> None:
    """Offsets count from the network header there."""
    for name in ("tcp4-data", "tcp6-data", "unreachable4", "unreachable6"):
        packet = PACKETS[name][14:]
        port = (ports_of(PACKETS[name]) or (0, 0))[1]
        assert passed(compile_filter({port}, link_header=0), packet) > 0
        assert passed(compile_filter({9}, link_header=0), packet) == 0


def test_ip_options_move_the_ports(passed: Callable[..., int]) -> None:
    """The header length is read, not assumed, also in a packet quoted by an error."""
    options = [("\x07\x07\x04\x00\x00\x00\x00")]
    inner = IP(**V4, options=options) / UDP(sport=7001, dport=7002)
    packet = bytes(Ether() / IP(**V4, options=options) / ICMP(type=3, code=3) / inner)
    assert passed(compile_filter({7002}), packet) > 0
    assert passed(compile_filter({7003}), packet) == 0


def test_a_later_fragment_passes(passed: Callable[..., int]) -> None:
    """It has no ports; without it the datagram's end would be missing."""
    packet = bytes(Ether() / IP(**V4, frag=100, proto=17) / b"rest of a datagram")
    assert passed(compile_filter({1}), packet) > 0


def test_the_snap_length_cuts(passed: Callable[..., int]) -> None:
    """Headers only, where payload must not be kept."""
    assert passed(compile_filter({80}, snap=54), PACKETS["tcp4-data"]) == 54


@pytest.mark.parametrize("count", [1, 4, 5, 9, 100, 400, 5000])
def test_large_sets_of_ports_lose_nothing(count: int, passed: Callable[..., int]) -> None:
    """Whatever the number, the program fits the kernel and passes every wanted port."""
    dice = random.Random(count)
    wanted = dice.sample(range(65536), count)
    program = compile_filter(wanted)
    assert len(program) <= MAX_INSTRUCTIONS

    def packet(port: int) -> bytes:
        return bytes(Ether() / IP(**V4) / TCP(sport=port, dport=port))

    for port in dice.sample(wanted, min(count, 20)):
        assert passed(program, packet(port)) > 0
    if count <= 400:
        others = sorted(set(range(65536)) - set(wanted))
        for port in dice.sample(others, 20):
            assert passed(program, packet(port)) == 0


@given(st.sets(st.integers(0, 65535), max_size=1000))
def test_ranges_cover_the_ports_in_order(ports: set[int]) -> None:
    """Joining may add ports, never lose one."""
    ranges = port_ranges(ports)
    assert len(ranges) <= 400
    assert ranges == sorted(ranges)
    covered = {port for low, high in ranges for port in range(low, high + 1)}
    assert ports <= covered
    if len(ports) <= 400:
        assert ports == covered


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_out_of_range_is_refused(port: int) -> None:
    """The kernel would silently compare 32 bits and never match."""
    with pytest.raises(ValueError, match=r"not in 0\.\.65535"):
        compile_filter({port})


def test_an_odd_link_header_is_refused() -> None:
    """Offsets of a guessed header would read payload as ports."""
    with pytest.raises(ValueError, match="expected 14 or 0"):
        compile_filter({1}, link_header=4)
