"""Counters are read by name and only what moved is told."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from plainwire.see.capture.counters import Counters, moved, parse, parse_snmp6, snapshot

from .conftest import Played

NETSTAT = """\
TcpExt: SyncookiesSent ListenOverflows DelayedACKs
TcpExt: 0 2 31
IpExt: InNoRoutes InOctets
IpExt: 0 1234
"""


def test_pairs_of_lines_become_names_and_numbers() -> None:
    """The names are those that documentation and other tools use."""
    assert parse(NETSTAT) == {
        "TcpExt.SyncookiesSent": 0,
        "TcpExt.ListenOverflows": 2,
        "TcpExt.DelayedACKs": 31,
        "IpExt.InNoRoutes": 0,
        "IpExt.InOctets": 1234,
    }
    assert parse("Tcp: MaxConn CurrEstab\nTcp: -1 3\n") == {"Tcp.MaxConn": -1, "Tcp.CurrEstab": 3}


def test_ipv6_counters_have_a_line_each() -> None:
    """UDP loss over IPv6 is counted apart."""
    text = "Ip6InReceives                   \t8\nUdp6RcvbufErrors                \t5\nodd\n"
    assert parse_snmp6(text) == {"Ip6.InReceives": 8, "Udp6.RcvbufErrors": 5}


@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    """Kernels add lines and columns."""
    parse(text)
    parse_snmp6(text)


def test_only_what_moved_is_told() -> None:
    """Four hundred zeros hide the one that matters."""
    before = Counters({"a": 1, "b": 2, "gone": 3})
    after = Counters({"a": 1, "b": 5, "new": 4})
    assert moved(before, after) == {"b": 3, "new": 4}


def test_a_machine_without_proc_has_no_counters(tmp_path: Path) -> None:
    """Not an error: the report then says nothing of counters."""
    assert snapshot(str(tmp_path)) == Counters({})


def test_the_exchanges_moved_what_they_must(played: Played) -> None:
    """In a private network the counts are the programs' own, exactly."""
    assert played.moved["TcpExt.TCPAbortOnClose"] == 1  # closed with unread bytes
    assert played.moved["TcpExt.TCPAbortOnData"] == 1  # linger 0
    assert played.moved["TcpExt.ListenOverflows"] == 2  # the SYN and its retry
    assert played.moved["TcpExt.TCPKeepAlive"] >= 1
    assert played.moved["Udp.NoPorts"] == 1
    assert played.moved["Icmp.OutDestUnreachs"] == 1
    assert played.moved["Tcp.AttemptFails"] >= 1
    assert played.moved["Ip6.InReceives"] >= 8
