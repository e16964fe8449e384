"""The property the lesson stands on: our longest-prefix match is the kernel's."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from net.conftest import Done, Plan

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's netlink"),
    # Programs in private hosts, one after the other: 43 s at a load of 19 on two processors.
    pytest.mark.timeout(300),
]

SCRIPT = str(Path(__file__).with_name("agreement.py"))
BASE: list[dict[str, object]] = [
    {"do": "up", "dev": "eth0"},
    {"do": "up", "dev": "eth1"},
    {"do": "address", "dev": "eth0", "address": "192.0.2.2/24"},
    {"do": "address", "dev": "eth0", "address": "2001:db8::2/64"},
]
OTHER = [{"do": "up", "dev": "far0"}, {"do": "up", "dev": "far1"}]
DEFAULTS: list[dict[str, object]] = [
    {"do": "route", "dst": "0.0.0.0/0", "gateway": "192.0.2.1"},
    {"do": "route", "dst": "::/0", "gateway": "2001:db8::1"},
]
# Two rules of which the first never matches and the second finds nothing: their presence
# separates the tables local and main, which until then are one trie.
RULES: list[dict[str, object]] = [
    {"do": "rule", "priority": 50, "fwmark": 7, "table": 77, "family": 2},
    {"do": "rule", "priority": 60, "table": 78, "family": 2},
    {"do": "rule", "priority": 60, "table": 78, "family": 10},
    # Only for packets that carry our source, as the second question of `connect` does.
    {"do": "rule", "priority": 70, "table": 80, "family": 2, "src": "192.0.2.2", "src_len": 32},
    {"do": "rule", "priority": 70, "table": 80, "family": 10, "src": "2001:db8::2", "src_len": 128},
    {"do": "route", "dst": "10.0.0.0/9", "gateway": "192.0.2.9", "table": 80, "priority": 8},
    {"do": "route", "dst": "fd10::/17", "gateway": "2001:db8::9", "table": 80, "priority": 8},
    # Reached only through a `throw` row, or when main has no row at all.
    {"do": "rule", "priority": 40000, "table": 79, "family": 2},
    {"do": "rule", "priority": 40000, "table": 79, "family": 10},
    {"do": "route", "dst": "0.0.0.0/0", "gateway": "192.0.2.9", "table": 79, "priority": 7},
    {"do": "route", "dst": "::/0", "gateway": "2001:db8::9", "table": 79, "priority": 7},
]


@pytest.mark.slow
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("extra", [[], DEFAULTS, RULES], ids=["bare", "defaults", "rules"])
def test_every_random_destination_is_matched_as_the_kernel_does(
    version: int,
    extra: list[dict[str, object]],
    in_namespaces: Callable[[Plan], list[Done]],
) -> None:
    """100 random routes, 1,000 random destinations, edges of prefixes among them."""
    plan = Plan(
        hosts=["h", "far"],
        cables=[("h", "eth0", "far", "far0"), ("h", "eth1", "far", "far1")],
        steps={"far": OTHER, "h": BASE + extra},
        run=[("h", [SCRIPT, str(version), "20260301"])],
    )
    (done,) = in_namespaces(plan)
    found = done.json()
    assert found["mismatches"] == []
    assert found["asked"] == 1000
    assert found["rows"] >= 100
    # Both kinds of answers occurred, or the property would say little.
    assert 20 < found["refused"] < 900
    assert found["merged"] == (version == 4 and extra is not RULES)
