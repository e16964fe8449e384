"""Codecs named on a command line: `length:4`, `lines|json`, `until:##`, `length:2:little`.

    CODEC  := LAYER ("|" LAYER)*
    LAYER  := NAME (":" ARGUMENT)*           ARGUMENT := VALUE | KEY "=" VALUE

Pure. A name is one of the functions of `plainwire.frames`; nothing is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plainwire.errors import AddressError, PlainwireError
from plainwire.frames.codec import Codec, Payload, raw
from plainwire.frames.delimiter import lines, until
from plainwire.frames.header import content_length, octet_counted
from plainwire.frames.length import length
from plainwire.frames.payload import json, text
from plainwire.frames.prefix import fixed, netstring, varint
from plainwire.frames.stuffing import cobs, slip
from plainwire.frames.wire import ber, grpc, mp_connection, record_marking

_MAKERS: dict[str, Callable[..., Codec[Any] | Payload[Any]]] = {
    "length": length,
    "lines": lines,
    "until": until,
    "fixed": fixed,
    "varint": varint,
    "netstring": netstring,
    "content_length": content_length,
    "octet_counted": octet_counted,
    "slip": slip,
    "cobs": cobs,
    "ber": ber,
    "grpc": grpc,
    "record_marking": record_marking,
    "mp_connection": mp_connection,
    "json": json,
    "text": text,
    "raw": raw,
}


def parse_codec(text_form: str) -> Codec[Any] | Payload[Any]:
    """Make the codec that a text names, such as `length:4|json`.

    Raises:
        AddressError: no codec has that name, or it does not take those arguments.
    """
    made: Any = None
    for layer in text_form.split("|"):
        name, *arguments = layer.strip().split(":")
        maker = _MAKERS.get(name.replace("-", "_"))
        if maker is None:
            known = ", ".join(_MAKERS)
            raise AddressError(f"frames {text_form!r}: unknown codec {name!r}; known: {known}")
        try:
            part = _make(name, maker, arguments)
            made = part if made is None else made | part
        except (TypeError, ValueError, PlainwireError) as error:
            raise AddressError(f"frames {text_form!r}: {error}") from error
    result: Codec[Any] | Payload[Any] = made
    return result


def _make(
    name: str, maker: Callable[..., Codec[Any] | Payload[Any]], arguments: list[str]
) -> Codec[Any] | Payload[Any]:
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if equals and key.isidentifier():
            keywords["max_bytes" if key == "max" else key] = _value(value)
        elif name in ("until", "lines"):
            escaped = argument.encode("utf-8").decode("unicode_escape")
            positional.append(escaped.encode("latin-1"))
        else:
            positional.append(_value(argument))
    if name == "json" and positional:
        raise AddressError("json takes no argument here")
    return maker(*positional, **keywords)


def _value(text_form: str) -> int | bool | str:
    if text_form in ("true", "false"):
        return text_form == "true"
    return int(text_form) if text_form.lstrip("-").isdigit() else text_form
