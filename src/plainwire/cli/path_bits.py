"""The AND of two addresses with a mask, drawn digit under digit.

IPv4 is shown whole (35 columns). IPv6 would need 135, so its addresses are written in full
and only one group of 16 bits is opened: the first that differs, else the one in which the
prefix ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from plainwire.cli.path_layout import Page, pad
from plainwire.i18n import gettext as _
from plainwire.net.subnet import bits, group_to_open

if TYPE_CHECKING:
    from plainwire.net.model import Address
    from plainwire.net.subnet import Comparison, MaskAnd

Line = tuple[str, "Address"]


def show_and(page: Page, mine: MaskAnd, other: MaskAnd | None, indent: int) -> None:
    """Draw `mine AND mask`, and below it the other address with the same mask."""
    length = mine.network.prefixlen
    mask = _("mask /{length}").format(length=length)
    lines: list[Line] = [
        (_("address") if other is None else _("mine"), mine.address),
        (mask, mine.mask),
        ("AND", mine.network.network_address),
    ]
    if other is not None:
        lines += [
            (_("destination"), other.address),
            (mask, other.mask),
            ("AND", other.network.network_address),
        ]
    labels = max(cell_len(label) for label, _address in lines) + 2
    if mine.address.version == 4:
        _show_digits(page, lines, labels, length, indent)
    else:
        _show_group(page, lines, labels, length, indent)


def _shown(label: str) -> tuple[str, str]:
    return (label, "fact" if label == "AND" else "why")


def _show_digits(page: Page, lines: list[Line], labels: int, length: int, indent: int) -> None:
    cut = length + length // 8 if length < 32 else 35
    for label, address in lines:
        digits = bits(address)
        head, style = _shown(pad(label, labels)), _shown(label)[1]
        page.line(
            (head[0], style),
            (f"{address!s:<17}", style),
            (digits[:cut], "network"),
            (digits[cut:], "host"),
            indent=indent,
        )


def _show_group(page: Page, lines: list[Line], labels: int, length: int, indent: int) -> None:
    at = group_to_open(*(address for label, address in lines if label == "AND"), length=length)
    for label, address in lines:
        style = _shown(label)[1]
        digits = bits(address).split(":")[at]
        cut = min(max(length - at * 16, 0), 16)
        page.line(
            (pad(label, labels), style),
            (f"{address.exploded}  ", style),
            (digits[:cut], "network"),
            (digits[cut:], "host"),
            indent=indent,
        )
    page.line(
        (
            _("digits: bits {first} to {last} of 128").format(first=at * 16 + 1, last=at * 16 + 16),
            "dim",
        ),
        indent=indent,
    )


def show_differing_bit(page: Page, comparison: Comparison, indent: int) -> None:
    """Say where the two addresses first differ, and on which side of the prefix."""
    if comparison.differing_bit is None:
        page.line((_("the addresses are equal"), "dim"), indent=indent)
        return
    length, bit = comparison.a.network.prefixlen, comparison.differing_bit + 1
    text = (
        _("they first differ in bit {bit}, behind the {length} bits of the mask")
        if comparison.same
        else _("they first differ in bit {bit}, inside the {length} bits of the mask")
    )
    page.line((text.format(bit=bit, length=length), "dim"), indent=indent)
