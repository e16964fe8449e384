"""Recordings by hand with packets: a World (tests/see/items.py) and what was on its wire.

wired = Wired()
wired.segment(0, "PA", 0, b"hello", t=...)    # from the client, at stream offset 0
ledger = wired.ledger()
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Any

from tests.see.items import Proc, Socket, World

from plainwire.see.ledger import build
from plainwire.see.ledger.model import Ledger
from plainwire.see.ledger.wire import Wire

FLAGS = {letter: 1 << bit for bit, letter in enumerate("FSRPAU")}
US = 1000
ISNS = (4_294_960_000, 77)  # the client's wraps around within 8 kB


class Wired:
    """A client and a server, one connection between them, and its segments."""

    def __init__(self, *, shaken: bool = True) -> None:
        self.world = World()
        self.server: Proc = self.world.process(10)
        self.client: Proc = self.world.process(20)
        self.packets: list[tuple[int, int, bytes]] = []  # t, length, data
        listening = self.world.listener(self.server)
        self.here: Socket
        self.there: Socket
        began = self.world.now
        self.here, self.there = self.world.connection(self.client, self.server, listening)
        if shaken:
            connect = self.client.slots[-1].t0
            assert connect > began
            self.segment(0, "S", -1, t=connect + 10 * US)
            self.segment(1, "SA", -1, t=connect + 20 * US, ack=0)
            self.segment(0, "A", 0, t=connect + 30 * US, ack=0)

    def segment(
        self,
        end: int,
        flags: str,
        start: int,
        data: bytes = b"",
        *,
        t: int,
        ack: int | None = None,
    ) -> int:
        """A segment at a stream offset (a SYN stands at -1); returns its place in time."""
        acked = 0 if ack is None else ISNS[1 - end] + 1 + ack
        ports = (40_000, 8000)
        tcp = struct.pack(
            *("!HHIIBBHHH", ports[end], ports[1 - end], (ISNS[end] + 1 + start) % 2**32),
            *(acked % 2**32, 5 << 4, sum(FLAGS[f] for f in flags), 64_000, 0, 0),
        )
        self._packet(6, tcp + data, t)
        return len(self.packets) - 1

    def refused(self, source: int, target: int, *, t: int) -> None:
        """A SYN of another connection, and the RST that answers it."""
        syn = struct.pack("!HHIIBBHHH", source, target, 9, 0, 5 << 4, 2, 64_000, 0, 0)
        rst = struct.pack("!HHIIBBHHH", target, source, 0, 10, 5 << 4, 20, 0, 0, 0)
        self._packet(6, syn, t)
        self._packet(6, rst, t + 5 * US)

    def datagram(self, ports: tuple[int, int], data: bytes, *, t: int) -> bytes:
        """A UDP datagram on loopback; returns its IP packet, as an ICMP error quotes it."""
        udp = struct.pack("!HHHH", *ports, 8 + len(data), 0) + data
        return self._packet(17, udp, t)

    def unreachable(self, quoted: bytes, *, t: int) -> None:
        """ICMP port unreachable about a packet."""
        self._packet(1, struct.pack("!BBHI", 3, 3, 0, 0) + quoted, t)

    def _packet(self, protocol: int, body: bytes, t: int) -> bytes:
        local = socket.inet_aton("127.0.0.1")
        size = 20 + len(body)
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, size, 1, 0, 64, protocol, 0, local, local)
        ether = bytes(12) + b"\x08\x00"
        whole = ether + ip + body
        self.packets.append((t, len(whole), whole))
        return ip + body

    def items(self) -> Iterator[tuple[Any, ...]]:
        yield from self.world.items()
        numbered = sorted(self.packets, key=lambda packet: packet[0])
        for number, (t, length, data) in enumerate(numbered, 1):
            yield ("packet", number, t, t, 1, 0, length, data)

    def ledger(self) -> Ledger:
        return build.build(self.items())

    def wire(self) -> Wire:
        found = self.ledger().flows[0].wire
        assert found is not None
        return found
