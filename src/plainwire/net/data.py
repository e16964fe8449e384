"""Explanations as plain data for JSON: dictionaries, lists, texts, numbers.

Pure. The schema is `plainwire.path/1`: field names are those of the immutable values in
`steps`, `model`, `subnet` and `frame`; addresses and networks are texts, bytes are
hexadecimal, a reason is `{"code", "values"}`. Fields may be added within version 1; a field
that goes or changes its meaning makes version 2. Documented in docs/path.md.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plainwire.net.steps import Explanation

SCHEMA = "plainwire.path/1"
_ADDRESSES = (
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,  # interfaces with prefix are addresses too
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
)


def plain(value: object) -> Any:
    """Turn one value of this package into what `json.dumps` takes.

    Raises:
        TypeError: a kind of value that the schema does not know.
    """
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (bytes, *_ADDRESSES)):
        return value.hex() if isinstance(value, bytes) else str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(found) for key, found in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(found) for found in value]
    raise TypeError(f"no JSON for {type(value).__name__}")


def document(kind: str, body: Mapping[str, object]) -> dict[str, Any]:
    """Head a body with the schema and what was asked: `destination`, `subnet` or `here`."""
    return {"schema": SCHEMA, "kind": kind, **{key: plain(part) for key, part in body.items()}}


def destination_document(explanation: Explanation) -> dict[str, Any]:
    """Give the whole explanation, and the stations made from it, as one document."""
    from plainwire.net.stations import stations

    body = {field.name: getattr(explanation, field.name) for field in fields(explanation)}
    found = document("destination", {**body, "stations": stations(explanation)})
    for shown, frame in zip(found["frames"], explanation.frames, strict=True):
        shown["bytes"] = frame.data.hex()
    return found
