"""The answer of `plainwire path subnet` as text: facts, AND in binary, split and merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from plainwire.cli.path_bits import show_and, show_differing_bit
from plainwire.cli.path_layout import Page, pad
from plainwire.i18n import gettext as _
from plainwire.net.subnet import has_broadcast
from plainwire.net.words import sentence

if TYPE_CHECKING:
    from plainwire.net.subnet import Comparison, Split
    from plainwire.net.subnet_answer import SubnetAnswer


def show_subnet(found: SubnetAnswer) -> None:
    """Print everything that was asked of one network."""
    page = Page()
    page.title(str(found.facts.interface), sentence(found.facts.scope, {}))
    page.end()
    show_and(page, found.masked, None, indent=2)
    page.blank()
    _show_facts(page, found)
    for comparison in found.others:
        page.blank()
        _show_comparison(page, comparison)
    if found.parts is not None:
        page.blank()
        _show_split(page, found.parts)
    if found.merged is not None:
        page.blank()
        text = _("merged into the fewest networks, {count}:")
        page.line((text.format(count=len(found.merged)), "fact"), indent=2)
        for network in found.merged:
            page.line((str(network), "good"), indent=4)


def _show_facts(page: Page, found: SubnetAnswer) -> None:
    facts = found.facts
    none = _("none")
    rows = [
        (_("network"), str(facts.network)),
        (_("mask"), str(facts.mask)),
        (_("wildcard"), str(facts.wildcard)),
        (_("broadcast"), none if facts.broadcast is None else str(facts.broadcast)),
        (_("hosts"), f"{facts.first} – {facts.last}"),
        (_("host count"), _count(facts.hosts)),
        (_("all addresses"), _count(facts.addresses)),
    ]
    if found.halves is not None:
        rows.append((_("halves"), f"{found.halves[0]}  {found.halves[1]}"))
    if found.sibling is not None:
        text = _("with {sibling} into {whole}")
        whole = facts.network.supernet(prefixlen_diff=1)
        rows.append((_("merges"), text.format(sibling=found.sibling, whole=whole)))
    wide = max(cell_len(label) for label, _value in rows) + 2
    for label, value in rows:
        page.line((pad(label, wide), "why"), (value, "fact"), indent=2, hang=wide)


def _count(number: int) -> str:
    power = number.bit_length() - 1
    exact = number == 1 << power
    shown = f"{number:,}" if number < 10**12 else f"{number:.3e}"
    return f"{shown} = 2^{power}" if exact and power > 0 else shown


def _show_comparison(page: Page, comparison: Comparison) -> None:
    a, b = comparison.a.address, comparison.b.address
    page.line((f"{a}/{comparison.a.network.prefixlen}  ↔  {b}", "fact"), indent=2)
    show_and(page, comparison.a, comparison.b, indent=2)
    show_differing_bit(page, comparison, indent=2)
    if comparison.differing_bit is None:
        text, style = _("= the same address: nothing is sent to anybody else"), "good"
    elif b == comparison.a.network.broadcast_address and has_broadcast(comparison.a.network):
        text, style = _("= same network: {b} is its broadcast address, everybody on it"), "good"
    elif comparison.same:
        text, style = _("= same network: {a} asks for the MAC of {b} and sends directly"), "good"
    else:
        text, style = _("≠ another network: {a} sends to its gateway"), "look"
    page.line((text.format(a=a, b=b), style), indent=2, hang=2)
    if comparison.back is not None and comparison.back is not comparison.same:
        text = (
            _("! the masks disagree: by its own mask {b} sends directly")
            if comparison.back
            else _("! the masks disagree: by its own mask {b} sends to its gateway")
        )
        page.line((text.format(b=b), "bad"), indent=2, hang=2)


def _show_split(page: Page, parts: Split) -> None:
    text = _("{network} has {count} parts of /{prefix}:")
    page.line(
        (text.format(network=parts.network, count=parts.count, prefix=parts.new_prefix), "fact"),
        indent=2,
    )
    wide = max(len(str(part)) for part in parts.parts)
    for part in parts.parts:
        span = f"{part.network_address} – {part.broadcast_address}"
        page.line((f"{part!s:<{wide}}  ", "good"), (span, "dim"), indent=4)
    left = parts.count - len(parts.parts)
    if left:
        page.line((_("and {count} more").format(count=left), "dim"), indent=4)
