"""Longest-prefix match over routing rows, with the reason for each row's fate.

Pure. The order of decisions is the kernel's for packets of this machine's own programs:

1. Policy rules, lowest priority number first; each that matches names a table.
2. In the table, the row with the longest prefix that contains the destination.
3. Among equal prefixes: the row for the asked TOS before the row for any, then the lowest
   metric, then the first in the kernel's order.
4. A `throw` row, or a row a rule suppresses, sends the search on to the next rule.

Rules: ip-rule(8), ip-route(8); net/ipv4/fib_trie.c `fib_table_lookup`, net/core/fib_rules.c
`fib_rules_lookup`. Held to the kernel's own answer by tests/net/test_property_kernel.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from plainwire.net.model import (
    TABLE_DEFAULT,
    TABLE_LOCAL,
    TABLE_MAIN,
    Address,
    Route,
    RouteType,
    Rule,
)


class Verdict(StrEnum):
    """The fate of one row; the strings are codes of `words`."""

    WON_ONLY = "row-won-only"
    WON_LONGEST = "row-won-longest"
    WON_METRIC = "row-won-metric"
    WON_FIRST = "row-won-first"
    LOST_SHORTER = "row-lost-shorter"
    LOST_METRIC = "row-lost-metric"
    LOST_ORDER = "row-lost-order"
    LOST_TOS = "row-lost-tos"
    LOST_DEAD = "row-lost-dead"
    LOST_INTERFACE = "row-lost-interface"
    LOST_SOURCE = "row-lost-source"
    LOST_SUPPRESSED = "row-lost-suppressed"
    LOST_THROW = "row-lost-throw"
    LOST_LATER_TABLE = "row-lost-later-table"
    LOST_OUTSIDE = "row-lost-outside"


class RuleVerdict(StrEnum):
    """What one rule did; the strings are codes of `words`."""

    FOUND = "rule-found"
    EMPTY = "rule-empty"
    NOT_MATCHING = "rule-not-matching"
    UNREAD = "rule-unread"
    JUMPED = "rule-jumped"
    REFUSED = "rule-refused"
    NOT_REACHED = "rule-not-reached"


@dataclass(frozen=True, slots=True)
class Flow:
    """What the kernel knows of the packet when it looks up the way.

    `source` is None for a program that did not bind: then `from` rules do not match, as
    for 0.0.0.0. `protocol` is the IP protocol number, `out_interface` a name.
    """

    destination: Address
    source: Address | None = None
    out_interface: str | None = None
    out_index: int | None = None
    mark: int = 0
    uid: int | None = None
    protocol: int | None = None
    source_port: int | None = None
    destination_port: int | None = None
    tos: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that was considered, and its verdict.

    `common_bits`: how many leading bits of the destination equal the row's; at least the
    prefix length when the row contains it.
    """

    row: Route
    verdict: Verdict
    common_bits: int


@dataclass(frozen=True, slots=True)
class RuleStep:
    """A rule and what it did."""

    rule: Rule
    verdict: RuleVerdict


@dataclass(frozen=True, slots=True)
class Lookup:
    """The whole search: rules in order, rows by verdict, the winner or None.

    `refused` is `blackhole`, `unreachable` or `prohibit` when a rule (not a row) said so.
    `candidates` holds every row of the searched family; the winner first, then those that
    contain the destination from long to short, then the rest from near to far.
    """

    rules: tuple[RuleStep, ...]
    candidates: tuple[Candidate, ...]
    winner: Route | None
    refused: str | None
    certain: bool


def default_rules() -> tuple[Rule, ...]:
    """Return the three rules every Linux starts with."""
    return (
        Rule(0, table=TABLE_LOCAL),
        Rule(32766, table=TABLE_MAIN),
        Rule(32767, table=TABLE_DEFAULT),
    )


def common_bits(row: Route, destination: Address) -> int:
    """Count the leading bits that the destination shares with the row's address."""
    difference = int(row.destination.network_address) ^ int(destination)
    return destination.max_prefixlen - difference.bit_length()


