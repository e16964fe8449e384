"""What the page of `plainwire path` is told: the shape of its data, for Python and TypeScript.

`web/src/path/types.ts` is generated from this file (`typescript.py`) and a test holds it
equal. The page decides nothing: every sentence comes in both languages (`schema.Words`),
every verdict is made in `plainwire.net`. What is unknown is None, never a guess.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from plainwire.web.schema import Words

Tone = Literal["plain", "good", "look", "stop"]
StationName = Literal["program", "socket", "ip", "route", "neighbour", "wire"]


class Said(msgspec.Struct, frozen=True):
    """A sentence and its colour."""

    text: Words
    tone: Tone


class Parcel(msgspec.Struct, frozen=True):
    """One layer of the packet as far as it is built at a station; the outermost stands first."""

    layer: str
    size: int


class Station(msgspec.Struct, frozen=True):
    """A stop of the packet: what is seen of it while it is closed."""

    name: StationName
    title: Words
    osi: str
    layer: Words
    headline: str
    tone: Tone
    remark: Words | None
    parcels: list[Parcel]


class Answer(msgspec.Struct, frozen=True):
    """One address that a name has."""

    address: str
    chosen: bool
    skipped: bool


class Program(msgspec.Struct, frozen=True):
    """What a program would call, and the addresses of the name it gives."""

    code: list[str]
    answers: list[Answer]
    said: list[Said]


class Socket(msgspec.Struct, frozen=True):
    """The port and the sizes; `headers` and `payload` make up `mtu`, in bytes."""

    port: int
    service: str | None
    picked: tuple[int, int]
    said: list[Said]
    mtu: int | None
    headers: list[Parcel]
    payload: int | None
    payload_name: str
    size: Words


class Interface(msgspec.Struct, frozen=True):
    """The interface the packet leaves by."""

    name: str
    mac: str | None
    mtu: int | None
    addresses: list[str]


class Ip(msgspec.Struct, frozen=True):
    """Both addresses, what kind they are, and why this source."""

    source: str | None
    source_scope: Words | None
    destination: str
    destination_scope: Words
    interface: Interface | None
    said: list[Said]


class BitLine(msgspec.Struct, frozen=True):
    """One line of the AND: an address and its digits, `0` and `1` without separators."""

    label: Literal["mine", "mask", "and", "destination"]
    address: str
    digits: str


class Bits(msgspec.Struct, frozen=True):
    """Both ANDs digit under digit.

    `first` is the number of the first digit shown, from 0 (IPv6 shows one group of 16),
    `group` how many digits stand together, `length` that of the mask, `differs` the first
    bit that differs.
    """

    lines: list[BitLine]
    first: int
    group: int
    length: int
    differs: int | None
    same: bool
    said: list[Words]


class Rule(msgspec.Struct, frozen=True):
    """A policy rule as ip-rule(8) writes it, and what it did."""

    priority: int
    text: str
    found: bool
    verdict: Words


class Row(msgspec.Struct, frozen=True):
    """A row of a routing table; `common` of its `length` bits are the destination's."""

    prefix: str
    text: str
    length: int
    common: int
    won: bool
    inside: bool
    why: Words


class Route(msgspec.Struct, frozen=True):
    """The textbook's rule beside the kernel's; `bits` is the address size, 32 or 128."""

    comparison: Bits | None
    textbook: Words
    rules: list[Rule]
    rows: list[Row]
    outside: int
    bits: int
    kernel: list[Said]
    hop: Words
    verdict: Words
    agrees: bool


class Neighbour(msgspec.Struct, frozen=True):
    """Who gets the frame; `can_resolve`: the kernel could be made to ask for it now."""

    protocol: str
    address: str | None
    mac: str
    state: str | None
    said: list[Said]
    can_resolve: bool


class Field(msgspec.Struct, frozen=True):
    """Some bytes of a frame: two hexadecimal digits each, or `??`."""

    layer: str
    name: str
    offset: int
    data: list[str]
    value: str
    sure: Literal["known", "example", "unknown"]


class Layer(msgspec.Struct, frozen=True):
    """A header of a frame, or what it carries."""

    name: str
    osi: str
    size: int
    fields: list[Field]


class Frame(msgspec.Struct, frozen=True):
    """A frame, its layers from the outside in."""

    purpose: Words
    size: int
    layers: list[Layer]


class Path(msgspec.Struct, frozen=True):
    """The way of one packet: the row of stations, and what each shows when it is opened."""

    question: str
    protocol: Literal["tcp", "udp"]
    title: str
    note: Words
    stations: list[Station]
    program: Program
    socket: Socket
    ip: Ip
    route: Route
    neighbour: Neighbour
    frames: list[Frame]


class PathPage(msgspec.Struct, frozen=True):
    """What a page begins with; a saved file holds exactly this. One of the last two is None."""

    language: str
    chinese: dict[str, str]
    path: Path | None
    error: Words | None


class Asked(msgspec.Struct, frozen=True):
    """A further question's answer: a path, or one line that says why not."""

    path: Path | None
    error: Words | None


class Question(msgspec.Struct, frozen=True):
    """A further question; `resolve` also makes the kernel find the next hop's MAC."""

    to: str
    protocol: Literal["tcp", "udp"] | None = None
    resolve: bool = False


ROOTS: tuple[type[msgspec.Struct], ...] = (PathPage, Asked, Question)
