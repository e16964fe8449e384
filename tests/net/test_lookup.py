"""Longest-prefix match, rules and verdicts, without a kernel."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.net.lookup import Flow, Lookup, RuleVerdict, Verdict, find, rule_matches
from plainwire.net.model import Hop, Network, Route, RouteType, Rule


def net(text: str) -> Network:
    return ipaddress.ip_network(text)


def row(text: str, table: int = 254, **more: object) -> Route:
    return Route(net(text), table, hops=(Hop(2),), **more)  # type: ignore[arg-type]


def look(rows: list[Route], target: str, rules: tuple[Rule, ...] = (), **more: object) -> Lookup:
    flow = Flow(ipaddress.ip_address(target), **more)  # type: ignore[arg-type]
    return find(tuple(rows), rules, flow, merged=False)


def verdicts(found: Lookup) -> dict[str, Verdict]:
    return {str(c.row.destination): c.verdict for c in found.candidates}


def test_the_longest_prefix_wins_and_the_others_say_why() -> None:
    found = look(
        [row("0.0.0.0/0"), row("10.0.0.0/8"), row("10.1.0.0/16"), row("11.0.0.0/8")], "10.1.2.3"
    )
    assert found.winner is not None
    assert str(found.winner.destination) == "10.1.0.0/16"
    assert verdicts(found) == {
        "10.1.0.0/16": Verdict.WON_LONGEST,
        "10.0.0.0/8": Verdict.LOST_SHORTER,
        "0.0.0.0/0": Verdict.LOST_SHORTER,
        "11.0.0.0/8": Verdict.LOST_OUTSIDE,
    }
    assert found.candidates[0].row is found.winner
    assert found.candidates[-1].common_bits == 7


def test_equal_prefixes_are_decided_by_metric_then_order() -> None:
    cheap, dear, twin = (
        row("10.0.0.0/8", metric=5),
        row("10.0.0.0/8", metric=9),
        row("10.0.0.0/8", metric=5),
    )
    found = look([dear, cheap, twin], "10.0.0.1")
    assert found.winner is cheap
    assert [c.verdict for c in found.candidates if c.row is dear] == [Verdict.LOST_METRIC]
    assert [c.verdict for c in found.candidates if c.row is twin] == [Verdict.LOST_ORDER]
    assert look([dear, cheap], "10.0.0.1").candidates[0].verdict is Verdict.WON_METRIC


def test_a_dead_row_falls_back_to_a_shorter_prefix() -> None:
    dead = Route(net("10.1.0.0/16"), 254, hops=(Hop(2, dead=True),))
    found = look([dead, row("10.0.0.0/8")], "10.1.0.1")
    assert str(found.winner and found.winner.destination) == "10.0.0.0/8"
    assert verdicts(found)["10.1.0.0/16"] is Verdict.LOST_DEAD


def test_throw_and_suppression_send_the_search_to_the_next_rule() -> None:
    """`suppress_prefixlength 0` is how VPN scripts keep local networks out of the tunnel."""
    rows = [
        row("0.0.0.0/0"),
        row("10.0.0.0/8"),
        row("0.0.0.0/0", table=51820),
        row("10.9.0.0/16", type=RouteType.THROW),
    ]
    rules = (Rule(100, table=254, suppress_prefix_length=0), Rule(200, table=51820))
    found = look(rows, "8.8.8.8", rules)
    assert found.winner is rows[2]
    assert [step.verdict for step in found.rules] == [RuleVerdict.EMPTY, RuleVerdict.FOUND]
    assert Verdict.LOST_SUPPRESSED in {c.verdict for c in found.candidates}
    assert look(rows, "10.1.1.1", rules).winner is rows[1]
    thrown = look(rows, "10.9.1.1", rules)
    assert thrown.winner is rows[2]
    assert verdicts(thrown)["10.9.0.0/16"] is Verdict.LOST_THROW


def test_rules_are_asked_in_order_and_may_refuse_or_jump() -> None:
    rows = [row("0.0.0.0/0"), row("0.0.0.0/0", table=7)]
    jump = (Rule(1, action="goto", goto=30), Rule(2, table=7), Rule(30, table=254))
    found = look(rows, "8.8.8.8", jump)
    assert found.winner is rows[0]
    assert [s.verdict for s in found.rules] == [
        RuleVerdict.JUMPED,
        RuleVerdict.NOT_REACHED,
        RuleVerdict.FOUND,
    ]
    refused = look(rows, "8.8.8.8", (Rule(1, action="prohibit"), Rule(2, table=7)))
    assert (refused.winner, refused.refused) == (None, "prohibit")
    assert refused.rules[1].verdict is RuleVerdict.NOT_REACHED


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        (Rule(1), True),
        (Rule(1, invert=True), False),
        (Rule(1, source=net("10.0.0.0/8")), False),
        (Rule(1, destination=net("8.0.0.0/8")), True),
        (Rule(1, destination=net("8.0.0.0/8"), invert=True), False),
        (Rule(1, in_interface="eth0"), False),
        (Rule(1, in_interface="lo"), True),
        (Rule(1, out_interface="eth0"), False),
        (Rule(1, mark=0xCA6C), False),
        (Rule(1, mark=0xCA6C, invert=True), True),
        (Rule(1, uid_range=(0, 999)), False),
        (Rule(1, uid_range=(1000, 1000)), True),
        (Rule(1, ip_protocol=6, destination_ports=(400, 500)), True),
        (Rule(1, ip_protocol=17), False),
        (Rule(1, source_ports=(1, 65535)), False),
        (Rule(1, unread=("FRA_L3MDEV",)), None),
    ],
)
def test_selectors_of_an_unbound_program(rule: Rule, matches: bool | None) -> None:
    """Without bind there is no source yet, so `from` and `sport` cannot match."""
    target = ipaddress.ip_address("8.8.8.8")
    flow = Flow(target, uid=1000, protocol=6, destination_port=443)
    assert rule_matches(rule, flow) is matches


def test_merged_tables_are_one_trie_and_unmerged_ones_are_not() -> None:
    """While no rule was ever added, a longer prefix in main beats a shorter one in local."""
    rows = (row("127.0.0.0/8", table=255, type=RouteType.LOCAL), row("127.0.5.0/24"))
    flow = Flow(ipaddress.ip_address("127.0.5.1"))
    assert find(rows, (), flow, merged=True).winner is rows[1]
    assert find(rows, (), flow, merged=False).winner is rows[0]


def test_a_rule_that_cannot_be_judged_makes_the_answer_uncertain() -> None:
    assert look([row("0.0.0.0/0")], "8.8.8.8").certain
    rules = (Rule(1, unread=("FRA_L3MDEV",)), Rule(2, table=254))
    assert not look([row("0.0.0.0/0")], "8.8.8.8", rules).certain


networks = st.builds(
    lambda value, length: ipaddress.ip_network(
        (value >> (32 - length) << (32 - length) if length else 0, length)
    ),
    st.integers(0, 2**32 - 1).map(lambda v: v & 0x0F0F0F0F),
    st.integers(0, 32),
)


@given(st.lists(networks, max_size=30), st.integers(0, 2**32 - 1).map(lambda v: v & 0x0F0F0F0F))
def test_the_match_is_the_definition(prefixes: list[Network], value: int) -> None:
    """Against the definition in one line; addresses are few-valued so that they nest."""
    target = ipaddress.ip_address(value)
    rows = tuple(Route(prefix, 254, hops=(Hop(2),)) for prefix in prefixes)
    found = find(rows, (), Flow(target), merged=True)
    holding = [p.prefixlen for p in prefixes if target in p]
    assert (found.winner and found.winner.destination.prefixlen) == max(holding, default=None)
    assert len(found.candidates) == len(rows)
    assert sum(c.verdict.value.startswith("row-won") for c in found.candidates) == bool(holding)


def test_a_group_asked_for_on_one_link_wins_by_that_links_row() -> None:
    """`ff02::1%eth0` was won by the first interface's row."""
    group = {"table": 255, "type": RouteType.MULTICAST}
    other = Route(net("ff00::/8"), hops=(Hop(3),), **group)  # type: ignore[arg-type]
    found = look([other, row("ff00::/8", **group)], "ff02::1", out_interface="eth0", out_index=2)  # type: ignore[arg-type]
    assert found.winner is not None
    assert found.winner.hops == (Hop(2),)
