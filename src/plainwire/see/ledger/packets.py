"""Packets joined with calls. Pure.

W1  A captured connection belongs to the flow with its two addresses; of several uses of
    a pair of addresses, to the one whose connect() had begun when its SYN left. What
    belongs to no flow may be a connect() that failed (`Wire.attempt`).
W2  The byte at stream offset N of a direction has sequence number ISN + 1 + N, so a
    segment's bytes are those of the sends and reads that own its offsets: every byte of
    every segment has exactly one send, every byte read exactly one read. Time is not
    used: a send may return long before its bytes leave.
W3  Where calls and wire cannot agree, nothing is joined and `Wire.unjoined` says why:
    TLS (the calls' bytes are plaintext), several threads writing at once (the order is
    open), bytes sent by code that was not observed.
W4  Bytes on the wire beyond the calls that returned are those of the one call that had not.
W5  Urgent data (MSG_OOB) has its sequence number, but is not in the stream's reads.
W6  A datagram's packet left while its send lasted (or, behind the queue of a card, a
    little later); an ICMP error is about the connection it quotes, or the last datagram
    that had left.
"""

from __future__ import annotations

import socket
from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Any

from plainwire.see import records
from plainwire.see.capture import decode
from plainwire.see.capture.clock import SLACK_NS
from plainwire.see.capture.decode import ACK, PROTOCOL_UDP, SYN
from plainwire.see.capture.dissect.icmp import error_name
from plainwire.see.capture.flows import Connection, Connections
from plainwire.see.capture.sequence import StreamOffsets
from plainwire.see.ledger import causes, ranges, states
from plainwire.see.ledger.model import (
    Address,
    Datagram,
    Direction,
    Endpoint,
    Flow,
    Ledger,
    Range,
)
from plainwire.see.ledger.wire import Icmp, RawPacket, Segment, Wire, capture_of, counters_of

_OPEN_SENDS = 64  # of one socket at once, in as many threads
_QUEUED_NS = 2_000_000  # a datagram may wait in a network card's queue
_COMPARED = 64  # segments of a direction whose bytes are compared with those of calls

Taken = tuple[RawPacket, decode.Segment]


def join(ledger: Ledger, packets: list[RawPacket], runs: list[dict[str, Any]]) -> None:
    """Put packets, and what the kernel counted, into a ledger whose flows are complete."""
    ledger.capture = capture_of(runs)
    ledger.counters = counters_of(runs)
    ledger.packets = packets
    if not packets:
        return
    linktypes = ledger.capture.linktypes if ledger.capture is not None else {}
    taken = sort(packets, linktypes)
    ledger.icmp = taken.icmp
    ledger.wires = [wire_of(connection, taken.segments) for connection in taken.connections.all]
    _give_flows(ledger)
    behind = causes.Causes(ledger)
    for wire in ledger.wires:
        if wire.flow is not None:
            _join_bytes(wire, wire.flow, taken.segments)
            wire.flow.wire = wire
        behind.give(wire)
        if wire.flow is not None:
            causes.fin_sent(wire.flow)
        wire.states = states.corrected(ledger, wire)
    _join_datagrams(ledger, taken)


def header_of(ledger: Ledger, number: int) -> decode.Segment | None:
    """A TCP segment's header as it was on the wire, numbers not relative.

    Args:
        ledger: of a capture without calls; its packet number N stands at N - 1.
        number: the packet's.
    """
    packet = ledger.packets[number - 1]
    linktypes = ledger.capture.linktypes if ledger.capture is not None else {}
    found = decode.decode_summary(packet.data, linktypes.get(packet.interface, 1))
    return found if isinstance(found, decode.Segment) else None


class Sorted:
    """Packets by kind: TCP connections, UDP datagrams, ICMP errors."""

    def __init__(self) -> None:
        self.connections = Connections()
        self.segments: dict[int, Taken] = {}
        self.datagrams: list[tuple[RawPacket, decode.Datagram]] = []
        self.icmp: list[Icmp] = []


