"""Frames whose size stands before them in a form of its own: varint, netstring, fixed.

    varint()       02 68 69           LEB128, low group first (Protocol Buffers)
    netstring()    2:hi,              decimal (Bernstein, 1997)
    fixed(2)       hi                 none at all

Pure. A varint may be written longer than needed, up to its limit of bytes, as Protocol
Buffers allow; a value over 32 bits is refused rather than cut.
"""

from __future__ import annotations

from plainwire.errors import EncodeError, LocalProtocolError, Malformed, TooLarge
from plainwire.frames.buffer import SizedDecoder
from plainwire.frames.codec import (
    DEFAULT_MAX_BYTES,
    Codec,
    Decoder,
    as_bytes,
    check_limit,
    limited_bytes,
    recipe,
)


@recipe
def fixed(size: int) -> FixedCodec:
    """Messages that all have `size` bytes; the rest of a stream is `Truncated`."""
    return FixedCodec(size)


class FixedCodec(Codec[bytes]):
    """See `fixed`."""

    def __init__(self, size: int) -> None:
        self.size = self.max_bytes = check_limit(size)
        self.name = f"fixed({size})"

    def decoder(self) -> Decoder[bytes]:
        """Begin to receive a stream."""
        return _FixedDecoder(self)

    def encode_parts(self, parts: list[bytes], message: bytes) -> int:
        """Append the frame of one message."""
        message = as_bytes(self.name, message)
        if len(message) != self.size:
            raise EncodeError(self.name, f"a message has {self.size} bytes, not {len(message)}")
        parts.append(message)
        return self.size


class _FixedDecoder(SizedDecoder[bytes]):
    __slots__ = ()

    def __init__(self, codec: FixedCodec) -> None:
        super().__init__(codec.name)
        self._need = codec.size

    def _split(self, data: bytes, out: list[bytes]) -> int:
        size = self._need
        whole = len(data) - len(data) % size
        out += [data[at : at + size] for at in range(0, whole, size)]
        if self.marks is not None:
            first = self.offset
            self.marks += [(first + at, first + at + size) for at in range(0, whole, size)]
        return whole


@recipe
def varint(*, max_bytes: int = DEFAULT_MAX_BYTES, width: int = 5, offset: int = 0) -> VarintCodec:
    """Frames that announce their length as a LEB128 number.

    Args:
        max_bytes: limit of a message's body, 1 MiB by default.
        width: most bytes of the number; 5 carries 32 bits, 4 is MQTT's.
        offset: bytes before the number, which are part of the message; 1 is MQTT's.
            The number stays in the message too, as it cannot be cut out of the middle.
    """
    return VarintCodec(max_bytes, width, offset)


class VarintCodec(Codec[bytes]):
    """See `varint`."""

    def __init__(self, max_bytes: int, width: int, offset: int) -> None:
        if not 1 <= width <= 5 or offset < 0:
            raise LocalProtocolError("varint(): width is 1 to 5, offset is not negative")
        self.max_bytes = check_limit(max_bytes)
        self.width, self.offset = width, offset
        self.largest = min(max_bytes, (1 << 7 * width) - 1, (1 << 32) - 1)
        shown = [f"width={width}"] * (width != 5) + [f"offset={offset}"] * (offset != 0)
        self.name = f"varint({', '.join(shown)})"

    def decoder(self) -> Decoder[bytes]:
        """Begin to receive a stream."""
        return _VarintDecoder(self)

    def encode_parts(self, parts: list[bytes], message: bytes) -> int:
        """Append the frame of one message."""
        message = as_bytes(self.name, message)
        if self.offset:
            self._check_whole(message)
            parts.append(message)
            return len(message)
        if len(message) > self.largest:
            text = f"message of {len(message)} bytes, {self.largest} allowed"
            raise EncodeError(self.name, text)
        number = _leb128(len(message))
        parts.append(number)
        parts.append(message)
        return len(number) + len(message)

    def _check_whole(self, message: bytes) -> None:
        """The message carries its own number, which must be true (L3)."""
        decoder = self.decoder()
        found = decoder.receive_data(message)
        if decoder.error or decoder.pending or len(found) != 1:
            raise EncodeError(self.name, "the message's own length does not say its size")


