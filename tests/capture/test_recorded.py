"""A capture file is read as far as it is whole, whatever happened to it."""

from __future__ import annotations

import os
import random
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.see.capture import capture_file, recorded
from plainwire.see.capture.ring import packets_of_block

SECOND = 1_000_000_000


def block(*packets: tuple[int, bytes]) -> bytes:
    """Lay packets out as linux/if_packet.h says (struct tpacket_block_desc, tpacket3_hdr)."""
    body = b""
    for index, (stamp, data) in enumerate(packets):
        mac = 48 + 20 + 14  # header, sockaddr_ll, and room for alignment
        size = (mac + len(data) + 7) & ~7
        step = 0 if index == len(packets) - 1 else size
        head = struct.pack(
            "=IIIIIIHH", step, stamp // SECOND, stamp % SECOND, len(data), len(data), 1, mac, mac
        )
        sockaddr = struct.pack("=HHiHBB8s", 17, 8, 1, 772, 0, 6, bytes(8))
        body += (head.ljust(48, b"\0") + sockaddr.ljust(34, b"\0") + data).ljust(size, b"\0")
    return struct.pack(
        "=IIIIIIQIIII", 1, 48, 1, len(packets), 48, 48 + len(body), 1, 0, 0, 0, 0
    ) + (body)


def write(path: Path, *blocks: bytes) -> None:
    writer = capture_file.CaptureWriter(path, max_bytes=1 << 20)
    interface = {"id": 0, "name": "lo", "hardware": 772, "linktype": 1, "mtu": 65536}
    writer.note(capture_file.INTERFACE, interface)
    clock = {"realtime_ns": 10 * SECOND, "monotonic_ns": SECOND, "bracket_ns": 100}
    writer.note(capture_file.CLOCK, clock)
    for each in blocks:
        writer.block(0, memoryview(each))
    loss = {"id": 0, "packets": 3, "dropped": 1, "freezes": 1, "unwritten": 0, "name": "lo"}
    writer.note(capture_file.STATISTICS, loss)
    writer.note(capture_file.END, {"reason": "stopped"})
    writer.close()


BLOCKS = (
    block((10 * SECOND + 5, b"first packet"), (10 * SECOND + 7, b"second")),
    block((10 * SECOND + 9, b"third")),
)


def test_packets_come_on_the_one_clock_with_what_was_lost(tmp_path: Path) -> None:
    """The ledger reads times, interface and loss from here."""
    write(tmp_path / "x", *BLOCKS)
    with recorded.CaptureFile(tmp_path / "x") as file:
        found = [(packet.time_ns, packet.data) for packet in file.packets()]
    assert found == [
        (SECOND + 5, b"first packet"),
        (SECOND + 7, b"second"),
        (SECOND + 9, b"third"),
    ]
    assert file.interfaces[0].name == "lo"
    assert file.losses[0].dropped == 1
    assert (file.complete, file.end_reason, file.damaged) == (True, "stopped", False)


def test_a_file_cut_anywhere_gives_whole_packets_only(tmp_path: Path) -> None:
    """A capture process may be killed at any byte."""
    write(tmp_path / "x", *BLOCKS)
    whole = (tmp_path / "x").read_bytes()
    counts = set()
    for length in range(len(capture_file.MAGIC), len(whole)):
        (tmp_path / "cut").write_bytes(whole[:length])
        file = recorded.CaptureFile(tmp_path / "cut")
        packets = list(file.packets())
        counts.add(len(packets))
        assert [packet.data for packet in packets] == [b"first packet", b"second", b"third"][
            : len(packets)
        ]
        assert not file.complete
        file.close()
    assert counts == {0, 2, 3}


def test_a_damaged_file_never_raises(tmp_path: Path) -> None:
    """Disks and strangers change bytes; the reader says damaged or reads on."""
    write(tmp_path / "x", *BLOCKS)
    whole = (tmp_path / "x").read_bytes()
    dice = random.Random(3)
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(dice.randint(1, 6)):
            damaged[dice.randrange(len(capture_file.MAGIC), len(damaged))] = dice.randrange(256)
        (tmp_path / "bad").write_bytes(damaged)
        file = recorded.CaptureFile(tmp_path / "bad")
        list(file.packets())
        file.close()


@given(st.binary(max_size=300))
def test_no_block_raises(data: bytes) -> None:
    """The length fields of a torn block point anywhere."""
    list(packets_of_block(data))


def test_another_file_is_refused(tmp_path: Path) -> None:
    """A pcapng given by mistake must be named as such."""
    (tmp_path / "x").write_bytes(b"\x0a\x0d\x0d\x0a more")
    with pytest.raises(ValueError, match="not a capture file"):
        recorded.CaptureFile(tmp_path / "x")


def test_the_limit_leaves_room_for_the_end(tmp_path: Path) -> None:
    """What was lost must be said even when the file is full."""
    writer = capture_file.CaptureWriter(tmp_path / "x", max_bytes=64)
    with pytest.raises(capture_file.FullError, match="limit of 64 bytes"):
        writer.block(0, memoryview(bytes(100)))
    writer.note(capture_file.END, {"reason": "full"})
    writer.close()
    with recorded.CaptureFile(tmp_path / "x") as file:
        assert list(file.packets()) == []
    assert file.end_reason == "full"
    assert os.stat(tmp_path / "x").st_mode & 0o077 == 0
