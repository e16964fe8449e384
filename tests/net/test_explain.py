"""The explanation from facts written by hand: the textbook beside the kernel, and frames."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest

from net.machine import INTERFACES, ROWS, asked, machine
from plainwire.net.explain import explain, refusal
from plainwire.net.frame import Sure
from plainwire.net.lookup import default_rules
from plainwire.net.model import (
    Answer,
    Hop,
    Listener,
    NeighbourState,
    Question,
    Route,
    RouteType,
    Snapshot,
)
from plainwire.net.ports import classify
from plainwire.net.stations import stations
from plainwire.net.steps import Explanation

V6 = ("2001:db8::2/64", "fe80::2/64")
V6_OWN = ipaddress.ip_address("fe80::2")
MAC = "02:00:00:00:00:99"


def told(question: Question, facts: Snapshot) -> Explanation:
    return explain(question, facts, classify(question.port, None, (32768, 60999), 1024))


@pytest.mark.parametrize(
    ("target", "prefix", "source", "book", "verdict"),
    [
        ("192.0.2.77", "192.0.2.0/24", "192.0.2.2", "textbook-direct", "agree-direct"),
        ("8.8.8.8", "0.0.0.0/0", "192.0.2.2", "textbook-gateway", "agree-gateway"),
        ("192.0.2.200", "192.0.2.128/25", "192.0.2.2", "textbook-direct", "differ-via"),
        ("198.51.100.7", "198.51.100.7/32", "192.0.2.2", "textbook-gateway", "differ-on-link"),
        ("203.0.113.5", "203.0.113.0/24", "192.0.2.2", "textbook-gateway", "differ-gateway"),
        ("10.0.2.7", "10.0.2.0/24", "10.0.2.2", "textbook-gateway", "differ-interface"),
        ("10.8.0.7", "10.8.0.0/16", "10.8.0.2", "textbook-gateway", "differ-interface"),
        ("192.0.2.2", "192.0.2.2/32", "192.0.2.2", "textbook-direct", "differ-local"),
    ],
)
def test_the_textbook_and_the_kernel_side_by_side(
    target: str, prefix: str, source: str, book: str, verdict: str
) -> None:
    """Host routes, overlapping prefixes, tunnels and two interfaces are where they part."""
    found = told(asked(target), machine(target, prefix, source))
    assert found.textbook.result.code == book
    assert found.textbook.verdict.code == verdict
    assert found.textbook.agrees == verdict.startswith("agree")
    assert found.route.reasons[0].code == "kernel-agrees"


def test_a_link_local_destination_is_compared_with_the_link_local_address() -> None:
    """The global address shares no network with it, so the textbook seemed to differ."""
    link = replace(INTERFACES[1], addresses=tuple(map(ipaddress.ip_interface, V6)))
    row = Route(ipaddress.ip_network("fe80::/64"), 254, hops=(Hop(2),))
    answer = Answer(V6_OWN, Hop(2), RouteType.UNICAST, row=row.destination, row_metric=0)
    facts = Snapshot((INTERFACES[0], link), (row,), default_rules(), answer, merged=False)
    found = told(asked("fe80::1", zone="eth0"), facts)
    assert found.textbook.mine == ipaddress.ip_interface(V6[1])
    assert found.textbook.verdict.code == "agree-direct"


def test_of_several_addresses_the_textbook_takes_the_one_beside_the_gateway() -> None:
    held = map(ipaddress.ip_interface, ("10.77.0.1/31", "192.0.2.2/24"))
    links = (INTERFACES[0], replace(INTERFACES[1], addresses=tuple(held)), *INTERFACES[2:])
    facts = replace(machine("8.8.8.8", "0.0.0.0/0", "192.0.2.2"), interfaces=links)
    found = told(asked("8.8.8.8"), facts)
    assert str(found.textbook.mine) == "192.0.2.2/24"
    assert found.textbook.agrees


def test_a_known_neighbour_gives_one_frame_and_an_absent_one_two() -> None:
    facts = machine("8.8.8.8", "0.0.0.0/0", "192.0.2.2", NeighbourState.REACHABLE, MAC)
    (syn,) = told(asked("8.8.8.8"), facts).frames
    assert syn.data[:6].hex(":") == MAC
    assert (syn.purpose, len(syn.data)) == ("frame-syn", 74)

    facts = machine("8.8.8.8", "0.0.0.0/0", "192.0.2.2", NeighbourState.ABSENT)
    arp, syn = told(asked("8.8.8.8"), facts).frames
    assert arp.purpose == "frame-arp"
    assert arp.data[-4:] == ipaddress.ip_address("192.0.2.1").packed
    assert syn.fields[0].sure is Sure.UNKNOWN


def test_a_failed_neighbours_old_mac_is_not_used() -> None:
    facts = machine("8.8.8.8", "0.0.0.0/0", "192.0.2.2", NeighbourState.FAILED, MAC)
    found = told(asked("8.8.8.8"), facts)
    assert found.neighbour.mac is None
    assert found.neighbour.reason.code == "neighbour-failed"
    assert stations(found)[4].tone == "stop"


def test_a_cable_that_is_out_is_said() -> None:
    """The rows stay when the carrier goes; the ARP question was said to leave."""
    facts = machine("8.8.8.8", "0.0.0.0/0", "192.0.2.2", NeighbourState.ABSENT)
    links = tuple(replace(i, running=False) if i.name == "eth0" else i for i in INTERFACES)
    found = told(asked("8.8.8.8"), replace(facts, interfaces=links))
    assert found.neighbour.reason.code == "neighbour-no-carrier"
    assert stations(found)[4].tone == "stop"


def test_without_a_gateway_the_textbook_takes_an_address_of_the_destinations_scope() -> None:
    """An interface with nothing but a link-local address came first by its number."""
    addresses = [("fe80::1/64",), V6]
    links = tuple(
        replace(link, addresses=tuple(map(ipaddress.ip_interface, held)))
        for link, held in zip(INTERFACES[1:3], addresses, strict=True)
    )
    row = Route(ipaddress.ip_network("2001:db8::/64"), 254, hops=(Hop(3),))
    own = ipaddress.ip_address("2001:db8::2")
    answer = Answer(own, Hop(3), RouteType.UNICAST, row=row.destination, row_metric=0)
    facts = Snapshot((INTERFACES[0], *links), (row,), default_rules(), answer, merged=False)
    found = told(asked("2001:db8::9"), facts)
    assert found.textbook.mine == ipaddress.ip_interface(V6[0])
    assert found.textbook.verdict.code == "agree-direct"


def test_a_machine_with_nothing_but_a_loopback_differs_for_its_own_address() -> None:
    lo = Route(ipaddress.ip_network("127.0.0.0/8"), 255, RouteType.LOCAL, hops=(Hop(1),))
    own = ipaddress.ip_address("127.0.0.1")
    answer = Answer(own, Hop(1), RouteType.LOCAL, row=lo.destination, row_metric=0)
    facts = Snapshot(INTERFACES[:1], (lo,), default_rules(), answer)
    found = told(asked("127.0.0.1"), facts)
    assert found.textbook.result.code == "textbook-no-address"
    assert found.textbook.verdict.code == "differ-local"


def test_a_tunnel_has_no_ethernet_header_and_asks_nobody() -> None:
    found = told(asked("10.8.0.7"), machine("10.8.0.7", "10.8.0.0/16", "10.8.0.2"))
    assert found.neighbour.reason.code == "neighbour-bare"
    (packet,) = found.frames
    assert packet.layers() == ("IPv4", "TCP")
    assert stations(found)[4].headline == "-"


def test_mss_follows_the_mtu_of_the_interface_the_row_or_the_path() -> None:
    facts = machine("8.8.8.8", "0.0.0.0/0", "192.0.2.2")
    assert told(asked("8.8.8.8"), facts).size.payload == 1460
    small = replace(facts, answer=replace(facts.answer, mtu=600))
    size = told(asked("8.8.8.8", protocol="udp"), small).size
    assert (size.payload, size.reason.code) == (572, "size-learned")
    rows = tuple(replace(r, mtu=600) if r.destination.prefixlen == 0 else r for r in ROWS)
    size = told(asked("8.8.8.8"), replace(small, rows=rows)).size
    assert (size.payload, size.reason.code) == (560, "size-row")


@pytest.mark.parametrize(
    ("bound", "protocol", "hears"),
    [
        ("192.0.2.2", "tcp", True),
        ("0.0.0.0", "tcp", True),
        ("::", "tcp", True),
        ("127.0.0.1", "tcp", False),
        ("0.0.0.0", "udp", False),
    ],
)
def test_a_local_port_names_its_listener(bound: str, protocol: str, *, hears: bool) -> None:
    listener = Listener(protocol, ipaddress.ip_address(bound), 8080, "python3 server.py", 7)
    facts = replace(machine("192.0.2.2", "192.0.2.2/32", "192.0.2.2"), listeners=(listener,))
    question = asked("192.0.2.2", port=8080, assumed_port=False)
    found = told(question, facts)
    codes = [why.code for why in found.port.reasons]
    assert ("port-listener" in codes) == hears
    assert ("port-nobody-tcp" in codes) != hears
    assert (stations(found)[1].tone == "stop") != hears


def test_an_assumed_port_accuses_nobody() -> None:
    found = told(asked("192.0.2.2"), machine("192.0.2.2", "192.0.2.2/32", "192.0.2.2"))
    assert [why.code for why in found.port.reasons] == ["port-well-known"]


def test_a_disagreement_with_the_kernel_is_said() -> None:
    facts = machine("8.8.8.8", "0.0.0.0/0", "192.0.2.2")
    wrong = replace(facts, answer=replace(facts.answer, row=ipaddress.ip_network("8.0.0.0/8")))
    (why,) = told(asked("8.8.8.8"), wrong).route.reasons
    assert why.code == "kernel-disagrees"
    assert dict(why.values) == {"row": "8.0.0.0/8", "ours": "0.0.0.0/0"}


@pytest.mark.parametrize("kind", [RouteType.BLACKHOLE, RouteType.UNREACHABLE, RouteType.PROHIBIT])
def test_a_refusing_row_is_named(kind: RouteType) -> None:
    rows = (*ROWS, Route(ipaddress.ip_network("10.9.0.0/16"), 254, kind))
    empty = Answer(None, Hop(None), RouteType.OTHER)
    facts = Snapshot(INTERFACES, rows, default_rules(), empty)
    error = refusal(asked("10.9.1.1"), facts, "EINVAL", "error-blackhole")
    assert error.code == "error-row-refuses"
    assert str(error) == f"10.9.1.1: the row 10.9.0.0/16 of table main is {kind} (EINVAL)"
    plain = refusal(asked("10.10.1.1"), facts, "EINVAL", "error-blackhole")
    assert plain.code == "error-blackhole"


def test_why_there_is_no_route_is_named() -> None:
    """`no row contains it` was said of loopbacks that are down and of rows that throw."""
    empty = Answer(None, Hop(None), RouteType.OTHER)
    thrown = Route(ipaddress.ip_network("9.9.9.0/24"), 254, RouteType.THROW)
    facts = Snapshot(INTERFACES, (thrown,), default_rules(), empty)
    error = refusal(asked("9.9.9.9"), facts, "ENETUNREACH", "error-no-route")
    assert error.code == "error-no-usable-row"
    down = replace(facts, interfaces=(replace(INTERFACES[0], up=False), *INTERFACES[1:]))
    error = refusal(asked("127.0.0.1"), down, "ENETUNREACH", "error-no-route")
    assert error.code == "error-loopback-down"
    error = refusal(asked("8.8.8.8"), down, "ENETUNREACH", "error-no-route")
    assert error.code == "error-no-route"


def test_without_a_routing_table_nothing_is_guessed() -> None:
    """MacOS and Windows: the source is known, the rest is said to be unknown."""
    answer = Answer(ipaddress.ip_address("192.0.2.2"), Hop(None), RouteType.OTHER)
    facts = Snapshot((), (), (), answer, complete=False, platform="macOS")
    found = told(asked("8.8.8.8"), facts)
    assert found.route.lookup is None
    assert found.route.reasons[0].code == "route-not-told"
    assert found.next_hop.kind == "unknown"
    assert found.neighbour.mac is None
    assert found.size.mtu is None
    assert found.frames == ()
    assert not found.textbook.agrees


def test_a_multicast_destination_needs_no_neighbour() -> None:
    facts = machine("8.8.8.8", "0.0.0.0/0", "192.0.2.2")
    facts = replace(facts, answer=replace(facts.answer, type=RouteType.MULTICAST))
    found = told(asked("224.0.0.251", protocol="udp", port=5353), facts)
    assert found.neighbour.mac == "01:00:5e:00:00:fb"
    assert found.textbook.verdict.code == "differ-group"
    (packet,) = found.frames
    assert packet.data[22] == 1
    assert found.route.reasons[0].code == "kernel-agrees"


def test_stations_are_six_in_order_from_program_to_wire() -> None:
    facts = machine("8.8.8.8", "0.0.0.0/0", "192.0.2.2", NeighbourState.STALE, MAC)
    row = stations(told(asked("8.8.8.8"), facts))
    assert [s.name for s in row] == ["program", "socket", "ip", "route", "neighbour", "wire"]
    assert [s.osi for s in row] == [7, 4, 3, 3, 2, 1]
    assert row[3].headline == "0.0.0.0/0 via 192.0.2.1"
    assert row[4].headline == MAC
    assert {s.tone for s in row} == {"plain"}
