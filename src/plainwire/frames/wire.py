"""Framings of particular systems, for talking to what is already there.

    ber()              ASN.1 BER elements, header kept           ITU-T X.690 section 8.1
    record_marking()   ONC RPC records of fragments              RFC 5531 section 11
    mp_connection()    multiprocessing.connection                CPython's connection.py
    grpc()             gRPC's length-prefixed messages           gRPC over HTTP2, Requests
    erlang(mode)       the packet modes of gen_tcp               inet(3)

Pure; written with the generator form of `plainwire.frames.codec`. Payloads that
`multiprocessing` pickles are handed over as bytes: unpickling what a stranger sends
runs his code.
"""

from __future__ import annotations

from typing import Literal

from plainwire.errors import EncodeError, FrameError, LocalProtocolError
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
from plainwire.frames.generator import FrameGenerator, GeneratorCodec, Read, u8, u32, u64
from plainwire.frames.length import length

_I32_MAX = 0x7FFFFFFF


@recipe
def ber(*, max_bytes: int = DEFAULT_MAX_BYTES) -> Codec[bytes]:
    """ASN.1 BER elements with their tag and length (LDAP, SNMP over TCP).

    Refused: the indefinite form and lengths of more than 4 bytes, as Erlang does.

    Args:
        max_bytes: limit of an element with its header, 1 MiB by default.
    """

    def frame(read: Read) -> FrameGenerator[bytes]:
        head: bytes = yield read.bytes(1)
        if head[0] & 0x1F == 0x1F:
            while len(head) == 1 or head[-1] & 0x80:
                if len(head) > 5:
                    read.fail("a tag of more than 5 bytes")
                head += yield read.bytes(1)
        first = yield read.bytes(1)
        head += first
        size = first[0]
        if size == 0x80:
            read.fail("the indefinite form of a length")
        if size > 0x80:
            if size - 0x80 > 4:
                read.fail("a length of more than 4 bytes")
            more = yield read.bytes(size - 0x80)
            head += more
            size = int.from_bytes(more, "big")
        read.check_size(len(head) + size, max_bytes)
        body: bytes = yield read.bytes(size)
        return head + body

    codec = GeneratorCodec("ber()", frame, None, max_bytes)

    @codec.encoder
    def _encode(message: bytes) -> bytes:
        message = as_bytes("ber()", message)
        decoder = codec.decoder()
        whole = decoder.receive_data(message)
        if decoder.error or decoder.pending or len(whole) != 1:
            raise EncodeError("ber()", "the message is not one whole element")
        return message

    return codec


@recipe
def grpc(*, max_bytes: int = DEFAULT_MAX_BYTES) -> Codec[bytes]:
    """Messages of gRPC: a flag (1 is compressed), four bytes of length, the bytes.

    Flag and length stay in the message. Refused: a flag over 1, which is the commonest sign
    of a stream that is none of gRPC's; `length(4, offset=1)` takes any.

    Args:
        max_bytes: limit of a message with its 5 bytes of header, 1 MiB by default.
    """

    def frame(read: Read) -> FrameGenerator[bytes]:
        flag: int = yield read.u8()
        if flag > 1:
            read.fail(f"a flag of {flag}, where 0 or 1 is expected")
        size: int = yield read.u32()
        read.check_size(5 + size, max_bytes)
        body: bytes = yield read.bytes(size)
        return u8(flag) + u32(size) + body

    def encode(message: bytes) -> bytes:
        message = limited_bytes("grpc()", message, max_bytes)
        if message[:1] not in (b"\0", b"\1") or message[1:5] != u32(max(0, len(message) - 5)):
            raise EncodeError("grpc()", "the message's own flag and length do not say its size")
        return message

    return GeneratorCodec("grpc()", frame, encode, max_bytes)


