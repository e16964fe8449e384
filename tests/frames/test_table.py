"""The table of docs/frames.md, row by row: what each framing accepts and refuses."""

from __future__ import annotations

import logging.handlers
import pickle
from typing import Any

import pytest

from plainwire import frames
from plainwire.errors import EncodeError, LocalProtocolError, Malformed, TooLarge, Truncated
from plainwire.testing import check_splits, refuses

MiB = 1024 * 1024

# codec, bytes on the wire, messages
ACCEPTED: list[tuple[Any, bytes, list[Any]]] = [
    (frames.length(2), b"\0\2hi\0\0", [b"hi", b""]),
    (frames.length(2, offset=2, adjust=-4, strip=4), b"\3\0\0\6hi", [b"hi"]),
    (frames.length(4, offset=1), b"\1\0\0\0\2hi", [b"\1\0\0\0\2hi"]),
    (frames.length(4, offset=1, adjust=-4), b"Q\0\0\0\6hi", [b"Q\0\0\0\6hi"]),
    (frames.length(3, "little", adjust=1, strip=0), b"\2\0\0\7hi", [b"\2\0\0\7hi"]),
    (frames.length(4, "little", adjust=-4), b"\6\0\0\0hi", [b"hi"]),
    (frames.netty(6, 0, 2, 0, 0), b"\0\4abcd", [b"\0\4abcd"]),
    (frames.varint(), b"\2hi\x82\0ho", [b"hi", b"ho"]),
    (frames.varint(), b"\x81\x80\x80\x80\0x", [b"x"]),
    (frames.varint(width=4, offset=1), b"\x30\2hi", [b"\x30\2hi"]),
    (frames.netstring(), b"0:,5:he,lo,", [b"", b"he,lo"]),
    (frames.lines(), b"a\nb\r\n\rc\r\r\n\n", [b"a", b"b", b"\rc\r", b""]),
    (frames.lines(b"\r\n", strict=True), b"a\r\n\r\n", [b"a", b""]),
    (frames.lines(keep=True), b"a\r\nb\n", [b"a\r\n", b"b\n"]),
    (frames.until(b"\0", b"##"), b"a##b\0", [b"a", b"b"]),
    (frames.content_length(), b"content-LENGTH: 2\r\nX: y\r\n\r\nhi", [b"hi"]),
    (frames.octet_counted(), b"2 hi3 a\nb", [b"hi", b"a\nb"]),
    (frames.octet_counted(auto=True), b"2 hi<34>x\n1 y", [b"hi", b"<34>x", b"y"]),
    (frames.slip(), b"\xc0\xc0hi\xc0\xc0\xdb\xdc\xdb\xdd\xc0", [b"hi", b"\xc0\xdb"]),
    (frames.cobs(), b"\x01\x01\0\x03\x11\x22\x02\x33\0", [b"\0", b"\x11\x22\0\x33"]),
    (frames.cobs(reduced=True), b"\x31\0", [b"\x31"]),
    (frames.grpc(), b"\0\0\0\0\2hi\1\0\0\0\0", [b"\0\0\0\0\2hi", b"\1\0\0\0\0"]),
    (
        frames.content_length(),
        b"A: b\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n\xe7\xbd\x91x",
        [b"\xe7\xbd\x91x"],
    ),
    (
        frames.headered(),
        b"X-A: 1\r\nContent-Length: 0\r\n\r\n",
        [frames.HeaderedMessage(b"", (("X-A", "1"),))],
    ),
    (frames.ber(), b"\x04\x02hi\x1f\x81\x01\x01z", [b"\x04\x02hi", b"\x1f\x81\x01\x01z"]),
    (frames.record_marking(), b"\0\0\0\1a\x80\0\0\1b", [b"ab"]),
    (frames.record_marking(joined=False), b"\0\0\0\1a", [b"\0\0\0\1a"]),
    (frames.mp_connection(), b"\0\0\0\1a" + b"\xff" * 4 + bytes(7) + b"\1b", [b"a", b"b"]),
    (frames.erlang("line", buffer=8), b"0123456789\nab\n", [b"01234567", b"89\n", b"ab\n"]),
    (frames.erlang("tpkt"), b"\3\0\0\6hi", [b"\3\0\0\6hi"]),
]


