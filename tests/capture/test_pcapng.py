"""Files we write are read by tshark and scapy; files others write are read by us."""

from __future__ import annotations

import random
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.utils import PcapNgReader, wrpcap

from plainwire.see.capture.pcapng import (
    NEED_DATA,
    CaptureFormatError,
    CaptureReader,
    PcapngWriter,
    model,
    read_capture,
)

from .packets import samples, tshark_fields

PACKETS = samples()
STAMP = 1_700_000_000_123_456_789
SSL_KEYS = b"CLIENT_RANDOM " + b"ab" * 32 + b" " + b"cd" * 48 + b"\n"


def ours(*, with_process: bool = True) -> bytes:
    """A file with every kind of block."""
    writer = PcapngWriter()
    number, interface = writer.interface(1, name="lo", description="kernel", snap_length=65535)
    process = model.ProcessInfo(
        4242, "python3", "/usr/bin/python3", b"python3\0client.py\0", 1, 1000, "ann", STAMP
    )
    parts = [
        writer.header(application="plainwire", operating_system="Linux", comments=["made here"]),
        interface,
        writer.tls_keys(SSL_KEYS),
        writer.packet(
            number,
            STAMP,
            PACKETS["tcp4-data"],
            comments=["pw client.py:12 send#7 off=0..5", "第二"],
            outgoing=True,
            dropped=2,
            packet_id=77,
            process=(4242, 4243),
        ),
        writer.packet(number, STAMP + 1, PACKETS["udp4"][:40], length=47, outgoing=False),
        writer.packet(number, STAMP + 2, b""),
        writer.statistics(number, STAMP + 3, received=10, dropped=2, dropped_by_system=1),
    ]
    if with_process:
        parts.append(writer.process(process))
    return b"".join(parts)


def events(data: bytes) -> list[model.FileEvent]:
    return list(read_capture([data]))


def test_what_is_written_is_read_back() -> None:
    """Every field of every block."""
    section, interface, secrets, first, second, third, statistics, process = events(ours())
    assert isinstance(section, model.Section)
    assert (section.application, section.operating_system) == ("plainwire", "Linux")
    assert section.comments == ("made here",)
    assert isinstance(interface, model.InterfaceInfo)
    assert (interface.name, interface.description) == ("lo", "kernel")
    assert interface.ticks_per_second == 10**9
    assert process == model.ProcessInfo(
        4242, "python3", "/usr/bin/python3", b"python3\0client.py\0", 1, 1000, "ann", STAMP
    )
    assert secrets == model.Secrets(model.TLS_KEY_LOG, SSL_KEYS)
    assert isinstance(first, model.FilePacket)
    assert first.data == PACKETS["tcp4-data"]
    assert first.comments == ("pw client.py:12 send#7 off=0..5", "第二")
    assert (first.time_ns, first.outgoing, first.dropped) == (STAMP, True, 2)
    assert (first.packet_id, first.process_id, first.thread_id) == (77, 4242, 4243)
    assert isinstance(second, model.FilePacket)
    assert (second.length, len(second.data), second.outgoing) == (47, 40, False)
    assert isinstance(third, model.FilePacket)
    assert (third.data, third.outgoing, third.packet_id) == (b"", None, None)
    assert statistics == model.InterfaceStatistics(0, STAMP + 3, 10, 2, 1)


