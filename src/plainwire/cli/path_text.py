"""The explanation of one destination as text: six stations from the program to the wire.

Takes an `Explanation` and prints; asks nothing. Sentences come from `net.words`, bits from
`path_bits`, columns from `path_layout`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from plainwire.cli.path_bits import show_and, show_differing_bit
from plainwire.cli.path_frame import show_frames
from plainwire.cli.path_layout import Page, pad
from plainwire.i18n import gettext as _
from plainwire.net.lookup import Candidate, RuleVerdict, Verdict
from plainwire.net.model import Reason
from plainwire.net.notation import row_text, rule_text
from plainwire.net.stations import OSI_NAMES, Station, stations
from plainwire.net.words import say, sentence

if TYPE_CHECKING:
    from plainwire.net.lookup import Lookup
    from plainwire.net.steps import Explanation

# Rows that do not contain the destination are many (a router has thousands): the nearest
# few show how close they came, the rest are counted.
NEAR_ROWS_SHOWN = 3


def show_destination(found: Explanation) -> None:
    """Print all stations, then how to go on."""
    page = Page()
    question = found.question
    page.title(
        f"{question.protocol.upper()} {found.source.address or '?'} → "
        f"{_endpoint(str(question.destination), question.port)}",
        _("as this machine's kernel would send it")
        if found.complete
        else _("{platform}: only what it tells without netlink").format(platform=found.platform),
    )
    shows = (_show_program, _show_socket, _show_ip, _show_route, _show_neighbour, _show_wire)
    for station, show in zip(stations(found), shows, strict=True):
        page.station(_name(station), station.headline, _layer(station), station.tone)
        show(page, found)
        if station.name != "wire":
            page.blank()


def _endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _name(station: Station) -> str:
    names = {
        "program": _("program"),
        "socket": _("socket"),
        "ip": "IP",
        "route": _("route"),
        "neighbour": "NDP" if _is_ipv6(station) else "ARP",
        "wire": _("wire"),
    }
    return names[station.name]


def _is_ipv6(station: Station) -> bool:
    return ":" in dict(station.facts).get("next hop", "")


def _layer(station: Station) -> str:
    names = {
        "application": _("application layer"),
        "transport": _("transport layer"),
        "internet": _("internet layer"),
        "link": _("link layer"),
    }
    osi = f"OSI {station.osi} {OSI_NAMES[station.osi]}"
    return f"{osi} · TCP/IP {names[station.layer]}"


def _show_program(page: Page, found: Explanation) -> None:
    if not found.names:
        page.line((_("an address was given: no name has to be resolved"), "why"))
        if found.question.mapped:
            page.line((say(Reason("name-mapped")), "look"))
        return
    text = _("addresses from getaddrinfo, in the order in which programs try them (RFC 6724):")
    page.line((text, "why"))
    for at, answer in enumerate(found.names, 1):
        parts = [(f"{at}. {answer.address}", "fact" if answer.chosen else "why")]
        if answer.chosen:
            parts.append((f"  ← {_('explained here')}", "good"))
        elif answer.skipped:
            parts.append((f"  {_('skipped: no way there')}", "look"))
        page.line(*parts, indent=2, hang=4)


def _show_socket(page: Page, found: Explanation) -> None:
    if found.port.assumed:
        text = _("no port was asked for; {port} stands in as an example")
        page.line((text.format(port=found.question.port), "look"))
    for why in found.port.reasons:
        page.line((say(why), "bad" if "nobody" in why.code else "why"))
    if found.size.mtu is None:
        page.line(("MTU: ", "fact"), (say(found.size.reason), "look"))
        return
    headers = found.size.mtu - (found.size.payload or 0)
    if found.question.protocol == "tcp":
        text = _("MSS {payload} bytes = MTU {mtu} - {headers} bytes of IP and TCP headers")
    else:
        text = _("up to {payload} bytes unfragmented = MTU {mtu} - {headers} of IP and UDP headers")
    shown = text.format(payload=found.size.payload, mtu=found.size.mtu, headers=headers)
    page.line((shown, "fact"))
    page.line((say(found.size.reason), "dim"), indent=2)


def _show_ip(page: Page, found: Explanation) -> None:
    source = found.source
    page.line(
        (_("source"), "why"),
        (f"  {source.address or '?'}", "fact"),
        (f"  dev {source.interface}" if source.interface else "", "why"),
    )
    page.line((say(source.reason), "dim"), indent=2)


def _show_route(page: Page, found: Explanation) -> None:
    book = found.textbook
    page.line((_("The textbook: AND with my mask"), "fact"))
    if book.comparison is not None:
        show_and(page, book.comparison.a, book.comparison.b, indent=2)
        show_differing_bit(page, book.comparison, indent=2)
    page.line((f"→ {say(book.result)}", "why"), indent=2, hang=2)
    page.blank()
    page.line((_("The kernel: the row with the longest matching prefix"), "fact"))
    if found.route.lookup is not None:
        _show_rules(page, found)
        _show_rows(page, found, found.route.lookup)
    for why in found.route.reasons:
        bad = why.code == "kernel-disagrees"
        page.line((say(why), "bad" if bad else "dim"), indent=2, hang=2)
    page.line((f"→ {say(found.next_hop.reason)}", "why"), indent=2, hang=2)
    page.blank()
    mark, style = ("=", "good") if book.agrees else ("≠", "look")
    page.line((f"{mark} {say(book.verdict)}", style), hang=2)


def _show_rules(page: Page, found: Explanation) -> None:
    route = found.route
    if route.lookup is None or not route.rules_matter:
        return
    page.line((_("policy rules, in order:"), "why"), indent=2)
    for step in route.lookup.rules:
        style = "good" if step.verdict is RuleVerdict.FOUND else "dim"
        left = [(f"{step.rule.priority:>6}  {rule_text(step.rule)}", style)]
        page.beside(left, (sentence(str(step.verdict), {}), style), indent=2, column=44)


def _show_rows(page: Page, found: Explanation, search: Lookup) -> None:
    names = {interface.index: interface.name for interface in found.interfaces}
    inside = [c for c in search.candidates if c.verdict is not Verdict.LOST_OUTSIDE]
    outside = [c for c in search.candidates if c.verdict is Verdict.LOST_OUTSIDE]
    texts = [row_text(candidate.row, names) for candidate in inside]
    whys = [sentence(str(candidate.verdict), {}) for candidate in inside]
    column = max(map(len, texts), default=0) + 4
    # All reasons beside their rows or all below them: a mixture is hard to read.
    fits = all(column + cell_len(why) + 4 <= page.width for why in whys)
    for candidate, text, why in zip(inside, texts, whys, strict=True):
        won = candidate.row is search.winner
        mark, style = ("✔ ", "good") if won else ("✘ ", "dim")
        left = [(mark, style), (text, "fact" if won else "why")]
        if fits:
            gap = " " * (column - len(text) - 2)
            page.line(*left, (gap + why, style), indent=2)
        else:
            page.line(*left, indent=2, hang=4)
            page.line((why, style), indent=6)
    if not outside:
        return
    text = _("{count} rows do not contain it; the nearest:")
    page.line((text.format(count=len(outside)), "dim"), indent=2)
    near = outside[:NEAR_ROWS_SHOWN]
    wide = max(len(row_text(candidate.row, names)) for candidate in near)
    for candidate in near:
        page.line(*_near(candidate, names, wide), indent=4, hang=4)


def _near(candidate: Candidate, names: dict[int, str], wide: int) -> list[tuple[str, str]]:
    text = _("{common} of {length} bits match")
    length = candidate.row.destination.prefixlen
    shown = text.format(common=candidate.common_bits, length=length)
    return [(pad(row_text(candidate.row, names), wide), "dim"), (f"  {shown}", "dim")]


def _show_neighbour(page: Page, found: Explanation) -> None:
    step, hop = found.neighbour, found.next_hop
    if hop.address is not None and hop.kind in ("direct", "gateway"):
        state = f"  {step.state}" if step.state else ""
        page.line(
            (_("next hop"), "why"),
            (f"  {hop.address}", "fact"),
            (f"  →  {stations(found)[4].headline}", "fact"),
            (state, "good" if step.mac else "look"),
        )
    if step.sent is not None:
        page.line((say(step.sent), "look"), indent=2, hang=2)
    page.line((say(step.reason), "dim"), indent=2, hang=2)
    waits = Reason("") if step.mac else step.reason
    if waits.code in ("neighbour-absent", "neighbour-stale") and step.sent is None:
        page.line((_("find it now with --resolve"), "dim"), indent=2)


def _show_wire(page: Page, found: Explanation) -> None:
    if not found.frames:
        page.line((_("not shown: the addresses of the link are not known"), "look"))
    show_frames(page, found.frames)