@pytest.mark.parametrize(("codec", "wire", "messages"), ACCEPTED, ids=lambda v: str(v)[:40])
def test_accepted(codec: Any, wire: bytes, messages: list[Any]) -> None:
    """Each row's wire form gives its messages, whatever the cuts."""
    assert check_splits(codec, wire) == (messages, None, 0)


REFUSED: list[tuple[Any, bytes, type[Exception], str]] = [
    (frames.length(8), b"\x80" + bytes(7), Malformed, "63 bits"),
    (frames.length(8), b"\x7f" + b"\xff" * 7, TooLarge, "limit"),
    (frames.length(4, signed=True), b"\xff\xff\xff\xfe", Malformed, "negative"),
    (frames.length(2, offset=2, adjust=-4, strip=4), b"\3\0\0\3", Malformed, "shorter"),
    (frames.netty(6, 0, 2, 0, 0), b"\0\5abcde", TooLarge, "limit"),
    (frames.varint(), b"\xff" * 5, Malformed, "5 bytes"),
    (frames.varint(), b"\x80\x80\x80\x80\x10", Malformed, "32 bits"),
    (frames.varint(width=4, offset=1), b"\x30\x80\x80\x80\x80", Malformed, "4 bytes"),
    (frames.netstring(), b"+1:a,", Malformed, "digits"),
    (frames.netstring(), b" 1:a,", Malformed, "digits"),
    (frames.netstring(), b"01:a,", Malformed, "leading zero"),
    (frames.netstring(), b"1;a,", Malformed, "colon"),
    (frames.netstring(), b"12\n", Malformed, "colon"),
    (frames.netstring(), b"99999999", TooLarge, "limit"),
    (frames.netstring(), b"1:ab", Malformed, "comma"),
    (frames.lines(b"\r\n", strict=True), b"a\n.\r\n", Malformed, "alone"),
    (frames.lines(max_bytes=3), b"abcd\n", TooLarge, "limit"),
    (frames.content_length(), b"X: y\r\n\r\n", Malformed, "must provide a Content-Length"),
    (frames.content_length(), b"Content-Length: -1\r\n\r\n", Malformed, "must be a number"),
    (
        frames.content_length(),
        b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        Malformed,
        "differ",
    ),
    (frames.content_length(), b"x" * 9000, TooLarge, "limit"),
    (frames.grpc(), b"\2\0\0\0\0", Malformed, "flag of 2"),
    (frames.grpc(), b"\1\xff\0\0\0", TooLarge, "limit"),
    (frames.length(8, "little"), b"\xff" * 8, Malformed, "63 bits"),
    (frames.cobs(), b"\x03a\0", Malformed, "block"),
    (frames.fixed(3), b"ab", Truncated, "inside a frame"),
    (frames.octet_counted(), b"01 a", Malformed, "leading zero"),
    (frames.octet_counted(), b"999999999 a", TooLarge, "limit"),
    (frames.slip(), b"a\xdbb\xc0", Malformed, "ESC"),
    (frames.cobs(), b"\x05ab\0", Malformed, "block"),
    (frames.ber(), b"\x30\x80", Malformed, "indefinite"),
    (frames.ber(), b"\x30\x85", Malformed, "more than 4"),
    (frames.record_marking(), bytes(4), Malformed, "empty fragment"),
    (frames.mp_connection(), b"\xff\xff\xff\xfe", Malformed, "negative"),
    (frames.lines() | frames.json(), b"NaN\n", Malformed, "NaN"),
    (frames.lines() | frames.json(), b"{\n", Malformed, ""),
    (frames.lines() | frames.text(), b"\xff\n", Malformed, "decode"),
]