def _leb128(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class _VarintDecoder(SizedDecoder[bytes]):
    __slots__ = ("_codec",)

    def __init__(self, codec: VarintCodec) -> None:
        super().__init__(codec.name)
        self._codec = codec
        self._need = codec.offset + 1

    def _split(self, data: bytes, out: list[bytes]) -> int:
        offset, position, size = self._codec.offset, 0, len(data)
        while position < size:
            at = position + offset
            value = shift = 0
            while True:
                if at >= size:
                    self._need = at + 1 - position
                    return position
                byte = data[at]
                at += 1
                value |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
                if shift >= 7 * self._codec.width:
                    return self._refuse(data, position, at, None)
            if value > self._codec.largest:
                return self._refuse(data, position, at, value)
            if at + value > size:
                self._need = at + value - position
                return position
            out.append(data[position if offset else at : at + value])
            if self.marks is not None:
                self.marks.append((self.offset + position, self.offset + at + value))
            position = at + value
        self._need = offset + 1
        return position

    def _refuse(self, data: bytes, position: int, at: int, value: int | None) -> int:
        codec, where, head = self._codec, self.offset + position, data[position:at]
        if value is None:
            rule = f"a length of more than {codec.width} bytes"
            self.error = Malformed(codec.name, rule, where, head=head)
        elif value >> 32:
            rule = "a length of more than 32 bits"
            self.error = Malformed(codec.name, rule, where, announced=value, head=head)
        else:
            rule = "frame is over its limit"
            self.error = TooLarge(
                codec.name, rule, where, announced=value, allowed=codec.largest, head=head
            )
        return position


@recipe
def netstring(*, max_bytes: int = DEFAULT_MAX_BYTES) -> NetstringCodec:
    """Netstrings: a decimal length, a colon, the bytes, a comma.

    The length has ASCII digits only, no sign, no space and no leading zero except `0`
    itself; more digits than the limit has are refused before they are read as a number.

    Args:
        max_bytes: limit of a message, 1 MiB by default.
    """
    return NetstringCodec(max_bytes)


class NetstringCodec(Codec[bytes]):
    """See `netstring`."""

    name = "netstring()"

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = check_limit(max_bytes)

    def decoder(self) -> Decoder[bytes]:
        """Begin to receive a stream."""
        return _NetstringDecoder(self)

    def encode_parts(self, parts: list[bytes], message: bytes) -> int:
        """Append the frame of one message."""
        message = limited_bytes(self.name, message, self.max_bytes)
        parts.append(b"%d:%b," % (len(message), message))
        return len(parts[-1])


class _NetstringDecoder(SizedDecoder[bytes]):
    __slots__ = ("_digits", "_max_bytes")

    def __init__(self, codec: NetstringCodec) -> None:
        super().__init__(codec.name)
        self._max_bytes = codec.max_bytes
        self._digits = len(str(codec.max_bytes))
        self._need = 1

    def _split(self, data: bytes, out: list[bytes]) -> int:
        position, size = 0, len(data)
        while position < size:
            colon = position
            while colon < size and 48 <= data[colon] <= 57 and colon - position <= self._digits:
                colon += 1
            if not self._check_number(data, position, colon):
                return position
            if colon == size:
                self._need = size - position + 1
                return position
            count = int(data[position:colon])
            comma = colon + 1 + count
            if comma >= size:
                self._need = comma + 1 - position
                return position
            if data[comma] != 44:
                self._fail("no comma after the bytes", data, position, position + 1)
                return position
            out.append(data[colon + 1 : comma])
            if self.marks is not None:
                self.marks.append((self.offset + position, self.offset + comma + 1))
            position = comma + 1
        self._need = 1
        return position

    def _check_number(self, data: bytes, position: int, colon: int) -> bool:
        """Judge the digits before `colon`, each as soon as it is there."""
        digits = colon - position
        if digits > 1 and data[position] == 48:
            self._fail("a length with a leading zero", data, position, position + 2)
        elif digits > self._digits:
            self._too_large(data, position, colon, None)
        elif colon < len(data) and (digits == 0 or data[colon] != 58):
            rule = "a length of decimal digits and a colon is expected"
            self._fail(rule, data, position, colon + 1)
        elif colon < len(data) and int(data[position:colon]) > self._max_bytes:
            self._too_large(data, position, colon, int(data[position:colon]))
        return self.error is None

    def _fail(self, rule: str, data: bytes, position: int, end: int) -> None:
        head = data[position:end]
        self.error = Malformed("netstring()", rule, self.offset + position, head=head)

    def _too_large(self, data: bytes, position: int, end: int, announced: int | None) -> None:
        self.error = TooLarge(
            "netstring()",
            "frame is over its limit",
            self.offset + position,
            announced=announced,
            allowed=self._max_bytes,
            head=data[position:end],
        )
