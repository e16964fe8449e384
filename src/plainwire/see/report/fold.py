"""Long ladders made short: runs that repeat are folded, idle time is named. Pure.

F1  A folded run says how many rows and bytes it stands for; nothing else is left out.
F2  Only rows that did the same from the same lines are folded. A receive that held
    other than one send is never like one that held exactly one.
F3  The first two rounds of a run and its last one stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plainwire.see.ledger.model import Endpoint, Flow
from plainwire.see.report import names
from plainwire.see.report.rows import CLIENT, SERVER, Row

LONGEST_ROUND = 8  # rows of one round of a conversation; arbitrary, covers request and reply
KEEP_ROUNDS = 2
FOLD_FROM = 5  # rounds of a run worth folding
MOST_ROWS = 60  # of one flow in a report; `show --flow N` shows all
IDLE_NS = 100_000_000  # a gap shorter than that reads as one event; arbitrary


@dataclass(frozen=True, slots=True)
class Folded:
    """`rows` rows, `times` rounds of one pattern (1: no pattern), that are not shown."""

    rows: int
    times: int
    count: int  # bytes sent in them
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Idle:
    """`ns` nanoseconds without an event, and which sides were waiting in a call then."""

    start: int
    ns: int
    waiting: frozenset[str]


Item = Row | Folded | Idle


def fold(rows: list[Row], most: int = MOST_ROWS) -> list[Row | Folded]:
    """The rows with repeating runs folded, at most about `most` of them."""
    out: list[Row | Folded] = []
    keys = [_key(row) for row in rows]
    at = 0
    while at < len(rows):
        size, times = _run(keys, at)
        if times >= FOLD_FROM:
            head, tail = at + KEEP_ROUNDS * size, at + (times - 1) * size
            out += rows[at:head]
            out.append(_folded(rows[head:tail], times - KEEP_ROUNDS - 1))
            out += rows[tail : tail + size]
            at = tail + size
        else:
            out.append(rows[at])
            at += 1
    if len(out) > most:
        head, tail = most * 2 // 3, len(out) - most // 3
        middle = out[head:tail]
        out = [*out[:head], _merged(middle), *out[tail:]]
    return out


def _key(row: Row) -> tuple[object, ...]:
    site = row.call.site.frame
    where = (site.file, site.line, site.column) if site else row.call.op
    shape = row.exact if row.kind == "receive" and row.held else None
    return (row.side, row.kind, where, row.call.process.key, shape)


def _run(keys: list[tuple[object, ...]], at: int) -> tuple[int, int]:
    """(rows of a round, rounds) of the longest run that begins at `at`."""
    best = (1, 1)
    for size in range(1, LONGEST_ROUND + 1):
        if at + size >= len(keys) or keys[at + size] != keys[at]:
            continue
        end = at + size
        while end < len(keys) and keys[end] == keys[end - size]:
            end += 1
        times = (end - at) // size
        if times >= FOLD_FROM and times * size > best[0] * best[1]:
            best = (size, times)
            break  # the shortest round says most
    return best


def _folded(rows: list[Row], times: int) -> Folded:
    sent = sum(row.count for row in rows if row.kind in ("send", "lost"))
    return Folded(len(rows), times, sent, rows[0].t, rows[-1].t)


def _merged(items: list[Row | Folded]) -> Folded:
    rows = sum(item.rows if isinstance(item, Folded) else 1 for item in items)
    sent = sum(
        item.count if isinstance(item, Folded) or item.kind in ("send", "lost") else 0
        for item in items
    )
    first, last = items[0], items[-1]
    start = first.start if isinstance(first, Folded) else first.t
    end = last.end if isinstance(last, Folded) else last.t
    return Folded(rows, 1, sent, start, end)


def with_idle(flow: Flow, items: list[Row | Folded]) -> Iterator[Item]:
    """Put an `Idle` wherever nothing happened for IDLE_NS."""
    last: int | None = None
    for item in items:
        t = item.start if isinstance(item, Folded) else item.t
        if last is not None and t - last >= IDLE_NS:
            yield Idle(last, t - last, _waiting(flow, last, t))
        yield item
        end = item.end if isinstance(item, Folded) else item.t
        last = end if last is None else max(last, end)


def _waiting(flow: Flow, start: int, end: int) -> frozenset[str]:
    """The sides with a call open on this flow throughout the gap."""
    found = set()
    for endpoint, side in ((flow.client, CLIENT), (flow.server, SERVER)):
        if endpoint is not None and _in_call(endpoint, start, end):
            found.add(side)
    return frozenset(found)


def _in_call(endpoint: Endpoint, start: int, end: int) -> bool:
    # A tenth of the gap at either side may go by before the wait begins or after it ends.
    slack = (end - start) // 10
    calls = [*endpoint.calls, *([endpoint.opened_by] if endpoint.opened_by else [])]
    return any(
        (call.op in names.SPEAKING or call.op in ("accept", "connect", "stream.drain"))
        and call.t0 <= start + slack
        and (call.t1 is None or call.t1 >= end - slack)
        for call in calls
    )
