"""The exchange matrix, played once for each kind of user and shared by the tests."""

from __future__ import annotations

import itertools
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plainwire.see.capture import recorded
from plainwire.see.capture.decode import Segment, Summary, decode_summary
from plainwire.see.capture.flows import Connection, Connections
from plainwire.see.capture.recognise import Kind

from .in_net import USERS, run_in_net
from .packets import write_pcap


class Played:
    """What the exchanges said and what was captured of each."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said
        self.moved: dict[str, int] = said["moved"]
        with recorded.CaptureFile(said["file"]) as file:
            self.packets = list(file.packets())
            self.clock = file.clock.samples
        self.summaries: list[Summary | None] = [decode_summary(p.data) for p in self.packets]
        self.connections = Connections()
        for index, summary in enumerate(self.summaries):
            if isinstance(summary, Segment):
                self.connections.feed(index, self.packets[index].time_ns, summary)

    def exchange(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.said["exchanges"][name]
        return found

    def connection(self, name: str, number: int = 0) -> Connection:
        port = self.exchange(name)["port"]
        return [c for c in self.connections.all if c.ends[1][1] == port][number]

    def write_pcap(self, path: Path) -> None:
        """Write all packets for tshark, without our own writer."""
        write_pcap(path, [])
        with path.open("ab") as file:
            for packet in self.packets:
                second, rest = divmod(packet.realtime_ns, 1_000_000_000)
                head = struct.pack("<IIII", second, rest // 1000, len(packet.data), packet.length)
                file.write(head + packet.data)

    def flags(self, connection: Connection) -> str:
        """Write a connection as "A:S B:SA A:A A:PA8": who, flags, payload bytes."""
        words = []
        for index in connection.segments:
            segment = self.segment(index)
            letters = "".join(
                letter for bit, letter in enumerate("FSRPAU") if segment.flags >> bit & 1
            )
            size = segment.payload_length or ""
            words.append(f"{'AB'[connection.sender_of(segment)]}:{letters}{size}")
        return " ".join(words)

    def segment(self, index: int) -> Segment:
        found = self.summaries[index]
        assert isinstance(found, Segment)
        return found

    def states(self, connection: Connection, end: int) -> list[str]:
        moves = [t for t in connection.states.transitions if t.end == end]
        for before, after in itertools.pairwise(moves):
            assert before.after == after.before
        return [moves[0].before.value, *(t.after.value for t in moves)] if moves else []

    def kinds(self, connection: Connection) -> set[Kind]:
        return {observation.kind for observation in connection.observations}


@pytest.fixture(scope="session", params=USERS)
def played(request: pytest.FixtureRequest) -> Iterator[Played]:
    said = run_in_net(request.param, "exchanges.py")
    try:
        yield Played(said)
    finally:
        shutil.rmtree(Path(said["file"]).parent, ignore_errors=True)
