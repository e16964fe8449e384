"""Frames that end with a delimiter: `lines` and `until`.

    +----------------+----+
    | content        | LF |     "hi" is 68 69 0a
    +----------------+----+

Pure. The limit counts the content without its delimiter, whatever the cuts. Where
several delimiters are given, the one whose last byte comes first ends the frame, and of
two that end together the longer one: any rule that looks further ahead would depend on
how the network cut the bytes.
"""

from __future__ import annotations

from typing import Literal

from plainwire.errors import EncodeError, FrameError, LocalProtocolError, Malformed
from plainwire.frames.buffer import ScanDecoder
from plainwire.frames.codec import (
    DEFAULT_MAX_BYTES,
    Codec,
    Decoder,
    as_bytes,
    check_limit,
    limited_bytes,
    recipe,
)

OnBad = Literal["close", "skip"]


@recipe
def lines(
    ending: Literal[b"\n", b"\r\n"] = b"\n",
    *,
    strict: bool = False,
    keep: bool = False,
    max_bytes: int = DEFAULT_MAX_BYTES,
    on_bad: OnBad = "close",
) -> LinesCodec:
    r"""Lines, without their ending.

    Args:
        ending: sent after each line. Received lines end with LF, and one CR before it
            belongs to the ending; a CR elsewhere is content.
        strict: with `b"\r\n"`: only CR LF ends a line, and a lone CR or LF is refused
            (RFC 5321 section 2.3.8; accepting one is how mails are smuggled).
        keep: hand lines over with the ending they came with.
        max_bytes: limit of a line without its ending, 1 MiB by default.
        on_bad: `skip` drops a bad line and goes on behind its ending.
    """
    if ending not in (b"\n", b"\r\n"):
        raise LocalProtocolError(f"lines() ends with LF or CR LF, not {ending!r}; see until()")
    if strict and ending != b"\r\n":
        raise LocalProtocolError('strict lines() need the ending b"\\r\\n"')
    return LinesCodec(ending, strict=strict, keep=keep, max_bytes=max_bytes, on_bad=on_bad)


class LinesCodec(Codec[bytes]):
    """See `lines`."""

    def __init__(
        self, ending: bytes, *, strict: bool, keep: bool, max_bytes: int, on_bad: OnBad
    ) -> None:
        self.ending, self.strict, self.keep = ending, strict, keep
        self.max_bytes = check_limit(max_bytes)
        self.skip = on_bad == "skip"
        crlf = r'b"\r\n"' + (", strict=True" if strict else "")
        self.name = f"lines({crlf if len(ending) == 2 else ''})"

    def decoder(self) -> Decoder[bytes]:
        """Begin to receive a stream."""
        return _StrictLinesDecoder(self) if self.strict else _LinesDecoder(self)

    def encode_parts(self, parts: list[bytes], message: bytes) -> int:
        """Append the frame of one message."""
        if type(message) is not bytes:
            message = as_bytes(self.name, message)
        if self.keep:
            message = self._without_ending(message)
        if len(message) > self.max_bytes:
            text = f"line of {len(message)} bytes, {self.max_bytes} allowed"
            raise EncodeError(self.name, text)
        if b"\n" in message:
            raise EncodeError(self.name, "a line holds no LF")
        if (self.strict and b"\r" in message) or message.endswith(b"\r"):
            where = "holds no" if self.strict else "ends with no"
            raise EncodeError(self.name, f"a line {where} CR, which belongs to the ending")
        parts.append(message)
        parts.append(self.ending)
        return len(message) + len(self.ending)

    def _without_ending(self, message: bytes) -> bytes:
        if not message.endswith(self.ending):
            raise EncodeError(self.name, f"a kept line ends with {self.ending!r}")
        return message[: -len(self.ending)]


class _LinesDecoder(ScanDecoder[bytes]):
    __slots__ = ("_codec",)

    def __init__(self, codec: LinesCodec) -> None:
        # The delimiter is up to two bytes, so that CR at the limit may still be ending.
        super().__init__(codec.name, codec.max_bytes, 2, skip=codec.skip)
        self._codec = codec

    def receive_data(self, data: bytes) -> list[bytes]:
        # Whole lines that cannot be over the limit need no scan of our own.
        if (
            self._buffer
            or self._dropped
            or self.error
            or self.marks is not None
            or self._codec.keep
            or len(data) > self._max_scan
        ):
            return super().receive_data(data)
        out = data.split(b"\n")
        rest = out.pop()
        self.offset += len(data) - len(rest)
        if rest:
            self._buffer += rest
            self._scanned = max(0, len(rest) - 1)
        if b"\r" in data:
            return [line[:-1] if line.endswith(b"\r") else line for line in out]
        return out

    def _find(self, data: bytes | bytearray, begin: int, scan_from: int) -> tuple[int, int]:
        end = data.find(b"\n", scan_from)
        if end < 0:
            return -1, -1
        if end > begin and data[end - 1] == 13:
            return end - 1, end + 1
        return end, end + 1

    def _judge(
        self, data: bytes | bytearray, begin: int, content_end: int, out: list[bytes]
    ) -> FrameError | None:
        error = super()._judge(data, begin, content_end, out)
        if error is None and self._codec.keep:
            end = data.index(b"\n", content_end) + 1
            out[-1] = bytes(data[begin:end])
        return error

    def _finish(self, content: bytes, out: list[bytes]) -> FrameError | None:
        out.append(content)
        return None


