"""Read capture files as a stream: pcapng of both byte orders, and classic pcap.

Bytes in, events out: `receive_data` any pieces, call `next_event` until NEED_DATA. Any
split of the same bytes gives the same events. Whatever the bytes, the only error is
`CaptureFormatError`; at most one block is held in memory.

Pure. Rules: see `model`. A pcapng block of an unknown kind is an `OtherBlock`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Final, Literal

from plainwire.see.capture.pcapng import model
from plainwire.see.capture.pcapng.model import (
    CaptureFormatError,
    FileEvent,
    FilePacket,
    InterfaceInfo,
    InterfaceStatistics,
    OtherBlock,
    ProcessInfo,
    Secrets,
    Section,
)

_Options = dict[int, list[bytes]]
# magic as big-endian number: (byte order, ticks per second); draft-ietf-opsawg-pcap 4
_CLASSIC: Final = {
    0xA1B2C3D4: (">", 1_000_000),
    0xD4C3B2A1: ("<", 1_000_000),
    0xA1B23C4D: (">", 1_000_000_000),
    0x4D3CB2A1: ("<", 1_000_000_000),
}


class NeedData(Enum):
    """The type of NEED_DATA."""

    NEED_DATA = "NEED_DATA"


NEED_DATA: Final = NeedData.NEED_DATA


def is_capture(head: bytes) -> bool:
    """Do the first four bytes of a file say that it is pcapng or pcap?"""
    magic = int.from_bytes(head, "big")
    return len(head) == 4 and (magic == model.SECTION_HEADER or magic in _CLASSIC)


class CaptureReader:
    """One capture file being read."""

    def __init__(self, *, max_block_bytes: int = model.MAX_BLOCK_BYTES) -> None:
        """Begin a file; a block over `max_block_bytes` (16 MiB) is an error, not memory."""
        self._max = max_block_bytes
        self._buffer = bytearray()
        self._start = 0
        self._position = 0
        self._eof = False
        self._order = "<"
        self._next: Callable[[], FileEvent | None] = self._begin
        self._interfaces: list[InterfaceInfo] = []
        self._readers: dict[int, Callable[[bytes], FileEvent]] = {
            model.SECTION_HEADER: self._section,
            model.INTERFACE_DESCRIPTION: self._interface,
            model.ENHANCED_PACKET: self._enhanced,
            model.SIMPLE_PACKET: self._simple,
            model.PACKET: self._old_packet,
            model.INTERFACE_STATISTICS: self._statistics,
            model.DECRYPTION_SECRETS: self._secrets,
            model.CUSTOM: self._custom,
        }

    def receive_data(self, data: bytes) -> None:
        """Add bytes of the file; parse nothing yet."""
        if self._start > 1 << 16:
            del self._buffer[: self._start]
            self._start = 0
        self._buffer += data

    def receive_eof(self) -> None:
        """Say that the file ends here."""
        self._eof = True

    def next_event(self) -> FileEvent | Literal[NeedData.NEED_DATA] | None:
        """Give the next block; NEED_DATA for more bytes; None at the end of the file.

        Raises:
            CaptureFormatError: the bytes are no capture file, are broken, or end inside
                a block. Reading cannot go on after it.
        """
        try:
            event = self._next()
        except CaptureFormatError:
            raise
        except (struct.error, IndexError, ValueError, OverflowError) as error:
            raise CaptureFormatError(self._position, f"broken block: {error}") from error
        if event is not None:
            return event
        if not self._eof:
            return NEED_DATA
        left = len(self._buffer) - self._start
        if not left and not self._position:
            raise CaptureFormatError(0, "the file is empty")
        if left or self._next == self._begin:
            raise CaptureFormatError(self._position, f"the file ends inside a block ({left} bytes)")
        return None

    def _peek(self, length: int) -> bytes | None:
        if len(self._buffer) - self._start < length:
            return None
        return bytes(self._buffer[self._start : self._start + length])

    def _skip(self, length: int) -> None:
        self._start += length
        self._position += length

    # --- both formats ----------------------------------------------------------------------

    def _begin(self) -> FileEvent | None:
        head = self._peek(4)
        if head is None:
            return None
        magic = int.from_bytes(head, "big")
        if magic == model.SECTION_HEADER:
            self._next = self._block
            return self._block()
        if magic in _CLASSIC:
            return self._classic_header(*_CLASSIC[magic])
        raise CaptureFormatError(0, f"starts with {head.hex()}: neither pcapng nor pcap")

    def _classic_header(self, order: str, ticks: int) -> FileEvent | None:
        head = self._peek(24)
        if head is None:
            return None
        _, major, minor, _, _, snap, linktype = struct.unpack(order + "IHHiIII", head)
        if (major, minor) != (2, 4):
            raise CaptureFormatError(0, f"pcap version {major}.{minor}; expected 2.4")
        self._skip(24)
        self._order = order
        self._interfaces = [InterfaceInfo(0, linktype & 0x0FFFFFFF, snap, ticks_per_second=ticks)]
        self._next = self._classic_interface
        return Section("pcap", order == ">")

    def _classic_interface(self) -> FileEvent | None:
        self._next = self._classic_packet
        return self._interfaces[0]

    def _classic_packet(self) -> FileEvent | None:
        head = self._peek(16)
        if head is None:
            return None
        second, part, kept, length = struct.unpack(self._order + "IIII", head)
        if kept > self._max:
            raise CaptureFormatError(self._position, f"packet of {kept} bytes; limit {self._max}")
        whole = self._peek(16 + kept)
        if whole is None:
            return None
        self._skip(16 + kept)
        interface = self._interfaces[0]
        time_ns = second * 1_000_000_000 + part * (1_000_000_000 // interface.ticks_per_second)
        return FilePacket(interface, time_ns, whole[16:], length)

    # --- pcapng ----------------------------------------------------------------------------

    def _block(self) -> FileEvent | None:
        head = self._peek(12)
        if head is None:
            return None
        if head[:4] == b"\x0a\x0d\x0d\x0a":
            self._order = self._order_of(head[8:12])
        kind, total = struct.unpack(self._order + "II", head[:8])
        if total < 12 or total % 4 or total > self._max:
            raise CaptureFormatError(self._position, f"block of {total} bytes; limit {self._max}")
        whole = self._peek(total)
        if whole is None:
            return None
        if whole[-4:] != whole[4:8]:
            raise CaptureFormatError(self._position, "the block's two lengths differ")
        event = self._read(kind, whole[8:-4])
        self._skip(total)
        return event

    def _order_of(self, magic: bytes) -> str:
        for order in "<>":
            if struct.unpack(order + "I", magic)[0] == model.BYTE_ORDER_MAGIC:
                return order
        raise CaptureFormatError(self._position, f"byte-order magic is {magic.hex()}")

    def _read(self, kind: int, body: bytes) -> FileEvent:
        reader = self._readers.get(kind)
        return reader(body) if reader else OtherBlock(kind, body)

    def _options(self, body: bytes, start: int) -> _Options:
        found: _Options = {}
        while start + 4 <= len(body):
            code, length = struct.unpack_from(self._order + "HH", body, start)
            if code == model.OPT_END:
                break
            if start + 4 + length > len(body):
                raise CaptureFormatError(self._position, f"option {code} of {length} bytes")
            found.setdefault(code, []).append(body[start + 4 : start + 4 + length])
            start += 4 + length + -length % 4
        return found

    def _number(self, options: _Options, code: int, size: int) -> int | None:
        values = options.get(code)
        if not values or len(values[0]) != size:
            return None
        return int.from_bytes(values[0], "big" if self._order == ">" else "little")

    def _section(self, body: bytes) -> Section:
        major, minor = struct.unpack_from(self._order + "HH", body, 4)
        if major != 1:
            raise CaptureFormatError(self._position, f"pcapng version {major}.{minor}; expected 1")
        self._interfaces = []
        options = self._options(body, 16)
        return Section(
            "pcapng",
            self._order == ">",
            _text(options, 2),
            _text(options, 3),
            _text(options, 4),
            _comments(options),
        )

    def _interface(self, body: bytes) -> InterfaceInfo:
        linktype, _, snap = struct.unpack_from(self._order + "HHI", body)
        options = self._options(body, 8)
        resolution = self._number(options, 9, 1)
        ticks = 1_000_000
        if resolution is not None:
            exponent = resolution & 0x7F
            ticks = 1 << exponent if resolution & 0x80 else 10**exponent
        offset = self._number(options, 14, 8) or 0
        made = InterfaceInfo(
            len(self._interfaces),
            linktype,
            snap,
            _text(options, 2),
            _text(options, 3),
            ticks,
            offset - (1 << 64) if offset >> 63 else offset,
        )
        self._interfaces.append(made)
        return made

    def _interface_of(self, number: int) -> InterfaceInfo:
        if number >= len(self._interfaces):
            raise CaptureFormatError(self._position, f"interface {number} was not described")
        return self._interfaces[number]

    @staticmethod
    def _time(interface: InterfaceInfo, high: int, low: int) -> int:
        ticks = high << 32 | low
        seconds = interface.offset_seconds * 1_000_000_000
        return seconds + ticks * 1_000_000_000 // interface.ticks_per_second

    def _enhanced(self, body: bytes) -> FilePacket:
        number, high, low, kept, length = struct.unpack_from(self._order + "IIIII", body)
        return self._packet(number, (high, low), body, (kept, length))

    def _old_packet(self, body: bytes) -> FilePacket:
        number, dropped, high, low, kept, length = struct.unpack_from(self._order + "HHIIII", body)
        said = None if dropped == 0xFFFF else dropped
        return self._packet(number, (high, low), body, (kept, length), dropped=said)

    def _packet(
        self,
        number: int,
        stamp: tuple[int, int],
        body: bytes,
        lengths: tuple[int, int],
        *,
        dropped: int | None = None,
    ) -> FilePacket:
        start = 20  # in both kinds of packet block
        kept, length = lengths
        interface = self._interface_of(number)
        if start + kept > len(body):
            raise CaptureFormatError(self._position, f"packet of {kept} bytes passes its block")
        options = self._options(body, start + kept + -kept % 4)
        flags = self._number(options, 2, 4)
        direction = {1: False, 2: True}.get((flags or 0) & 3)
        process = options.get(8, [b""])[0]
        ids = struct.unpack(self._order + "II", process) if len(process) == 8 else (0, 0)
        lost = self._number(options, 4, 8)
        return FilePacket(
            interface,
            self._time(interface, *stamp),
            body[start : start + kept],
            length,
            _comments(options),
            direction,
            dropped if lost is None else lost,
            self._number(options, 5, 8),
            ids[0],
            ids[1],
        )

    def _simple(self, body: bytes) -> FilePacket:
        interface = self._interface_of(0)
        (length,) = struct.unpack_from(self._order + "I", body)
        kept = min(length, interface.snap_length or length, len(body) - 4)
        return FilePacket(interface, None, body[4 : 4 + kept], length)

    def _statistics(self, body: bytes) -> InterfaceStatistics:
        number, high, low = struct.unpack_from(self._order + "III", body)
        options = self._options(body, 12)
        return InterfaceStatistics(
            number,
            self._time(self._interface_of(number), high, low),
            self._number(options, 4, 8),
            self._number(options, 5, 8),
            self._number(options, 7, 8),
            _comments(options),
        )

    def _secrets(self, body: bytes) -> Secrets:
        kind, length = struct.unpack_from(self._order + "II", body)
        if 8 + length > len(body):
            raise CaptureFormatError(self._position, f"secrets of {length} bytes pass their block")
        return Secrets(kind, body[8 : 8 + length])

    def _custom(self, body: bytes) -> ProcessInfo | OtherBlock:
        """Wireshark writes its entries little-endian in files of either order."""
        other = OtherBlock(model.CUSTOM, body)
        if len(body) < 16 or struct.unpack_from(self._order + "I", body)[0] != model.WIRESHARK_PEN:
            return other
        kind, length = struct.unpack_from("<II", body, 4)
        if kind != model.PROCESS_ENTRY or length < 4 or 12 + length > len(body):
            return other
        order, self._order = self._order, "<"
        try:
            return self._process(body[12 : 12 + length])
        finally:
            self._order = order

    def _process(self, entry: bytes) -> ProcessInfo:
        options = self._options(entry, 4)
        return ProcessInfo(
            int.from_bytes(entry[:4], "little"),
            _text(options, 2),
            _text(options, 3),
            options.get(4, [b""])[0],
            self._number(options, 5, 4),
            self._number(options, 6, 4),
            _text(options, 7),
            self._number(options, 9, 8),
        )


def _text(options: _Options, code: int) -> str:
    return options.get(code, [b""])[0].rstrip(b"\x00").decode("utf-8", "replace")


def _comments(options: _Options) -> tuple[str, ...]:
    values = options.get(model.OPT_COMMENT, ())
    return tuple(value.rstrip(b"\x00").decode("utf-8", "replace") for value in values)


def read_capture(pieces: Iterable[bytes]) -> Iterator[FileEvent]:
    """Read a whole file given in pieces, for instance `iter(lambda: file.read(65536), b"")`.

    Raises:
        CaptureFormatError: as `CaptureReader.next_event`.
    """
    reader = CaptureReader()
    for piece in pieces:
        reader.receive_data(piece)
        while (event := reader.next_event()) is not NEED_DATA:
            if event is not None:
                yield event
    reader.receive_eof()
    while (event := reader.next_event()) is not None:
        if event is not NEED_DATA:
            yield event
