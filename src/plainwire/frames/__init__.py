"""Codecs: bytes of a stream to whole messages and back, without I/O.

A *codec* describes how frames lie in a stream; its *decoder* is the state of one stream;
a *payload* layer says what a message's bytes mean. The contract and its laws stand in
`codec.py`, the table of what each accepts and refuses in docs/frames.md.
"""

from plainwire.frames.codec import Codec, Decoder, Payload, raw
from plainwire.frames.delimiter import lines, until
from plainwire.frames.generator import GeneratorCodec, Read, codec, u8, u16, u32, u64
from plainwire.frames.header import HeaderedMessage, content_length, headered, octet_counted
from plainwire.frames.length import length, netty
from plainwire.frames.parse import parse_codec
from plainwire.frames.payload import json, text
from plainwire.frames.prefix import fixed, netstring, varint
from plainwire.frames.stuffing import cobs, slip
from plainwire.frames.wire import ber, erlang, grpc, mp_connection, record_marking

__all__ = [
    "Codec", "Decoder", "GeneratorCodec", "HeaderedMessage", "Payload", "Read", "ber", "cobs",
    "codec", "content_length", "erlang", "fixed", "grpc", "headered", "json", "length", "lines",
    "mp_connection", "netstring", "netty", "octet_counted", "parse_codec", "raw",
    "record_marking", "slip", "text", "u8", "u16", "u32", "u64", "until", "varint",
]  # fmt: skip