@pytest.mark.parametrize(("codec", "wire", "kind", "text"), REFUSED, ids=lambda v: str(v)[:40])
def test_refused(codec: Any, wire: bytes, kind: type[Exception], text: str) -> None:
    """Each refusal of the table, the same whatever the cuts."""
    messages, error, _ = check_splits(codec, wire)
    assert messages == []
    assert type(error) is kind
    assert text in str(error)


@pytest.mark.parametrize(
    ("codec", "message"),
    [
        (frames.length(1), bytes(256)),
        (frames.length(2), bytes(70_000)),
        (frames.length(4), bytes(MiB + 1)),
        (frames.length(4), "text"),
        (frames.length(4, offset=1), b"\0\0\0\0\3hi"),
        (frames.lines(), b"a\nb"),
        (frames.lines(), b"a\r"),
        (frames.until(b"##"), b"a#"),
        (frames.fixed(3), b"ab"),
        (frames.grpc(), b"\0\0\0\0\3hi"),
        (frames.grpc(), b"\2\0\0\0\0"),
        (frames.grpc(), b""),
        (frames.varint(width=1), bytes(128)),
        (frames.length(4, offset=1, adjust=-4), b"Q\0\0\0\3"),
        (frames.netty(6, 0, 2, 0, 0), b"\0\5abcde"),
        (frames.slip(), b""),
        (frames.octet_counted(), b""),
        (frames.lines() | frames.json(), float("nan")),
        (frames.lines() | frames.json(), {1, 2}),
        (frames.headered(), frames.HeaderedMessage(b"", (("A", "b\r\nC: d"),))),
    ],
    ids=lambda v: str(v)[:40],
)
def test_an_encoder_refuses_what_it_cannot_represent(codec: Any, message: Any) -> None:
    """L3: a header that lies desynchronises the peer for good."""
    assert refuses(codec, message)


@pytest.mark.parametrize(
    "codec",
    [
        frames.length(4),
        frames.varint(),
        frames.netstring(),
        frames.slip(),
        frames.content_length(),
        frames.octet_counted(),
        frames.mp_connection(),
        frames.lines(),
        frames.record_marking(),
        frames.until(b"#"),
        frames.cobs(),
        frames.ber(),
    ],
    ids=lambda c: c.name,
)
def test_the_default_limit_is_one_mebibyte(codec: Any) -> None:
    """A stranger must not take our memory before anybody thought of a limit."""
    assert codec.max_bytes == MiB


def test_skip_goes_on_behind_a_frame_over_its_limit() -> None:
    """L4: the announced length is the resync point, so nothing of the body is parsed."""
    codec = frames.length(1, max_bytes=4, on_bad="skip")
    assert check_splits(codec, b"\6\1a\1b\1c\2ok") == ([b"ok"], None, 1)


@pytest.mark.parametrize(
    ("codec", "wire", "messages"),
    [
        (frames.slip(on_bad="skip"), b"a\xdbb\xc0ok\xc0", [b"ok"]),
        (frames.cobs(on_bad="skip"), b"\x05ab\0\x03ok\0", [b"ok"]),
        (frames.until(b"##", on_bad="skip", max_bytes=2), b"abc##ok##", [b"ok"]),
        (frames.lines(on_bad="skip", max_bytes=2), b"abc\r\nok\r\n", [b"ok"]),
    ],
    ids=lambda v: str(v)[:30],
)
def test_skip_goes_on_behind_a_delimiter(codec: Any, wire: bytes, messages: list[Any]) -> None:
    """L4: the delimiter cannot stand inside a frame, so what follows it is one."""
    assert check_splits(codec, wire) == (messages, None, 1)


@pytest.mark.parametrize("make", [frames.netstring, frames.varint, frames.content_length])
def test_a_codec_without_a_resync_point_cannot_be_told_to_skip(make: Any) -> None:
    """Going on at a guess is how an attacker's payload is parsed as frames."""
    with pytest.raises(TypeError):
        make(on_bad="skip")


