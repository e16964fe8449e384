"""The fast path agrees with scapy's packets and survives any bytes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.see.capture import linktypes
from plainwire.see.capture.decode import (
    ACK,
    PROTOCOL_TCP,
    PROTOCOL_UDP,
    PSH,
    SYN,
    Datagram,
    IcmpError,
    Segment,
    decode_summary,
    flag_names,
    maximum_segment_size_of,
    option_of,
    sack_blocks_of,
    window_scale_of,
)

from .conftest import Played
from .packets import samples, tshark_fields

PACKETS = samples()
LINKTYPES = (0, 1, 101, 108, 113, 228, 229, 276, 9999)


def segment(name: str) -> Segment:
    summary = decode_summary(PACKETS[name])
    assert isinstance(summary, Segment)
    return summary


def test_a_data_segment_gives_ports_numbers_and_its_payload() -> None:
    """The ledger joins on exactly these."""
    found = segment("tcp4-data")
    assert (found.source, found.source_port) == (bytes([192, 0, 2, 1]), 40000)
    assert (found.destination, found.destination_port) == (bytes([198, 51, 100, 2]), 80)
    assert (found.sequence, found.acknowledgement, found.window) == (1001, 5, 512)
    assert found.flags == PSH | ACK
    assert PACKETS["tcp4-data"][found.payload_offset :] == b"hello"
    assert found.payload_length == found.sequence_length == 5


def test_a_syn_uses_one_sequence_number_and_carries_its_options() -> None:
    """The stream's first byte is ISN + 1; the window scale is only in the SYN."""
    found = segment("tcp4-syn")
    assert found.flags == SYN
    assert (found.payload_length, found.sequence_length) == (0, 1)
    assert window_scale_of(found.options) == 7
    assert maximum_segment_size_of(found.options) == 1460
    assert option_of(found.options, 8) == bytes([0, 0, 0, 7, 0, 0, 0, 9])
    assert option_of(found.options, 99) is None


def test_sack_blocks_are_read_in_order() -> None:
    """They tell a duplicate ACK for a hole from one for nothing."""
    assert sack_blocks_of(segment("tcp4-sack").options) == ((2000, 3000), (4000, 5000))


def test_ethernet_padding_is_not_payload() -> None:
    """A bare ACK padded to Ethernet's least size would look like data."""
    assert segment("padding").payload_length == 0


@pytest.mark.parametrize("name", ["tcp6-data", "tcp6-extensions"])
def test_ipv6_is_found_behind_its_extension_headers(name: str) -> None:
    """Hop-by-hop and destination options stand between IPv6 and TCP."""
    found = segment(name)
    payload = PACKETS[name][found.payload_offset :]
    assert payload in (b"hello v6", b"behind")
    assert found.payload_length == len(payload)
    assert len(found.source) == 16


def test_a_first_fragment_keeps_the_whole_datagrams_length() -> None:
    """The UDP header counts the datagram, not the fragment."""
    found = decode_summary(PACKETS["udp6-fragment"])
    assert isinstance(found, Datagram)
    assert found.fragmented
    assert found.payload_length == 16


def test_a_vlan_tag_is_skipped() -> None:
    """Tagged frames carry the same segments."""
    found = decode_summary(PACKETS["vlan"])
    assert isinstance(found, Datagram)
    assert PACKETS["vlan"][found.payload_offset :] == b"tagged"


@pytest.mark.parametrize(
    ("name", "protocol", "mtu"),
    [
        ("unreachable4", PROTOCOL_UDP, 0),
        ("too-big4", PROTOCOL_TCP, 1400),
        ("unreachable6", PROTOCOL_UDP, 0),
        ("too-big6", PROTOCOL_TCP, 1280),
    ],
)
def test_an_icmp_error_names_the_packet_it_is_about(name: str, protocol: int, mtu: int) -> None:
    """The error is joined to the innocent call by the quoted ports."""
    found = decode_summary(PACKETS[name])
    assert isinstance(found, IcmpError)
    assert found.protocol == protocol
    assert found.mtu == mtu
    assert found.quoted_destination_port == (53 if protocol == PROTOCOL_UDP else 80)
    assert found.quoted_sequence == (0 if protocol == PROTOCOL_UDP else 1001)
    assert found.unreachable == (found.type in (1, 3))


