"""The words for packets in a ledger: what was on the wire, and what in a program moved it.

    Flow 1--0..1 Wire 1--* Segment *--* Range (of sends and of reads)
                      1--* Change   (states of both ends over time)
         1--* Carried, Told         (in a capture without calls: datagrams, ICMP errors)

End 0 is the client's, end 1 the server's. Offsets are those of the stream: its first
byte is 0, its SYN stands at -1; the relative sequence number that other tools show is
one more. All times are CLOCK_MONOTONIC nanoseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from plainwire.see.capture.decode import ACK, FIN, RST, SYN, flag_names
from plainwire.see.capture.recognise import Kind, Observation

if TYPE_CHECKING:
    from plainwire.see.ledger.model import Address, Call, Flow, Process, Range

__all__ = [
    "ACK",
    "FIN",
    "RST",
    "SYN",
    "Behind",
    "Capture",
    "Carried",
    "Change",
    "Counters",
    "Icmp",
    "Kind",
    "Observation",
    "RawPacket",
    "Segment",
    "Told",
    "Wire",
    "capture_of",
    "counters_of",
]


class RawPacket(NamedTuple):
    """A packet as recorded; `data` may be cut, `length` is true."""

    number: int
    t: int
    realtime: int
    interface: int
    flags: int
    length: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Behind:
    """What stood behind a segment, at the end that sent it or at the one that got it.

    `by`: 'call' (the call itself sent it, or returned because of it), 'kernel' (the
    kernel did it by itself; `call` is the one that made it ready to), 'exit' (the
    process ended, and the kernel closed its sockets).
    `why`: connect, listen, handshake, accept, close, drop, shutdown, exit, unread, linger,
    late (answer to bytes for a closed socket), refused (no listener), read, fail.
    """

    by: str
    why: str
    call: Call | None = None
    process: Process | None = None


@dataclass(slots=True, eq=False)
class Segment:
    """One TCP segment; `number` is its packet's.

    `sends` and `reads` are the ranges whose bytes it carries; `acked_by` the number of
    the segment that first acknowledged its last byte. `cause` and `seen` are for SYN, FIN,
    RST and the handshake's ACK; bytes have their sends and reads.
    """

    number: int
    t: int
    end: int
    flags: int
    start: int
    size: int
    acked: int | None
    window: int
    sends: tuple[Range, ...] = ()
    reads: tuple[Range, ...] = ()
    acked_by: int | None = None
    cause: Behind | None = None
    seen: Behind | None = None
    marks: tuple[Observation, ...] = ()

    @property
    def stop(self) -> int:
        """The offset behind its last byte."""
        return self.start + self.size + (1 if self.flags & SYN else 0)

    @property
    def names(self) -> str:
        """Its flags as words: `SYN-ACK`, `PSH, ACK`."""
        if self.flags & (SYN | ACK) == SYN | ACK:
            return "SYN-ACK"
        return flag_names(self.flags)

    @property
    def plain(self) -> bool:
        """Is it an acknowledgement and nothing else?"""
        return not self.size and not self.flags & (SYN | FIN | RST)


@dataclass(frozen=True, slots=True)
class Change:
    """One end's change of TCP state; `segment` caused it, or `call` where none did."""

    t: int
    end: int
    before: str
    after: str
    cause: str
    segment: int | None = None
    call: Call | None = None


@dataclass(slots=True, eq=False)
class Wire:
    """One TCP connection as captured.

    `unjoined` says for an end why its bytes could not be given to calls: '' if they were.
    `attempt` is a connect() that made no flow.
    """

    ends: tuple[Address, Address]
    opener_known: bool
    segments: list[Segment] = field(default_factory=list)
    states: list[Change] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    unjoined: list[str] = field(default_factory=lambda: ["", ""])
    flow: Flow | None = None
    attempt: Call | None = None

    def numbered(self, number: int | None) -> Segment | None:
        """The segment of a packet's number."""
        return next((s for s in self.segments if s.number == number), None)

    def state(self, end: int, t: int) -> str:
        """An end's state at a moment; '' before the first one known."""
        found = ""
        for change in self.states:
            if change.end == end and change.t <= t:
                found = change.after
        return found


@dataclass(frozen=True, slots=True)
class Icmp:
    """An ICMP error: the kernel at `source` said that a packet could not be delivered.

    Of the packet it quotes: `quoted_id` is the IP identification (0 in IPv6), `quoted_size`
    the payload of a datagram, `quoted_sequence` the sequence number of a segment.
    """

    number: int
    t: int
    unreachable: bool
    code: int
    protocol: int
    quoted_source: Address
    quoted_target: Address
    name: str = "unreachable"  # `port unreachable`, in English
    source: str = ""
    quoted_id: int = 0
    quoted_size: int = 0
    quoted_sequence: int = 0

    @property
    def port_unreachable(self) -> bool:
        """Did it say that nobody is bound to the port (or a firewall, that it is so)?"""
        return self.unreachable and self.name == "port unreachable"


class Carried(NamedTuple):
    """A UDP datagram of a capture without calls; `end` sent it, `size` is its payload's.

    Of one that was fragmented, the first fragment, which has the ports, stands for all.
    """

    number: int
    t: int
    end: int
    size: int


@dataclass(frozen=True, slots=True)
class Told:
    """An ICMP error in the flow that it quotes.

    `end` is whom it was told: the sender of what it is about. `about` is that packet's
    number, or None when it was not captured or cannot be told from others.
    """

    error: Icmp
    end: int
    about: int | None


@dataclass(frozen=True, slots=True)
class Capture:
    """How packets were taken; `reason` says why there are none."""

    interfaces: tuple[str, ...]
    reason: str
    private: bool
    dropped: int = 0
    unwritten: int = 0
    linktypes: dict[int, int] = field(default_factory=dict)
    foreign: bool = False  # a capture file of another tool, without calls
    copies: dict[int, int] = field(default_factory=dict)  # its packets that it holds twice
    keys: tuple[str, ...] = ()  # lines of the programs' TLS key log

    @property
    def whole(self) -> bool:
        """Were packets taken and none lost?"""
        return bool(self.interfaces) and not self.dropped and not self.unwritten


@dataclass(frozen=True, slots=True)
class Counters:
    """Kernel counters that moved during the run; `exact`: only these programs moved them."""

    moved: dict[str, int]
    exact: bool

    def of(self, name: str) -> int:
        """By how much one moved, 0 if not."""
        return self.moved.get(name, 0)


def capture_of(runs: list[dict[str, Any]]) -> Capture | None:
    """How packets were taken, from the recorder's own items; None in an old recording."""
    said = next((r for r in runs if r["kind"] == "capture"), None)
    if said is None:
        return None
    rows: list[dict[str, Any]] = next((r["rows"] for r in runs if r["kind"] == "interfaces"), [])
    return Capture(
        tuple(said["interfaces"]),
        said["reason"],
        said["private"],
        said["dropped"],
        said["unwritten"],
        {row["id"]: row["linktype"] for row in rows},
        keys=tuple(line for r in runs if r["kind"] == "keylog" for line in r["lines"]),
    )


def counters_of(runs: list[dict[str, Any]]) -> Counters | None:
    """Which kernel counters moved, from the recorder's own items."""
    said = next((r for r in runs if r["kind"] == "counters"), None)
    return Counters(said["moved"], said["exact"]) if said is not None else None