def contains(row: Route, destination: Address) -> bool:
    """Tell whether a row's prefix covers the destination."""
    return (
        row.destination.version == destination.version
        and common_bits(row, destination) >= row.destination.prefixlen
    )


def rule_matches(rule: Rule, flow: Flow) -> bool | None:
    """Tell whether a rule's selectors hold; None when it asks what we cannot judge."""
    if rule.unread:
        return None
    held = (
        _inside(flow.source, rule.source)
        and _inside(flow.destination, rule.destination)
        # The kernel gives packets of local programs the loopback as input interface.
        and rule.in_interface in (None, "lo")
        and rule.out_interface in (None, flow.out_interface)
        and (rule.mark is None or flow.mark & rule.mask == rule.mark)
        and (rule.tos in (0, flow.tos))
        and _within(flow.uid, rule.uid_range)
        and (rule.ip_protocol in (None, flow.protocol))
        and _within(flow.source_port, rule.source_ports)
        and _within(flow.destination_port, rule.destination_ports)
    )
    return held != rule.invert


def _inside(address: Address | None, network: object) -> bool:
    if network is None:
        return True
    prefix = getattr(network, "prefixlen", 0)
    return prefix == 0 or (address is not None and address in network)  # type: ignore[operator]


def _within(value: int | None, bounds: tuple[int, int] | None) -> bool:
    return bounds is None or (value is not None and bounds[0] <= value <= bounds[1])


def fitness(row: Route, flow: Flow) -> Verdict | None:
    """Say why a row that contains the destination cannot be used; None when it can."""
    if row.tos not in (0, flow.tos):
        return Verdict.LOST_TOS
    if row.source is not None and not _inside(flow.source, row.source):
        return Verdict.LOST_SOURCE
    bound = flow.out_index is not None and row.type in (RouteType.UNICAST, RouteType.MULTICAST)
    if bound and all(hop.interface != flow.out_index for hop in row.hops):
        return Verdict.LOST_INTERFACE
    if row.hops and all(hop.dead for hop in row.hops):
        return Verdict.LOST_DEAD
    return None


def _rank(row: Route, merged: bool) -> tuple[int, int, int, int]:
    table = -row.table if merged else 0
    return (-row.destination.prefixlen, table, -row.tos, row.metric)


def search(
    rows: tuple[Route, ...], tables: frozenset[int], flow: Flow
) -> tuple[Route | None, dict[int, Verdict]]:
    """Match in one table, or in several that the kernel keeps as one trie.

    Returns the winner, and for each row of the tables (by `id`) its verdict.
    """
    verdicts: dict[int, Verdict] = {}
    fit: list[Route] = []
    for row in rows:
        if row.table not in tables:
            continue
        if not contains(row, flow.destination):
            verdicts[id(row)] = Verdict.LOST_OUTSIDE
        elif (refusal := fitness(row, flow)) is not None:
            verdicts[id(row)] = refusal
        else:
            fit.append(row)
    if not fit:
        return None, verdicts
    merged = len(tables) > 1
    winner = min(fit, key=lambda row: _rank(row, merged))
    rivals = [row for row in fit if row is not winner]
    for row in rivals:
        verdicts[id(row)] = _lost(row, winner)
    verdicts[id(winner)] = _won(winner, rivals)
    return winner, verdicts


def _lost(row: Route, winner: Route) -> Verdict:
    if row.destination.prefixlen < winner.destination.prefixlen:
        return Verdict.LOST_SHORTER
    return Verdict.LOST_METRIC if row.metric > winner.metric else Verdict.LOST_ORDER


def _won(winner: Route, rivals: list[Route]) -> Verdict:
    if not rivals:
        return Verdict.WON_ONLY
    equal = [row for row in rivals if row.destination.prefixlen == winner.destination.prefixlen]
    if not equal:
        return Verdict.WON_LONGEST
    by_metric = all(row.metric > winner.metric for row in equal)
    return Verdict.WON_METRIC if by_metric else Verdict.WON_FIRST


