"""Captures of other tools: whole ones, and every kind of broken or strange one."""

from __future__ import annotations

import gzip
import io
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.capture.packets import samples, write_pcap

from plainwire.see.capture.pcapng import PcapngWriter, read_capture
from plainwire.see.diagnosis import diagnose
from plainwire.see.ledger import foreign
from plainwire.see.report import json_report, layers, terminal

from .made import US, Wired


def show(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "plainwire", "show", "--lang", "en", *options, str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def refused(path: Path) -> str:
    """The one line with which a file is refused."""
    done = show(path)
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("plainwire: show")
    assert path.name in line
    return line


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.pcapng", b"", "the file is empty"),
        ("empty.pcap", b"", "the file is empty"),
        ("text.pcap", b"a text, by mistake\n", "neither pcapng nor pcap"),
        ("text.txt", b"a text, by mistake\n", "not a Plainwire recording"),
        ("head.pcapng", b"\n\r\r\n\x1c\0\0\0", "the file ends inside a block"),
        ("head.pcap", b"\xd4\xc3\xb2\xa1\x02\0\x04\0", "the file ends inside a block"),
        ("wild.pcapng", b"\n\r\r\n" + b"\xff" * 40, "byte 0"),
        ("packed.pcap.gz", gzip.compress(b"\xd4\xc3\xb2\xa1", mtime=0), "unpack it first"),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(
    name: str, data: bytes, said: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert said in refused(path)


def test_a_missing_file_and_a_folder_are_one_clear_line(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "missing.pcap")
    folder = tmp_path / "folder.pcap"
    folder.mkdir()
    assert "is a directory" in refused(folder)


def test_a_capture_is_known_by_its_first_bytes_too(tmp_path: Path) -> None:
    """`tcpdump -w dump` gives a file without any ending."""
    path = tmp_path / "dump"
    write_pcap(path, samples().values())
    done = show(path)
    assert done.returncode == 0
    said = " ".join(done.stdout.split())
    assert "5 TCP connections, 2 UDP flows, 4 ICMP errors in 24 packets" in said


def test_a_capture_cut_off_is_shown_up_to_there(tmp_path: Path) -> None:
    """As a killed tcpdump leaves it."""
    path = tmp_path / "cut.pcap"
    write_pcap(path, samples().values())
    path.write_bytes(path.read_bytes()[:-7])
    done = show(path)
    assert done.returncode == 0
    said = " ".join(done.stdout.split())
    assert "the file ends inside a block" in said
    assert "the 23 packets before it are shown" in said


def test_an_unknown_link_type_is_named(tmp_path: Path) -> None:
    """Otherwise it would look as if nothing had been on the wire."""
    path = tmp_path / "strange.pcap"
    write_pcap(path, samples().values(), linktype=147)
    said = " ".join(show(path).stdout.split())
    assert "Neither TCP nor UDP is in the 24 packets" in said
    assert "24 packets have link type 147, which is not read here" in said


def test_a_capture_without_packets_says_so(tmp_path: Path) -> None:
    path = tmp_path / "none.pcap"
    write_pcap(path, [])
    assert "The capture has no packets." in show(path).stdout


# -- any packets ---------------------------------------------------------------------------


def conversation() -> list[bytes]:
    """A connection with data both ways, something sent again, and both FINs."""
    wired = Wired()
    t = 100_000 * US
    for number, (end, flags, start, data) in enumerate(
        [(0, "PA", 0, b"question"), (1, "PA", 0, b"answer"), (0, "PA", 0, b"question"),
         (0, "FA", 8, b""), (1, "FA", 6, b""), (0, "A", 9, b"")]
    ):  # fmt: skip
        wired.segment(end, flags, start, data, t=t + number * 10 * US, ack=0)
    return [data for _, _, data in sorted(wired.packets)]


WHOLE = [*conversation(), *samples().values()]


def file_of(packets: list[bytes], linktype: int) -> bytes:
    writer = PcapngWriter()
    number, interface = writer.interface(linktype, name="any")
    blocks = [writer.header(application="test"), interface]
    blocks += [writer.packet(number, 10**18 + n * US, data) for n, data in enumerate(packets)]
    return b"".join(blocks)


@settings(max_examples=100)
@given(
    st.integers(0, 2**32),
    st.lists(st.integers(0, len(WHOLE) - 1), min_size=1, max_size=25),
    st.sampled_from([1, 1, 1, 0, 101, 113, 276, 147]),
)
def test_no_mutated_packets_stop_the_report(seed: int, chosen: list[int], linktype: int) -> None:
    """Decoded, sorted, joined, diagnosed, shown in every form: never an exception."""
    chance = random.Random(seed)
    packets = []
    for index in chosen:
        data = bytearray(WHOLE[index])
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        packets.append(bytes(data[: chance.choice([len(data), chance.randrange(len(data) + 1)])]))
    ledger = foreign.of_capture(read_capture(io.BytesIO(file_of(packets, linktype))))
    assert len(ledger.packets) == len(packets)
    findings = diagnose(ledger)
    assert terminal.render(ledger, findings, width=80)
    assert json_report.to_json(ledger, findings)
    for number in range(1, len(packets) + 1):
        assert list(layers.packet_lines(ledger, number, width=80))


def test_the_conversation_itself_is_read(tmp_path: Path) -> None:
    """What the mutations begin from is a whole connection."""
    ledger = foreign.of_capture(read_capture(io.BytesIO(file_of(conversation(), 1))))
    (flow,) = ledger.flows
    assert flow.wire is not None
    assert [s.names for s in flow.segments][:3] == ["SYN", "SYN-ACK", "ACK"]
    assert [c.after for c in flow.states if c.end == 1][:2] == ["SYN_RCVD", "ESTABLISHED"]