@recipe
def record_marking(*, joined: bool = True, max_bytes: int = DEFAULT_MAX_BYTES) -> Codec[bytes]:
    """ONC RPC records: fragments of 31-bit length, the top bit marks the last.

    Args:
        joined: hand over whole records. Otherwise each fragment comes alone with its
            header, as from Erlang's `sunrm`.
        max_bytes: limit of a record, 1 MiB by default.
    """
    name = "record_marking()" if joined else "record_marking(joined=False)"

    def frame(read: Read) -> FrameGenerator[bytes]:
        parts: list[bytes] = []
        total = 0
        while True:
            header: int = yield read.u32()
            size = header & _I32_MAX
            total += size if joined else size + 4
            read.check_size(total, max_bytes)
            # Empty fragments that are not the last would go on for ever.
            if joined and not size and not header >> 31:
                read.fail("an empty fragment that is not the last")
            parts.append((yield read.bytes(size)))
            if not joined:
                return u32(header) + parts[0]
            if header >> 31:
                return b"".join(parts)

    def encode(message: bytes) -> bytes:
        message = as_bytes(name, message)
        if joined:
            if len(message) > max_bytes:
                raise EncodeError(name, f"record of {len(message)} bytes, {max_bytes} allowed")
            return u32(len(message) | 1 << 31) + message
        size = int.from_bytes(message[:4], "big") & _I32_MAX
        if len(message) < 4 or size != len(message) - 4 or len(message) > max_bytes:
            raise EncodeError(name, "the message is not one fragment with its true header")
        return message

    # One-byte fragments make the worst frame: 5 bytes on the wire for each of payload.
    return GeneratorCodec(name, frame, encode, max_bytes, frame_bytes=5 * max_bytes + 4)


@recipe
def mp_connection(*, max_bytes: int = DEFAULT_MAX_BYTES) -> Codec[bytes]:
    """Messages of `multiprocessing.connection`, as bytes.

    A 4-byte signed length, or -1 and an 8-byte length. Wire format of CPython 3.3 to
    3.14, which sets no limit itself.

    Args:
        max_bytes: limit of a message, 1 MiB by default.
    """
    name = "mp_connection()"

    def frame(read: Read) -> FrameGenerator[bytes]:
        size: int = yield read.i32()
        if size < -1:
            read.fail("the announced length is negative", announced=size)
        if size == -1:
            size = yield read.u64()
        read.check_size(size, max_bytes)
        body: bytes = yield read.bytes(size)
        return body

    def encode(message: bytes) -> bytes:
        message = limited_bytes(name, message, max_bytes)
        if len(message) > _I32_MAX:
            return b"\xff\xff\xff\xff" + u64(len(message)) + message
        return u32(len(message)) + message

    return GeneratorCodec(name, frame, encode, max_bytes, frame_bytes=max_bytes + 12)


@recipe
def erlang(
    mode: Literal[1, 2, 4, "line", "asn1", "sunrm", "tpkt"],
    *,
    buffer: int = 1460,
    max_bytes: int = DEFAULT_MAX_BYTES,
) -> Codec[bytes]:
    """The frames of `gen_tcp` with `{packet, Mode}`.

    Args:
        mode: as in Erlang; `line` keeps the newline and hands a line longer than
            `buffer` over in pieces of that size.
        buffer: for `line`: bytes of a piece, newline included; Erlang's default.
        max_bytes: Erlang's `packet_size`; 1 MiB by default.
    """
    if mode == "line":
        return _ErlangLines(buffer)
    if mode == "asn1":
        return ber(max_bytes=max_bytes)
    if mode == "sunrm":
        return record_marking(joined=False, max_bytes=max_bytes)
    if mode == "tpkt":
        return length(2, offset=2, adjust=-4, strip=0, max_bytes=max_bytes)
    if mode in (1, 2, 4):
        return length(mode, max_bytes=max_bytes)
    raise LocalProtocolError(f"erlang(): unknown mode {mode!r}")


class _ErlangLines(Codec[bytes]):
    def __init__(self, buffer: int) -> None:
        self.max_bytes = check_limit(buffer)
        self.name = f'erlang("line", buffer={buffer})'

    def decoder(self) -> Decoder[bytes]:
        return _ErlangLinesDecoder(self.name, self.max_bytes)

    def encode_parts(self, parts: list[bytes], message: bytes) -> int:
        message = as_bytes(self.name, message)
        whole = message.find(b"\n") == len(message) - 1
        if len(message) > self.max_bytes or not (whole and message):
            raise EncodeError(self.name, "a line ends with its only LF and fits the buffer")
        parts.append(message)
        return len(message)


class _ErlangLinesDecoder(ScanDecoder[bytes]):
    __slots__ = ("_piece",)

    def __init__(self, name: str, piece: int) -> None:
        super().__init__(name, piece, 1)
        self._piece = piece

    def _find(self, data: bytes | bytearray, begin: int, scan_from: int) -> tuple[int, int]:
        end = data.find(b"\n", scan_from, begin + self._piece) + 1
        if not end and len(data) - begin >= self._piece:
            end = begin + self._piece
        return (end, end) if end else (-1, -1)

    def _finish(self, content: bytes, out: list[bytes]) -> FrameError | None:
        out.append(content)
        return None