@pytest.mark.parametrize("name", ["arp", "ping4", "ping6", "gre", "unknown", "neighbour"])
def test_other_packets_are_none(name: str) -> None:
    """They belong to no flow; `dissect` shows them."""
    assert decode_summary(PACKETS[name]) is None


@pytest.mark.parametrize(
    ("linktype", "header"),
    [
        (linktypes.RAW, b""),
        (linktypes.LINUX_SLL, bytes(14) + b"\x08\x00"),
        (linktypes.LINUX_SLL2, b"\x08\x00" + bytes(18)),
        (linktypes.NULL, b"\x02\x00\x00\x00"),
        (linktypes.LOOP, b"\x00\x00\x00\x02"),
    ],
)
def test_every_link_type_leads_to_the_same_segment(linktype: int, header: bytes) -> None:
    """A foreign capture has the link header of the machine it was made on."""
    found = decode_summary(header + PACKETS["tcp4-data"][14:], linktype)
    assert isinstance(found, Segment)
    assert (found.source_port, found.sequence, found.payload_length) == (40000, 1001, 5)


def test_a_cut_payload_keeps_its_true_length() -> None:
    """A snap length must not change stream offsets."""
    found = decode_summary(PACKETS["tcp4-data"][:-3])
    assert isinstance(found, Segment)
    assert found.payload_length == 5


@pytest.mark.parametrize("name", sorted(PACKETS))
@pytest.mark.parametrize("linktype", LINKTYPES)
def test_no_cut_packet_raises(name: str, linktype: int) -> None:
    """A snap length may fall anywhere."""
    packet = PACKETS[name]
    for length in range(len(packet)):
        decode_summary(packet[:length], linktype)


@given(st.binary(max_size=200), st.sampled_from(LINKTYPES))
def test_no_bytes_raise(data: bytes, linktype: int) -> None:
    """What arrives is chosen by strangers."""
    decode_summary(data, linktype)


def test_no_mutated_packet_raises() -> None:
    """Random bytes seldom reach the inner headers; damaged packets do."""
    dice = random.Random(7)
    for packet in PACKETS.values():
        for _ in range(300):
            damaged = bytearray(packet)
            for _ in range(dice.randint(1, 4)):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
            summary = decode_summary(bytes(damaged[: dice.randint(1, len(damaged))]))
            if isinstance(summary, Segment):
                option_of(summary.options, 255)
                sack_blocks_of(summary.options)
                assert summary.payload_length >= 0


def test_every_captured_segment_agrees_with_tshark(played: Played, tmp_path: Path) -> None:
    """The exchanges on loopback, segment by segment."""
    played.write_pcap(tmp_path / "played.pcap")
    names = ["srcport", "dstport", "seq_raw", "ack_raw", "flags", "window_size_value", "len"]
    fields = [f"tcp.{name}" for name in names]
    rows = tshark_fields(tmp_path / "played.pcap", [*fields, "udp.srcport", "udp.length"])
    assert len(rows) == len(played.summaries)
    segments = 0
    for row, summary in zip(rows, played.summaries, strict=True):
        if isinstance(summary, Segment):
            segments += 1
            assert [int(row[field][0], 0) for field in fields] == [
                summary.source_port,
                summary.destination_port,
                summary.sequence,
                summary.acknowledgement,
                summary.flags,
                summary.window,
                summary.payload_length,
            ]
        elif isinstance(summary, Datagram):
            assert [int(row["udp.srcport"][0]), int(row["udp.length"][0])] == [
                summary.source_port,
                summary.payload_length + 8,
            ]
    assert segments > 200


def test_flag_names_put_the_deciding_flag_first() -> None:
    """Readers look for SYN, FIN and RST."""
    assert flag_names(0x12) == "SYN, ACK"
    assert flag_names(0x11) == "FIN, ACK"
    assert flag_names(0) == "none"
