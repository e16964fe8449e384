"""What the bytes of a message mean: `text` and `json`, stacked on a framing with `|`.

    lines() | text()        str, one line each
    length(4) | json()      any JSON value
    length(4) | json(Note)  one class of messages, checked (msgspec, dataclasses)

Pure. `json()` uses the standard library and refuses NaN and infinities, which JSON does
not have (RFC 8259 section 6); `json(Type)` uses msgspec.
"""

from __future__ import annotations

import json as _json
from typing import Any, Generic, NoReturn, TypeVar, overload

from plainwire.errors import EncodeError
from plainwire.frames.codec import Payload, recipe

T = TypeVar("T")


@recipe
def text(encoding: str = "utf-8") -> Payload[str]:
    """Messages are str; bytes that are not in the encoding are `Malformed`.

    Args:
        encoding: any that Python knows; UTF-8 by default.
    """
    return _Text(encoding)


class _Text(Payload[str]):
    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self.name = "text()" if encoding == "utf-8" else f"text({encoding!r})"

    def load(self, data: bytes) -> str:
        return data.decode(self.encoding)

    def dump(self, message: str) -> bytes:
        if not isinstance(message, str):
            raise EncodeError(self.name, f"a message is str, not {type(message).__name__}")
        try:
            return message.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise EncodeError(self.name, str(error)) from error


@overload
def json() -> Payload[Any]: ...
@overload
def json(kind: type[T]) -> Payload[T]: ...
def json(kind: Any = None) -> Payload[Any]:
    """Messages are JSON texts in UTF-8, without line breaks.

    Args:
        kind: a class that every message is checked against and turned into, such as a
            dataclass; by default any JSON value is accepted.
    """
    return _AnyJson() if kind is None else _TypedJson(kind)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class _AnyJson(Payload[Any]):
    name = "json()"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_AnyJson, ())

    def __init__(self) -> None:
        self._decode = _json.JSONDecoder(parse_constant=_refuse_constant).decode
        self._encode = _json.JSONEncoder(
            ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ).encode

    def load(self, data: bytes) -> Any:
        try:
            return self._decode(data.decode("utf-8"))
        except RecursionError as error:
            raise ValueError("nested too deeply") from error

    def dump(self, message: Any) -> bytes:
        try:
            return self._encode(message).encode("utf-8")
        except (TypeError, ValueError, RecursionError) as error:
            raise EncodeError(self.name, str(error)) from error


class _TypedJson(Payload[T], Generic[T]):
    def __init__(self, kind: type[T]) -> None:
        self.kind = kind
        self.name = f"json({getattr(kind, '__name__', kind)})"
        self._prepare()

    def _prepare(self) -> None:
        import msgspec

        self._failure = (msgspec.MsgspecError, TypeError, ValueError, RecursionError)
        self._decode = msgspec.json.Decoder(self.kind).decode
        self._encode = msgspec.json.Encoder().encode

    # A codec must travel to worker processes, and msgspec's coders do not pickle.
    def __reduce__(self) -> tuple[Any, ...]:
        return (_TypedJson, (self.kind,))

    def load(self, data: bytes) -> T:
        try:
            return self._decode(data)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error

    def dump(self, message: T) -> bytes:
        try:
            return self._encode(message)
        except self._failure as error:
            raise EncodeError(self.name, str(error)) from error