def find(rows: tuple[Route, ...], rules: tuple[Rule, ...], flow: Flow, *, merged: bool) -> Lookup:
    """Search as the kernel does; see the module's text for the order.

    Args:
        rows: the dump of one family, all tables, in the kernel's order.
        rules: in the kernel's order; empty stands for `default_rules`.
        flow: the packet.
        merged: IPv4 without any rule ever added: `local` and `main` are one trie.
    """
    rules = rules or default_rules()
    steps: list[RuleStep] = []
    fates: dict[int, Verdict] = {}
    winner: Route | None = None
    refused: str | None = None
    jump: int | None = None
    for rule in rules:
        verdict, table = _consult(rule, flow, jump, done=winner is not None or refused is not None)
        jump = rule.goto if verdict is RuleVerdict.JUMPED else jump
        if verdict is RuleVerdict.REFUSED:
            refused = rule.action
        if table is not None:
            found, new = search(rows, _tables(table, merged=merged), flow)
            found = _suppress(found, rule, new)
            fates.update(new)
            winner, verdict = found, RuleVerdict.FOUND if found else RuleVerdict.EMPTY
        steps.append(RuleStep(rule, verdict))
    candidates = _order(rows, fates, flow.destination, winner)
    certain = not any(step.verdict is RuleVerdict.UNREAD for step in steps)
    return Lookup(tuple(steps), candidates, winner, refused, certain)


def _tables(table: int, *, merged: bool) -> frozenset[int]:
    if merged and table in (TABLE_LOCAL, TABLE_MAIN):
        return frozenset({TABLE_LOCAL, TABLE_MAIN})
    return frozenset({table})


def _consult(
    rule: Rule, flow: Flow, jump: int | None, *, done: bool
) -> tuple[RuleVerdict, int | None]:
    if done or (jump is not None and rule.priority < jump):
        return RuleVerdict.NOT_REACHED, None
    matches = rule_matches(rule, flow)
    if matches is None:
        return RuleVerdict.UNREAD, None
    if not matches:
        return RuleVerdict.NOT_MATCHING, None
    if rule.action in _ACTED:
        return _ACTED[rule.action], None
    return RuleVerdict.EMPTY, rule.table if rule.action == "table" else None


_ACTED = {
    "goto": RuleVerdict.JUMPED,
    "blackhole": RuleVerdict.REFUSED,
    "unreachable": RuleVerdict.REFUSED,
    "prohibit": RuleVerdict.REFUSED,
}


def _suppress(found: Route | None, rule: Rule, fates: dict[int, Verdict]) -> Route | None:
    if found is None:
        return None
    limit = rule.suppress_prefix_length
    if found.type is RouteType.THROW:
        fates[id(found)] = Verdict.LOST_THROW
        return None
    if limit is not None and found.destination.prefixlen <= limit:
        fates[id(found)] = Verdict.LOST_SUPPRESSED
        return None
    return found


def _order(
    rows: tuple[Route, ...],
    fates: dict[int, Verdict],
    destination: Address,
    winner: Route | None,
) -> tuple[Candidate, ...]:
    found = []
    for row in rows:
        if row.destination.version != destination.version:
            continue
        inside = contains(row, destination)
        missing = Verdict.LOST_LATER_TABLE if inside else Verdict.LOST_OUTSIDE
        verdict = fates.get(id(row), missing)
        found.append(Candidate(row, verdict, common_bits(row, destination)))

    def order(candidate: Candidate) -> tuple[bool, bool, int, int]:
        inside = candidate.verdict is not Verdict.LOST_OUTSIDE
        length = candidate.row.destination.prefixlen if inside else candidate.common_bits
        return (candidate.row is not winner, not inside, -length, candidate.row.metric)

    return tuple(sorted(found, key=order))
