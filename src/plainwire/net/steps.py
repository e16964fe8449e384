"""The steps of an explanation, as immutable values in the order a packet meets them.

Nothing here decides: `explain` fills these, `stations`, the text and the JSON read them.
Every "why" is a `Reason`: a code with its values, never a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass

from plainwire.net.frame import Frame
from plainwire.net.lookup import Lookup
from plainwire.net.model import (
    Address,
    Interface,
    InterfaceAddress,
    Listener,
    NameAnswer,
    NeighbourState,
    Question,
    Reason,
)
from plainwire.net.ports import PortFacts
from plainwire.net.subnet import Comparison


@dataclass(frozen=True, slots=True)
class SourceStep:
    """The source address, the interface, and why these."""

    address: Address | None
    interface: str | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class TextbookStep:
    """The rule of the textbook applied to this machine's main address.

    `mine` is the address on the interface of the default route (a textbook machine has
    only one); None when the machine has no address of the family. `gateway` is the
    default gateway. `result` says what the rule would do, `verdict` how that compares
    with the kernel; `agrees` is the same as a truth value.
    """

    mine: InterfaceAddress | None
    interface: str | None
    gateway: Address | None
    comparison: Comparison | None
    result: Reason
    verdict: Reason
    agrees: bool


@dataclass(frozen=True, slots=True)
class RouteStep:
    """The rows and rules considered; `lookup` is None where the system tells no rows."""

    lookup: Lookup | None
    rules_matter: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class NextHopStep:
    """Who gets the frame: `direct`, `gateway`, `local` or `group`, and its address."""

    kind: str
    address: Address | None
    interface: str | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class NeighbourStep:
    """The next hop's MAC, where it comes from, and the entry's state (None: no entry used)."""

    mac: str | None
    state: NeighbourState | None
    reason: Reason
    sent: Reason | None = None


@dataclass(frozen=True, slots=True)
class PortStep:
    """The port, and the local listener when the destination is this machine."""

    facts: PortFacts
    assumed: bool
    listener: Listener | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class SizeStep:
    """Sizes in bytes; `payload` is the MSS for TCP, the largest unfragmented UDP payload."""

    mtu: int | None
    payload: int | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Explanation:
    """All steps in the order a packet meets them; `frames` in the order they would leave."""

    question: Question
    names: tuple[NameAnswer, ...]
    port: PortStep
    source: SourceStep
    textbook: TextbookStep
    route: RouteStep
    next_hop: NextHopStep
    neighbour: NeighbourStep
    size: SizeStep
    frames: tuple[Frame, ...]
    interfaces: tuple[Interface, ...]
    platform: str
    complete: bool
