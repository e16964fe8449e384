"""What a capture file says, block by block, and the numbers of the format.

Pure. Rules: draft-ietf-opsawg-pcapng (blocks, options), draft-ietf-opsawg-pcap (the
classic format); the process information block is Wireshark's own (Private Enterprise
Number 32622, entry type 3; its options follow the one proposed for the draft).
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

SECTION_HEADER: Final = 0x0A0D0D0A
INTERFACE_DESCRIPTION: Final = 1
PACKET: Final = 2  # obsolete, still in old files
SIMPLE_PACKET: Final = 3
INTERFACE_STATISTICS: Final = 5
ENHANCED_PACKET: Final = 6
DECRYPTION_SECRETS: Final = 0x0A
CUSTOM: Final = 0x0BAD
BYTE_ORDER_MAGIC: Final = 0x1A2B3C4D

TLS_KEY_LOG: Final = 0x544C534B
WIRESHARK_PEN: Final = 32622
PROCESS_ENTRY: Final = 3

OPT_END: Final = 0
OPT_COMMENT: Final = 1

MAX_BLOCK_BYTES: Final = 16 << 20


class CaptureFormatError(ValueError):
    """The bytes are no capture file, or a broken one.

    Attributes:
        position: byte of the file where the broken block begins.
    """

    def __init__(self, position: int, problem: str) -> None:
        self.position = position
        self.problem = problem
        super().__init__(f"capture file, byte {position}: {problem}")


class Section(msgspec.Struct, frozen=True):
    """The beginning of a file, or of another file appended to it.

    Attributes:
        format: "pcapng" or "pcap".
        big_endian: the byte order of the machine that wrote it.
    """

    format: str
    big_endian: bool
    hardware: str = ""
    operating_system: str = ""
    application: str = ""
    comments: tuple[str, ...] = ()


class InterfaceInfo(msgspec.Struct, frozen=True):
    """One vantage point.

    Attributes:
        id: its number in the section; packets name it.
        linktype: a number of `linktypes`.
        snap_length: most bytes kept of a packet; 0 for no limit.
        ticks_per_second: unit of the stamps.
        offset_seconds: added to each stamp.
    """

    id: int
    linktype: int
    snap_length: int
    name: str = ""
    description: str = ""
    ticks_per_second: int = 1_000_000
    offset_seconds: int = 0


class FilePacket(msgspec.Struct, frozen=True):
    """One captured packet.

    Attributes:
        time_ns: since 1970; None where the file has none (simple packet block).
        length: on the wire; `data` may be shorter.
        outgoing: True, False, or None where the file does not say.
        dropped: packets lost before this one, None where not said.
        packet_id: the same number marks the same packet at another interface.
        process_id, thread_id: 0 where unknown.
    """

    interface: InterfaceInfo
    time_ns: int | None
    data: bytes
    length: int
    comments: tuple[str, ...] = ()
    outgoing: bool | None = None
    dropped: int | None = None
    packet_id: int | None = None
    process_id: int = 0
    thread_id: int = 0


class InterfaceStatistics(msgspec.Struct, frozen=True):
    """What an interface received and lost; None where the file does not say."""

    interface: int
    time_ns: int
    received: int | None = None
    dropped: int | None = None
    dropped_by_system: int | None = None
    comments: tuple[str, ...] = ()


class Secrets(msgspec.Struct, frozen=True):
    """Keys to decrypt what follows; kind TLS_KEY_LOG is an NSS key log."""

    kind: int
    data: bytes


class ProcessInfo(msgspec.Struct, frozen=True):
    """A process that packets name by its id; empty where not written.

    Attributes:
        command_line: arguments, each ended by a NUL byte, as in /proc/PID/cmdline.
        start_time_ns: since 1970.
    """

    process_id: int
    name: str = ""
    path: str = ""
    command_line: bytes = b""
    parent_id: int | None = None
    user_id: int | None = None
    user: str = ""
    start_time_ns: int | None = None


class OtherBlock(msgspec.Struct, frozen=True):
    """A block of a kind not read here, kept as bytes."""

    kind: int
    body: bytes


FileEvent: TypeAlias = (
    Section | InterfaceInfo | FilePacket | InterfaceStatistics | Secrets | ProcessInfo | OtherBlock
)
