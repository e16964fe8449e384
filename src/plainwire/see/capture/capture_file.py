"""The file a capture process appends to: ring blocks as the kernel left them.

    file   = magic ("PWCAP" and the bytes 0, 0, 1), then records until the end
    record = kind: uint32, length: uint32, `length` bytes, zeros up to a multiple of 8

    kind 1  interface    JSON {"id", "name", "hardware", "linktype", "mtu"}
    kind 2  clock        JSON {"realtime_ns", "monotonic_ns", "bracket_ns"}
    kind 3  block        interface id: uint32, zero: uint32, then a TPACKET_V3 block
    kind 4  statistics   JSON {"id", "packets", "dropped", "freezes", "unwritten"}
    kind 5  end          JSON {"reason"}: written last; without it the capture was cut

Numbers are in the order of the machine that captured: the file is read where it was
written and then turned into pcapng. Nothing is rewritten, so a reader may follow the
file while it grows, and a killed writer costs only its last record.

Standard library only: the capture process imports nothing else.
"""

from __future__ import annotations

import json
import os
import struct
from typing import Any, Final

MAGIC: Final = b"PWCAP\x00\x00\x01"
INTERFACE: Final = 1
CLOCK: Final = 2
BLOCK: Final = 3
STATISTICS: Final = 4
END: Final = 5
HEAD: Final = struct.Struct("=II")
BLOCK_PREFIX: Final = struct.Struct("=II")
# A ring block is at most this long; a longer record is damage.
MAX_RECORD_BYTES: Final = 1 << 26


class FullError(OSError):
    """The file reached its limit; nothing of the record was written."""


class CaptureWriter:
    """Appends records; each is one write, so that a reader sees whole ones almost always."""

    def __init__(self, path: str | os.PathLike[str], *, max_bytes: int) -> None:
        """Create the file (mode 0600: packets hold what programs said).

        Raises:
            OSError: the file exists already or cannot be made.
        """
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._max_bytes = max_bytes
        self.written = 0
        self._write((MAGIC,))

    def note(self, kind: int, values: dict[str, Any]) -> None:
        """Append a small record; these pass the limit, so that the end is always said."""
        body = json.dumps(values, separators=(",", ":")).encode()
        self._write((HEAD.pack(kind, len(body)), body, bytes(-len(body) % 8)))

    def block(self, interface: int, block: memoryview) -> None:
        """Append a ring block.

        Raises:
            FullError: it would pass `max_bytes`.
            OSError: the disk is full or broken.
        """
        length = BLOCK_PREFIX.size + len(block)
        if self.written + length > self._max_bytes:
            raise FullError(f"capture file reached its limit of {self._max_bytes} bytes")
        head = HEAD.pack(BLOCK, length) + BLOCK_PREFIX.pack(interface, 0)
        self._write((head, block, bytes(-length % 8)))

    def _write(self, parts: tuple[bytes | memoryview, ...]) -> None:
        wanted = sum(len(part) for part in parts)
        done = os.writev(self._fd, parts)
        if done < wanted:  # only near a full disk: the rest gives the error's name
            rest = memoryview(b"".join(parts))[done:]
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        self.written += wanted

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)
