"""A small send waited for the acknowledgement of the one before, and that came late.

Two small sends in a row, then a read of the answer: Nagle's rule keeps the second in
the sender's buffer until the first is acknowledged, and the receiver delays its
acknowledgement by 40 ms, because it has nothing to answer yet.

Proof, from packets and calls: the first send's segment left alone; its ACK came 20 ms
later or more; within 2 ms of the ACK the second send's bytes left, which had been
given to the kernel before; TCP_NODELAY was off. Said from the fourth stall of the
same line on, and certain. Silent: a few stalls, a receiver that was not reading, a
sender that sends on before it has read anything (a stream of progress lines: nobody
waits for a round), sends that a library makes on its own (multiprocessing's greeting),
because the program can neither join them nor reach the socket.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from plainwire.see.diagnosis.case import Case, where
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, say
from plainwire.see.ledger.model import Call, Endpoint, Flow
from plainwire.see.ledger.wire import Kind, Segment, Wire

RULE = "nagle-delayed-ack-stall"
LEAST = 4  # stalls of one line; two or three happen in programs that nobody calls slow
_TCP, _NODELAY = 6, 1


@dataclass(frozen=True, slots=True)
class Stall:
    """One stall: the segment that was waited for, its late ACK, the one that waited."""

    flow: Flow
    data: Segment
    ack: Segment
    released: Segment
    first: Call
    second: Call
    reader: Call | None
    ns: int


def find(case: Case) -> Iterator[Finding]:
    """One finding for each line whose sends stalled."""
    by_line: dict[object, list[Stall]] = defaultdict(list)
    for flow in case.ledger.flows:
        if flow.wire is not None:
            for stall in _stalls(case, flow, flow.wire):
                by_line[stall.second.site.frame].append(stall)
    for stalls in by_line.values():
        if len(stalls) >= LEAST:
            yield _finding(case, stalls)


def _stalls(case: Case, flow: Flow, wire: Wire) -> Iterator[Stall]:
    for seen in wire.observations:
        if seen.kind is not Kind.NAGLE_DELAYED_ACK or len(seen.related) != 2:
            continue
        data, ack = wire.numbered(seen.related[0]), wire.numbered(seen.related[1])
        released = wire.numbered(seen.segment)
        if data is None or ack is None or released is None:
            continue
        if not data.sends or not released.sends:
            continue
        first, second = data.sends[0].call, released.sends[0].call
        sender = (flow.client, flow.server)[released.end]
        if sender is None or sender.options.get((_TCP, _NODELAY)):
            continue
        waited = ack.t - max(second.t0, data.t)
        if second is first or second.t0 >= ack.t or waited < seen.wait_ns // 2:
            continue
        if case.is_ours(second) or _out_of_reach(second) or _out_of_reach(first):
            continue
        reader = next((r.call for r in released.reads if r.call.t0 < ack.t), None)
        if reader is not None and not _sends_on(flow, sender, ack.t):
            yield Stall(flow, data, ack, released, first, second, reader, waited)


def _sends_on(flow: Flow, sender: Endpoint, t: int) -> bool:
    """Does the sender send again after `t` before it has read what came meanwhile?"""
    back = flow.back if flow.sending(sender) is flow.there else flow.there
    sent = next((w.call.t0 for w in flow.sending(sender).writes if w.call.t0 > t), None)
    read = next((r.call.t1 or r.call.t0 for r in back.reads if (r.call.t1 or 0) > t), None)
    return sent is not None and (read is None or sent < read)


def _out_of_reach(call: Call) -> bool:
    return call.site.frame is None or any(
        "/multiprocessing/" in file for file, _, _ in call.site.via
    )


def _finding(case: Case, stalls: list[Stall]) -> Finding:
    worst = max(stalls, key=lambda stall: stall.ns)
    total = sum(stall.ns for stall in stalls)
    evidence = (
        Evidence(
            say(
                "packet {data} of {first} left at once; {second} gave {count} bytes to the kernel,"
                " which kept them",
                data=worst.data.number,
                first=where(worst.first),
                second=where(worst.second),
                count=worst.released.size,
            ),
            worst.second.t0,
            worst.released.start,
        ),
        Evidence(
            say(
                "the ACK (packet {ack}) came {wait:.0f} ms later, and at once the bytes left"
                " (packet {released})",
                ack=worst.ack.number,
                wait=worst.ns / 1e6,
                released=worst.released.number,
            ),
            worst.ack.t,
        ),
        Evidence(
            say(
                "it happened {count} times, {total:.0f} ms in all", count=len(stalls),
                total=total / 1e6,
            )
        ),
    )  # fmt: skip
    return Finding(
        RULE,
        CERTAIN,
        say(
            "the bytes of {second} lay in the sender's buffer for up to {wait:.0f} ms, {count}"
            " times, until the ACK for those of {first} came, which {reader} delayed",
            second=where(worst.second),
            wait=worst.ns / 1e6,
            count=len(stalls),
            first=where(worst.first),
            reader=where(worst.reader) if worst.reader else "?",
        ),
        case.places((worst.second, "sends"), (worst.first, "sends"), (worst.reader, "waits")),
        evidence,
        say(
            "send a message with one call (join its parts first), or call"
            " setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) after connecting"
        ),
        worst.flow.number,
        worst.second.t0,
    )
