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
By = Literal["call", "kernel", "exit"]
Note = Literal["", "retransmitted", "lost", "duplicate", "out-of-order"]
LinkKind = Literal["syn", "syn-ack", "ack", "data", "fin", "rst", "datagram", "icmp"]


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
    """A flow as the list of flows shows it; `there` is client to server.

    `failed`: it is a connect() that made no connection, and how it failed. `segments`: how
    many were captured.
    """

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
    failed: str | None = None
    segments: int = 0


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


class Edit(msgspec.Struct, frozen=True):
    """Lines `removed` at `line` of a source give way to `added`; either may be empty."""

    source: int
    line: int
    removed: list[str]
    added: list[str]


class Finding(msgspec.Struct, frozen=True):
    """What is wrong, where, why we say so, and what to do.

    `patch`: the fix as edits of the sources, file by file; empty where only words tell it.
    """

    rule: str
    certainty: Literal["certain", "likely"]
    message: Words
    fix: Words
    patch: list[Edit]
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


class Wait(msgspec.Struct, frozen=True):
    """A call of `lane` that waited from `t0` on, for what `by` did: both by index in the lanes.

    It was woken at `t1` by a call entered at `at`; -1 and -1: it still waits for that lane.
    """

    lane: int
    t0: int
    t1: int
    by: int
    at: int


class Page(msgspec.Struct, frozen=True):
    """A run as the page opens with it; the flows' details are asked for one by one.

    `reading`: it is the beginning of a recording that is still being read. `foreign`: it is
    a capture of another tool, without any code. `trouble`: why this is not all of it, and
    what to do; nothing that is not here was judged. `judged`: findings and story are those
    of all of it, also of a beginning when they are kept from an earlier reading.
    """

    version: int
    title: str
    ended: int
    why: str
    live: bool
    reading: bool
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
    waits: list[Wait]
    unseen: list[str]
    chinese: dict[str, str]
    foreign: bool = False
    trouble: Words | None = None
    judged: bool = True


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
    `side` is the sender's; `packet` the one that carried it, where it is one and captured.
    In a capture without calls nobody knows when it was taken: `landed` is then `arrived`.
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
    packet: int | None


class State(msgspec.Struct, frozen=True):
    """A TCP state of one end, from `t0` to `t1`, and what brought it, in the ledger's words."""

    side: int
    name: str
    t0: int
    t1: int
    proof: Proof
    cause: str


class Sample(msgspec.Struct, frozen=True):
    """The kernel's queues of both ends at one moment; -1 where an end was not there."""

    t: int
    unread: tuple[int, int]
    unsent: tuple[int, int]


class Behind(msgspec.Struct, frozen=True):
    """What stood behind a segment at one end: a call, the kernel by itself, or an exit.

    `why` is a word of ledger/wire.py; `call` of the kernel's is the one that made it ready to.
    """

    by: By
    why: str
    call: int | None
    line: int | None


class Segment(msgspec.Struct, frozen=True):
    """One captured segment; `start`, `end`, `ack` are offsets of the stream (as in ranges).

    The SYN stands at -1; other tools' relative numbers are one more. `arrived`: at the
    latest; None where it had to be sent again before anybody acknowledged it. `sends` and
    `reads` are the calls whose bytes it carries; `marks` says what else was recognised.
    """

    packet: int
    side: int
    t: int
    arrived: int | None
    flags: str
    start: int
    end: int
    ack: int | None
    window: int
    note: Note
    marks: list[str]
    sends: list[int]
    reads: list[int]
    acked_by: int | None
    cause: Behind | None
    seen: Behind | None


class Field(msgspec.Struct, frozen=True):
    """One field of a header: its value and meaning; where it lies, in bytes of the packet.

    Its name, like its layer's, is a word of `Page.chinese`.
    """

    name: str
    value: str
    meaning: Words
    offset: int
    length: int


class Layer(msgspec.Struct, frozen=True):
    """One protocol of a packet, beside the names of both models."""

    name: str
    osi: int
    osi_name: str
    tcpip_name: str
    offset: int
    length: int
    quoted: bool
    fields: list[Field]


class Opened(msgspec.Struct, frozen=True):
    """One packet opened layer by layer; `kept` of its `length` bytes are on record."""

    packet: int
    t: int
    length: int
    kept: int
    layers: list[Layer]


class Bytes(msgspec.Struct, frozen=True):
    """Payload of one direction that was kept: bytes from `start` on, base64."""

    side: int
    start: int
    data: str


class Detail(msgspec.Struct, frozen=True):
    """Everything of one flow, or a window of it: `calls` from `first` on of `total`.

    `states` may be empty and `segments` None: not known, not captured. `left_out`
    segments are not in it: those that came from our ending of the programs, and those
    beyond the bound. `unjoined` says for each side why its segments have no calls.
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
    left_out: int
    unjoined: list[str]
    payload: list[Bytes]


class Whole(msgspec.Struct, frozen=True):
    """What a saved file holds. `left_out`: flows whose details are not in it."""

    page: Page
    details: list[Detail]
    packets: list[Opened]
    left_out: int


ROOTS: tuple[type[msgspec.Struct], ...] = (Page, Detail, Opened, Whole)
