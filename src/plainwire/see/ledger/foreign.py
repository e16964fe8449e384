"""A capture file of another tool as a ledger: flows and segments, no calls. Pure.

F1  Every TCP connection of the file is a flow, and every pair of ends that exchanged UDP
    datagrams (carried.py), in the order of their first packets. A connection's client is
    who sent the SYN; without one, who sent first.
F2  An ICMP error stands in the flow that it quotes; what else ICMP carries is not read.
F3  A packet that the capture holds twice (copies.py) is in its flow once.
F4  A file that is broken or cut off is read up to there, and the ledger's faults say so.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable

from plainwire.see.capture.pcapng.model import (
    CaptureFormatError,
    FileEvent,
    FilePacket,
    InterfaceInfo,
)
from plainwire.see.ledger import carried, copies, packets, states
from plainwire.see.ledger.model import Direction, Flow, Ledger
from plainwire.see.ledger.wire import Capture, RawPacket, Wire


def of_capture(events: Iterable[FileEvent]) -> Ledger:
    """The ledger of a capture file's events.

    Raises:
        CaptureFormatError: what the reader of the events raises before the first packet.
    """
    # As in build.py: millions of objects that all stay, walked again and again for nothing.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _of_capture(events)
    finally:
        if collecting:
            gc.enable()


def _of_capture(events: Iterable[FileEvent]) -> Ledger:
    taken: list[RawPacket] = []
    interfaces: list[InterfaceInfo] = []
    fault = _read(events, taken, interfaces)
    linktypes = {n: i.linktype for n, i in enumerate(interfaces)}
    twice = copies.copies(taken, linktypes)
    once = (p for p in taken if p.number not in twice) if twice else taken
    found = packets.sort(once, linktypes)
    ledger = _empty(taken, interfaces, linktypes, twice)
    ledger.icmp = found.icmp
    if fault:
        ledger.faults.append(fault)
    for connection in found.connections.all:
        wire = packets.wire_of(connection, found.segments)
        flow = _flow(wire)
        wire.flow, flow.wire = flow, wire
        wire.states = states.corrected(ledger, wire)
        wire.unjoined = ["no calls were observed"] * 2
        ledger.wires.append(wire)
        ledger.flows.append(flow)
    ledger.flows += carried.flows(found.datagrams)
    ledger.flows.sort(key=carried.first)
    for number, flow in enumerate(ledger.flows):
        flow.number = number
    carried.tell(ledger.flows, found, taken, linktypes)
    ledger.index()
    return ledger


def _read(
    events: Iterable[FileEvent], taken: list[RawPacket], interfaces: list[InterfaceInfo]
) -> str:
    """Gather packets and interfaces; returns why the reading ended early, or ''."""
    numbers: dict[int, int] = {}  # by identity: a million packets ask
    try:
        for event in events:
            if isinstance(event, InterfaceInfo):
                numbers[id(event)] = len(interfaces)
                interfaces.append(event)
            elif isinstance(event, FilePacket):
                place = numbers.get(id(event.interface))
                if place is None:
                    place = numbers[id(event.interface)] = len(interfaces)
                    interfaces.append(event.interface)
                t = event.time_ns or 0
                taken.append(RawPacket(len(taken) + 1, t, t, place, 0, event.length, event.data))
    except CaptureFormatError as error:
        if not taken:
            raise
        return f"{error}; the {len(taken)} packets before it are shown"
    return ""


def _empty(
    taken: list[RawPacket],
    interfaces: list[InterfaceInfo],
    linktypes: dict[int, int],
    twice: dict[int, int],
) -> Ledger:
    names = tuple(i.name or f"interface {n}" for n, i in enumerate(interfaces))
    began = min((p.t for p in taken), default=0)
    ended = max((p.t for p in taken), default=0)
    return Ledger(
        programs=[],
        processes=[],
        endpoints=[],
        flows=[],
        calls=[],
        surfaced=[],
        samples=[],
        ports={},
        sources={},
        remainders={},
        outputs=[],
        faults=[],
        began=began,
        ended=ended,
        capture=Capture(names, "", False, linktypes=linktypes, foreign=True, copies=twice),
        packets=taken,
    )


def _flow(wire: Wire) -> Flow:
    there, back = Direction(None, None), Direction(None, None)
    over = {"CLOSED", "TIME_WAIT"}
    last = wire.segments[-1]
    ended = {wire.state(0, last.t), wire.state(1, last.t)} <= over
    return Flow(
        0,
        "tcp",
        None,
        None,
        there,
        back,
        wire.segments[0].t,
        last.t if ended else None,
        addresses=wire.ends,
    )