def test_the_overhead_of_cobs_is_a_byte_in_254() -> None:
    """Its promise: ceil(n / 254) + 1 bytes, delimiter included, whatever the bytes."""
    for size in (1, 253, 254, 255, 508, 509, 5000):
        for byte in (b"\1", b"\0"):
            whole = len(frames.cobs().encode(byte * size))
            assert whole <= size + -(-size // 254) + 1


def test_what_the_standard_librarys_log_handler_sends_is_framed() -> None:
    """`logging.handlers.SocketHandler`: 4 bytes of length and a pickle, handed over as bytes."""
    record = logging.LogRecord("name", logging.INFO, "path", 1, "text", None, None)
    wire = logging.handlers.SocketHandler("127.0.0.1", 1).makePickle(record)
    (payload,) = frames.length(4).decode(wire)
    assert isinstance(payload, bytes)
    assert pickle.loads(payload)["msg"] == "text"


def test_skip_ended_by_eof_is_truncated() -> None:
    """L2 holds for a frame that is being dropped as well."""
    assert isinstance(
        check_splits(frames.length(1, max_bytes=4, on_bad="skip"), b"\6ab")[1], Truncated
    )


@pytest.mark.parametrize(
    ("codec", "wire", "guess"),
    [
        (frames.length(4), b"GET / HTTP/1.1\r\n", "HTTP request"),
        (frames.length(2, max_bytes=99), b"GE", "HTTP request"),
        (frames.length(4), b"\x16\x03\x01\x02", "TLS handshake"),
        (frames.length(4), b"SSH-2.0", "SSH"),
        (frames.length(4), b"\x05\0\0\0hello", "little-endian byte order (5)"),
        (frames.netstring(), b"PROXY TCP4", ""),
    ],
)
def test_an_error_guesses_what_arrived(codec: Any, wire: bytes, guess: str) -> None:
    """The commonest cause is a client of another protocol, or the wrong byte order."""
    error = check_splits(codec, wire)[1]
    assert error is not None
    assert guess in str(error)
    assert "at offset 0" in str(error)


def test_a_generator_codec_needs_only_its_grammar() -> None:
    """Cuts, EOF, limits and errors are the toolkit's."""

    @frames.codec(max_bytes=20)
    def tlv(read: frames.Read) -> Any:
        tag = yield read.u8()
        size = yield read.u16()
        return tag, (yield read.bytes(size))

    @tlv.encoder
    def _encode(item: Any) -> bytes:
        return frames.u8(item[0]) + frames.u16(len(item[1])) + item[1]

    wire = tlv.encode((1, b"ab")) + tlv.encode((2, b""))
    assert check_splits(tlv, wire)[0] == [(1, b"ab"), (2, b"")]
    assert isinstance(check_splits(tlv, wire[:-1])[1], Truncated)
    assert isinstance(check_splits(tlv, b"\1\0\xff")[1], TooLarge)
    assert refuses(tlv, (256, b""))


def test_impossible_codecs_are_refused_when_made() -> None:
    """A mistake in numbers shows where it was written."""
    for make in (
        lambda: frames.length(9),
        frames.until,
        lambda: frames.until(b""),
        lambda: frames.fixed(0),
        lambda: frames.lines(max_bytes=0),
        lambda: frames.lines(strict=True),
    ):
        with pytest.raises(LocalProtocolError):
            make()
    with pytest.raises(EncodeError):
        frames.length(4, offset=1, strip=3).encode(b"x")


@pytest.mark.parametrize(
    "text", ["length:4", "length:2:little", "lines|json", "until:##", "length:4:max=10"]
)
def test_a_codec_can_be_named_on_a_command_line(text: str) -> None:
    """`--frames length:4` is the codec `length(4)`."""
    assert frames.parse_codec(text).name


@pytest.mark.parametrize("text", ["", "nope", "length:x", "json|lines", "length:4:no=1"])
def test_a_codec_that_does_not_exist_is_one_clear_error(text: str) -> None:
    """No traceback for a typing mistake."""
    with pytest.raises(ValueError, match="frames"):
        frames.parse_codec(text)
