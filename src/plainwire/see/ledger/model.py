"""The words of the ledger. All times are CLOCK_MONOTONIC nanoseconds of one machine.

    Program 1--* Process 1--* Call *--1 Endpoint 2--1 Flow
                                           Direction: who wrote and who read which bytes

An *endpoint* is one kernel socket, whatever number of processes and objects hold it.
A *flow* joins the two ends of a conversation; an end that was not observed is None.
A *range* is the part of a stream's bytes that one call wrote or read: [start, end).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from plainwire.see.ledger.wire import (
        Capture,
        Carried,
        Change,
        Counters,
        Icmp,
        RawPacket,
        Segment,
        Told,
        Wire,
    )

# The recorder samples what has been blocked for 0.35 s (recorder/watch.py).
SAMPLED_AFTER_NS = 100_000_000

Address = tuple[Any, ...] | str | None


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of source; columns are 1-based and -1 when unknown."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    function: str


@dataclass(frozen=True, slots=True)
class Site:
    """Where a call was made: the user's frame, and the library frames below it.

    `kind`: 'user', 'loop' (a callback of asyncio's loop: nobody's line), 'library'
    (no line of the user's on the stack), or 'unknown'.
    """

    kind: str
    frame: Frame | None
    via: tuple[tuple[str, int, str], ...] = ()

    @property
    def direct(self) -> bool:
        """Did the user's line call the socket itself, with no library in between?"""
        return self.kind == "user" and not self.via


NOWHERE = Site("unknown", None)


@dataclass(slots=True, eq=False)
class Program:
    """One program of the command line."""

    index: int
    name: str
    words: list[str]
    pid: int | None = None
    started: int | None = None
    ended: int | None = None
    status: int | None = None


@dataclass(slots=True, eq=False)
class Process:
    """One observed process."""

    key: str
    pid: int
    ppid: int
    parent: str | None
    started: int
    argv: list[str]
    cwd: str
    python: str
    program: Program | None = None
    ended: int | None = None
    ending: int | None = None  # when we began to end it; what it did later is our doing
    threads: dict[int, tuple[int, str]] = field(default_factory=dict)  # number -> tid, name
    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    unseen: list[tuple[str, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The program's name; a child's has its pid behind it."""
        if self.program is None:
            return f"pid {self.pid}"
        if self.program.pid == self.pid:
            return self.program.name
        return f"{self.program.name}[{self.pid}]"


@dataclass(frozen=True, slots=True)
class Failure:
    """How a call raised: an exception's name, its errno if it had one, its text."""

    name: str
    errno: int | None
    text: str


@dataclass(slots=True, eq=False)
class Call:
    """One observed call. `t1` is None while it has not returned.

    `count` is bytes moved (or what `ret` means for the operation, see records.py);
    `asked` the most it could have moved.
    """

    process: Process
    slot: int
    thread: int
    op: str
    endpoint: Endpoint | None
    site: Site
    flags: int
    asked: int
    task: int
    t0: int
    t1: int | None
    count: int
    aux: int
    failure: Failure | None
    payload: bytes | None = None  # what was kept
    whole: int = 0  # length of the payload before it was cut for keeping

    @property
    def complete(self) -> bytes | None:
        """The payload if all of it was kept."""
        return (
            self.payload if self.payload is not None and len(self.payload) == self.whole else None
        )

    @property
    def blocked_ns(self) -> int:
        """Nanoseconds between entering and returning; 0 for one that has not returned."""
        return self.t1 - self.t0 if self.t1 is not None else 0


@dataclass(slots=True, eq=False)
class Endpoint:
    """One kernel socket."""

    number: int
    kind: str  # 'tcp', 'udp', 'unix', 'unix-datagram', 'other'
    cookie: int
    inode: int
    created: int
    local: Address = None
    remote: Address = None
    wanted: Address = None  # what its last bind asked for
    process: Process | None = None  # where it was first seen
    # (process key, number there) -> when that process had it first
    handles: dict[tuple[str, int], int] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    role: str = ""  # 'listener', 'client', 'server', 'pair', '' (a datagram socket)
    opened_by: Call | None = None  # its connect or accept, or the call that made it
    listener: Endpoint | None = None  # of an accepted one; of a client: who it reached
    peer: Endpoint | None = None
    options: dict[tuple[int, int], Any] = field(default_factory=dict)
    protocol: tuple[str, Frame | None] | None = None  # asyncio's protocol, its receiving method
    internal: bool = False  # a library's own plumbing (asyncio's wake-up pair)
    tls: bool = False
    drops: int = 0
    info: dict[str, int] | None = None  # tcp_info just before close
    eofs: int = 0  # reads in a row that gave b'', counted when no longer recorded
    peer_pid: int | None = None

    @property
    def stream(self) -> bool:
        """Does it carry a stream of bytes?"""
        return self.kind in ("tcp", "unix")


class Range(NamedTuple):
    """The bytes [start, end) of a stream, and the call that wrote or read them."""

    start: int
    end: int
    call: Call


@dataclass(slots=True, eq=False)
class Direction:
    """One direction of a stream.

    `writes` and `reads` are what the kernel was given and gave, each tiling the stream
    without gap or overlap from its base on: 0, or more where a bounded recording let the
    beginning go. `asked_writes` and `asked_reads` are the same
    bytes as the *program* asked for them where a library stands in between (asyncio's
    streams); elsewhere they are the same lists.
    """

    sender: Endpoint | None
    receiver: Endpoint | None
    write_base: int = 0
    read_base: int = 0
    writes: list[Range] = field(default_factory=list)
    reads: list[Range] = field(default_factory=list)
    asked_writes: list[Range] = field(default_factory=list)
    asked_reads: list[Range] = field(default_factory=list)
    interleaved: bool = False  # several threads wrote, or read, at once: order unknown
    fin_sent: Call | None = None  # shutdown or close by the sender
    fin_seen: Call | None = None  # the read that gave b''
    messages: list[tuple[int, int, str, str]] = field(default_factory=list)  # from a codec

    @property
    def base(self) -> int:
        """From where on both sides' calls are on record."""
        return max(self.write_base, self.read_base)

    @property
    def written(self) -> int:
        """Bytes written so far, as far as the sender's calls tell."""
        return self.writes[-1].end if self.writes else self.write_base

    @property
    def read(self) -> int:
        """Bytes read so far by the receiver's calls."""
        return self.reads[-1].end if self.reads else self.read_base

    def writers_of(self, start: int, end: int) -> Iterator[Range]:
        """The asked writes that overlap [start, end), in order."""
        return overlapping(self.asked_writes, start, end)

    def readers_of(self, start: int, end: int) -> Iterator[Range]:
        """The asked reads that overlap [start, end), in order."""
        return overlapping(self.asked_reads, start, end)


def overlapping(ranges: list[Range], start: int, end: int) -> Iterator[Range]:
    """The ranges of a sorted, tiling list that share a byte with [start, end)."""
    at = max(0, bisect_right(ranges, start, key=lambda r: r.start) - 1)
    while at < len(ranges) and ranges[at].start < end:
        if ranges[at].end > start:
            yield ranges[at]
        at += 1


@dataclass(slots=True, eq=False)
class Flow:
    """A conversation: both ends of a stream connection, or of a pair's datagrams.

    `client` opened it; for a socketpair and for datagrams, the one that sent first.
    """

    number: int
    kind: str
    client: Endpoint | None
    server: Endpoint | None
    there: Direction  # client -> server
    back: Direction  # server -> client
    opened: int
    closed: int | None = None
    datagrams: list[Datagram] = field(default_factory=list)
    wire: Wire | None = None  # its segments, when packets were taken
    # Of a capture without calls, whose flows have no ends:
    addresses: tuple[Address, Address] | None = None
    carried: list[Carried] = field(default_factory=list)  # its UDP datagrams
    told: list[Told] = field(default_factory=list)  # the ICMP errors about it

    @property
    def segments(self) -> list[Segment]:
        """Its TCP segments as captured; empty without packets."""
        return self.wire.segments if self.wire is not None else []

    @property
    def states(self) -> list[Change]:
        """The TCP states of both ends over time; empty without packets."""
        return self.wire.states if self.wire is not None else []

    @property
    def ends(self) -> list[Endpoint]:
        """The observed ends, the client's first."""
        return [end for end in (self.client, self.server) if end is not None]

    @property
    def ours_from(self) -> int:
        """From when on what its programs did was our ending them; past all time if never."""
        endings = [e.process.ending for e in self.ends if e.process and e.process.ending]
        return min(endings, default=1 << 63)

    def sending(self, end: Endpoint) -> Direction:
        """The direction in which an end sends."""
        return self.there if end is self.client else self.back

    def receiving(self, end: Endpoint) -> Direction:
        """The direction in which an end receives."""
        return self.back if end is self.client else self.there


@dataclass(slots=True, eq=False)
class Datagram:
    """One datagram: the call that sent it and the one that received it, or None."""

    sender: Endpoint | None
    receiver: Endpoint | None
    sent: Call | None
    received: Call | None
    source: Address
    target: Address
    packet: int | None = None  # the number of the packet that carried it
    refused: Icmp | None = None  # the ICMP error about it


@dataclass(frozen=True, slots=True)
class Surfaced:
    """An exception that nobody caught, or that a library caught for the program.

    `how`: 'uncaught' (ended the main thread), 'thread', 'process' (ended a child of
    multiprocessing), 'handler' (a socketserver handler), 'asyncio' (a task or callback).
    """

    process: Process
    thread: int
    call: Call | None
    name: str
    text: str
    how: str
    frames: tuple[Frame, ...]  # outermost first
    t: int


@dataclass(slots=True, eq=False)
class Ledger:
    """Everything joined."""

    programs: list[Program]
    processes: list[Process]
    endpoints: list[Endpoint]
    flows: list[Flow]
    calls: list[Call]  # by time of entering
    surfaced: list[Surfaced]
    samples: list[dict[str, Any]]
    ports: dict[tuple[str, int], list[dict[str, Any]]]  # (process key, slot) -> bound sockets then
    sources: dict[str, str]
    remainders: dict[tuple[str, int], tuple[int, bytes]]  # slot -> bytes not sent, their beginning
    outputs: list[dict[str, Any]]
    faults: list[str]
    began: int
    ended: int
    why: str = ""  # why the run ended; '' while it lasts

    def flow_of(self, endpoint: Endpoint) -> Flow | None:
        """The flow an endpoint is an end of."""
        return self._by_end.get(endpoint.number)

    def long_calls(self) -> list[Call]:
        """Calls that lasted, or last, so long that a sample may have caught them."""
        if self._long is None:
            self._long = [c for c in self.calls if c.t1 is None or c.t1 - c.t0 > SAMPLED_AFTER_NS]
        return self._long

    capture: Capture | None = None  # how packets were taken, or why not
    counters: Counters | None = None
    packets: list[RawPacket] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)  # every TCP connection captured
    icmp: list[Icmp] = field(default_factory=list)
    drops: dict[str, int] = field(default_factory=dict)  # inode -> datagrams dropped by then
    _long: list[Call] | None = None
    _by_end: dict[int, Flow] = field(default_factory=dict)

    def index(self) -> None:
        """Make `flow_of` answer; called once, when the flows are complete."""
        for flow in self.flows:
            for end in flow.ends:
                self._by_end.setdefault(end.number, flow)
