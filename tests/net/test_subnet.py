"""Subnet arithmetic against hand-worked examples and the definition."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.net import subnet
from plainwire.net.errors import AddressTextError
from plainwire.net.subnet_answer import answer


def test_the_example_of_the_help_text() -> None:
    """192.168.1.7/26 and 192.168.1.70 look alike and are two networks."""
    found = answer("192.168.1.7/26", ("192.168.1.70",))
    facts = found.facts
    assert str(facts.network) == "192.168.1.0/26"
    assert str(facts.broadcast) == "192.168.1.63"
    assert (str(facts.first), str(facts.last)) == ("192.168.1.1", "192.168.1.62")
    assert (facts.hosts, facts.addresses) == (62, 64)
    assert str(facts.wildcard) == "0.0.0.63"
    (other,) = found.others
    assert not other.same
    assert str(other.b.network) == "192.168.1.64/26"
    assert other.differing_bit == 25
    assert other.back is None


@pytest.mark.parametrize(
    ("text", "hosts", "broadcast", "first"),
    [
        ("10.0.0.0/30", 2, "10.0.0.3", "10.0.0.1"),
        ("10.0.0.0/31", 2, None, "10.0.0.0"),
        ("10.0.0.9/32", 1, None, "10.0.0.9"),
        ("0.0.0.0/0", 2**32 - 2, "255.255.255.255", "0.0.0.1"),
        ("fd00::/64", 2**64, None, "fd00::"),
    ],
)
def test_host_ranges_of_the_special_prefixes(
    text: str, hosts: int, broadcast: str | None, first: str
) -> None:
    """A /31 has two hosts and no broadcast (RFC 3021); IPv6 has no broadcast at all."""
    facts = subnet.describe(subnet.parse_interface(text))
    assert facts.hosts == hosts
    assert (facts.broadcast and str(facts.broadcast)) == broadcast
    assert str(facts.first) == first


def test_two_masks_can_disagree() -> None:
    """The classic fault: each end answers the question by its own mask."""
    (other,) = answer("192.168.1.7/26", ("192.168.1.70/24",)).others
    assert (other.same, other.back) == (False, True)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_same_network_means_no_difference_inside_the_mask(a: int, b: int, length: int) -> None:
    """The AND in binary and the first differing bit are two views of one fact."""
    mine = ipaddress.ip_interface((a, length))
    other = ipaddress.ip_address(b)
    found = subnet.compare(mine, other)
    assert found.same == (other in mine.network)
    inside = found.differing_bit is not None and found.differing_bit < length
    assert found.same != inside
    assert int(found.a.network.network_address) == a & int(mine.netmask)


def test_small_ipv6_numbers_stay_ipv6() -> None:
    """::7 is a number that fits IPv4 as well."""
    (other,) = answer("::7/64", ("::1:0:0:0:9",)).others
    assert str(other.a.network) == "::/64"
    assert not other.same


def test_bits_are_written_in_groups() -> None:
    assert subnet.bits(ipaddress.ip_address("192.0.2.1")) == "11000000.00000000.00000010.00000001"
    shown = subnet.bits(ipaddress.ip_address("fd00::1"))
    assert shown.startswith("1111110100000000:")
    assert len(shown) == 128 + 7


@given(st.integers(0, 2**128 - 1), st.integers(0, 127))
def test_halves_and_sibling_belong_together(value: int, length: int) -> None:
    whole = ipaddress.IPv6Network((value >> (128 - length) << (128 - length), length))
    parts = subnet.halves(whole)
    assert parts is not None
    assert subnet.sibling(parts[0]) == parts[1]
    assert subnet.sibling(parts[1]) == parts[0]
    assert subnet.merge(list(parts)) == (whole,)


def test_a_large_split_is_counted_but_not_listed() -> None:
    found = subnet.split(ipaddress.ip_network("10.0.0.0/8"), 30)
    assert found.count == 2**22
    assert len(found.parts) == subnet.SPLIT_SHOWN
    assert str(found.parts[1]) == "10.0.0.4/30"


def test_merge_joins_only_what_is_whole() -> None:
    found = answer("10.0.0.0/24", ("10.0.1.0/24", "10.0.3.0/24"), join=True)
    assert [str(n) for n in found.merged or ()] == ["10.0.0.0/23", "10.0.3.0/24"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("10.0.0.1",), "error-no-mask"),
        (("10.0.0.1/33",), "error-not-a-network"),
        (("10.0.0.1/255.0.255.0",), "error-mask"),
        (("fd00::1/ffff::",), "error-not-a-network"),
        (("10.0.0.1/8", "fd00::1"), "error-two-families"),
        (("10.0.0.1/8", "host"), "error-not-an-address"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(arguments: tuple[str, ...], code: str) -> None:
    with pytest.raises(AddressTextError) as caught:
        answer(arguments[0], arguments[1:])
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "length", "code"),
    [
        ("10.0.0.0/24", 24, "error-split"),
        ("10.0.0.0/24", 33, "error-split"),
        ("10.0.0.1/32", 33, "error-no-parts"),
    ],
)
def test_a_split_must_be_longer(text: str, length: int, code: str) -> None:
    with pytest.raises(AddressTextError) as caught:
        answer(text, (), new_prefix=length)
    assert caught.value.code == code
