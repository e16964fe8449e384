"""What the page is told: the shape of its data, once, for Python and for TypeScript.

`web/src/types.ts` is generated from this file (`typescript.py`) and a test holds it equal.

S1  Times are whole nanoseconds since the run began, so that they fit a JavaScript number.
S2  Lines, sources, processes and calls are named by their index in a list of the page or
    of the flow; None means it was not observed.
S3  Text comes in both languages (`Words`); payload inside a text stands between U+E000
    and U+E001, so that the page can hide it until it is asked for.
S4  What was captured, told by the kernel, or inferred is said by `proof` of each link
    and state, never left to the page to guess.
"""

from __future__ import annotations

from typing import Literal

import msgspec

VERSION = 1

Proof = Literal["captured", "kernel", "call", "inferred", "synthetic"]
LinkKind = Literal["syn", "syn-ack", "ack", "data", "fin", "rst", "datagram"]


class Words(msgspec.Struct, frozen=True):
    """One text in both languages."""

    en: str
    zh: str


class Source(msgspec.Struct, frozen=True):
    """A source file as it was when the run read it."""

    path: str
    name: str
    text: str


class Line(msgspec.Struct, frozen=True):
    """An expression of the user's; columns are 1-based, -1 when unknown."""

    source: int
    line: int
    column: int
    end_line: int
    end_column: int
    function: str


class Program(msgspec.Struct, frozen=True):
    """One program of the command line."""

    name: str
    command: str
    status: int | None


class Process(msgspec.Struct, frozen=True):
    """One observed process."""

    name: str
    pid: int
    program: int | None
    started: int
    ended: int | None


class End(msgspec.Struct, frozen=True):
    """One end of a flow."""

    name: str
    address: str
    observed: bool
    process: int | None
    source: int | None


class FlowRow(msgspec.Struct, frozen=True):
    """A flow as the list of flows shows it; `there` is client to server."""

    number: int
    kind: str
    client: End
    server: End
    opened: int
    closed: int | None
    there: int
    back: int
    messages: int
    findings: list[int]
    calls: int


class Place(msgspec.Struct, frozen=True):
    """A line that has to do with a finding."""

    line: int
    role: str
    process: str


class Evidence(msgspec.Struct, frozen=True):
    """One observed fact."""

    text: Words
    t: int | None
    offset: int | None


class Finding(msgspec.Struct, frozen=True):
    """What is wrong, where, why we say so, and what to do."""

    rule: str
    certainty: Literal["certain", "likely"]
    message: Words
    fix: Words
    places: list[Place]
    evidence: list[Evidence]
    flow: int | None
    t: int | None


class Lane(msgspec.Struct, frozen=True):
    """A thread or task over time: spans of [from, to or -1, call's name, line or -1, flow or -1].

    `lost`: spans left out because there were too many.
    """

    process: int
    name: str
    spans: list[tuple[int, int, str, int, int]]
    lost: int


class Page(msgspec.Struct, frozen=True):
    """A run as the page opens with it; the flows' details are asked for one by one."""

    version: int
    title: str
    ended: int
    why: str
    live: bool
    language: Literal["en", "zh"]
    payload: bool
    story: Words
    programs: list[Program]
    processes: list[Process]
    sources: list[Source]
    lines: list[Line]
    flows: list[FlowRow]
    findings: list[Finding]
    lanes: list[Lane]
    unseen: list[str]
    chinese: dict[str, str]


class Call(msgspec.Struct, frozen=True):
    """One call of an end. `side`: 0 client, 1 server. `t1` None: it has not returned.

    `ours`: it ended because the run was ended, so the program would still be in it.
    """

    side: int
    op: str
    line: int | None
    process: int
    lane: str
    t0: int
    t1: int | None
    count: int
    asked: int | None
    failure: str | None
    ours: bool


class Message(msgspec.Struct, frozen=True):
    """What one call sent, or one message of a codec: bytes [start, end) of a direction.

    `side` is the sender's; `number` counts from 1 on each side and names its colour.
    """

    side: int
    number: int
    start: int
    end: int
    call: int | None
    label: str


class Link(msgspec.Struct, frozen=True):
    """Something that went from one end to the other: an arrow.

    It left at `left` (call `leave`), reached the peer's kernel at `arrived` (None: not
    known to have), and was taken by the peer's call `land` at `landed` (None: still unread).
    `side` is the sender's.
    """

    kind: LinkKind
    side: int
    left: int
    arrived: int | None
    landed: int | None
    leave: int | None
    land: int | None
    message: int | None
    start: int
    end: int
    proof: Proof


class State(msgspec.Struct, frozen=True):
    """A TCP state of one end, from `t0` to `t1`."""

    side: int
    name: str
    t0: int
    t1: int
    proof: Proof


class Sample(msgspec.Struct, frozen=True):
    """The kernel's queues of both ends at one moment; -1 where an end was not there."""

    t: int
    unread: tuple[int, int]
    unsent: tuple[int, int]


class Field(msgspec.Struct, frozen=True):
    """One field of a header: its layer, name, value and meaning."""

    layer: str
    name: str
    value: str
    meaning: str


class Segment(msgspec.Struct, frozen=True):
    """One captured segment; `start` and `end` are offsets of the stream (as in ranges)."""

    side: int
    t: int
    flags: str
    start: int
    end: int
    ack: int | None
    window: int
    note: Literal["", "retransmitted", "lost", "duplicate", "out-of-order"]
    call: int | None
    fields: list[Field]


class Bytes(msgspec.Struct, frozen=True):
    """Payload of one direction that was kept: bytes from `start` on, base64."""

    side: int
    start: int
    data: str


class Detail(msgspec.Struct, frozen=True):
    """Everything of one flow, or a window of it: `calls` from `first` on of `total`.

    `states` may be empty and `segments` None: not known, not captured.
    """

    number: int
    first: int
    total: int
    calls: list[Call]
    messages: list[Message]
    links: list[Link]
    states: list[State]
    samples: list[Sample]
    segments: list[Segment] | None
    payload: list[Bytes]


class Whole(msgspec.Struct, frozen=True):
    """What a saved file holds. `left_out`: flows whose details are not in it."""

    page: Page
    details: list[Detail]
    left_out: int


ROOTS: tuple[type[msgspec.Struct], ...] = (Page, Detail, Whole)
