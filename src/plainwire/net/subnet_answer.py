"""The whole answer of `plainwire path subnet`: facts, comparisons, parts, merged networks.

Pure: texts in, immutable values out.
"""

from __future__ import annotations

from dataclasses import dataclass

from plainwire.net.errors import AddressTextError
from plainwire.net.model import InterfaceAddress, Network
from plainwire.net.subnet import (
    Comparison,
    MaskAnd,
    Split,
    SubnetFacts,
    compare,
    describe,
    halves,
    mask_and,
    merge,
    parse_address,
    parse_interface,
    sibling,
    split,
)


@dataclass(frozen=True, slots=True)
class SubnetAnswer:
    """What was asked about one network and perhaps others.

    `others` are in the order given; `parts` is None unless a split was asked, `merged`
    None unless a merge was. `sibling` is the one network of the same size that merges
    with this one into a network one bit shorter.
    """

    facts: SubnetFacts
    masked: MaskAnd
    others: tuple[Comparison, ...]
    halves: tuple[Network, Network] | None
    sibling: Network | None
    parts: Split | None
    merged: tuple[Network, ...] | None


def answer(
    first: str, others: tuple[str, ...], *, new_prefix: int | None = None, join: bool = False
) -> SubnetAnswer:
    """Answer for `first`, which needs a prefix, and others, which may have one.

    Args:
        first: `192.168.1.7/26`.
        others: addresses to compare, or networks to compare and merge.
        new_prefix: list the parts of this prefix length.
        join: merge all the networks given; each of `others` then needs a prefix.

    Raises:
        AddressTextError: a text cannot be read, families are mixed, the prefix does not
            fit.
    """
    mine = parse_interface(first)
    network: Network = mine.network
    if new_prefix is not None and network.prefixlen == network.max_prefixlen:
        raise AddressTextError("error-no-parts", network=str(network))
    merged = None
    if join:
        held: list[Network] = [network, *(parse_interface(other).network for other in others)]
        merged = merge(held)
    return SubnetAnswer(
        facts=describe(mine),
        masked=mask_and(mine.ip, network),
        others=tuple(_compare(mine, other) for other in others),
        halves=halves(network),
        sibling=sibling(network),
        parts=None if new_prefix is None else split(network, new_prefix),
        merged=merged,
    )


def _compare(mine: InterfaceAddress, other: str) -> Comparison:
    return compare(mine, parse_interface(other) if "/" in other else parse_address(other))
