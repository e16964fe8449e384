"""UDP and ICMP in captures of other tools: flows, arrows, counts, and which packet is meant."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from tests.see.packets.scripted import CLIENT, SERVER, Script
from tests.see.packets.test_foreign import show

import plainwire.see.report as package
from plainwire.see.diagnosis import diagnose
from plainwire.see.ledger.wire import Carried
from plainwire.see.report import json_report, layers, terminal

ROUTER = "203.0.113.9"
SCHEMA = json.loads((Path(package.__file__).parent / "report.schema.json").read_text("utf-8"))


def conversation() -> Script:
    """Two flows of datagrams, one refused by its host, one cut off by a router."""
    script = Script()
    script.udp(CLIENT, SERVER, b"question", t=0.0)
    script.udp(SERVER, CLIENT, b"a longer answer", t=0.1)
    lost = script.udp(CLIENT, ("198.51.100.7", 53), b"hello", t=0.2)
    script.udp(CLIENT, SERVER, b"thanks", t=0.3)
    script.icmp("198.51.100.7", CLIENT[0], 3, 3, lost, t=0.4)
    lost = script.udp(CLIENT, ("198.51.100.7", 53), b"hello", t=0.5)
    script.icmp(ROUTER, CLIENT[0], 3, 1, lost, t=0.6)
    return script


def test_a_flow_is_a_pair_of_ends_and_its_client_sent_first() -> None:
    first, second = conversation().ledger().flows
    assert (first.number, first.kind, first.addresses) == (0, "udp", (CLIENT, SERVER))
    assert [(c.number, c.end, c.size) for c in first.carried] == [(1, 0, 8), (2, 1, 15), (4, 0, 6)]
    assert second.addresses == (CLIENT, ("198.51.100.7", 53))
    assert isinstance(second.carried[0], Carried)


def test_an_icmp_error_names_the_very_datagram_it_is_about() -> None:
    """Not the last one: an error may be late, and the identification tells."""
    script = Script()
    sent = [script.udp(CLIENT, SERVER, b"ping %d" % n, t=n / 1000) for n in range(3)]
    for n in (1, 0):
        script.icmp(SERVER[0], CLIENT[0], 3, 3, sent[n], t=0.1 - n / 100)
    (flow,) = script.ledger().flows
    assert [(t.error.name, t.end, t.about) for t in flow.told] == [
        ("port unreachable", 0, 2),
        ("port unreachable", 0, 1),
    ]


def test_an_icmp_error_about_a_syn_stands_in_its_ladder() -> None:
    """Otherwise an attempt to connect looks as if nobody had said a word."""
    script = Script()
    quoted = script.tcp(CLIENT, SERVER, "S", t=0.0)
    script.icmp(ROUTER, CLIENT[0], 3, 1, quoted, t=0.02)
    script.tcp(CLIENT, SERVER, "S", t=1.0)
    ledger = script.ledger()
    findings = diagnose(ledger)
    assert findings == []  # it was answered: not by its host, and that is shown
    text = terminal.render(ledger, findings, width=100)
    (line,) = [line for line in text.splitlines() if "ICMP host unreachable: 1" in line]
    assert "◄" in line
    assert f"from {ROUTER}" in line


def test_an_icmp_error_about_nothing_captured_is_counted_only() -> None:
    script = Script()
    lost = Script().udp(CLIENT, SERVER, b"elsewhere", t=0.0)
    script.icmp(ROUTER, CLIENT[0], 11, 0, lost, t=0.0)
    ledger = script.ledger()
    assert ledger.flows == []
    assert "1 ICMP error in 1 packets" in terminal.render(ledger, [])


@pytest.mark.parametrize("width", [40, 80, 120])
def test_each_datagram_is_an_arrow(width: int) -> None:
    ledger = conversation().ledger()
    text = terminal.render(ledger, [], width=width)
    assert all(len(line) <= width for line in text.splitlines())
    assert "1: 8 B" in text
    assert "2: 15 B" in text
    assert "5: ICMP port unreachable: 3" in text
    said = " ".join(text.split())
    assert "2 UDP flows, 2 ICMP errors in 7 packets" in said
    if width > 40:
        assert "2 datagrams there (14 B), 1 back (15 B)" in said
        assert "2 datagrams there (10 B), 0 back (0 B), 2 ICMP errors" in said


def test_many_datagrams_are_folded_and_unfolded(tmp_path: Path) -> None:
    script = Script()
    for n in range(200):
        script.udp(CLIENT, SERVER, bytes(10), t=n / 1000)
    path = script.write(tmp_path / "many.pcapng")
    assert "... 189 more datagrams (1890 B)" in " ".join(show(path).stdout.split())
    arrows = [line for line in show(path, "--flow", "0").stdout.splitlines() if ": 10 B" in line]
    assert len(arrows) == 200


def test_one_packet_says_what_answered_it(tmp_path: Path) -> None:
    path = conversation().write(tmp_path / "x.pcapng")
    shown = show(path, "--packet", "3").stdout
    assert "of flow 1" in shown
    assert "answered by ICMP port unreachable (packet 5)" in shown
    assert "after the first packet" in shown
    about = show(path, "--packet", "5").stdout
    assert "about flow 1" in about
    assert "about packet 3" in about


def test_the_json_report_has_them_by_its_schema() -> None:
    ledger = conversation().ledger()
    report = json_report.to_json(ledger, diagnose(ledger))
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    assert report["evidence_level"] == ["packets"]
    flow = report["flows"][1]
    assert flow["datagrams"] == [
        {"packet": 3, "t_ns": 200_000_000, "from": "client", "size": 5},
        {"packet": 6, "t_ns": 500_000_000, "from": "client", "size": 5},
    ]
    assert flow["icmp"][1] == {
        "packet": 7, "t_ns": 600_000_000, "to": "client", "by": ROUTER,
        "error": "host unreachable", "about": 6,
    }  # fmt: skip
    definitions = SCHEMA["$defs"]
    assert set(flow["datagrams"][0]) == set(definitions["captured_datagram"]["properties"])
    assert set(flow["icmp"][0]) == set(definitions["icmp_error"]["properties"])
    assert (flow["there"]["messages"], flow["back"]["messages"]) == (2, 0)


@pytest.mark.slow
def test_an_error_for_each_of_many_datagrams_takes_linear_time() -> None:
    """Each error looks at so many packets before it, whatever the flow holds."""
    script = Script()
    for n in range(20_000):
        sent = script.udp(CLIENT, SERVER, bytes(10), t=n / 100)
        script.icmp(SERVER[0], CLIENT[0], 3, 3, sent, t=n / 100 + 0.001)
    (flow,) = script.ledger().flows
    assert all(t.about == c.number for t, c in zip(flow.told, flow.carried, strict=True))


# -- captured twice ------------------------------------------------------------------------


def test_what_was_captured_twice_is_shown_once() -> None:
    """Every segment of a bridge's capture looked retransmitted."""
    script = Script()
    script.handshake()
    script.tcp(CLIENT, SERVER, "PA", 1, 1, b"hello", t=0.1)
    for n, (t, _) in enumerate(list(script.packets)):
        script.again(t + 0.00002, n)
    ledger = script.ledger()
    (flow,) = ledger.flows
    assert [s.names for s in flow.segments] == ["SYN", "SYN-ACK", "ACK", "PSH, ACK"]
    assert not any(s.marks for s in flow.segments)
    assert "4 packets were captured twice" in terminal.render(ledger, [])
    assert layers.belongs(ledger, 2) == ["the same as packet 1, captured twice"]


def test_what_was_sent_again_is_no_copy() -> None:
    """A fast retransmission may follow within milliseconds; its identification is new."""
    script = Script()
    script.handshake()
    for n in range(2):
        script.tcp(CLIENT, SERVER, "PA", 1, 1, b"hello", t=0.1 + n / 1000)
    (flow,) = script.ledger().flows
    assert [m.kind.value for s in flow.segments for m in s.marks] == ["retransmission"]


def test_equal_datagrams_without_identification_are_each_their_own() -> None:
    """Linux leaves it 0 in datagrams of sockets that are not connected."""
    script = Script()
    for n in range(3):
        script._ident = 65_535
        script.udp(CLIENT, SERVER, b"tick", t=n / 1000)
    assert [len(flow.carried) for flow in script.ledger().flows] == [3]
