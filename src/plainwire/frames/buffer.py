"""Two ways to hold an unfinished frame, both linear in the bytes received (L5).

`SizedDecoder` knows how many bytes it needs: it keeps the pieces as they came and joins
them once when enough are there. `ScanDecoder` looks for a delimiter: it keeps one
growing buffer and never looks at a byte twice.

Pure. Invariants:

1. `offset + pending` is the number of bytes received, until an error.
2. While the pieces hold less than `_need` bytes, no parsing is attempted.
3. What a decoder answers depends only on the bytes from `offset` on (hence L1).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TypeVar

from plainwire.errors import HEAD_BYTES, FrameError, TooLarge, Truncated
from plainwire.frames.codec import Decoder

M = TypeVar("M")


class SizedDecoder(Decoder[M]):
    """A decoder that can say how many bytes the frame at hand needs at least."""

    __slots__ = ("_codec_name", "_discard", "_need", "_pieces", "pending")
    pending: int

    def __init__(self, codec_name: str) -> None:
        super().__init__()
        self._codec_name = codec_name
        self._pieces: list[bytes] = []
        self.pending = 0
        self._need = 0
        self._discard = 0

    def receive_data(self, data: bytes) -> list[M]:  # noqa: D102 - see Decoder
        if self.error is not None:
            return []
        pieces = self._pieces
        if pieces:
            pieces.append(data)
            self.pending += len(data)
            if self.pending < self._need:
                return []
            data = b"".join(pieces)
            pieces.clear()
        if self._discard:
            data = self._drop(data)
        out: list[M] = []
        position = self._split(data, out) if data else 0
        self.offset += position
        if position == len(data):
            self.pending = 0
            return out
        rest = len(data) - position
        self.pending = rest
        if rest and self.error is None:
            pieces.append(data[position:] if position else data)
        return out

    def _drop(self, data: bytes) -> bytes:
        """Discard the rest of a frame that was refused."""
        dropped = min(self._discard, len(data))
        self._discard -= dropped
        self.offset += dropped
        return data[dropped:]

    @abstractmethod
    def _split(self, data: bytes, out: list[M]) -> int:
        """Append every complete message; return where the first unfinished one begins.

        Sets `_need` to the bytes which that frame needs at least, counted from its
        beginning. On a bad frame sets `error` and returns the frame's beginning.
        """

    def receive_eof(self) -> list[M]:  # noqa: D102
        if self.error is None and self._discard:
            self.error = self._truncated()
        return super().receive_eof()

    def _truncated(self) -> Truncated:
        head = b"".join(self._pieces)[:HEAD_BYTES] if self._pieces else b""
        return Truncated(
            self._codec_name,
            "the stream ended inside a frame",
            self.offset,
            announced=self._need if self._need > self.pending else None,
            head=head,
        )


class ScanDecoder(Decoder[M]):
    """A decoder that looks for the end of a frame.

    A subclass says where the next frame ends (`_find`) and what it means (`_finish`).

    Args:
        codec_name: used in errors.
        max_scan: most bytes a frame may have before its delimiter.
        delimiter_bytes: length of the longest delimiter.
        skip: go on behind the delimiter of a bad frame instead of ending the stream.
    """

    __slots__ = (
        "_buffer",
        "_codec_name",
        "_delimiter_bytes",
        "_dropped",
        "_dropping",
        "_max_scan",
        "_scanned",
        "_skip_bad",
    )

    def __init__(
        self, codec_name: str, max_scan: int, delimiter_bytes: int, *, skip: bool = False
    ) -> None:
        super().__init__()
        self._codec_name = codec_name
        self._max_scan = max_scan
        self._delimiter_bytes = delimiter_bytes
        self._skip_bad = skip
        self._buffer = bytearray()
        self._scanned = 0
        self._dropping = False
        self._dropped = 0

    @property
    def pending(self) -> int:  # noqa: D102
        return len(self._buffer) + self._dropped

    def _failed(self) -> bool:
        return self.error is not None

    @abstractmethod
    def _find(self, data: bytes | bytearray, begin: int, scan_from: int) -> tuple[int, int]:
        """Find the next frame's end: `(end of content, end of delimiter)` or `(-1, -1)`."""

    @abstractmethod
    def _finish(self, content: bytes, out: list[M]) -> FrameError | None:
        """Turn one frame's content into a message, or say what is wrong with it."""

    def receive_data(self, data: bytes) -> list[M]:  # noqa: D102
        if self.error is not None:
            return []
        buffer: bytes | bytearray = data
        if self._buffer:
            self._buffer += data
            buffer = self._buffer
        out: list[M] = []
        position = self._split(buffer, out)
        if self._failed():
            self._buffer = bytearray()
            return out
        if buffer is self._buffer:
            del self._buffer[:position]
        else:
            self._buffer += data[position:]
        return out

    def _split(self, data: bytes | bytearray, out: list[M]) -> int:
        begin = 0
        size = len(data)
        scan_from = self._scanned
        while begin < size:
            content_end, end = self._find(data, begin, max(begin, scan_from))
            if end < 0:
                return self._unfinished(data, begin)
            scan_from = end
            whole = end - begin + self._dropped
            if self._dropping:
                self._dropping = False
            else:
                before = len(out)
                error = self._judge(data, begin, content_end, out)
                if error is None:
                    if self.marks is not None and len(out) > before:
                        self.marks.append((self.offset, self.offset + whole))
                elif not self._skip_bad:
                    self.error = error
                    return begin
                else:
                    self._skip(error)
            self._dropped = 0
            self.offset += whole
            begin = end
        self._scanned = 0
        return begin

    def _judge(
        self, data: bytes | bytearray, begin: int, content_end: int, out: list[M]
    ) -> FrameError | None:
        if content_end - begin > self._max_scan:
            return self._too_large(data, begin)
        return self._finish(bytes(data[begin:content_end]), out)

    def _unfinished(self, data: bytes | bytearray, begin: int) -> int:
        """Keep what is needed of a frame without an end; refuse it if it is too long."""
        held = len(data) - begin
        # Rule: no delimiter that begins at or before the limit can still come.
        if not self._dropping and held >= self._max_scan + self._delimiter_bytes:
            error = self._too_large(data, begin)
            if not self._skip_bad:
                self.error = error
                return begin
            self._skip(error)
            self._dropping = True
        if self._dropping:
            kept = min(held, self._delimiter_bytes - 1)
            self._dropped += held - kept
            self._scanned = 0
            return len(data) - kept
        self._scanned = max(0, held - self._delimiter_bytes + 1)
        return begin

    def _too_large(self, data: bytes | bytearray, begin: int) -> TooLarge:
        # Only bytes that every split has seen by now are quoted (L1).
        head = bytes(data[begin : begin + min(HEAD_BYTES, self._max_scan + 1)])
        rule = "frame is over its limit and its end has not come"
        return TooLarge(self._codec_name, rule, self.offset, allowed=self._max_scan, head=head)

    def _truncated(self) -> Truncated:
        head = bytes(self._buffer[:HEAD_BYTES])
        return Truncated(
            self._codec_name, "the stream ended inside a frame", self.offset, head=head
        )