def sort(packets: Iterable[RawPacket], linktypes: dict[int, int]) -> Sorted:
    """Decode packets and give each TCP segment to its connection."""
    found = Sorted()
    for packet in packets:
        linktype = linktypes.get(packet.interface, 1)
        summary = decode.decode_summary(packet.data, linktype)
        if isinstance(summary, decode.Segment):
            found.segments[packet.number] = (packet, summary)
            found.connections.feed(packet.number, packet.t, summary)
        elif isinstance(summary, decode.Datagram):
            found.datagrams.append((packet, summary))
        elif summary is not None:
            found.icmp.append(_icmp(packet, summary))
    return found


def _icmp(packet: RawPacket, error: decode.IcmpError) -> Icmp:
    return Icmp(
        packet.number,
        packet.t,
        error.unreachable,
        error.code,
        error.protocol,
        (host_text(error.quoted_source), error.quoted_source_port),
        (host_text(error.quoted_destination), error.quoted_destination_port),
        error_name(error.version, error.type, error.code),
        host_text(error.source),
        *(error.quoted_id, error.quoted_length, error.quoted_sequence),
    )


def host_text(raw: bytes) -> str:
    """Write an address of 4 or 16 bytes as people do."""
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


# -- connections ---------------------------------------------------------------------


def wire_of(connection: Connection, taken: dict[int, Taken]) -> Wire:
    """A connection's segments in stream offsets, with who acknowledged whom."""
    ends = tuple((host_text(host), port) for host, port in connection.ends)
    wire = Wire((ends[0], ends[1]), connection.opener_known)
    offsets: list[StreamOffsets | None] = [None, None]
    scales: list[int | None] = [None, None]
    unacked: tuple[deque[Segment], deque[Segment]] = (deque(), deque())
    marks = defaultdict(list)
    for observation in connection.observations:
        marks[observation.segment].append(observation)
    for number in connection.segments:
        packet, raw = taken[number]
        end = connection.sender_of(raw)
        syn = bool(raw.flags & SYN)
        mine = offsets[end]
        if mine is None or syn:
            mine = offsets[end] = mine or StreamOffsets(raw.sequence - (0 if syn else 1))
        if syn:
            scales[end] = decode.window_scale_of(raw.options)
        acked = None
        if raw.flags & ACK:
            theirs = offsets[1 - end]
            if theirs is None:
                theirs = offsets[1 - end] = StreamOffsets(raw.acknowledgement - 1)
            acked = theirs.peek(raw.acknowledgement)
        shift = 0 if syn or None in scales else scales[end] or 0
        made = Segment(
            *(number, packet.t, end, raw.flags, mine.offset(raw.sequence)),
            *(raw.payload_length, acked, raw.window << shift),
        )
        if number in marks:
            made.marks = tuple(marks[number])
        wire.segments.append(made)
        _acknowledge(unacked, made)
    wire.observations = connection.observations
    wire.states = states.plain(connection)
    return wire


def _acknowledge(unacked: tuple[deque[Segment], deque[Segment]], segment: Segment) -> None:
    if segment.acked is not None:
        waiting = unacked[1 - segment.end]
        while waiting and waiting[0].stop + (waiting[0].flags & 1) <= segment.acked:
            waiting.popleft().acked_by = segment.number
    if not segment.plain:
        unacked[segment.end].append(segment)


def ends_of(flow: Flow) -> tuple[Address, Address]:
    """The addresses of a flow's client and server, each told by the other if need be."""
    client, server = flow.client, flow.server
    here = client.local if client else None
    there = server.local if server else None
    return (
        here or (server.remote if server else None),
        there or (client.remote if client else None),
    )


def _give_flows(ledger: Ledger) -> None:
    """W1."""
    waiting: dict[object, list[Wire]] = defaultdict(list)
    for wire in ledger.wires:
        waiting[wire.ends].append(wire)
        if not wire.opener_known:
            waiting[wire.ends[::-1]].append(wire)
    for flow in ledger.flows:
        if flow.kind != "tcp":
            continue
        found = _wire_of(flow, [w for w in waiting.get(ends_of(flow), ()) if w.flow is None])
        if found is not None:
            found.flow = flow
            if found.ends != ends_of(flow):
                _turn(found)
    _give_attempts(ledger)


