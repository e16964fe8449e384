"""What a dissected packet is made of: layers of fields, and the cursor that reads them.

A cursor adds fields to one layer and refuses to read past the captured bytes by raising
`CutError`, which `packet.dissect` turns into a layer of plain bytes; it never leaves
this folder. Pure.

The layer names beside each protocol are those of ISO/IEC 7498-1 (OSI) and of RFC 1122
section 1.1.3 (TCP/IP). Neither mentions the other's; the pairing is the usual one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Self

import msgspec

OSI_NAMES: Final = {
    1: "physical",
    2: "data link",
    3: "network",
    4: "transport",
    5: "session",
    6: "presentation",
    7: "application",
}
TCPIP_NAMES: Final = {2: "link", 3: "internet", 4: "transport", 7: "application"}


class CutError(Exception):
    """The packet ends inside the header being read; internal to this folder."""


class Meaning(str):
    """A meaning with numbers or names in it, as English text that keeps its template.

    Meaning("{count} bytes", count=20) == "20 bytes"; who speaks another language fills its
    form of `template` with `values`, in which a text may be translated as well.
    """

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, **values: Any) -> Self:
        """Fill the template."""
        made = super().__new__(cls, template.format(**values))
        made.template, made.values = template, values
        return made


class Field(msgspec.Struct, frozen=True):
    """One field of a header.

    Attributes:
        name: as its RFC writes it, in lower case.
        value: the number or bytes on the wire; addresses as bytes.
        meaning: what the value says, in words or notation, a `Meaning` where something is
            filled in; "" where it speaks for itself.
        offset, length: in bytes from the start of the packet.
        mask: the bits of those bytes that hold the field; 0 for all of them.
    """

    name: str
    value: int | bytes
    meaning: str
    offset: int
    length: int
    mask: int = 0


class Layer(msgspec.Struct, frozen=True):
    """One protocol's header (or the payload) inside a packet.

    Attributes:
        osi, osi_name: layer number and name of the OSI model.
        tcpip_name: layer name of the TCP/IP model.
        offset, length: in bytes; the length is that of the bytes captured.
        quoted: part of the packet that an ICMP error quotes, not of this packet.
    """

    name: str
    osi: int
    osi_name: str
    tcpip_name: str
    offset: int
    length: int
    fields: tuple[Field, ...]
    quoted: bool = False

    def field(self, name: str) -> Field | None:
        """Find the first field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)


class Cursor:
    """Reads one layer's fields in order; positions are bytes from the packet's start."""

    def __init__(self, data: bytes, start: int, end: int | None = None) -> None:
        self.data = data
        self.start = start
        self.position = start
        self.end = len(data) if end is None else min(end, len(data))
        self.fields: list[Field] = []

    def take(self, length: int) -> bytes:
        """Read the next bytes without making a field of them."""
        if length < 0 or self.position + length > self.end:
            raise CutError
        value = self.data[self.position : self.position + length]
        self.position += length
        return value

    def number(self, name: str, length: int, meaning: str = "") -> int:
        """Add a big-endian unsigned field of `length` bytes and return its value."""
        value = int.from_bytes(self.take(length), "big")
        self.fields.append(Field(name, value, meaning, self.position - length, length))
        return value

    def octets(self, name: str, length: int, meaning: str = "") -> bytes:
        """Add a field of raw bytes and return them."""
        value = self.take(length)
        self.fields.append(Field(name, value, meaning, self.position - length, length))
        return value

    def bits(self, name: str, length: int, mask: int, meaning: str = "") -> int:
        """Add a field held in some bits of the last `length` bytes read; right-aligned."""
        offset = self.position - length
        whole = int.from_bytes(self.data[offset : self.position], "big")
        value = (whole & mask) >> ((mask & -mask).bit_length() - 1)
        self.fields.append(Field(name, value, meaning, offset, length, mask))
        return value

    def explain(self, meaning: str) -> None:
        """Set the meaning of the field added last."""
        last = self.fields[-1]
        self.fields[-1] = Field(last.name, last.value, meaning, last.offset, last.length, last.mask)

    def explain_with(self, name: str, length: int, text: Callable[[bytes], str]) -> bytes:
        """Add a field of raw bytes whose meaning a function of them gives."""
        value = self.octets(name, length)
        self.explain(text(value))
        return value

    def rest(self, name: str, meaning: str = "") -> bytes:
        """Add what is left up to the end as one field; none if nothing is left."""
        left = self.end - self.position
        return self.octets(name, left, meaning) if left > 0 else b""

    def layer(self, name: str, osi: int) -> Layer:
        """Close the layer at the current position."""
        return Layer(
            name,
            osi,
            OSI_NAMES[osi],
            TCPIP_NAMES.get(osi, "application"),
            self.start,
            self.position - self.start,
            tuple(self.fields),
        )
