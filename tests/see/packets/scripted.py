"""Captures by hand, packet by packet: for what no kernel will do when it is asked.

script = Script()
script.tcp(CLIENT, SERVER, "S", t=0.0)
script.udp(CLIENT, SERVER, b"question", t=0.1)
ledger = script.ledger()

Times are seconds; sequence numbers are the stream's offsets plus one, a SYN has 0.
"""

from __future__ import annotations

import io
import socket
import struct
from pathlib import Path

from plainwire.see.capture.pcapng import PcapngWriter, read_capture
from plainwire.see.ledger import foreign
from plainwire.see.ledger.model import Ledger

FLAGS = {letter: 1 << bit for bit, letter in enumerate("FSRPAU")}
End = tuple[str, int]
CLIENT: End = ("192.0.2.1", 40_000)
SERVER: End = ("198.51.100.2", 80)
BEGAN = 10**18
_ISN = 4_294_960_000  # wraps around within 8 kB


class Script:
    """Packets in the order given; each has an IP identification of its own."""

    def __init__(self) -> None:
        self.packets: list[tuple[float, bytes]] = []
        self._ident = 0

    def tcp(
        self,
        source: End,
        target: End,
        flags: str,
        seq: int = 0,
        ack: int = 0,
        data: bytes = b"",
        *,
        t: float,
        window: int = 64_000,
        raw_seq: int | None = None,
    ) -> bytes:
        """A segment; returns its IP packet, as an ICMP error quotes it."""
        acked = (_ISN + ack) % 2**32 if "A" in flags else 0
        sequence = (_ISN + seq) % 2**32 if raw_seq is None else raw_seq
        bits = sum(FLAGS[flag] for flag in flags)
        head = struct.pack(
            *("!HHIIBBHHH", source[1], target[1], sequence, acked),
            *(5 << 4, bits, window, 0, 0),
        )
        return self.ip(source[0], target[0], 6, head + data, t)

    def handshake(self, *, t: float = 0.0, trip: float = 0.0001) -> None:
        """SYN, SYN-ACK, ACK between CLIENT and SERVER; `trip` is the way there and back."""
        self.tcp(CLIENT, SERVER, "S", t=t)
        self.tcp(SERVER, CLIENT, "SA", 0, 1, t=t + trip)
        self.tcp(CLIENT, SERVER, "A", 1, 1, t=t + trip + 0.00001)

    def udp(self, source: End, target: End, data: bytes, *, t: float) -> bytes:
        """A datagram; returns its IP packet."""
        head = struct.pack("!HHHH", source[1], target[1], 8 + len(data), 0)
        return self.ip(source[0], target[0], 17, head + data, t)

    def icmp(self, source: str, target: str, kind: int, code: int, quoted: bytes, t: float) -> None:
        """An ICMP error about a packet."""
        self.ip(source, target, 1, struct.pack("!BBHI", kind, code, 0, 0) + quoted[:28], t)

    def ip(self, source: str, target: str, protocol: int, body: bytes, t: float) -> bytes:
        self._ident += 1
        head = struct.pack(
            *("!BBHHHBBH", 0x45, 0, 20 + len(body), self._ident % 65536, 0, 64, protocol, 0),
        )
        packet = head + socket.inet_aton(source) + socket.inet_aton(target) + body
        self.packets.append((t, bytes(12) + b"\x08\x00" + packet))
        return packet

    def again(self, t: float, which: int = -1) -> None:
        """One of the packets a second time, as a mirror port gives it."""
        self.packets.append((t, self.packets[which][1]))

    def file(self) -> bytes:
        writer = PcapngWriter()
        number, interface = writer.interface(1, name="eth0")
        blocks = [writer.header(application="test"), interface]
        for t, data in sorted(self.packets, key=lambda packet: packet[0]):
            blocks.append(writer.packet(number, BEGAN + round(t * 1e9), data))
        return b"".join(blocks)

    def ledger(self) -> Ledger:
        return foreign.of_capture(read_capture(io.BytesIO(self.file())))

    def write(self, path: Path) -> Path:
        path.write_bytes(self.file())
        return path