class _StrictLinesDecoder(ScanDecoder[bytes]):
    __slots__ = ("_keep",)

    def __init__(self, codec: LinesCodec) -> None:
        super().__init__(codec.name, codec.max_bytes, 2, skip=codec.skip)
        self._keep = codec.keep

    def _find(
        self,
        data: bytes | bytearray,
        begin: int,  # noqa: ARG002
        scan_from: int,
    ) -> tuple[int, int]:
        end = data.find(b"\r\n", scan_from)
        return (-1, -1) if end < 0 else (end, end + 2)

    def _finish(self, content: bytes, out: list[bytes]) -> FrameError | None:
        if b"\r" in content or b"\n" in content:
            rule = "a CR or LF stands alone in a line that ends with CR LF"
            return Malformed(self._codec_name, rule, self.offset, head=content)
        out.append(content + b"\r\n" if self._keep else content)
        return None


@recipe
def until(
    *delimiters: bytes, max_bytes: int = DEFAULT_MAX_BYTES, on_bad: OnBad = "close"
) -> UntilCodec:
    """Frames that end with one of some delimiters; the first is the one sent.

    Args:
        delimiters: one or more, none empty.
        max_bytes: limit of the content without its delimiter, 1 MiB by default.
        on_bad: `skip` drops a frame over its limit and goes on behind its delimiter.

    Raises:
        LocalProtocolError: no delimiter, or an empty one.
    """
    if not delimiters or not all(delimiters):
        raise LocalProtocolError("until() needs at least one delimiter, and none is empty")
    return UntilCodec(delimiters, max_bytes=max_bytes, on_bad=on_bad)


class UntilCodec(Codec[bytes]):
    """See `until`."""

    def __init__(self, delimiters: tuple[bytes, ...], *, max_bytes: int, on_bad: OnBad) -> None:
        self.delimiters = delimiters
        self.max_bytes = check_limit(max_bytes)
        self.skip = on_bad == "skip"
        self.name = f"until({', '.join(map(repr, delimiters))})"

    def decoder(self) -> Decoder[bytes]:
        """Begin to receive a stream."""
        return _UntilDecoder(self)

    def encode_parts(self, parts: list[bytes], message: bytes) -> int:
        """Append the frame of one message."""
        message = limited_bytes(self.name, message, self.max_bytes)
        frame = message + self.delimiters[0]
        # The end of the content and the beginning of the delimiter may form another one.
        if _first_end(self.delimiters, frame, 0) != (len(message), len(frame)):
            raise EncodeError(self.name, "the message would end early: it forms a delimiter")
        parts.append(frame)
        return len(frame)


def _first_end(
    delimiters: tuple[bytes, ...], data: bytes | bytearray, start: int
) -> tuple[int, int]:
    """Find the delimiter whose end comes first; of two with one end, the longer."""
    best = (-1, -1)
    for delimiter in delimiters:
        at = data.find(delimiter, start)
        if at >= 0:
            end = at + len(delimiter)
            if best[1] < 0 or end < best[1] or (end == best[1] and at < best[0]):
                best = (at, end)
    return best


class _UntilDecoder(ScanDecoder[bytes]):
    __slots__ = ("_cache", "_delimiters")

    def __init__(self, codec: UntilCodec) -> None:
        longest = max(map(len, codec.delimiters))
        super().__init__(codec.name, codec.max_bytes, longest, skip=codec.skip)
        self._delimiters = codec.delimiters
        # Where each delimiter was last found, so that an absent one is not searched
        # again for every frame of a chunk (L5).
        self._cache: dict[bytes, int] = {}

    def receive_data(self, data: bytes) -> list[bytes]:
        self._cache.clear()
        return super().receive_data(data)

    def _find(
        self,
        data: bytes | bytearray,
        begin: int,  # noqa: ARG002
        scan_from: int,
    ) -> tuple[int, int]:
        best = (-1, -1)
        cache = self._cache
        for delimiter in self._delimiters:
            at = cache.get(delimiter, -2)
            if at == -2 or 0 <= at < scan_from:
                at = data.find(delimiter, scan_from)
                cache[delimiter] = at
            if at >= 0:
                end = at + len(delimiter)
                if best[1] < 0 or end < best[1] or (end == best[1] and at < best[0]):
                    best = (at, end)
        return best

    def _finish(self, content: bytes, out: list[bytes]) -> FrameError | None:
        out.append(content)
        return None
