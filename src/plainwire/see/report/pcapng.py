"""A recording's packets as pcapng, each with comments that name its lines. Pure.

    pw client.py:12 send#7 off=0..99 task=T2      bytes 0 to 99 of the stream, send 7 of its end
    pw server.py:14 recv#3 off=0..49              who read them
    pw client.py:6 connect                        the line that sent a SYN, FIN or RST
    pw kernel listen server.py:8                  the kernel did it, because of that line
    pw state client SYN_SENT                      the state it brought

X1  Packets keep the order, the numbers and the wall clock of the recording.
X2  The process and thread are those of the call that sent the bytes; 0 where the
    kernel sent by itself.
X3  Process blocks come last and only when asked for: a reader that does not know them
    shows each as one more frame.
X4  The TLS key log, if the run recorded one, stands before the packets that need it.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire import __version__
from plainwire.see.capture.linktypes import ETHERNET
from plainwire.see.capture.pcapng import PcapngWriter
from plainwire.see.capture.pcapng.model import ProcessInfo
from plainwire.see.ledger.model import Call, Flow, Ledger
from plainwire.see.ledger.wire import Behind, Segment, Wire
from plainwire.see.report import names, packets

_OUTGOING, _LOSING = 1, 2
_MOST = 16  # comments of one kind for a packet: a segment may hold thousands of sends


def blocks(ledger: Ledger, *, processes: bool = False) -> Iterator[bytes]:
    """The file, block by block.

    Args:
        ledger: with packets.
        processes: describe the observed processes too (name and start).
    """
    writer = PcapngWriter()
    yield writer.header(application=f"plainwire {__version__}")
    capture = ledger.capture
    linktypes = capture.linktypes if capture is not None else {}
    interfaces = capture.interfaces if capture is not None else ()
    for number in range(max([len(interfaces), *(p.interface + 1 for p in ledger.packets)])):
        name = interfaces[number] if number < len(interfaces) else ""
        yield writer.interface(linktypes.get(number, ETHERNET), name=name)[1]
    if capture is not None and capture.keys:
        yield writer.tls_keys("".join(f"{line}\n" for line in capture.keys).encode())
    said = _Comments(ledger)
    for packet in ledger.packets:
        yield writer.packet(
            packet.interface,
            packet.realtime,
            packet.data,
            length=packet.length,
            comments=said.of(packet.number),
            packet_id=packet.number,
            process=said.process(packet.number),
        )
    if ledger.packets and capture is not None:
        last = ledger.packets[-1].realtime
        lost = capture.dropped + capture.unwritten
        yield writer.statistics(0, last, received=len(ledger.packets) + lost, dropped=lost)
    if processes:
        yield from _processes(ledger, writer)


def _processes(ledger: Ledger, writer: PcapngWriter) -> Iterator[bytes]:
    clock = 0
    if ledger.packets:
        clock = ledger.packets[0].realtime - ledger.packets[0].t
    for process in ledger.processes:
        started = process.started + clock if clock else None
        yield writer.process(ProcessInfo(process.pid, process.name, start_time_ns=started))


class _Comments:
    """Comments and owners of packets, by number."""

    def __init__(self, ledger: Ledger) -> None:
        self._segments: dict[int, tuple[Wire, Segment]] = {}
        self._datagrams: dict[int, tuple[Call | None, Call | None]] = {}
        self._numbers: dict[int, int] = {}
        self._states: dict[int, list[str]] = {}
        for wire in ledger.wires:
            for segment in wire.segments:
                self._segments[segment.number] = (wire, segment)
            for change in wire.states:
                if change.segment is not None:
                    who = "client" if change.end == 0 else "server"
                    said = f"pw state {who} {change.after}"
                    self._states.setdefault(change.segment, []).append(said)
        for flow in ledger.flows:
            self._number(flow)

    def _number(self, flow: Flow) -> None:
        for direction in (flow.there, flow.back):
            for spans in (direction.asked_writes, direction.asked_reads):
                for number, span in enumerate(spans, 1):
                    self._numbers[id(span.call)] = number
        for datagram in flow.datagrams:
            if datagram.packet is not None:
                self._datagrams[datagram.packet] = (datagram.sent, datagram.received)

    def of(self, number: int) -> list[str]:
        """The comments of one packet."""
        if number in self._datagrams:
            calls = [c for c in self._datagrams[number] if c is not None]
            return [f"pw {_place(c)} {c.op}{_task(c)}" for c in calls]
        if number not in self._segments:
            return []
        segment = self._segments[number][1]
        said = [
            f"pw {_place(r.call)} {word}{self._hash(r.call)}"
            f" off={max(r.start, segment.start)}..{min(r.end, segment.stop) - 1}{_task(r.call)}"
            for word, spans in (("send", segment.sends), ("recv", segment.reads))
            for r in spans[:_MOST]
        ]
        said += [_behind(b) for b in (segment.cause, segment.seen) if b is not None]
        said += [f"pw {mark.kind.value}" for mark in segment.marks]
        return said + self._states.get(number, [])

    def _hash(self, call: Call) -> str:
        return f"#{self._numbers[id(call)]}" if id(call) in self._numbers else ""

    def process(self, number: int) -> tuple[int, int] | None:
        """Process and thread id of the call that sent a packet (X2)."""
        call: Call | None = None
        if number in self._datagrams:
            call = self._datagrams[number][0]
        elif number in self._segments:
            segment = self._segments[number][1]
            if segment.sends:
                call = segment.sends[0].call
            elif segment.cause is not None and segment.cause.by == "call":
                call = segment.cause.call
        if call is None:
            return None
        return call.process.pid, call.process.threads.get(call.thread, (0, ""))[0]


def _place(call: Call) -> str:
    frame = names.frame_of(call)
    return names.short(frame) if frame is not None else f"({call.site.kind})"


def _task(call: Call) -> str:
    return f" task=T{call.task}" if call.task else ""


def _behind(behind: Behind) -> str:
    if behind.by == "call":
        return f"pw {packets.line_of(behind.call)} {behind.why}"
    where = f" {packets.line_of(behind.call)}" if behind.call is not None else ""
    return f"pw {behind.by} {behind.why}{where}"
