"""Length-prefixed frames: a size field somewhere in a header, then the rest.

    +--------------+---------------------+
    | size: uint16 | payload: size bytes |     length(2): "hi" is 00 02 68 69
    +--------------+---------------------+

One rule covers every such protocol (the numbers are Netty's):

    total = offset + size + adjust + L       L is the value on the wire
    message = frame[strip:total]

Pure. Checked in this order, before anything is stored: L fits 63 bits (and is not
negative where the field is signed), total >= offset + size, total >= strip, and the
message is within the limit. Rules: RFC 1035 section 4.2.2 (DNS, `length(2)`),
RFC 1006 (TPKT), PostgreSQL, Kafka, MySQL and MongoDB wire protocols.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable
from typing import Any, Literal

from plainwire.errors import EncodeError, LocalProtocolError, Malformed, TooLarge
from plainwire.fast import compiled
from plainwire.frames.buffer import SizedDecoder
from plainwire.frames.codec import DEFAULT_MAX_BYTES, Codec, Decoder, as_bytes, check_limit, recipe

ByteOrder = Literal["big", "little"]

_STRUCT_LETTERS = {1: "B", 2: "H", 4: "I", 8: "Q"}
MOST_COMPILED = 1 << 60
"""Largest number of a codec whose sums fit the compiled splitter's."""
DEFAULT_SKIP_LIMIT = 16 * 1024 * 1024
"""Largest refused frame that `on_bad="skip"` reads and throws away."""


@recipe
def length(
    size: int = 4,
    byteorder: ByteOrder = "big",
    *,
    offset: int = 0,
    adjust: int = 0,
    strip: int | None = None,
    lead: bytes = b"",
    signed: bool = False,
    max_bytes: int = DEFAULT_MAX_BYTES,
    on_bad: Literal["close", "skip"] = "close",
    skip_limit: int = DEFAULT_SKIP_LIMIT,
) -> LengthCodec:
    """Frames that announce their length.

    Args:
        size: bytes of the length field, 1 to 8.
        byteorder: of the length field; the network's is `big`.
        offset: bytes before the length field.
        adjust: added to the announced value to get the bytes after the field; for
            instance -4 where a 4-byte field counts itself.
        strip: bytes taken from the front of each frame; by default the field itself
            when nothing stands before it, else none, since those bytes mean something.
        lead: the `offset` bytes to send, where `strip` takes them from the message.
        signed: the field is a signed number, and a negative one is refused.
        max_bytes: limit of a message, 1 MiB by default.
        on_bad: `skip` reads and drops a frame over its limit if it is not over
            `skip_limit` (16 MiB by default), and goes on behind it.
        skip_limit: see `on_bad`.

    Raises:
        LocalProtocolError: these numbers fit no frame.
    """
    shown = [str(size)] + ([f'"{byteorder}"'] if byteorder != "big" else [])
    values = (("offset", offset), ("adjust", adjust), ("strip", strip))
    shown += [f"{name}={value}" for name, value in values if value]
    default = offset + size if offset == 0 else 0
    return LengthCodec(
        f"length({', '.join(shown)})",
        size,
        byteorder,
        (offset, adjust, default if strip is None else strip),
        lead=lead,
        signed=signed,
        max_bytes=max_bytes,
        skip_limit=skip_limit if on_bad == "skip" else 0,
    )


@recipe
def netty(
    max_frame_length: int,
    length_field_offset: int = 0,
    length_field_length: int = 4,
    length_adjustment: int = 0,
    initial_bytes_to_strip: int = 0,
) -> LengthCodec:
    """Frames as Netty's LengthFieldBasedFrameDecoder numbers them.

    The limit counts the frame before stripping, as there. Unlike there, a frame cut off
    by the end of the stream is `Truncated`, and a length over 63 bits is refused.
    """
    return LengthCodec(
        f"netty({max_frame_length}, {length_field_offset}, {length_field_length})",
        length_field_length,
        "big",
        (length_field_offset, length_adjustment, initial_bytes_to_strip),
        max_bytes=max(1, max_frame_length - initial_bytes_to_strip),
    )