def _wire_of(flow: Flow, wires: list[Wire]) -> Wire | None:
    opener = flow.client.opened_by if flow.client is not None else None
    if opener is not None:
        fits = [w for w in wires if w.segments[0].t >= opener.t0 - SLACK_NS]
        return next(iter(fits or wires), None)
    accept = flow.server.opened_by if flow.server is not None else None
    if accept is None or accept.t1 is None:
        return wires[0] if wires else None
    fits = [w for w in wires if w.segments[0].t <= accept.t1 + SLACK_NS]
    return fits[-1] if fits else None


def _turn(wire: Wire) -> None:
    """Exchange the ends of a connection whose opening was not captured."""
    wire.ends = (wire.ends[1], wire.ends[0])
    for segment in wire.segments:
        segment.end = 1 - segment.end
    wire.states = [states.turned(change) for change in wire.states]


def _give_attempts(ledger: Ledger) -> None:
    """Connects that made no flow, and the SYNs they sent."""
    left = [w for w in ledger.wires if w.flow is None and w.opener_known]
    if not left:
        return
    for call in ledger.calls:
        if call.op not in ("connect", "connect_ex") or call.endpoint is None:
            continue
        end = call.endpoint
        if end.kind != "tcp" or ledger.flow_of(end) is not None:
            continue
        for wire in left:
            first = wire.segments[0]
            in_time = call.t0 - SLACK_NS <= first.t <= (call.t1 or first.t) + SLACK_NS
            if in_time and wire.attempt is None and _leads_to(end, wire.ends):
                wire.attempt = call
                break


def _leads_to(end: Endpoint, ends: tuple[Address, Address]) -> bool:
    target, local = end.remote, end.local
    if isinstance(local, tuple) and local[1] and isinstance(ends[0], tuple):
        return bool(local[1] == ends[0][1])
    if not isinstance(target, tuple) or not isinstance(ends[1], tuple):
        return False
    named = any(c.isalpha() and c not in "abcdefABCDEF" for c in str(target[0]))
    return bool(target[1] == ends[1][1] and (named or target[0] == ends[1][0]))


# -- bytes -----------------------------------------------------------------------------


def _join_bytes(wire: Wire, flow: Flow, taken: dict[int, Taken]) -> None:
    """W2 to W5 for both directions."""
    for number, direction in enumerate((flow.there, flow.back)):
        mine = [s for s in wire.segments if s.end == number and s.size]
        if not mine:
            continue
        sends, wire.unjoined[number] = _owners(direction, max(s.stop for s in mine))
        if not wire.unjoined[number] and not _agree(mine, sends, taken):
            wire.unjoined[number] = "bytes were sent by code that was not observed"
        if wire.unjoined[number]:
            continue
        urgent = _urgent(direction)
        reads = direction.asked_reads
        starts = [r.start for r in sends]
        read_starts = [r.start for r in reads]
        for segment in mine:
            start, end = segment.start, segment.start + segment.size
            segment.sends = _covering(sends, starts, start, end)
            shift = bisect_right(urgent, start - 1) if urgent else 0
            less = shift if not urgent else bisect_right(urgent, end - 1)
            segment.reads = _covering(reads, read_starts, start - shift, end - less)


def _covering(ranges_: list[Range], starts: list[int], start: int, end: int) -> tuple[Range, ...]:
    if start >= end:
        return ()
    at = max(0, bisect_right(starts, start) - 1)
    stop = bisect_right(starts, end - 1)
    return tuple(r for r in ranges_[at:stop] if r.end > start)


def _owners(direction: Direction, stop: int) -> tuple[list[Range], str]:
    """The ranges that own the bytes on the wire up to `stop`, or why there are none."""
    sender = direction.sender
    if sender is None:
        return [], "the sender was not observed"
    if any(c.op == "tls.write" for c in sender.calls):
        return [], "TLS: the bytes on the wire are not those of the calls"
    if direction.interleaved:
        return [], "several threads wrote at once: the order of their bytes is open"
    sends = [c for c in sender.calls if ranges.is_send(c)]
    if any(c.flags & records.MSG_OOB for c in sends):
        owners = ranges.tile(ranges.by_return(sends), direction.base)
    else:
        owners = list(direction.asked_writes)
    reached = owners[-1].end if owners else direction.base
    if stop > reached:
        open_ = [c for c in sends if c.t1 is None or (c.failure is not None and not c.count)]
        last = open_[-1] if open_ else None
        if last is None or (owners and last.t0 < owners[-1].call.t0):
            return [], "bytes were sent by code that was not observed"
        owners.append(Range(reached, stop, last))
    return owners, ""


