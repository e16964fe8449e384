"""Run as a program inside a private host: random routes, random destinations, one question.

Prints {"asked", "refused", "mismatches"}: every destination is answered by our own search
over the kernel's dump and by the kernel (`RTM_F_FIB_MATCH`), and both must name the same
row. The seed is an argument, so that a failure can be repeated.
"""

from __future__ import annotations

import ipaddress
import json
import random
import sys
from dataclasses import replace
from typing import Any

from pyroute2 import IPRoute

from plainwire.net.errors import RouteError
from plainwire.net.explain import flow_of
from plainwire.net.kernel import Kernel
from plainwire.net.lookup import find
from plainwire.net.model import Answer, Hop, Question, RouteType, Snapshot

OWN = {4: ipaddress.ip_address("192.0.2.2"), 6: ipaddress.ip_address("2001:db8::2")}
KINDS = ["unicast"] * 16 + ["blackhole", "unreachable", "prohibit", "throw"]


def random_prefix(
    dice: random.Random, version: int
) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Nest prefixes: few-valued bytes under one root, and lengths of every size."""
    if version == 4:
        value = 10 << 24 | dice.choice([1, 2, 130]) << 16 | dice.choice([0, 3, 129]) << 8
        value |= dice.randrange(256)
        length = dice.choice([8, 9, 15, 16, 17, 20, 23, 24, 25, 28, 30, 31, 32])
        return ipaddress.IPv4Network((value & -1 << (32 - length), length))
    value = 0xFD10 << 112 | dice.choice([1, 2]) << 96 | dice.choice([0, 3, 0x8001]) << 64
    value |= dice.randrange(1 << 16)
    length = dice.choice([16, 17, 32, 33, 48, 63, 64, 65, 112, 120, 127, 128])
    return ipaddress.IPv6Network((value & -1 << (128 - length), length))


def add_routes(kernel: Any, dice: random.Random, version: int, count: int) -> list[Any]:
    links = [kernel.link_lookup(ifname=name)[0] for name in ("eth0", "eth1")]
    gateways = ["192.0.2.1", "192.0.2.9"] if version == 4 else ["2001:db8::1", "2001:db8::9"]
    rows: dict[tuple[Any, int], None] = {}
    while len(rows) < count:
        prefix, metric = random_prefix(dice, version), dice.choice([1, 100, 200])
        if (prefix, metric) in rows:
            continue
        kind = dice.choice(KINDS)
        request = {"dst": str(prefix), "priority": metric, "type": kind}
        request["family"] = 2 if version == 4 else 10
        if kind == "unicast":
            request["oif"] = links[0]
            if dice.random() < 0.5:
                request["gateway"] = dice.choice(gateways)
            else:
                request["oif"] = dice.choice(links)
        kernel.route("add", **request)
        rows[prefix, metric] = None
    return [prefix for prefix, _metric in rows]


def destination(dice: random.Random, prefixes: list[Any], version: int) -> Any:
    """Half of them inside a prefix, a quarter at its edges, a quarter anywhere."""
    prefix = dice.choice(prefixes)
    if version == 4 and dice.random() < 0.05:
        return ipaddress.IPv4Address(0x7F000500 + dice.randrange(-2, 258))
    low, high = int(prefix.network_address), int(prefix.broadcast_address)
    top = 2**prefix.max_prefixlen
    where = dice.randrange(4)
    if where == 0:
        start = 0x0B000000 if version == 4 else 0x2000 << 112
        value = dice.randrange(start, start * 2)
    else:
        value = (
            dice.choice([low - 1, low, high, high + 1]) if where == 1 else dice.randint(low, high)
        )
    return type(prefix.network_address)(value % top)


def compare(count: int, prefixes: list[Any], dice: random.Random, version: int) -> dict[str, Any]:
    mismatches, refused = [], 0
    with Kernel() as kernel:
        rows, rules = kernel.rows(version), kernel.rules(version)
        merged = version == 4 and kernel.merged()
        blank = Answer(None, Hop(None), RouteType.OTHER)
        facts = Snapshot((), rows, rules, blank, merged=merged)
        for _ in range(count):
            target = destination(dice, prefixes, version)
            question = Question("", target)
            # Half of them as connect asks the second time: with the source it was given.
            source = OWN[version] if dice.random() < 0.5 else None
            flow = replace(flow_of(question, facts), source=source)
            winner = find(rows, rules, flow, merged=merged).winner
            ours: Any = None
            if winner is not None and winner.type in ("unicast", "local", "broadcast"):
                ours = [str(winner.destination), winner.metric, winner.type.value]
            try:
                answer = kernel.answer(question, source=source)
                theirs: Any = [str(answer.row), answer.row_metric, answer.type.value]
            except RouteError:
                theirs = None
                refused += 1
            if ours != theirs:
                mismatches.append([str(target), str(source), ours, theirs])
    return {
        "asked": count,
        "refused": refused,
        "rows": len(rows),
        "merged": merged,
        "mismatches": mismatches[:20],
    }


def main() -> None:
    version, seed = int(sys.argv[1]), int(sys.argv[2])
    dice = random.Random(seed)
    with IPRoute() as kernel:
        if version == 4:
            # Longer than the local row 127.0.0.0/8: who wins depends on merged tables.
            kernel.route("add", dst="127.0.5.0/24", type="unreachable", family=2)
        prefixes = add_routes(kernel, dice, version, 100)
    json.dump(compare(1000, prefixes, dice, version), sys.stdout)


if __name__ == "__main__":
    main()