class LengthCodec(Codec[bytes]):
    """See `length`."""

    def __init__(
        self,
        name: str,
        size: int,
        byteorder: ByteOrder,
        shape: tuple[int, int, int],
        *,
        lead: bytes = b"",
        signed: bool = False,
        max_bytes: int = DEFAULT_MAX_BYTES,
        skip_limit: int = 0,
    ) -> None:
        offset, adjust, strip = shape
        if not 1 <= size <= 8 or offset < 0 or strip < 0:
            raise LocalProtocolError(f"{name}: size is 1 to 8, offset and strip are not negative")
        if byteorder not in ("big", "little"):
            raise LocalProtocolError(f'{name}: byteorder is "big" or "little"')
        if lead and (len(lead) != offset or strip < offset):
            raise LocalProtocolError(f"{name}: lead holds the offset bytes that strip removes")
        self.name = name
        self.max_bytes = check_limit(max_bytes)
        self.size, self.byteorder, self.signed = size, byteorder, signed
        self.offset, self.adjust, self.strip = offset, adjust, strip
        self.lead = lead or bytes(offset)
        self.skip_limit = skip_limit
        self.header = offset + size
        self.base = self.header + adjust
        # The checks on L fold into one range, which costs the loop one comparison.
        self.low = max(0, -adjust, strip - self.base)
        bits = 8 * size - 1 if signed else min(8 * size, 63)
        self.high = min((1 << bits) - 1, self.max_bytes - self.base + strip)
        self._pack, self.read = self._coders()
        bare = strip == self.header and offset == 0 and adjust == 0
        self.plain = bare and size in _STRUCT_LETTERS
        self._largest_plain = self.high if bare else -1
        self._encode = self._plain_encoder()
        self.splitter = self._compiled_splitter()

    def _compiled_splitter(self) -> Any:
        """The compiled way to find whole frames; None where there is none."""
        numbers = (self.offset, self.base, self.strip, self.low, self.high)
        if compiled is None or self.low > self.high or max(map(abs, numbers)) > MOST_COMPILED:
            return None
        return compiled.Splitter(self.size, self.byteorder == "little", *numbers)

    def _plain_encoder(self) -> Callable[[list[bytes], bytes], int]:
        """`encode_parts` for the commonest shape, with everything it needs at hand."""
        pack, largest, size, general = self._pack, self._largest_plain, self.size, self._encode_any
        if compiled is not None and 0 <= largest <= MOST_COMPILED:
            encoder: Callable[[list[bytes], bytes], int] = compiled.Encoder(
                size, self.byteorder == "little", largest, general
            )
            return encoder

        def encode_parts(parts: list[bytes], message: bytes) -> int:
            if type(message) is bytes and (count := len(message)) <= largest:
                parts += (pack(count), message)
                return size + count
            return general(parts, message)

        return encode_parts

    def _coders(self) -> tuple[Callable[[int], bytes], Callable[..., tuple[int, ...]]]:
        """Write the length field, and read it from bytes and a position in them."""
        size, byteorder = self.size, self.byteorder
        letter = _STRUCT_LETTERS.get(size)
        if letter:
            coder = struct.Struct((">" if byteorder == "big" else "<") + letter)
            return coder.pack, coder.unpack_from

        def read(data: bytes, at: int = 0) -> tuple[int]:
            return (int.from_bytes(data[at : at + size], byteorder),)

        return lambda value: value.to_bytes(size, byteorder), read

    def decoder(self) -> Decoder[bytes]:
        """Begin to receive a stream."""
        return _LengthDecoder(self)

    def encode_parts(self, parts: list[bytes], message: bytes) -> int:
        """Append the frame of one message."""
        return self._encode(parts, message)

    def sender(self) -> Callable[[list[bytes], bytes], int]:
        """`encode_parts` without the way through the object."""
        return self._encode

    def _encode_any(self, parts: list[bytes], message: bytes) -> int:
        message = as_bytes(self.name, message)
        count = len(message)
        if count <= self._largest_plain:
            parts += (self._pack(count), message)
            return self.size + count
        if count > self.max_bytes:
            raise EncodeError(self.name, f"message of {count} bytes, {self.max_bytes} allowed")
        if self.strip == self.header:
            return self._encode_stripped(parts, message, count)
        if self.strip <= self.offset:
            return self._encode_whole(parts, message)
        raise EncodeError(self.name, f"cannot send with strip={self.strip}: it cuts the header")

    def _encode_stripped(self, parts: list[bytes], message: bytes, count: int) -> int:
        value = count - self.adjust
        if not self.low <= value <= self.high:
            text = f"length {value} of a {count}-byte message does not fit {self.size} bytes"
            raise EncodeError(self.name, text)
        parts.append(self.lead + self._pack(value) + message)
        return self.header + count

    def _encode_whole(self, parts: list[bytes], message: bytes) -> int:
        """The message carries its own length field, which must be true (L3)."""
        frame = self.lead[: self.strip] + message
        field = frame[self.offset : self.header]
        after = len(frame) - self.header
        value = after - self.adjust
        if after < 0 or not self.low <= value <= self.high or field != self._pack(value):
            text = f"the message's length field {field.hex() or 'nothing'} does not say {value}"
            raise EncodeError(self.name, text)
        parts.append(frame)
        return len(frame)


UNIFORM_FRAMES = 8
"""Fewest frames of one size for which looking for them pays."""


@functools.lru_cache(maxsize=64)
def _uniform_struct(codec: LengthCodec, value: int) -> struct.Struct:
    order = ">" if codec.byteorder == "big" else "<"
    return struct.Struct(f"{order}{_STRUCT_LETTERS[codec.size]}{value}s")


