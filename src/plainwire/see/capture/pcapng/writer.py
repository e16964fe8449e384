"""Write pcapng: each method gives the bytes of one block, little-endian, ns stamps.

The order a reader needs is kept by the caller: the header first, each interface before
its packets, secrets before the packets they decrypt. Pure. Rules: see `model`; the
options' numbers are in draft-ietf-opsawg-pcapng section 4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from plainwire.see.capture.pcapng import model

_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")
_EPB = struct.Struct("<IIIII")
_MAX_OPTION = 0xFFFF


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _block(kind: int, body: bytes) -> bytes:
    total = _U32.pack(len(body) + 12)
    return _U32.pack(kind) + total + body + total


def _option(code: int, value: bytes) -> bytes:
    if len(value) > _MAX_OPTION:
        raise ValueError(f"option {code} of {len(value)} bytes; the format allows {_MAX_OPTION}")
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _options(pairs: Iterable[tuple[int, bytes]]) -> bytes:
    written = b"".join(_option(code, value) for code, value in pairs if value)
    return written + bytes(4) if written else b""


def _texts(code: int, text: str) -> list[tuple[int, bytes]]:
    return [(code, text.encode("utf-8", "replace"))]


def _comments(comments: Iterable[str]) -> list[tuple[int, bytes]]:
    return [pair for comment in comments for pair in _texts(model.OPT_COMMENT, comment)]


class PcapngWriter:
    """Makes the blocks of one section; keeps only the count of interfaces.

    Every method raises ValueError where a text is over 65,535 bytes of UTF-8.
    """

    def __init__(self) -> None:
        self._interfaces = 0

    def header(
        self,
        *,
        application: str = "",
        hardware: str = "",
        operating_system: str = "",
        comments: Iterable[str] = (),
    ) -> bytes:
        """Give the section header; its length is left open (-1), so blocks may be appended."""
        body = struct.pack("<IHHq", model.BYTE_ORDER_MAGIC, 1, 0, -1)
        pairs = _comments(comments) + _texts(2, hardware) + _texts(3, operating_system)
        return _block(model.SECTION_HEADER, body + _options(pairs + _texts(4, application)))

    def interface(
        self,
        linktype: int,
        *,
        name: str = "",
        description: str = "",
        snap_length: int = 0,
        comments: Iterable[str] = (),
    ) -> tuple[int, bytes]:
        """Give the interface's number for its packets, and its block; stamps are in ns."""
        body = struct.pack("<HHI", linktype, 0, snap_length)
        pairs = _comments(comments) + _texts(2, name) + _texts(3, description)
        number = self._interfaces
        self._interfaces += 1
        block = _block(model.INTERFACE_DESCRIPTION, body + _options([*pairs, (9, b"\x09")]))
        return number, block

    def packet(
        self,
        interface: int,
        time_ns: int,
        data: bytes,
        *,
        length: int | None = None,
        comments: Iterable[str] = (),
        outgoing: bool | None = None,
        dropped: int | None = None,
        packet_id: int | None = None,
        process: tuple[int, int] | None = None,
    ) -> bytes:
        """Give an enhanced packet block.

        Args:
            interface: as `interface` numbered it.
            time_ns: since 1970.
            data: the captured bytes from the link header on.
            length: on the wire; None where nothing was cut.
            comments: shown by Wireshark and found by `frame.comment`.
            outgoing: the direction; None says nothing.
            dropped: packets lost between the last one and this.
            packet_id: marries the same packet of two interfaces.
            process: process and thread id; 0 for an unknown one.

        Raises:
            ValueError: the interface was not described, or a comment is too long.
        """
        if not 0 <= interface < self._interfaces:
            raise ValueError(
                f"interface {interface} was not described; there are {self._interfaces}"
            )
        high, low = divmod(time_ns, 1 << 32)
        wire = len(data) if length is None else length
        pairs = _comments(comments)
        if outgoing is not None:
            pairs.append((2, _U32.pack(2 if outgoing else 1)))
        if dropped is not None:
            pairs.append((4, _U64.pack(dropped)))
        if packet_id is not None:
            pairs.append((5, _U64.pack(packet_id)))
        if process is not None:
            pairs.append((8, struct.pack("<II", *process)))
        body = _EPB.pack(interface, high, low, len(data), wire) + _padded(data)
        return _block(model.ENHANCED_PACKET, body + _options(pairs))

    def statistics(
        self,
        interface: int,
        time_ns: int,
        *,
        received: int | None = None,
        dropped: int | None = None,
        dropped_by_system: int | None = None,
        comments: Iterable[str] = (),
    ) -> bytes:
        """Give an interface statistics block: what was received, and lost and where."""
        high, low = divmod(time_ns, 1 << 32)
        pairs = _comments(comments)
        counts = ((4, received), (5, dropped), (7, dropped_by_system))
        pairs += [(code, _U64.pack(count)) for code, count in counts if count is not None]
        body = struct.pack("<III", interface, high, low)
        return _block(model.INTERFACE_STATISTICS, body + _options(pairs))

    def tls_keys(self, key_log: bytes) -> bytes:
        """Give a decryption secrets block with an NSS key log; before the packets it opens."""
        body = struct.pack("<II", model.TLS_KEY_LOG, len(key_log)) + _padded(key_log)
        return _block(model.DECRYPTION_SECRETS, body)

    def process(self, info: model.ProcessInfo) -> bytes:
        """Give Wireshark's process information block; what is empty is left out.

        Write it after all packets: a Wireshark that does not know the block (4.0 does
        not) shows it as one more frame, and would number the frames behind it one higher.
        """
        pairs = _texts(2, info.name) + _texts(3, info.path) + [(4, info.command_line)]
        if info.parent_id is not None:
            pairs.append((5, _U32.pack(info.parent_id)))
        if info.user_id is not None:
            pairs.append((6, _U32.pack(info.user_id)))
        pairs += _texts(7, info.user)
        if info.start_time_ns is not None:
            pairs.append((9, _U64.pack(info.start_time_ns)))
        entry = _U32.pack(info.process_id) + _options(pairs)
        head = struct.pack("<III", model.WIRESHARK_PEN, model.PROCESS_ENTRY, len(entry))
        return _block(model.CUSTOM, head + _padded(entry))
