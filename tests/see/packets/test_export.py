"""Segments, states and lines as others read them: tshark, scapy, JSON's schema, the terminal."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plainwire.see.capture.pcapng import read_capture
from plainwire.see.ledger import build, foreign
from plainwire.see.ledger.model import Ledger
from plainwire.see.recorder import store
from plainwire.see.report import layers, pcapng, terminal

from .exchanges import EXCHANGES
from .play import USERS, Played, run, states


@pytest.fixture(scope="module")
def played() -> Played:
    for user in USERS:
        try:
            return run(user, EXCHANGES["close_by_client"].programs)
        except pytest.skip.Exception:
            continue
    pytest.skip("neither root nor an ordinary user may capture here")


@pytest.fixture(scope="module")
def exported(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "out.pcapng"
    path.write_bytes(b"".join(pcapng.blocks(played.ledger)))
    return path


def tshark(path: Path, *fields: str) -> list[list[str]]:
    program = shutil.which("tshark")
    if program is None:
        pytest.skip("tshark is not installed")
    words = [word for field in fields for word in ("-e", field)]
    done = subprocess.run(
        [program, "-r", str(path), "-T", "fields", "-E", "aggregator=;", *words],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_every_segment_is_as_tshark_reads_it(played: Played, exported: Path) -> None:
    """Same number, relative sequence and acknowledgement, length and flags."""
    fields = ("frame.number", "tcp.seq", "tcp.ack", "tcp.len", "tcp.flags")
    theirs = [
        (int(number), int(seq), int(ack), int(size), int(flags, 16))
        for number, seq, ack, size, flags in tshark(exported, *fields)
    ]
    ours = [
        (s.number, s.start + 1, (s.acked + 1) if s.acked is not None else 0, s.size, s.flags)
        for s in played.wire().segments
    ]
    assert ours == theirs
    assert len(ours) >= 9


def test_comments_name_the_lines(played: Played, exported: Path) -> None:
    """`pw client.py:12 send#7 off=0..99` is found by frame.comment in Wireshark."""
    comments = [said for (said,) in tshark(exported, "frame.comment")]
    everything = "\n".join(comments)
    for mark, word in (("connect", "connect"), ("finA", "close"), ("finB", "close")):
        name, line = played.line(mark)
        assert f"pw {name}:{line} {word}" in everything
    assert "pw client.py:5 send#1 off=0..7" in everything
    assert "recv#1 off=0..7" in everything
    assert "pw kernel listen server.py:6" in comments[0]


def test_scapy_reads_packets_and_their_clock(played: Played, exported: Path) -> None:
    """Another reader, so that a mistake shared with tshark would show."""
    from scapy.utils import RawPcapNgReader

    with RawPcapNgReader(str(exported)) as reader:
        read = list(reader)
    assert [data for data, _ in read] == [p.data for p in played.ledger.packets]
    for (_, meta), packet in zip(read, played.ledger.packets, strict=True):
        assert (meta.tshigh << 32 | meta.tslow) == packet.realtime


def test_processes_come_last_and_only_when_asked(played: Played) -> None:
    plain = b"".join(pcapng.blocks(played.ledger))
    full = b"".join(pcapng.blocks(played.ledger, processes=True))
    assert full.startswith(plain)
    assert b"server.py" in full[len(plain) :]


def test_the_export_is_read_again_as_a_foreign_capture(played: Played, exported: Path) -> None:
    """Without calls: the same flow, segments and states."""
    with exported.open("rb") as file:
        ledger = foreign.of_capture(read_capture(file))
    (flow,) = ledger.flows
    assert flow.wire is not None
    for end in (0, 1):
        assert states(flow.wire, end) == states(played.wire(), end)
    assert [s.names for s in flow.segments] == [s.names for s in played.wire().segments]
    shown = terminal.render(ledger, [], width=100)
    assert "SYN-ACK" in shown
    assert "TIME_WAIT" in shown
    assert "evidence: packets only, no calls" in shown


def test_the_terminal_tells_handshake_and_close_by_line(played: Played) -> None:
    shown = terminal.render(played.ledger, [], width=100)
    name, line = played.line("connect")
    said = " ".join(shown.split())
    listen, accept = (":".join(map(str, played.line(mark))) for mark in ("listen", "accept"))
    finished, answered = (":".join(map(str, played.line(mark))) for mark in ("finA", "finB"))
    assert "handshake: 3 segments" in said
    assert f"SYN (1): {name}:{line} connect() sent it" in said
    assert f"SYN-ACK (2): the server's kernel answered, because of {listen} listen()" in said
    assert "connect() returned" in said
    assert "ACK (3): the client's kernel; the connection is established" in said
    assert f"no segment: {accept} accept() took the finished connection from the queue" in said
    fins = [s.number for s in played.wire().segments if s.flags & 1]
    assert f"FIN ({fins[0]}) from the client, {finished} close()" in said
    assert f"FIN ({fins[1]}) from the server, {answered} close()" in said
    four = "close: 4 segments" in said
    assert four or "close: 3 segments" in said
    assert four is not (f"no ACK alone: the FIN ({fins[1]}) that follows carries it" in said)
    assert "the client's end keeps TIME_WAIT for 60 s, because it closed first" in said
    for word in ("SYN_SENT", "SYN_RCVD", "ESTABLISHED", "FIN_WAIT1", "CLOSE_WAIT", "LAST_ACK"):
        assert word in shown
    assert all(len(text) <= 100 for text in shown.splitlines())


@pytest.mark.parametrize("width", [30, 59, 60, 80, 140])
def test_no_line_is_wider_than_asked(played: Played, width: int) -> None:
    for text in terminal.render(played.ledger, [], width=width).splitlines():
        assert len(text) <= width, text


def test_segments_and_states_of_the_json_obey_its_schema(played: Played) -> None:
    (flow,) = played.report["flows"]
    schema = json.loads(
        (Path(terminal.__file__).parent / "report.schema.json").read_text(encoding="utf-8")
    )
    for name, rows in (("segment", flow["segments"]), ("state_change", flow["states"])):
        assert rows
        for row in rows:
            assert set(row) == set(schema["$defs"][name]["properties"])
    calls = {call["number"]: call for call in played.report["calls"]}
    syn = flow["segments"][0]
    assert calls[syn["cause"]["call"]]["op"] == "connect"
    data = next(s for s in flow["segments"] if s["size"])
    assert [calls[n]["op"] for n in data["sends"]] == ["sendall"]
    assert "packets" in played.report["evidence_level"]


def test_a_packet_is_opened_under_both_layer_models(played: Played) -> None:
    """Every header in order, with its layer's name in OSI and in TCP/IP."""
    number = next(s.number for s in played.wire().segments if s.size)
    shown = "\n".join(layers.packet_lines(played.ledger, number, width=100))
    for words in (
        "Ethernet   OSI 2 data link, TCP/IP link",
        "IPv4   OSI 3 network, TCP/IP internet",
        "TCP   OSI 4 transport, TCP/IP transport",
        "destination port: 9000",
        "bytes 0 to 8 sent by client.py:5",
    ):
        assert words in shown
    described = layers.to_json(played.ledger, number)
    ends = [layer["offset"] + layer["length"] for layer in described["layers"]]
    assert ends[-1] == described["kept"]
    with pytest.raises(layers.UnknownPacketError, match="there is no packet 999"):
        list(layers.packet_lines(played.ledger, 999))


def show(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "plainwire", "show", *options, str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_show_writes_and_reads_from_the_command_line(played: Played, tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    assert show(played.path, "--pcapng", str(out)).returncode == 0
    again = show(out)
    assert again.returncode == 0
    assert "SYN-ACK" in again.stdout
    packet = show(played.path, "--packet", "1", "--json", "-")
    assert json.loads(packet.stdout)["layers"][0]["name"] == "Ethernet"
    missing = show(played.path, "--packet", "999")
    assert missing.returncode == 2
    assert "there is no packet 999" in missing.stderr


def items_of(path: Path) -> Iterator[Any]:
    recording = store.Recording(path)
    yield from recording.items()
    recording.close()


def test_a_ledger_without_packets_is_the_same_but_for_them(played: Played) -> None:
    """Everything works without packets: they add, and change nothing else."""
    without: Ledger = build.build(i for i in items_of(played.path) if i[0] != "packet")
    assert not without.packets
    assert len(without.flows) == len(played.ledger.flows)
    assert without.flows[0].segments == []
    assert without.flows[0].states == []
    assert without.flows[0].there.written == played.flow().there.written
