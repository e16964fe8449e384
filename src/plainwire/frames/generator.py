"""Codecs written as a generator that says what it needs next.

    @codec(max_bytes=64 * 1024)
    def tlv(read):
        tag = yield read.u8()
        size = yield read.u16()
        return tag, (yield read.bytes(size))

    @tlv.encoder
    def _(item):
        return u8(item[0]) + u16(len(item[1])) + item[1]

The generator describes one frame. Cuts, the end of the stream, limits and errors are the
decoder's: the body may be resumed after any number of chunks and never sees one.

Pure. The limit counts every byte of a frame, because what a frame's message takes is the
author's business; it is checked when bytes are asked for, before they arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Generic, Literal, NoReturn, TypeVar

from plainwire.errors import (
    HEAD_BYTES,
    EncodeError,
    LocalProtocolError,
    Malformed,
    TooLarge,
    Truncated,
)
from plainwire.frames.codec import DEFAULT_MAX_BYTES, Codec, Decoder, check_limit

M = TypeVar("M")
ByteOrder = Literal["big", "little"]
Bytes = bytes
"""The type, for the class below, whose `bytes` is a method."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a generator waits for: a number of bytes, or a delimiter.

    Attributes:
        count: bytes needed; for a delimiter, the most bytes before it.
        delimiter: empty for a plain number of bytes.
        order: byte order of a number, empty for bytes.
        signed: the number is signed.
        peek: leave the bytes where they are.
    """

    count: int
    delimiter: bytes = b""
    order: Literal["", "big", "little"] = ""
    signed: bool = False
    peek: bool = False


class _Refused(Exception):  # noqa: N818 - a signal, not an error
    """Carries a rule out of a generator; never seen outside this module."""

    def __init__(self, rule: str, announced: int | None, allowed: int | None) -> None:
        self.rule, self.announced, self.allowed = rule, announced, allowed
        super().__init__(rule)


class Read:
    """What a generator can ask for; each call makes a `Need` to yield."""

    def bytes(self, count: int) -> Need:
        """Exactly `count` bytes, 0 or more."""
        return Need(count)

    def peek(self, count: int) -> Need:
        """Exactly `count` bytes, which stay to be read again."""
        return Need(count, peek=True)

    def until(self, delimiter: Bytes, max_bytes: int) -> Need:
        """The bytes before a delimiter, which is consumed; at most `max_bytes` of them."""
        return Need(max_bytes, delimiter=delimiter)

    def u8(self) -> Need:
        """A number of one byte."""
        return Need(1, order="big")

    def u16(self, order: ByteOrder = "big") -> Need:
        """A number of two bytes."""
        return Need(2, order=order)

    def u32(self, order: ByteOrder = "big") -> Need:
        """A number of four bytes."""
        return Need(4, order=order)

    def u64(self, order: ByteOrder = "big") -> Need:
        """A number of eight bytes."""
        return Need(8, order=order)

    def i32(self, order: ByteOrder = "big") -> Need:
        """A signed number of four bytes."""
        return Need(4, order=order, signed=True)

    def fail(self, rule: str, *, announced: int | None = None) -> NoReturn:
        """Refuse the frame as `Malformed`."""
        raise _Refused(rule, announced, None)

    def check_size(self, announced: int, allowed: int) -> None:
        """Refuse the frame as `TooLarge` if it announces more than is allowed."""
        if announced > allowed:
            raise _Refused("frame is over its limit", announced, allowed)


READ = Read()
FrameGenerator = Generator[Need, Any, M]
FrameBody = Callable[[Read], FrameGenerator[M]]


class GeneratorCodec(Codec[M], Generic[M]):
    """A codec made by `codec`."""

    def __init__(
        self,
        name: str,
        body: FrameBody[M],
        encode: Callable[[M], bytes] | None = None,
        max_bytes: int = DEFAULT_MAX_BYTES,
        *,
        frame_bytes: int | None = None,
    ) -> None:
        self.name = name
        self.max_bytes = check_limit(max_bytes)
        self._frame_bytes = frame_bytes or max_bytes
        self._body = body
        self._encode = encode
        # For pickle, a codec made by a decorator is the global that the body names.
        self.__module__ = body.__module__
        self._global = body.__qualname__

    def __reduce__(self) -> str | tuple[Any, ...]:
        return super().__reduce__() if "_recipe" in self.__dict__ else self._global

    def decoder(self) -> Decoder[M]:
        """Begin to receive a stream."""
        return _GeneratorDecoder(self.name, self._body, self._frame_bytes)

    def encoder(self, function: Callable[[M], bytes]) -> Callable[[M], bytes]:
        """Give the codec its encoder: a message in, the bytes of its frame out."""
        self._encode = function
        return function

    def encode_parts(self, parts: list[bytes], message: M) -> int:
        """Append the frame of one message."""
        if self._encode is None:
            raise EncodeError(self.name, "this codec has no encoder; add one with @NAME.encoder")
        try:
            frame = self._encode(message)
        except (OverflowError, TypeError) as error:
            raise EncodeError(self.name, str(error)) from error
        if len(frame) > self._frame_bytes:
            text = f"frame of {len(frame)} bytes, {self._frame_bytes} allowed"
            raise EncodeError(self.name, text)
        parts.append(frame)
        return len(frame)


def codec(
    *, max_bytes: int = DEFAULT_MAX_BYTES, name: str = ""
) -> Callable[[FrameBody[M]], GeneratorCodec[M]]:
    """Make a codec of a generator; see this module's docstring.

    Args:
        max_bytes: limit of one frame with all its bytes, 1 MiB by default.
        name: used in errors; the generator's name by default.
    """

    def make(body: FrameBody[M]) -> GeneratorCodec[M]:
        return GeneratorCodec(name or body.__name__, body, max_bytes=max_bytes)

    return make


def u8(value: int) -> bytes:
    """One byte; OverflowError if the value does not fit, which refuses the message."""
    return value.to_bytes(1, "big")


def u16(value: int, order: ByteOrder = "big") -> bytes:
    """Two bytes; OverflowError if the value does not fit."""
    return value.to_bytes(2, order)


def u32(value: int, order: ByteOrder = "big") -> bytes:
    """Four bytes; OverflowError if the value does not fit."""
    return value.to_bytes(4, order)


def u64(value: int, order: ByteOrder = "big") -> bytes:
    """Eight bytes; OverflowError if the value does not fit."""
    return value.to_bytes(8, order)


class _GeneratorDecoder(Decoder[M]):
    """Runs one generator per frame.

    Invariants: `_buffer[:_taken]` are the bytes of the frame that the generator has
    taken; a frame without any byte has no generator, so the stream may end there.
    """

    __slots__ = ("_body", "_buffer", "_frame", "_frame_bytes", "_name", "_need", "_scan", "_taken")

    def __init__(self, name: str, body: FrameBody[M], frame_bytes: int) -> None:
        super().__init__()
        self._name, self._body, self._frame_bytes = name, body, frame_bytes
        self._buffer = bytearray()
        self._frame: FrameGenerator[M] | None = None
        self._need = Need(0)
        self._taken = 0
        self._scan = 0

    @property
    def pending(self) -> int:
        return len(self._buffer)

    def receive_data(self, data: bytes) -> list[M]:
        if self.error is not None:
            return []
        self._buffer += data
        out: list[M] = []
        begin = 0
        while begin < len(self._buffer):
            end = self._advance(begin, out)
            if end < 0:
                break
            if self.marks is not None:
                self.marks.append((self.offset, self.offset + end - begin))
            self.offset += end - begin
            begin = end
        error: object = self.error
        if error is not None:
            self._frame = None
            self._buffer = bytearray()
        else:
            del self._buffer[:begin]
        return out

    def _advance(self, begin: int, out: list[M]) -> int:
        """Run the frame at `begin` as far as its bytes go; its end, or -1."""
        answer: Any = None
        try:
            if self._frame is None:
                self._frame = self._body(READ)
                self._taken = self._scan = 0
            else:
                answer = self._take(begin)
                if answer is None:
                    return -1
            while True:
                self._need = self._frame.send(answer)
                answer = self._take(begin)
                if answer is None:
                    return -1
        except StopIteration as stop:
            self._frame = None
            if self._taken == 0:
                raise LocalProtocolError(f"{self._name}: the generator read no byte") from None
            out.append(stop.value)
            return begin + self._taken
        except _Refused as refused:
            self.error = self._refusal(refused, begin)
            return -1

    def _refusal(self, refused: _Refused, begin: int) -> Malformed | TooLarge:
        kind = Malformed if refused.allowed is None else TooLarge
        head = bytes(self._buffer[begin : begin + min(self._taken, HEAD_BYTES)])
        return kind(
            self._name,
            refused.rule,
            self.offset,
            announced=refused.announced,
            allowed=refused.allowed,
            head=head,
        )

    def _take(self, begin: int) -> Any:
        """The answer to what is needed, or None while it has not arrived."""
        need = self._need
        at = begin + self._taken
        if need.delimiter:
            return self._take_until(need, at)
        READ.check_size(self._taken + need.count, self._frame_bytes)
        stop = at + need.count
        if stop > len(self._buffer):
            return None
        answer = bytes(memoryview(self._buffer)[at:stop])
        if not need.peek:
            self._taken += need.count
            self._scan = self._taken
        if need.order:
            return int.from_bytes(answer, need.order, signed=need.signed)
        return answer

    def _take_until(self, need: Need, at: int) -> bytes | None:
        delimiter = need.delimiter
        begin = at - self._taken
        found = self._buffer.find(delimiter, max(at, begin + self._scan))
        held = len(self._buffer) - at
        if found - at > need.count or (found < 0 and held >= need.count + len(delimiter)):
            self._taken += min(HEAD_BYTES, need.count + 1)
            raise _Refused("frame is over its limit and its end has not come", None, need.count)
        if found < 0:
            self._scan = max(self._taken, self._taken + held - len(delimiter) + 1)
            return None
        answer = bytes(memoryview(self._buffer)[at:found])
        self._taken += len(answer) + len(delimiter)
        self._scan = self._taken
        return answer

    def _truncated(self) -> Truncated:
        return Truncated(
            self._name,
            "the stream ended inside a frame",
            self.offset,
            head=bytes(self._buffer[:HEAD_BYTES]),
        )
