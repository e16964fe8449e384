"""Taking packets: only those of the programs, and honest where there are none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from plainwire.see import records
from plainwire.see.capture.decode import Segment, decode_summary
from plainwire.see.recorder import packets

from .exchanges import EXCHANGES
from .play import USERS, run


@pytest.mark.slow
@pytest.mark.parametrize("user", USERS)
def test_a_strangers_packets_are_not_recorded(user: str) -> None:
    """The capture sees the whole machine; the recording must not."""
    stranger = (
        "import os, subprocess, sys\n"
        "code = '''import socket, time\n"
        'l = socket.create_server(("127.0.0.1", 9900))\n'
        "for _ in range(20):\n"
        '    c = socket.create_connection(("127.0.0.1", 9900)); s, _ = l.accept()\n'
        '    c.sendall(b"secret"); s.recv(10); c.close(); s.close()\n'
        "'''\n"
        "subprocess.run([sys.executable, '-I', '-c', code], check=True)\n"
    )
    programs = EXCHANGES["close_by_client"].programs
    programs["client.py"] += stranger
    played = run(user, programs)
    assert len(played.ledger.packets) >= 9
    for packet in played.ledger.packets:
        summary = decode_summary(packet.data)
        assert isinstance(summary, Segment)
        assert 9000 in (summary.source_port, summary.destination_port)
        assert b"secret" not in packet.data


@pytest.mark.slow
def test_an_ordinary_user_without_a_private_network_is_told_how() -> None:
    played = run("ordinary", EXCHANGES["close_by_client"].programs, private=False)
    assert not played.ledger.packets
    assert played.flow().segments == []
    capture = played.ledger.capture
    assert capture is not None
    assert "CAP_NET_RAW" in capture.reason
    said = " ".join(played.text.split())
    assert "evidence: calls and kernel state only, no packets" in said
    assert "plainwire run --private-net" in said
    assert played.report["evidence_level"] == ["calls", "kernel"]


@pytest.mark.slow
@pytest.mark.parametrize("user", USERS)
def test_no_packets_takes_none(user: str) -> None:
    played = run(user, EXCHANGES["close_by_client"].programs, "--no-packets")
    assert not played.ledger.packets
    assert "no packets" in " ".join(played.text.split())
    assert "Nothing wrong was seen" in played.text


@pytest.mark.slow
@pytest.mark.parametrize("user", USERS)
def test_no_payload_keeps_headers_only(user: str) -> None:
    """`--no-payload` promises that no bytes of the programs are kept."""
    played = run(user, EXCHANGES["close_by_client"].programs, "--no-payload")
    sizes = [s.size for s in played.wire().segments if s.size]
    assert sizes == [8, 6]
    assert all(b"question" not in p.data for p in played.ledger.packets)
    assert all(p.length >= len(p.data) for p in played.ledger.packets)
    assert played.wire().unjoined == ["", ""]


@pytest.mark.slow
@pytest.mark.parametrize("user", USERS)
def test_counters_of_a_private_network_are_exact(user: str) -> None:
    played = run(user, EXCHANGES["reset_by_unread"].programs)
    counters = played.ledger.counters
    assert counters is not None
    assert counters.exact
    assert counters.of("TcpExt.TCPAbortOnClose") == 1
    assert counters.of("Tcp.ActiveOpens") == 1


@pytest.mark.slow
def test_the_costs_of_a_private_network_are_in_the_help() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "plainwire", "run", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    said = " ".join(done.stdout.split())
    assert "reach neither the outside nor this machine's localhost" in said


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (["127.0.0.1", 80], [(b"\x7f\0\0\1", 80)]),
        (["0.0.0.0", 80], [(None, 80)]),
        (["::", 80, 0, 0], [(None, 80)]),
        (["::ffff:127.0.0.1", 80, 0, 0], [(b"\x7f\0\0\1", 80)]),
        (["fe80::1%lo", 80, 0, 1], [(b"\xfe\x80" + bytes(13) + b"\1", 80)]),
        (["example.org", 80], [(None, 80)]),
        (["127.0.0.1", 0], []),
        ("/run/socket", []),
        (None, []),
    ],
)
def test_addresses_of_notes_become_those_of_packets(address: object, expected: object) -> None:
    assert packets.packed(address) == expected


def test_localhost_is_both_loopbacks() -> None:
    assert {port for _, port in packets.packed(["localhost", 7])} == {7}
    assert len(packets.packed(["localhost", 7])) == 2


def test_a_missing_or_damaged_capture_gives_no_packets(tmp_path: Path) -> None:
    """A recorder that was killed may leave any bytes."""
    for data in (b"", b"garbage" * 100):
        path = tmp_path / "packets"
        path.write_bytes(data)
        found = list(packets.of_programs(path, [("slots", "1-0", 0, bytes(records.SLOT_BYTES))]))
        assert [item[0] for item in found] == ["run"]