def _urgent(direction: Direction) -> list[int]:
    """Offsets of urgent bytes: the last byte of each send with MSG_OOB."""
    sender = direction.sender
    assert sender is not None
    sends = [c for c in sender.calls if ranges.is_send(c)]
    if not any(c.flags & records.MSG_OOB for c in sends):
        return []
    tiled = ranges.tile(ranges.by_return(sends), direction.base)
    return [r.end - 1 for r in tiled if r.call.flags & records.MSG_OOB]


def _agree(segments: list[Segment], sends: list[Range], taken: dict[int, Taken]) -> bool:
    """Are the first bytes on the wire those that the calls gave?"""
    starts = [r.start for r in sends]
    for segment in segments[:_COMPARED]:
        packet, raw = taken[segment.number]
        data = packet.data[raw.payload_offset : raw.payload_offset + segment.size]
        for owner in _covering(sends, starts, segment.start, segment.start + segment.size):
            kept = owner.call.complete
            if kept is None or len(kept) < owner.end - owner.start:
                continue
            start = max(owner.start, segment.start)
            end = min(owner.end, segment.start + len(data))
            ours = kept[start - owner.start : end - owner.start]
            if end > start and ours != data[start - segment.start : end - segment.start]:
                return False
    return True


# -- datagrams -------------------------------------------------------------------------


def _join_datagrams(ledger: Ledger, taken: Sorted) -> None:
    """W6."""
    by_ports: dict[tuple[int, int], list[Datagram]] = defaultdict(list)
    for flow in ledger.flows:
        for d in flow.datagrams if flow.kind == "udp" else ():
            if d.sent is not None:
                by_ports[_port(d.source), _port(d.target)].append(d)
    packets: dict[tuple[int, int], list[tuple[RawPacket, decode.Datagram]]] = defaultdict(list)
    for packet, datagram in taken.datagrams:
        packets[datagram.source_port, datagram.destination_port].append((packet, datagram))
    for ports, mine in by_ports.items():
        mine.sort(key=_sent_at)
        _give_packets(mine, packets[ports])
    times = {packet.number: packet.t for packet, _ in taken.datagrams}
    for error in taken.icmp:
        if error.protocol == PROTOCOL_UDP:
            ports = (_port(error.quoted_source), _port(error.quoted_target))
            _give_error(by_ports.get(ports, []), error, times)


def _give_packets(mine: list[Datagram], packets: list[tuple[RawPacket, decode.Datagram]]) -> None:
    """Each packet to the send that it left in: begun, of its size, and as yet without one.

    Of several (threads on one socket) the one that had not returned, then the last.
    """
    begun: list[Datagram] = []
    at = 0
    for packet, datagram in packets:
        while at < len(mine) and _sent_at(mine[at]) <= packet.t + SLACK_NS:
            begun.append(mine[at])
            at += 1
        fits = [d for d in begun[-_OPEN_SENDS:] if _may_be(d, packet, datagram)]
        lasting = [d for d in fits if _returned(d, packet) + SLACK_NS >= packet.t]
        if lasting or fits:
            found = lasting[0] if lasting else fits[-1]
            found.packet = packet.number
            begun.remove(found)


def _give_error(mine: list[Datagram], error: Icmp, times: dict[int, int]) -> None:
    """An ICMP error to the datagram that it is about: the last that left before it."""
    about = [
        d
        for d in mine
        if d.refused is None
        and (times[d.packet] <= error.t if d.packet is not None else _sent_at(d) <= error.t)
    ]
    if about:
        about[-1].refused = error


def _may_be(d: Datagram, packet: RawPacket, datagram: decode.Datagram) -> bool:
    assert d.sent is not None
    fits = d.sent.count == datagram.payload_length
    return fits and packet.t <= _returned(d, packet) + _QUEUED_NS


def _returned(d: Datagram, packet: RawPacket) -> int:
    assert d.sent is not None
    return d.sent.t1 if d.sent.t1 is not None else packet.t


def _sent_at(datagram: Datagram) -> int:
    assert datagram.sent is not None
    return datagram.sent.t0


def _port(address: Address) -> int:
    return int(address[1]) if isinstance(address, tuple) and len(address) > 1 else 0
