"""Read a capture process's file as packets on the one clock, while it grows or after.

Pure but for reading the file. The format is in `capture_file`; the last record may be
cut (the writer was killed, or is writing), and what is damaged is never raised for:
`damaged` says that the reading stopped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Self

import msgspec

from plainwire.see.capture import capture_file
from plainwire.see.capture.clock import ClockSample, ClockTable
from plainwire.see.capture.ring import packets_of_block


class Interface(msgspec.Struct, frozen=True):
    """Where packets were taken: id in the file, name, ARPHRD_ number, link type, MTU."""

    id: int
    name: str
    hardware: int
    linktype: int
    mtu: int = 0


class Packet(msgspec.Struct, frozen=True, gc=False):
    """One captured packet.

    Attributes:
        time_ns: CLOCK_MONOTONIC.
        realtime_ns: CLOCK_REALTIME, as the kernel stamped it.
        interface: id of the `Interface`.
        outgoing: sent by this machine; False on loopback, where each is taken once.
        losing: packets were dropped shortly before this one.
        length: bytes on the wire; `data` may be shorter (snap length).
        vlan: the tag, or None.
    """

    time_ns: int
    realtime_ns: int
    interface: int
    outgoing: bool
    losing: bool
    length: int
    vlan: int | None
    data: bytes


class Loss(msgspec.Struct, frozen=True):
    """What one interface passed and lost, as last said by the kernel.

    Attributes:
        packets: passed by the filter, `dropped` included.
        dropped: lost in the kernel because the ring was full.
        freezes: times the ring was full.
        unwritten: taken from the ring, but the file was at its limit or the disk full.
    """

    id: int
    packets: int
    dropped: int
    freezes: int
    unwritten: int


class CaptureFile:
    """A capture file, read forward once; call `packets` again for what came since."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file.

        Raises:
            OSError: it cannot be opened.
            ValueError: it is not a capture file of this version.
        """
        self._file = open(path, "rb")  # noqa: SIM115 - closed by close()
        magic = self._file.read(len(capture_file.MAGIC))
        if magic != capture_file.MAGIC:
            self._file.close()
            raise ValueError(f"{os.fspath(path)!r} starts with {magic!r}: not a capture file")
        self._position = len(magic)
        self.clock = ClockTable()
        self.interfaces: dict[int, Interface] = {}
        self.losses: dict[int, Loss] = {}
        self.end_reason: str | None = None
        self.damaged = False

    @property
    def complete(self) -> bool:
        """True once the writer's last record was read: it stopped in order."""
        return self.end_reason is not None

    def packets(self) -> Iterator[Packet]:
        """Give the packets appended since the last call, each interface's in kernel order.

        Packets of several interfaces come block by block, not merged by time. Call it
        once after the capture ended and stamps between two clock samples are exact; on a
        growing file the newest stamps use the latest sample's offset.
        """
        for offset, length in self._scan():
            self._file.seek(offset)
            body = self._file.read(length)
            interface, _ = capture_file.BLOCK_PREFIX.unpack_from(body)
            block = memoryview(body)[capture_file.BLOCK_PREFIX.size :]
            for found in packets_of_block(block):
                yield Packet(
                    self.clock.to_monotonic(found.realtime_ns),
                    found.realtime_ns,
                    interface,
                    found.outgoing,
                    found.losing,
                    found.length,
                    found.vlan,
                    found.data,
                )

    def _scan(self) -> list[tuple[int, int]]:
        """Read the small records up to the end of the file; list where the blocks are."""
        blocks: list[tuple[int, int]] = []
        size = os.fstat(self._file.fileno()).st_size
        while not self.damaged and self._position + capture_file.HEAD.size <= size:
            self._file.seek(self._position)
            head = self._file.read(capture_file.HEAD.size)
            kind, length = capture_file.HEAD.unpack(head)
            if length > capture_file.MAX_RECORD_BYTES:
                self.damaged = True
                break
            body = self._position + capture_file.HEAD.size
            following = body + length + -length % 8
            if following > size:
                break
            if kind != capture_file.BLOCK:
                self._note(kind, self._file.read(length))
            elif length >= capture_file.BLOCK_PREFIX.size:
                blocks.append((body, length))
            self._position = following
        return blocks if len(self.clock) else []

    def _note(self, kind: int, body: bytes) -> None:
        try:
            values: dict[str, Any] = msgspec.json.decode(body, type=dict)
            if kind == capture_file.INTERFACE:
                interface = msgspec.convert(values, Interface)
                self.interfaces[interface.id] = interface
            elif kind == capture_file.CLOCK:
                self.clock.add(
                    ClockSample(
                        int(values["realtime_ns"]),
                        int(values["monotonic_ns"]),
                        int(values["bracket_ns"]),
                    )
                )
            elif kind == capture_file.STATISTICS:
                loss = msgspec.convert(values, Loss)
                self.losses[loss.id] = loss
            elif kind == capture_file.END:
                self.end_reason = str(values["reason"])
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError):
            self.damaged = True

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
