"""Swimlanes: what every thread and task did, and who waited for whom. Pure.

A1  Spans are kept to MOST_SPANS, the longest ones; what was left out is counted.
A2  A wait names the lane whose call ended it: the write that a read took, the connect
    that an accept took. One that never ended names the lane that used the other end
    last, which is where the bytes would have to come from.
A3  Waits are kept to MOST_WAITS: those that never ended, then the longest.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator
from operator import attrgetter

from plainwire.see.ledger.model import Call, Endpoint, Flow, Ledger
from plainwire.web import schema
from plainwire.web.index import Index, ended_by_us, lane_of

MOST_SPANS = 4000
MOST_WAITS = 400
WORTH_NS = 1_000_000  # a shorter wait tells nothing
_WHOLE_RUN = {"socket", "closed", "dropped", "serve_forever"}  # marks, or as long as the run

Key = tuple[int, str]


def lanes(ledger: Ledger, index: Index) -> tuple[list[schema.Lane], list[schema.Wait]]:
    """The lanes in the order of their processes, and the waits between them."""
    candidates = [c for c in ledger.calls if c.op not in _WHOLE_RUN]
    end = ledger.ended
    lasted = [(c.t1 or end) - c.t0 for c in candidates]
    kept = heapq.nlargest(MOST_SPANS, range(len(candidates)), key=lasted.__getitem__)
    grouped: dict[Key, list[Call]] = defaultdict(list)
    lost = _by_lane(candidates, index)
    for call in (candidates[at] for at in sorted(kept)):
        key = _key(call, index)
        grouped[key].append(call)
        lost[key] -= 1
    order = sorted(grouped, key=lambda key: (key[0], grouped[key][0].t0))
    found = [
        schema.Lane(key[0], key[1], [_span(c, ledger, index) for c in grouped[key]], lost[key])
        for key in order
    ]
    number = {key: at for at, key in enumerate(order)}
    return found, _waits(ledger, index, number)


def _by_lane(calls: list[Call], index: Index) -> Counter[Key]:
    """How many calls there are in each lane."""
    found: Counter[Key] = Counter()
    who = attrgetter("process", "thread", "task")
    first: dict[object, Call] = {}
    counts = Counter(map(who, calls))
    for call in calls:
        if len(first) == len(counts):
            break
        first.setdefault(who(call), call)
    for key, count in counts.items():
        found[_key(first[key], index)] += count
    return found


def _key(call: Call, index: Index) -> Key:
    return index.process(call.process), lane_of(call)


def _span(call: Call, ledger: Ledger, index: Index) -> tuple[int, int, str, int, int]:
    flow = ledger.flow_of(call.endpoint) if call.endpoint is not None else None
    line = index.line(call)
    return (
        call.t0 - ledger.began,
        -1 if _still(call) else (call.t1 or 0) - ledger.began,
        call.op,
        -1 if line is None else line,
        -1 if flow is None else flow.number,
    )


def _still(call: Call) -> bool:
    return call.t1 is None or ended_by_us(call)


def _waits(ledger: Ledger, index: Index, number: dict[Key, int]) -> list[schema.Wait]:
    found: list[tuple[Call, Call]] = []  # who waited, what it waited for
    for flow in ledger.flows:
        found += _woken(flow)
        found += _stuck(flow)
    found.sort(key=lambda pair: (not _still(pair[0]), -pair[0].blocked_ns))
    made = []
    for call, by in found[:MOST_WAITS]:
        lane, other = number.get(_key(call, index)), number.get(_key(by, index))
        if lane is None or other is None or lane == other:
            continue
        still = _still(call)
        made.append(
            schema.Wait(
                lane,
                call.t0 - ledger.began,
                -1 if still else (call.t1 or 0) - ledger.began,
                other,
                -1 if still else by.t0 - ledger.began,
            )
        )
    return made


def _woken(flow: Flow) -> Iterator[tuple[Call, Call]]:
    """Waits that ended, with the call that ended each (A2)."""
    accept = flow.server.opened_by if flow.server is not None else None
    connect = flow.client.opened_by if flow.client is not None else None
    if accept is not None and connect is not None and _waited(accept, connect):
        yield accept, connect
    for direction in (flow.there, flow.back):
        for part in direction.asked_reads:
            call = part.call
            if call.t1 is None or call.t1 - call.t0 < WORTH_NS:
                continue
            writer = next(iter(direction.writers_of(part.start, part.end)), None)
            if writer is not None and _waited(call, writer.call):
                yield call, writer.call
    for datagram in flow.datagrams:
        sent, received = datagram.sent, datagram.received
        if sent is not None and received is not None and _waited(received, sent):
            yield received, sent


def _waited(call: Call, by: Call) -> bool:
    """Did it wait, and did the other call come while it did?"""
    return (
        call.t1 is not None and call.blocked_ns >= WORTH_NS and call.t0 <= by.t0 <= call.t1
    ) and not ended_by_us(call)


def _stuck(flow: Flow) -> Iterator[tuple[Call, Call]]:
    """Reads that never ended, with the last call at the other end (A2)."""
    pairs: tuple[tuple[Endpoint | None, Endpoint | None], ...]
    pairs = ((flow.client, flow.server), (flow.server, flow.client))
    for end, other in pairs:
        if end is None or other is None or not other.calls:
            continue
        for call in end.calls[-8:]:
            if _still(call) and call.op.startswith(("recv", "stream.read", "os.read", "tls.read")):
                yield call, other.calls[-1]
