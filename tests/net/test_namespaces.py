"""`plainwire path` on real kernels: two networks and a router, built by the test.

h1 eth0 10.0.1.2 --- 10.0.1.1 r 10.0.2.1 --- 10.0.2.2 eth0 h2
   fd00:1::2         fd00:1::1  fd00:2::1    fd00:2::2
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from net.conftest import Done, Plan, path_command

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's netlink"),
    # Programs in private hosts, one after the other: 43 s at a load of 19 on two processors.
    pytest.mark.timeout(300),
]

Run = Callable[[Plan], list[Done]]
FIRST_FRAME = str(Path(__file__).with_name("first_frame.py"))


def up(dev: str, *addresses: str, **more: str) -> list[dict[str, object]]:
    held = [{"do": "address", "dev": dev, "address": address} for address in addresses]
    return [{"do": "up", "dev": dev, **more}, *held]


def route(dst: str, gateway: str | None = None, **more: object) -> dict[str, object]:
    via = {} if gateway is None else {"gateway": gateway}
    family = 10 if ":" in dst else 2
    return {"do": "route", "dst": dst, "family": family, **via, **more}


def two_networks(*commands: tuple[str, list[str]], ordinary: bool = False) -> Plan:
    quick = {"do": "sysctl", "name": "net/ipv4/neigh/eth0/retrans_time_ms", "value": "50"}
    # An entry is REACHABLE for half of this at least; the default is 15 s, which the commands
    # one after the other may take on a loaded machine.
    lasting = [
        {"do": "sysctl", "name": f"net/{ip}/neigh/eth0/base_reachable_time_ms", "value": "900000"}
        for ip in ("ipv4", "ipv6")
    ]
    return Plan(
        hosts=["h1", "r", "h2"],
        cables=[("h1", "eth0", "r", "eth0"), ("r", "eth1", "h2", "eth0")],
        steps={
            "r": [
                *up("eth0", "10.0.1.1/24", "fd00:1::1/64", address="02:00:00:00:01:01"),
                *up("eth1", "10.0.2.1/24", "fd00:2::1/64"),
            ],
            "h1": [
                *up("eth0", "10.0.1.2/24", "fd00:1::2/64", address="02:00:00:00:01:02"),
                route("0.0.0.0/0", "10.0.1.1"),
                route("::/0", "fd00:1::1"),
                route("10.0.2.9/32", "10.0.1.3"),
                route("10.0.1.128/25", "10.0.1.1"),
                route("10.5.0.0/16", "10.0.1.1", metrics={"mtu": 600}),
                quick,
                *lasting,
                {"do": "sysctl", "name": "net/ipv6/conf/eth0/hop_limit", "value": "61"},
            ],
            "h2": [
                *up("eth0", "10.0.2.2/24", "fd00:2::2/64"),
                route("10.9.0.0/16", type="prohibit"),
            ],
        },
        run=list(commands),
        ordinary=ordinary,
    )


def test_routes_and_neighbours_of_two_networks(in_namespaces: Run) -> None:
    targets = ["10.0.2.2:443", "10.0.1.1", "10.0.2.9", "10.0.1.200", "fd00:2::2", "10.5.0.1"]
    commands = [("h1", path_command(target, "--json", "--resolve")) for target in targets]
    found = dict(
        zip(targets, [d.json() for d in in_namespaces(two_networks(*commands))], strict=True)
    )

    def told(target: str) -> tuple[str, str, str, str]:
        one = found[target]
        winner = one["route"]["lookup"]["winner"]["destination"]
        book = one["textbook"]
        return winner, one["next_hop"]["address"], book["result"]["code"], book["verdict"]["code"]

    assert told("10.0.2.2:443") == ("0.0.0.0/0", "10.0.1.1", "textbook-gateway", "agree-gateway")
    assert told("10.0.1.1") == ("10.0.1.0/24", "10.0.1.1", "textbook-direct", "agree-direct")
    assert told("10.0.2.9") == ("10.0.2.9/32", "10.0.1.3", "textbook-gateway", "differ-gateway")
    assert told("10.0.1.200") == ("10.0.1.128/25", "10.0.1.1", "textbook-direct", "differ-via")
    assert told("fd00:2::2") == ("::/0", "fd00:1::1", "textbook-gateway", "agree-gateway")
    for target in ("10.0.2.2:443", "10.0.1.1", "fd00:2::2"):
        neighbour = found[target]["neighbour"]
        assert (neighbour["mac"], neighbour["state"]) == ("02:00:00:00:01:01", "REACHABLE")
        assert neighbour["sent"] is None or neighbour["sent"]["code"] == "sent-netlink"
    assert found["10.5.0.1"]["size"]["payload"] == 560
    assert found["10.5.0.1"]["size"]["reason"]["code"] == "size-row"
    assert {d["route"]["reasons"][0]["code"] for d in found.values()} == {"kernel-agrees"}


@pytest.mark.parametrize("ordinary", [False, True])
def test_an_absent_neighbour_is_asked_for_and_fails(in_namespaces: Run, *, ordinary: bool) -> None:
    """The two ways of asking say what they sent, and both wait for the kernel's verdict."""
    plan = two_networks(
        ("h1", path_command("10.0.1.77", "--json")),
        ("h1", path_command("10.0.1.77", "--json", "--resolve")),
        ordinary=ordinary,
    )
    before, after = [done.json() for done in in_namespaces(plan)]
    assert before["neighbour"]["state"] == "ABSENT"
    assert before["neighbour"]["sent"] is None
    assert [frame["purpose"] for frame in before["frames"]] == ["frame-arp", "frame-syn"]
    assert after["neighbour"]["state"] == "FAILED"
    wanted = "sent-datagram" if ordinary else "sent-netlink"
    assert after["neighbour"]["sent"]["code"] == wanted
    assert after["neighbour"]["mac"] is None