class _LengthDecoder(SizedDecoder[bytes]):
    __slots__ = (
        "_codec",
        "_header",
        "_largest",
        "_plain",
        "_read",
        "_splitter",
        "_uniform",
        "between",
    )

    def __init__(self, codec: LengthCodec) -> None:
        super().__init__(codec.name)
        self._codec = codec
        self._need = codec.header
        self._header, self._largest = codec.header, codec.header + codec.high
        self._read = codec.read
        self._splitter = codec.splitter
        # Only where the header is the length: then equal headers mean equal frames.
        self._plain = codec.plain
        self._uniform = codec.plain
        # Between two frames, with nobody who asks where they begin and end.
        self.between = False

    def parser(self) -> Callable[[bytes], list[bytes]]:
        if self._splitter is None:
            return self.receive_data
        parser: Callable[[bytes], list[bytes]] = compiled.Parser(self, self._splitter)
        return parser

    def receive_data(self, data: bytes) -> list[bytes]:
        if self.between and self._plain:
            # One whole frame in one read is the commonest arrival of all.
            header, read, size = self._header, self._read, len(data)
            if size >= header and header + read(data)[0] == size <= self._largest:
                self.offset += size
                return [data[header:]]
        out = super().receive_data(data)
        self.between = not (self.pending or self._discard or self.error or self.marks is not None)
        return out

    def _split(self, data: bytes, out: list[bytes]) -> int:
        codec = self._codec
        read, low, high = self._read, codec.low, codec.high
        offset, header, base, strip = codec.offset, codec.header, codec.base, codec.strip
        position, size = 0, len(data)
        append = out.append
        if self.marks is None:
            position = self._split_run(data, out)
        while size - position >= header:
            at = position + offset
            value = read(data, at)[0]
            if value < low or value > high:
                if not self._refuse(data, position, value):
                    return position
                position += self._drop_now(size - position)
                continue
            stop = position + base + value
            if stop > size:
                self._need = stop - position
                return position
            append(data[position + strip : stop])
            if self.marks is not None:
                self.marks.append((self.offset + position, self.offset + stop))
            position = stop
        self._need = header
        return position

    def _split_run(self, data: bytes, out: list[bytes]) -> int:
        """Take the whole frames that a chunk begins with in C, or as many as can be."""
        if self._splitter is not None and type(data) is bytes:
            position: int = self._splitter.split(data, out)
            return position
        if self._uniform and len(data) >= 512:
            return self._split_uniform(data, out)
        return 0

    def _split_uniform(self, data: bytes, out: list[bytes]) -> int:
        """Take the run of frames of one size that a chunk begins with, in C.

        Streams of equal messages are common (measurements, ticks, pings), and cost half as
        much here (bench/costs.py). The first chunk that is not so ends the trying.
        """
        codec = self._codec
        value: int = self._read(data, 0)[0]
        total = codec.header + value
        count = len(data) // total
        if count < UNIFORM_FRAMES or not codec.low <= value <= codec.high:
            return 0
        run = memoryview(data)[: count * total]
        heads, bodies = zip(*_uniform_struct(codec, value).iter_unpack(run), strict=True)
        if heads.count(value) != count:
            self._uniform = False
            return 0
        out += bodies
        return count * total

    def _drop_now(self, available: int) -> int:
        dropped = min(self._discard, available)
        self._discard -= dropped
        return dropped

    def _refuse(self, data: bytes, position: int, value: int) -> bool:
        """Judge a length out of range; True if the frame is to be skipped."""
        codec = self._codec
        head = data[position : position + codec.header]
        field = head[codec.offset :]
        at = self.offset + position
        total = codec.base + value
        wrapped = value - (1 << 8 * codec.size)
        if codec.signed and value >> (8 * codec.size - 1):
            rule = "the announced length is negative"
            self.error = Malformed(codec.name, rule, at, announced=wrapped, head=head)
        elif value >> 63:
            rule = "the announced length does not fit 63 bits"
            self.error = Malformed(codec.name, rule, at, announced=value, head=head)
        elif total < max(codec.header, codec.strip):
            rule = "the announced length is shorter than the header it counts"
            self.error = Malformed(codec.name, rule, at, announced=value, head=head)
        else:
            other: ByteOrder = "little" if codec.byteorder == "big" else "big"
            swapped = int.from_bytes(field, other)
            near = codec.low <= swapped <= min(codec.high, 0xFFFF) and codec.size > 1
            error = TooLarge(
                codec.name,
                "frame is over its limit",
                at,
                announced=total - codec.strip,
                allowed=codec.max_bytes,
                head=head,
            )
            if near and not error.guess:
                error.guess = f"a length in {other}-endian byte order ({swapped})"
            if total <= codec.skip_limit:
                self._skip(error)
                self._discard = total
                return True
            self.error = error
        return False
