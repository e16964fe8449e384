"""The route's station for the page: the textbook's AND beside the kernel's rows. Pure."""

from __future__ import annotations

from plainwire.i18n import N_
from plainwire.net.lookup import Candidate, RuleVerdict, Verdict
from plainwire.net.notation import row_text, rule_text
from plainwire.net.steps import Explanation
from plainwire.net.subnet import Comparison, group_to_open
from plainwire.web import path_schema
from plainwire.web.path_schema import BitLine, Said
from plainwire.web.schema import Words
from plainwire.web.speech import code, sentence

# Rows that do not contain the destination are many; the nearest few show how close they came.
NEAR_ROWS_SHOWN = 3


def route(found: Explanation) -> path_schema.Route:
    """Arrange the route's step of one explanation."""
    book, search = found.textbook, found.route.lookup
    rows: list[path_schema.Row] = []
    rules: list[path_schema.Rule] = []
    outside = 0
    if search is not None:
        names = {interface.index: interface.name for interface in found.interfaces}
        inside = [c for c in search.candidates if c.verdict is not Verdict.LOST_OUTSIDE]
        others = [c for c in search.candidates if c.verdict is Verdict.LOST_OUTSIDE]
        outside = len(others)
        shown = (*inside, *others[:NEAR_ROWS_SHOWN])
        rows = [_row(one, names, won=one.row is search.winner) for one in shown]
        if found.route.rules_matter:
            rules = [
                path_schema.Rule(
                    step.rule.priority,
                    rule_text(step.rule),
                    step.verdict is RuleVerdict.FOUND,
                    code(str(step.verdict)),
                )
                for step in search.rules
            ]
    told = [
        Said(code(r.code, **r.values), "stop" if r.code == "kernel-disagrees" else "plain")
        for r in found.route.reasons
    ]
    return path_schema.Route(
        comparison=None if book.comparison is None else bits(book.comparison),
        textbook=code(book.result.code, **book.result.values),
        rules=rules,
        rows=rows,
        outside=outside,
        bits=found.question.destination.max_prefixlen,
        kernel=told,
        hop=code(found.next_hop.reason.code, **found.next_hop.reason.values),
        verdict=code(book.verdict.code, **book.verdict.values),
        agrees=book.agrees,
    )


def _row(one: Candidate, names: dict[int, str], *, won: bool) -> path_schema.Row:
    length = one.row.destination.prefixlen
    prefix, _, rest = row_text(one.row, names).partition(" ")
    return path_schema.Row(
        prefix=prefix,
        text=rest,
        length=length,
        common=min(one.common_bits, length),
        won=won,
        inside=one.verdict is not Verdict.LOST_OUTSIDE,
        why=code(str(one.verdict)),
    )


def bits(comparison: Comparison) -> path_schema.Bits:
    """Lay both ANDs out digit by digit; of IPv6 the one group that decides."""
    a, b = comparison.a, comparison.b
    length, width = a.network.prefixlen, a.address.max_prefixlen
    networks = (a.network.network_address, b.network.network_address)
    first, size, group = 0, 32, 8
    if width == 128:
        first, size, group = group_to_open(*networks, length=length) * 16, 16, 4
    shown = (
        ("mine", a.address),
        ("mask", a.mask),
        ("and", networks[0]),
        ("destination", b.address),
        ("mask", b.mask),
        ("and", networks[1]),
    )
    lines = [
        BitLine(label, str(address), f"{int(address):0{width}b}"[first : first + size])  # type: ignore[arg-type]
        for label, address in shown
    ]
    return path_schema.Bits(
        lines=lines,
        first=first,
        group=group,
        length=length,
        differs=comparison.differing_bit,
        same=comparison.same,
        said=_differing(comparison, first, size, width),
    )


def _differing(comparison: Comparison, first: int, size: int, width: int) -> list[Words]:
    found = []
    if size < width:
        text = N_("digits: bits {first} to {last} of 128")
        found.append(sentence(text, first=first + 1, last=first + size))
    if comparison.differing_bit is None:
        return [*found, sentence(N_("the addresses are equal"))]
    text = N_("they first differ in bit {bit}, inside the {length} bits of the mask")
    if comparison.same:
        text = N_("they first differ in bit {bit}, behind the {length} bits of the mask")
    length = comparison.a.network.prefixlen
    return [*found, sentence(text, bit=comparison.differing_bit + 1, length=length)]
