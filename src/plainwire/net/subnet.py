"""Subnet arithmetic: AND in binary, same network or not, split and merge.

Pure; `ipaddress` of the standard library does the sums, this module lays them out so that
they can be read. Rules: RFC 4632 (CIDR), RFC 3021 (a /31 has two hosts and no broadcast),
RFC 4291 section 2.6.1 (an IPv6 network's first address is the subnet-router anycast).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from plainwire.net.errors import AddressTextError
from plainwire.net.model import Address, InterfaceAddress, Network

# Most networks printed for one split; 2^16 lines teach nobody. The true count is kept.
SPLIT_SHOWN = 64


@dataclass(frozen=True, slots=True)
class MaskAnd:
    """One AND, as an operation on bits: `address AND mask = network`."""

    address: Address
    mask: Address
    network: Network


@dataclass(frozen=True, slots=True)
class SubnetFacts:
    """Everything about one `address/prefix`.

    `broadcast` is None for IPv6, /31 and /32, which have none; `first` and `last` are the
    host range, `hosts` its size, `addresses` all addresses of the network.
    """

    interface: InterfaceAddress
    network: Network
    mask: Address
    wildcard: Address
    broadcast: Address | None
    first: Address
    last: Address
    hosts: int
    addresses: int
    scope: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether `b` is in `a`'s network, by `a`'s mask; and by `b`'s own, when it has one.

    `differing_bit` is the first bit in which the addresses differ, counted from 0 at the
    left (None: equal addresses). It is below the prefix length exactly when the networks
    differ. `back` is None when `b` came without a prefix.
    """

    a: MaskAnd
    b: MaskAnd
    same: bool
    differing_bit: int | None
    back: bool | None


@dataclass(frozen=True, slots=True)
class Split:
    """A network cut into equal parts: the first `SPLIT_SHOWN` of `count` parts."""

    network: Network
    new_prefix: int
    parts: tuple[Network, ...]
    count: int


def parse_interface(text: str) -> InterfaceAddress:
    """Read `192.168.1.7/26`, `192.168.1.7/255.255.255.192` or `fd00::1/64`.

    Raises:
        AddressTextError: no address, no mask, or a mask with holes.
    """
    if "/" not in text:
        parse_address(text)
        raise AddressTextError("error-no-mask", text=text)
    try:
        return ipaddress.ip_interface(text)
    except ValueError as error:
        address, _, mask = text.partition("/")
        code = "error-mask" if _is_ipv4(address) and _is_ipv4(mask) else "error-not-a-network"
        raise AddressTextError(code, text=text, mask=mask) from error


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def parse_address(text: str) -> Address:
    """Read one address without prefix.

    Raises:
        AddressTextError: the text is no IPv4 or IPv6 address.
    """
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise AddressTextError("error-not-an-address", text=text) from error


def bits(address: Address) -> str:
    """Write an address as binary digits: octets by dots (IPv4), 16 bits by colons."""
    step, joint = (8, ".") if address.version == 4 else (16, ":")
    digits = f"{int(address):0{address.max_prefixlen}b}"
    return joint.join(digits[at : at + step] for at in range(0, len(digits), step))


def group_to_open(*networks: Address, length: int) -> int:
    """Number, from 0, the group of 16 bits of IPv6 that is worth seeing in binary.

    The first in which the networks differ, else the one in which the prefix ends.
    """
    differ = (int(networks[0]) ^ int(networks[-1])).bit_length()
    return (128 - differ if differ else max(length - 1, 0)) // 16


def mask_and(address: Address, network: Network) -> MaskAnd:
    """AND an address with the mask of a network of the same family."""
    masked = int(address) & int(network.netmask)
    # Of the same class: ip_network(0) would take every small number for IPv4.
    found = type(network)((masked, network.prefixlen))
    return MaskAnd(address, network.netmask, found)


def first_differing_bit(a: Address, b: Address) -> int | None:
    """Number the first bit, from 0 at the left, that differs; None for equal addresses."""
    difference = int(a) ^ int(b)
    return None if difference == 0 else a.max_prefixlen - difference.bit_length()


