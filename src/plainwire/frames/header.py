"""Frames whose size stands in text before them: Content-Length and octet counting.

    Content-Length: 2 CR LF CR LF hi          content_length()   LSP, debug adapters
    2 SP hi                                   octet_counted()    RFC 6587 section 3.4.1

Pure; written with the generator form of `plainwire.frames.codec`. Sizes count bytes,
never characters. A header block has at most 8 KiB, the limit of most HTTP servers.
"""

from __future__ import annotations

from dataclasses import dataclass

from plainwire.errors import EncodeError
from plainwire.frames.codec import DEFAULT_MAX_BYTES, Codec, as_bytes, recipe
from plainwire.frames.generator import FrameGenerator, GeneratorCodec, Read

HEADER_BYTES = 8 * 1024
"""Limit of a header block without the empty line that ends it."""


@dataclass(frozen=True, slots=True)
class HeaderedMessage:
    """A message with the header lines it came with.

    Attributes:
        body: the bytes that Content-Length counts.
        headers: name and value of every other line, in order, as they were written.
    """

    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


@recipe
def content_length(*, max_bytes: int = DEFAULT_MAX_BYTES) -> Codec[bytes]:
    """Header lines with a Content-Length, an empty line, and that many bytes.

    Names are compared without case; other lines are accepted and dropped. The texts for
    a missing or bad length are those of vscode-jsonrpc.

    Args:
        max_bytes: limit of a body, 1 MiB by default.
    """

    def frame(read: Read) -> FrameGenerator[bytes]:
        message = yield from _headered(read, max_bytes)
        return message.body

    def encode(message: bytes) -> bytes:
        return _write_headered("content_length()", HeaderedMessage(message), max_bytes)

    return GeneratorCodec(
        "content_length()", frame, encode, max_bytes, frame_bytes=max_bytes + HEADER_BYTES + 4
    )


@recipe
def headered(*, max_bytes: int = DEFAULT_MAX_BYTES) -> Codec[HeaderedMessage]:
    """The same as `content_length`, keeping the other header lines.

    Args:
        max_bytes: limit of a body, 1 MiB by default.
    """

    def frame(read: Read) -> FrameGenerator[HeaderedMessage]:
        return (yield from _headered(read, max_bytes))

    def encode(message: HeaderedMessage) -> bytes:
        return _write_headered("headered()", message, max_bytes)

    return GeneratorCodec(
        "headered()", frame, encode, max_bytes, frame_bytes=max_bytes + HEADER_BYTES + 4
    )


def _headered(read: Read, max_bytes: int) -> FrameGenerator[HeaderedMessage]:
    block = yield read.until(b"\r\n\r\n", HEADER_BYTES)
    size: int | None = None
    others: list[tuple[str, str]] = []
    for line in block.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip():
            read.fail("a header line is NAME: VALUE")
        value = value.strip(b" \t")
        if name.lower() != b"content-length":
            others.append((name.decode("latin-1"), value.decode("latin-1")))
            continue
        if not value.isdigit() or len(value) > 19:
            read.fail("Content-Length value must be a number")
        if size is not None and size != int(value):
            read.fail("two Content-Length lines that differ")
        size = int(value)
    if size is None:
        read.fail("Header must provide a Content-Length property")
    read.check_size(size, max_bytes)
    return HeaderedMessage((yield read.bytes(size)), tuple(others))


def _write_headered(codec: str, message: HeaderedMessage, max_bytes: int) -> bytes:
    body = as_bytes(codec, message.body)
    if len(body) > max_bytes:
        raise EncodeError(codec, f"message of {len(body)} bytes, {max_bytes} allowed")
    block = b"Content-Length: %d" % len(body)
    for name, value in message.headers:
        # What this line refuses could otherwise add lines of its own (header injection).
        plain = not any(c in name + value for c in "\r\n") and value == value.strip(" \t")
        if not name or name != name.strip() or ":" in name or not plain:
            raise EncodeError(codec, f"{name!r}: {value!r} is no header line")
        if name.lower() == "content-length":
            raise EncodeError(codec, "Content-Length is written by the codec")
        try:
            block += f"\r\n{name}: {value}".encode("latin-1")
        except UnicodeEncodeError as error:
            raise EncodeError(codec, f"{name!r}: {value!r} is no header line") from error
    if len(block) > HEADER_BYTES:
        raise EncodeError(codec, f"header of {len(block)} bytes, {HEADER_BYTES} allowed")
    return block + b"\r\n\r\n" + body


@recipe
def octet_counted(*, auto: bool = False, max_bytes: int = DEFAULT_MAX_BYTES) -> Codec[bytes]:
    """Syslog messages with their count of octets before them.

    Args:
        auto: also accept messages that end with LF instead (RFC 6587 section 3.4.2);
            the first byte decides, since a count begins with 1 to 9 and a syslog
            message with `<`. Only when asked, because it is a guess.
        max_bytes: limit of a message, 1 MiB by default.
    """
    name = "octet_counted(auto=True)" if auto else "octet_counted()"
    digits = len(str(max_bytes))

    def frame(read: Read) -> FrameGenerator[bytes]:
        first = yield read.peek(1)
        if auto and not b"1" <= first <= b"9":
            line: bytes = yield read.until(b"\n", max_bytes)
            return line
        size = 0
        for position in range(digits + 1):
            byte = yield read.u8()
            if byte == 32 and position:
                read.check_size(size, max_bytes)
                body: bytes = yield read.bytes(size)
                return body
            if not 48 <= byte <= 57 or (byte == 48 and position == 0):
                read.fail("a count of digits without a leading zero and a space is expected")
            size = size * 10 + byte - 48
        read.check_size(size, max_bytes)
        read.fail("a count with too many digits")

    def encode(message: bytes) -> bytes:
        message = as_bytes(name, message)
        if not message:
            raise EncodeError(name, "a count of 0 cannot be written: counts begin with 1 to 9")
        if len(message) > max_bytes:
            raise EncodeError(name, f"message of {len(message)} bytes, {max_bytes} allowed")
        return b"%d %b" % (len(message), message)

    return GeneratorCodec(name, frame, encode, max_bytes, frame_bytes=max_bytes + digits + 1)
