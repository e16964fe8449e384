"""Frames against known bytes and against the rule of the checksum."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.net import frame
from plainwire.net.frame import Sure

MINE, ROUTER = "02:00:00:00:00:01", "02:00:00:00:00:02"
V4 = (ipaddress.ip_address("192.0.2.2"), ipaddress.ip_address("198.51.100.7"))
V6 = (ipaddress.ip_address("2001:db8::2"), ipaddress.ip_address("2001:db8:1::7"))


def packet(version: int, protocol: str) -> frame.Frame:
    source, target = V4 if version == 4 else V6
    link = frame.ethernet(ROUTER, MINE, f"IPv{version}")
    return frame.first_packet(
        link, source, target, protocol=protocol, port=443, mss=1460, hop_limit=64
    )


def test_checksum_is_that_of_rfc_1071() -> None:
    """The example of RFC 1071 section 3: 0001 f203 f4f5 f6f7 sums to ddf2."""
    assert frame.checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xDDF2 ^ 0xFFFF
    assert frame.checksum(b"\xff") == 0x00FF


def test_arp_request_is_the_well_known_42_bytes() -> None:
    found = frame.arp_request(MINE, V4[0], ipaddress.ip_address("192.0.2.1"))
    assert found.data.hex() == (
        "ffffffffffff02000000000108060001080006040001020000000001c0000202000000000000c0000201"
    )
    assert found.layers() == ("Ethernet", "ARP")


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_lengths_and_checksums_hold(version: int, protocol: str) -> None:
    """A receiver sums header and data with the checksum in place and gets zero."""
    data = packet(version, protocol).data
    assert data[:14].hex() == "0200000000020200000000010800"[:24] + (
        "0800" if version == 4 else "86dd"
    )
    source, target = V4 if version == 4 else V6
    if version == 4:
        assert int.from_bytes(data[16:18]) == len(data) - 14
        assert frame.checksum(data[14:34]) == 0
        inner = data[34:]
    else:
        assert int.from_bytes(data[18:20]) == len(data) - 14 - 40
        inner = data[54:]
    pseudo = frame.pseudo_header(source, target, protocol, len(inner))
    assert frame.checksum(pseudo + inner) == 0


def test_the_syn_offers_the_mss_and_is_a_syn() -> None:
    data = packet(4, "tcp").data
    assert len(data) == 74
    assert data[34 + 13] == 0x02
    assert data[34 + 12] >> 4 == 10
    assert data[54:58] == bytes([2, 4]) + (1460).to_bytes(2)


def test_neighbour_solicitation_goes_to_the_solicited_node_group() -> None:
    """RFC 4291 2.7.1: ff02::1:ff and the last 24 bits; RFC 4861: hop limit 255."""
    target = ipaddress.ip_address("2001:db8::1:2345:6789")
    assert str(frame.solicited_node(target)) == "ff02::1:ff45:6789"
    data = frame.neighbour_solicitation(MINE, V6[0], target).data
    assert data[:6].hex(":") == "33:33:ff:45:67:89"
    assert data[21] == 255
    inner = data[54:]
    group = frame.solicited_node(target)
    assert frame.checksum(frame.pseudo_header(V6[0], group, "icmpv6", len(inner)) + inner) == 0


@pytest.mark.parametrize(
    ("group", "mac"),
    [
        ("224.0.0.251", "01:00:5e:00:00:fb"),
        ("239.129.2.3", "01:00:5e:01:02:03"),
        ("ff02::fb", "33:33:00:00:00:fb"),
    ],
)
def test_multicast_macs_are_computed(group: str, mac: str) -> None:
    assert frame.multicast_mac(ipaddress.ip_address(group)) == mac


def test_an_unknown_mac_is_marked_and_shown_as_zeros() -> None:
    field = frame.ethernet(None, MINE, "IPv4")[0]
    assert (field.sure, field.data, field.value) == (Sure.UNKNOWN, bytes(6), "?")


@given(st.binary(max_size=64))
def test_any_data_with_its_checksum_sums_to_zero(data: bytes) -> None:
    data += b"\0" * (len(data) % 2)
    assert frame.checksum(data + frame.checksum(data).to_bytes(2)) == 0