def describe(interface: InterfaceAddress) -> SubnetFacts:
    """Work out network, broadcast, host range and counts of one address with its prefix."""
    network: Network = interface.network
    size = network.num_addresses
    first, last = network.network_address, network.broadcast_address
    broadcast: Address | None = None
    if has_broadcast(network):
        broadcast, first, last, hosts = last, first + 1, last - 1, size - 2
    else:
        hosts = size
    return SubnetFacts(
        interface=interface,
        network=network,
        mask=network.netmask,
        wildcard=network.hostmask,
        broadcast=broadcast,
        first=first,
        last=last,
        hosts=hosts,
        addresses=size,
        scope=scope_of(interface.ip),
    )


def has_broadcast(network: Network) -> bool:
    """Tell whether a network's last address means everybody: not of IPv6, /31 (RFC 3021), /32."""
    return network.version == 4 and network.prefixlen <= 30


def scope_of(address: Address) -> str:
    """Name the kind of an address by the registries of RFC 6890; a code of `words`."""
    order = (
        ("scope-loopback", address.is_loopback),
        ("scope-unspecified", address.is_unspecified),
        ("scope-multicast", address.is_multicast),
        ("scope-link-local", address.is_link_local),
        ("scope-shared", address in ipaddress.ip_network("100.64.0.0/10")),
        ("scope-private", address.is_private),
        ("scope-reserved", address.is_reserved),
    )
    return next((code for code, holds in order if holds), "scope-global")


def compare(a: InterfaceAddress, b: InterfaceAddress | Address) -> Comparison:
    """Apply the textbook's rule: AND both addresses with `a`'s mask, compare the results.

    Raises:
        AddressTextError: one address is IPv4 and the other IPv6.
    """
    other = b.ip if isinstance(b, (ipaddress.IPv4Interface, ipaddress.IPv6Interface)) else b
    if a.version != other.version:
        raise AddressTextError("error-two-families", a=str(a.ip), b=str(other))
    mine, its = mask_and(a.ip, a.network), mask_and(other, a.network)
    back = None if other is b else mask_and(a.ip, b.network).network == b.network  # type: ignore[union-attr]
    return Comparison(
        a=mine,
        b=its,
        same=mine.network == its.network,
        differing_bit=first_differing_bit(a.ip, other),
        back=back,
    )


def split(network: Network, new_prefix: int) -> Split:
    """Cut a network into parts of a longer prefix; at most `SPLIT_SHOWN` are listed.

    Raises:
        AddressTextError: the prefix is not longer than the network's, or too long.
    """
    if not network.prefixlen < new_prefix <= network.max_prefixlen:
        raise AddressTextError(
            "error-split",
            prefix=new_prefix,
            network=str(network),
            low=network.prefixlen + 1,
            high=network.max_prefixlen,
        )
    parts = []
    for part in network.subnets(new_prefix=new_prefix):
        parts.append(part)
        if len(parts) == SPLIT_SHOWN:
            break
    return Split(network, new_prefix, tuple(parts), 1 << (new_prefix - network.prefixlen))


def halves(network: Network) -> tuple[Network, Network] | None:
    """Cut a network in two; None for a single address."""
    if network.prefixlen == network.max_prefixlen:
        return None
    low, high = network.subnets(prefixlen_diff=1)
    return low, high


def sibling(network: Network) -> Network | None:
    """Name the other half of the next larger network; None for the whole Internet.

    Only these two merge into one network without taking in strangers.
    """
    if network.prefixlen == 0:
        return None
    low, high = network.supernet(prefixlen_diff=1).subnets(prefixlen_diff=1)
    return high if network == low else low


def merge(networks: list[Network]) -> tuple[Network, ...]:
    """Join networks into the fewest that hold exactly the same addresses.

    Raises:
        AddressTextError: IPv4 and IPv6 are mixed.
    """
    families = {network.version for network in networks}
    if len(families) > 1:
        first = networks[0]
        other = next(network for network in networks if network.version != first.version)
        raise AddressTextError("error-two-families", a=str(first), b=str(other))
    return tuple(ipaddress.collapse_addresses(networks))  # type: ignore[type-var]