def test_an_ordinary_user_resolves_a_neighbour(in_namespaces: Run) -> None:
    plan = two_networks(
        ("h1", path_command("10.0.2.2", "--json", "--resolve")),
        ("h1", path_command("fd00:2::2", "--json", "--resolve")),
        ordinary=True,
    )
    for done in in_namespaces(plan):
        neighbour = done.json()["neighbour"]
        assert neighbour["mac"] == "02:00:00:00:01:01"
        assert neighbour["sent"]["code"] == "sent-datagram"


def test_what_cannot_be_routed_is_one_line_and_status_2(in_namespaces: Run) -> None:
    targets = ["8.8.8.8", "10.9.1.1", "2001:db8::1", "fe80::1", "fe80::1%nothing"]
    plan = two_networks(*[("h2", path_command(target)) for target in targets])
    lines = []
    for done in in_namespaces(plan):
        assert (done.status, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        lines.append(done.stderr.removeprefix("plainwire path: ").rstrip())
    assert lines == [
        "8.8.8.8: no route; no row of the routing table contains it (ENETUNREACH)",
        "10.9.1.1: the row 10.9.0.0/16 of table main is prohibit (EACCES)",
        "2001:db8::1: no route; no row of the routing table contains it (ENETUNREACH)",
        "fe80::1: a link-local address needs its interface, fe80::1%eth0",
        "%nothing: no interface has this name or number",
    ]


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("target", ["10.0.2.2:443", "[fd00:2::2]:443"])
def test_the_predicted_frames_are_those_that_leave(
    in_namespaces: Run, target: str, protocol: str
) -> None:
    """First with an empty cache (a question, then the packet), then with the MAC known."""
    once = ("h1", [FIRST_FRAME, target, protocol])
    first, second = in_namespaces(two_networks(once, once))
    packet = "frame-syn" if protocol == "tcp" else "frame-datagram"
    question = "frame-ndp" if target.startswith("[") else "frame-arp"
    assert first.json()["predicted"] == [question, packet]
    assert second.json()["predicted"] == [packet]
    assert first.json()["wrong"] == second.json()["wrong"] == []


def test_two_interfaces_and_policy_rules_are_explained(in_namespaces: Run) -> None:
    """A table of its own for one destination, as VPN clients make it."""
    plan = two_networks(("r", path_command("10.0.2.2", "--json")), ("r", path_command("10.0.2.2")))
    plan.steps["r"] += [
        route("10.0.0.0/8", "10.0.1.2", table=77),
        {"do": "rule", "priority": 90, "table": 77, "dst": "10.0.2.2", "dst_len": 32, "family": 2},
    ]
    facts, text = in_namespaces(plan)
    found = facts.json()
    assert found["route"]["lookup"]["winner"]["table"] == 77
    assert found["route"]["rules_matter"]
    fates = {s["rule"]["priority"]: s["verdict"] for s in found["route"]["lookup"]["rules"]}
    assert fates == {
        0: "rule-empty",
        90: "rule-found",
        32766: "rule-not-reached",
        32767: "rule-not-reached",
    }
    assert "from all to 10.0.2.2/32 lookup 77" in text.stdout


def test_a_rule_by_source_decides_over_connect_but_not_over_a_datagram(in_namespaces: Run) -> None:
    """`connect` asks again with the source it was given; the explanation named the other way.

    The frames captured are what a program really sends.
    """
    plan = two_networks(
        ("h1", path_command("10.6.9.9:80", "--json")),
        ("h1", path_command("10.6.9.9:80", "--json", "--udp")),
        ("h1", [FIRST_FRAME, "10.6.9.9:80", "tcp"]),
    )
    plan.steps["h1"] += [
        route("0.0.0.0/0", "10.0.1.3", table=99),
        {"do": "rule", "priority": 95, "table": 99, "src": "10.0.1.2", "src_len": 32, "family": 2},
        {"do": "neighbour", "dev": "eth0", "dst": "10.0.1.3", "lladdr": "02:00:00:00:01:03"},
    ]
    tcp, udp, sent = in_namespaces(plan)
    stream, datagram = tcp.json(), udp.json()
    assert stream["route"]["lookup"]["winner"]["table"] == 99
    assert [why["code"] for why in stream["route"]["reasons"]] == [
        "kernel-agrees",
        "route-asked-twice",
    ]
    assert stream["next_hop"]["address"] == "10.0.1.3"
    assert stream["source"]["address"] == "10.0.1.2"
    assert datagram["next_hop"]["address"] == "10.0.1.1"
    assert sent.json()["captured"][0].startswith("020000000103")
    assert sent.json()["wrong"] == []


def test_a_rule_by_protocol_and_port_is_asked_of_the_kernel(in_namespaces: Run) -> None:
    """Only TCP 443 has a way out; the kernel must be asked with the port to know it."""
    asks = [("10.9.9.9:443",), ("10.9.9.9:80",), ("10.9.9.9:443", "--udp")]
    plan = two_networks(*[("r", path_command(*ask, "--json")) for ask in asks])
    ports = {"ip_proto": 6, "dport_range": "443:443"}
    plan.steps["r"] += [
        route("0.0.0.0/0", "10.0.1.2", table=88),
        {"do": "rule", "priority": 100, "table": 88, "family": 2, **ports},
    ]
    https, http, quic = in_namespaces(plan)
    found = https.json()
    assert found["route"]["lookup"]["winner"]["table"] == 88
    assert found["route"]["reasons"][0]["code"] == "kernel-agrees"
    assert found["next_hop"]["address"] == "10.0.1.2"
    assert (http.status, quic.status) == (2, 2)


def test_several_next_hops_and_a_gateway_of_the_other_family(in_namespaces: Run) -> None:
    plan = two_networks(
        ("h1", path_command("10.7.0.1", "--json")), ("h1", path_command("10.8.0.1", "--json"))
    )
    hops = [{"gateway": "10.0.1.8", "hops": 1}, {"gateway": "10.0.1.9", "hops": 1}]
    via = {"family": 10, "addr": "fd00:1::1"}
    plan.steps["h1"] += [
        route("10.7.0.0/16", multipath=hops),
        route("10.8.0.0/16", via=via, dev="eth0"),
    ]
    many, other = [done.json() for done in in_namespaces(plan)]
    codes = [why["code"] for why in many["route"]["reasons"]]
    assert codes == ["kernel-agrees", "route-many-hops"]
    assert many["next_hop"]["address"] in ("10.0.1.8", "10.0.1.9")
    assert other["next_hop"]["reason"]["code"] == "hop-gateway-other-family"
    assert other["source"]["address"] == "10.0.1.2"
    assert other["frames"][0]["purpose"] == "frame-ndp"


def test_here_lists_interfaces_gateways_and_no_listener(in_namespaces: Run) -> None:
    (done,) = in_namespaces(two_networks(("h1", path_command("here", "--json"))))
    found = done.json()
    (eth0,) = [one for one in found["interfaces"] if one["name"] == "eth0"]
    assert eth0["mac"] == "02:00:00:00:01:02"
    assert "10.0.1.2/24" in eth0["addresses"]
    assert [hop["gateway"] for hop in found["gateways"]] == ["10.0.1.1", "fd00:1::1"]
    assert found["listeners"] == []
