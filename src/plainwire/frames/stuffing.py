"""Frames whose content is rewritten so that a delimiter cannot occur in it.

    slip()   C0 ends a frame; DB DC stands for C0 and DB DD for DB     RFC 1055
    cobs()   00 ends a frame; each block's first byte says where the next zero was

Pure. Both can go on behind a bad frame (`on_bad="skip"`), because the delimiter never
occurs inside one. COBS: Cheshire and Baker, 1997; overhead ceil(n/254) and the delimiter.
"""

from __future__ import annotations

from collections.abc import Callable

from plainwire.errors import EncodeError, FrameError, Malformed, TooLarge
from plainwire.frames.buffer import ScanDecoder
from plainwire.frames.codec import (
    DEFAULT_MAX_BYTES,
    Codec,
    Decoder,
    check_limit,
    limited_bytes,
    recipe,
)
from plainwire.frames.delimiter import OnBad

_END = b"\xc0"


@recipe
def slip(*, max_bytes: int = DEFAULT_MAX_BYTES, on_bad: OnBad = "close") -> StuffedCodec:
    """SLIP frames; one END is sent before each too, and empty frames are dropped.

    Args:
        max_bytes: limit of a message, 1 MiB by default.
        on_bad: `skip` drops a frame with a bad escape and goes on behind its END.
    """
    return StuffedCodec(
        "slip()",
        _END,
        (_slip_encode, _slip_decode),
        max_bytes=max_bytes,
        max_stuffed=2 * max_bytes,
        skip=on_bad == "skip",
    )


@recipe
def cobs(
    *, reduced: bool = False, max_bytes: int = DEFAULT_MAX_BYTES, on_bad: OnBad = "close"
) -> StuffedCodec:
    """COBS frames, each ended by a zero byte.

    Args:
        reduced: COBS/R, in which the last block's code byte may be data.
        max_bytes: limit of a message, 1 MiB by default.
        on_bad: `skip` drops a frame with a short block and goes on behind its zero.
    """
    return StuffedCodec(
        "cobs(reduced=True)" if reduced else "cobs()",
        b"\0",
        (
            _cobs_r_encode if reduced else _cobs_encode,
            _cobs_r_decode if reduced else _cobs_decode,
        ),
        max_bytes=max_bytes,
        max_stuffed=max_bytes + -(-max_bytes // 254) + 1,
        skip=on_bad == "skip",
    )


class StuffedCodec(Codec[bytes]):
    """See `slip` and `cobs`."""

    def __init__(
        self,
        name: str,
        delimiter: bytes,
        functions: tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]],
        *,
        max_bytes: int,
        max_stuffed: int,
        skip: bool,
    ) -> None:
        self.name, self.delimiter = name, delimiter
        self.stuff, self.unstuff = functions
        self.max_bytes, self.max_stuffed, self.skip = check_limit(max_bytes), max_stuffed, skip

    def decoder(self) -> Decoder[bytes]:
        """Begin to receive a stream."""
        return _StuffedDecoder(self)

    def encode_parts(self, parts: list[bytes], message: bytes) -> int:
        """Append the frame of one message."""
        message = limited_bytes(self.name, message, self.max_bytes)
        if not message and self.delimiter == _END:
            raise EncodeError(self.name, "an empty message would be dropped by the receiver")
        lead = self.delimiter if self.delimiter == _END else b""
        parts.append(lead + self.stuff(message) + self.delimiter)
        return len(parts[-1])


class _StuffedDecoder(ScanDecoder[bytes]):
    __slots__ = ("_codec",)

    def __init__(self, codec: StuffedCodec) -> None:
        super().__init__(codec.name, codec.max_stuffed, 1, skip=codec.skip)
        self._codec = codec

    def _find(
        self,
        data: bytes | bytearray,
        begin: int,  # noqa: ARG002
        scan_from: int,
    ) -> tuple[int, int]:
        end = data.find(self._codec.delimiter, scan_from)
        return (end, end + 1) if end >= 0 else (-1, -1)

    def _finish(self, content: bytes, out: list[bytes]) -> FrameError | None:
        if not content:
            return None
        codec = self._codec
        try:
            message = codec.unstuff(content)
        except ValueError as error:
            return Malformed(codec.name, str(error), self.offset, head=content)
        if len(message) > codec.max_bytes:
            rule, size = "frame is over its limit", len(message)
            return TooLarge(
                codec.name, rule, self.offset, announced=size, allowed=codec.max_bytes, head=content
            )
        out.append(message)
        return None


def _slip_encode(message: bytes) -> bytes:
    return message.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")


def _slip_decode(content: bytes) -> bytes:
    first, *others = content.split(b"\xdb")
    out = [first]
    for piece in others:
        if piece[:1] == b"\xdc":
            out.append(b"\xc0" + piece[1:])
        elif piece[:1] == b"\xdd":
            out.append(b"\xdb" + piece[1:])
        else:
            raise ValueError("ESC is followed by neither DC nor DD")
    return b"".join(out)


def _cobs_encode(message: bytes) -> bytes:
    out = bytearray()
    blocks = message.split(b"\0")
    for index, block in enumerate(blocks):
        last = index == len(blocks) - 1
        at = 0
        while len(block) - at >= 254:
            out.append(255)
            out += block[at : at + 254]
            at += 254
        # A full last block ends the frame by itself: no empty block follows.
        if not (last and at and at == len(block)):
            out.append(len(block) - at + 1)
            out += block[at:]
    return bytes(out)


def _cobs_decode(content: bytes) -> bytes:
    out = bytearray()
    at, size = 0, len(content)
    while at < size:
        code = content[at]
        if at + code > size:
            raise ValueError(f"a block of {code - 1} bytes is announced, {size - at - 1} are there")
        out += content[at + 1 : at + code]
        at += code
        if code < 255 and at < size:
            out.append(0)
    return bytes(out)


def _cobs_r_encode(message: bytes) -> bytes:
    plain = _cobs_encode(message)
    at = 0
    while at + plain[at] < len(plain):
        at += plain[at]
    # The last data byte may stand in for the code if no shorter block could be meant.
    if at + 1 < len(plain) and plain[-1] >= plain[at]:
        return plain[:at] + plain[-1:] + plain[at + 1 : -1]
    return plain


def _cobs_r_decode(content: bytes) -> bytes:
    at, size = 0, len(content)
    while at + content[at] < size:
        at += content[at]
    code = content[at]
    if at + code > size:
        content = content[:at] + bytes([size - at + 1]) + content[at + 1 :] + bytes([code])
    return _cobs_decode(content)