def test_tshark_reads_it(tmp_path: Path) -> None:
    """Wireshark's users find the line by `frame.comment`."""
    path = tmp_path / "ours.pcapng"
    path.write_bytes(ours())
    fields = ["frame.comment", "frame.time_epoch", "frame.len", "frame.cap_len", "tcp.payload"]
    fields += ["frame.packet_flags_direction", "frame.interface_name", "frame.packet_id"]
    rows = tshark_fields(path, fields)
    # tshark 4.0 counts a custom block it does not know as one more frame: so it comes last.
    assert len(rows) == 4
    assert rows[3]["frame.time_epoch"] == []
    assert rows[0]["frame.comment"] == ["pw client.py:12 send#7 off=0..5", "第二"]
    assert rows[0]["frame.time_epoch"] == ["1700000000.123456789"]
    assert rows[0]["frame.interface_name"] == ["lo"]
    assert rows[0]["tcp.payload"] == [b"hello".hex()]
    assert rows[0]["frame.packet_id"] == ["77"]
    assert int(rows[0]["frame.packet_flags_direction"][0], 0) == 2
    assert int(rows[1]["frame.packet_flags_direction"][0], 0) == 1
    assert (rows[1]["frame.len"], rows[1]["frame.cap_len"]) == (["47"], ["40"])
    said = subprocess.run(
        ["capinfos", "-M", str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert said.returncode == 0, said.stderr
    assert "Number of packets" in said.stdout


def test_scapy_reads_it(tmp_path: Path) -> None:
    """A second reader, of another family."""
    path = tmp_path / "ours.pcapng"
    path.write_bytes(ours())
    with PcapNgReader(str(path)) as reader:
        packets = list(reader)
    assert len(packets) == 3
    assert bytes(packets[0]) == PACKETS["tcp4-data"]
    assert int(packets[0].time * 10**9) == STAMP


def test_files_of_wireshark_are_read(tmp_path: Path) -> None:
    """Rewritten by editcap: pcapng, pcap, and pcap with ns stamps."""
    source = tmp_path / "ours.pcapng"
    source.write_bytes(ours(with_process=False))
    for kind in ("pcapng", "pcap", "nsecpcap"):
        target = tmp_path / f"copy.{kind}"
        subprocess.run(
            ["editcap", "-F", kind, str(source), str(target)],
            check=True,
            capture_output=True,
            timeout=60,
        )
        packets = [e for e in events(target.read_bytes()) if isinstance(e, model.FilePacket)]
        assert [p.data for p in packets] == [PACKETS["tcp4-data"], PACKETS["udp4"][:40], b""]
        stamp = STAMP // 1000 * 1000 if kind == "pcap" else STAMP
        assert packets[0].time_ns == stamp
        assert packets[0].interface.linktype == 1


@pytest.mark.parametrize("endianness", ["<", ">"])
def test_scapys_classic_files_of_both_orders_are_read(tmp_path: Path, endianness: str) -> None:
    """A capture may come from another machine."""
    path = tmp_path / "classic.pcap"
    wrpcap(str(path), [PACKETS["tcp4-data"]], linktype=1, endianness=endianness, nano=True)
    section, interface, packet = events(path.read_bytes())
    assert isinstance(section, model.Section)
    assert (section.format, section.big_endian) == ("pcap", endianness == ">")
    assert isinstance(interface, model.InterfaceInfo)
    assert isinstance(packet, model.FilePacket)
    assert packet.data == PACKETS["tcp4-data"]


def big_endian_file() -> bytes:
    """Built by hand: big-endian, ms stamps with an offset, simple and old packet blocks."""

    def block(kind: int, body: bytes) -> bytes:
        total = struct.pack(">I", len(body) + 12)
        return struct.pack(">I", kind) + total + body + total

    resolution = struct.pack(">HHB3xHHqHH", 9, 1, 3, 14, 8, 1000, 0, 0)
    data = b"abcde"
    return (
        block(0x0A0D0D0A, struct.pack(">IHHq", 0x1A2B3C4D, 1, 0, -1))
        + block(1, struct.pack(">HHI", 101, 0, 0) + resolution)
        + block(6, struct.pack(">IIIII", 0, 0, 2500, 5, 9) + data + bytes(3))
        + block(3, struct.pack(">I", 5) + data + bytes(3))
        + block(2, struct.pack(">HHIIII", 0, 4, 0, 1, 5, 5) + data + bytes(3))
        + block(0x99, b"1234")
    )


def test_a_big_endian_file_is_read() -> None:
    """Stamps of any unit and offset become ns; older packet blocks count too."""
    _, interface, first, simple, old, other = events(big_endian_file())
    assert isinstance(interface, model.InterfaceInfo)
    assert (interface.linktype, interface.ticks_per_second) == (101, 1000)
    assert isinstance(first, model.FilePacket)
    assert (first.time_ns, first.length) == (1_002_500_000_000, 9)
    assert isinstance(simple, model.FilePacket)
    assert (simple.time_ns, simple.data) == (None, b"abcde")
    assert isinstance(old, model.FilePacket)
    assert (old.dropped, old.data) == (4, b"abcde")
    assert other == model.OtherBlock(0x99, b"1234")


def test_two_files_one_after_the_other_are_two_sections() -> None:
    """Interface numbers begin again in each."""
    found = events(ours() + big_endian_file())
    assert sum(isinstance(event, model.Section) for event in found) == 2
    assert len(found) == 14


@given(st.lists(st.integers(1, 400), max_size=40), st.booleans())
def test_any_split_gives_the_same_events(sizes: list[int], big: bool) -> None:
    """Pieces of a file end anywhere."""
    data = big_endian_file() if big else ours()
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    pieces.append(data[at:])
    assert list(read_capture(pieces)) == events(data)


FILES = {"little": ours(), "big": big_endian_file()}


def outcome(data: bytes) -> CaptureFormatError | int:
    """Give the number of events, or the error; any other exception is a failure."""
    try:
        return len(events(data))
    except CaptureFormatError as error:
        return error


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_anywhere_ends_or_is_an_error_of_one_class(name: str) -> None:
    """A capture that was stopped hard."""
    data = FILES[name]
    found = [outcome(data[:length]) for length in range(len(data))]
    errors = [result for result in found if isinstance(result, CaptureFormatError)]
    assert all(error.position <= len(data) for error in errors)
    assert 4 < len(found) - len(errors) < 10  # only where a block ends


@pytest.mark.parametrize("name", FILES)
def test_damage_is_an_error_of_one_class(name: str) -> None:
    """Strangers' files."""
    dice = random.Random(5)
    refused = 0
    for _ in range(3000):
        damaged = bytearray(FILES[name])
        for _ in range(dice.randint(1, 5)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        refused += isinstance(outcome(bytes(damaged)), CaptureFormatError)
    assert refused > 500


@given(st.binary(max_size=300), st.sampled_from([b"", b"\xa1\xb2\xc3\xd4", FILES["little"][:28]]))
def test_any_bytes_are_an_error_of_one_class(data: bytes, before: bytes) -> None:
    """Garbage behind a good beginning, too."""
    outcome(before + data)


def test_a_huge_block_is_refused_before_it_is_held() -> None:
    """A length field must not decide how much memory is taken."""
    reader = CaptureReader(max_block_bytes=1000)
    header = PcapngWriter().header()
    reader.receive_data(header + struct.pack("<III", 6, 4000, 0))
    assert isinstance(reader.next_event(), model.Section)
    with pytest.raises(CaptureFormatError, match="limit 1000"):
        reader.next_event()


def test_a_reader_asks_for_more_and_says_the_end() -> None:
    """The caller owns the file and its pieces."""
    reader = CaptureReader()
    assert reader.next_event() is NEED_DATA
    reader.receive_data(PcapngWriter().header())
    assert isinstance(reader.next_event(), model.Section)
    assert reader.next_event() is NEED_DATA
    reader.receive_eof()
    assert reader.next_event() is None


def test_a_packet_of_an_undescribed_interface_is_our_mistake() -> None:
    """A reader could not tell its link type."""
    with pytest.raises(ValueError, match="interface 0 was not described"):
        PcapngWriter().packet(0, 1, b"")


def test_a_text_longer_than_the_format_allows_is_refused() -> None:
    """Its length would be cut to 16 bits and the file broken."""
    with pytest.raises(ValueError, match="65535"):
        PcapngWriter().header(comments=["x" * 70_000])
