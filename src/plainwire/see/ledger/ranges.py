"""Byte ranges of a stream: which call wrote them, which call read them. Pure.

R1  The ranges of one side tile the stream from that side's base on: each begins where
    the one before it ended. (How TCP cut the bytes does not matter.)
R2  Calls are in the order in which they returned; where two threads' writes, or reads,
    overlap in time, the direction is marked `interleaved`, because nobody knows whose
    bytes came first.
R2a A send that never returned wrote at least what was read beyond all others.
R3  A look that consumes nothing (MSG_PEEK) and urgent data (MSG_OOB) are not in it.
R4  What a library asked for on the program's behalf is told apart: `asked_*` are the
    bytes by the *program's* calls, in the same offsets.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, pairwise, zip_longest
from operator import attrgetter

from plainwire.see import records
from plainwire.see.ledger.model import Call, Direction, Endpoint, Range

_SENDS = frozenset(records.NAMES[op] for op in records.SENDS)
_RECEIVES = frozenset(records.NAMES[op] for op in records.RECEIVES)
_STREAM_READS = frozenset(
    ("stream.read", "stream.readline", "stream.readexactly", "stream.readuntil")
)
_APART = records.MSG_PEEK | records.MSG_OOB


def tile(calls: Iterable[Call], base: int) -> list[Range]:
    """Lay the bytes of calls one behind the other, beginning at `base` (R1)."""
    moved = [call for call in calls if call.count > 0]
    edges = list(accumulate([call.count for call in moved], initial=base))
    # What Range() itself does, without a call in Python for each of a million.
    new = tuple.__new__
    return [new(Range, part) for part in zip(edges, edges[1:], moved, strict=False)]


def by_return(calls: Iterable[Call]) -> list[Call]:
    """Calls in the order in which they returned (R2)."""
    ended = [call for call in calls if call.t1 is not None]
    ended.sort(key=attrgetter("t1"))
    return ended


def fill(direction: Direction) -> None:
    """Compute all ranges of a direction from the calls of its two ends."""
    if direction.receiver is not None:
        _fill_reads(direction, direction.receiver)
    if direction.sender is not None:
        _fill_writes(direction, direction.sender)


def _fill_writes(direction: Direction, sender: Endpoint) -> None:
    plain = [c for c in sender.calls if c.op == "tls.write"]
    kernel = by_return(c for c in sender.calls if c.op in _SENDS and not c.flags & records.MSG_OOB)
    if plain and not kernel:
        sender.tls = True
        kernel = by_return(plain)
    _settle_failed(kernel, direction.write_base)
    kernel += _unreturned(direction, sender, kernel)
    direction.writes = tile(kernel, direction.write_base)
    direction.interleaved = direction.interleaved or _overlap(kernel)
    queued = [c for c in sender.calls if c.op == "stream.queue"]
    if queued or any(c.site.kind == "loop" for c in kernel):
        direction.asked_writes = _asked_writes(kernel, queued, direction.write_base)
    else:
        direction.asked_writes = direction.writes


def _unreturned(direction: Direction, sender: Endpoint, ended: list[Call]) -> list[Call]:
    """A send that never returned (it is blocked, or its thread died with the process).

    It wrote at least what the peer read beyond the sends that did return.
    """
    pending = [c for c in sender.calls if c.t1 is None and is_send(c)]
    if len(pending) != 1 or not direction.reads:
        return []
    beyond = direction.read - direction.write_base - sum(max(0, c.count) for c in ended)
    pending[0].count = max(0, min(pending[0].asked, beyond))
    return pending


def _settle_failed(calls: list[Call], base: int) -> None:
    """Give a sendall() that failed the bytes it had sent by then.

    The probe asked the kernel how many bytes of the whole stream were written (`aux`,
    plus one); the ledger knows what came before.
    """
    if not any(map(attrgetter("failure"), calls)):
        return
    at = base
    for call in calls:
        if call.op == "sendall" and call.failure is not None and call.aux:
            call.count = max(0, min(call.aux - 1 - at, call.asked))
        at += max(0, call.count)


def _overlap(calls: list[Call]) -> bool:
    """Did two calls that moved bytes run at the same time?"""
    moved = [call for call in calls if call.count > 0]
    return any(a.t1 is not None and b.t0 < a.t1 for a, b in pairwise(moved))


def _asked_writes(kernel: list[Call], queued: list[Call], base: int) -> list[Range]:
    """The program's writes to an asyncio transport, in stream offsets (R4).

    A write that went out at once is one send from the user's line. Of one that did not,
    the part that had to queue is noted; what went out at once is the send just before
    it, and the rest goes out in the loop's callbacks, which are nobody's.
    """
    direct = [c for c in kernel if c.site.kind != "loop"]
    merged = sorted(direct + queued, key=lambda c: c.t0)
    ranges: list[Range] = []
    at = base
    begun = 0  # bytes that the send just before had sent of a write whose rest queued
    for call, following in zip_longest(merged, merged[1:]):
        if call.op == "stream.queue":
            size, begun = begun + call.asked, 0
        else:
            size = max(0, call.count)
            if (
                size < call.asked
                and following is not None
                and following.op == "stream.queue"
                and following.asked == call.asked - size
            ):
                begun = size
                continue
        if size:
            ranges.append(Range(at, at + size, call))
            at += size
    return ranges


def _fill_reads(direction: Direction, receiver: Endpoint) -> None:
    kernel = by_return(c for c in receiver.calls if c.op in _RECEIVES and not c.flags & _APART)
    plain = [c for c in receiver.calls if c.op == "tls.read"]
    if plain and not kernel:
        receiver.tls = True
        kernel = by_return(plain)
    direction.reads = tile(kernel, direction.read_base)
    direction.interleaved = _overlap(kernel)
    streamed = [c for c in receiver.calls if c.op in _STREAM_READS]
    if streamed:
        direction.asked_reads = tile(by_return(streamed), direction.read_base)
    else:
        direction.asked_reads = direction.reads
    direction.fin_seen = next((c for c in kernel if c.count == 0 and is_end(c)), None)


def is_end(call: Call) -> bool:
    """Did this read say that the peer has finished?"""
    return (
        is_receive(call)
        and call.t1 is not None
        and call.failure is None
        and call.count == 0
        and call.asked > 0
    )


def is_send(call: Call) -> bool:
    """Does this call put bytes into a socket?"""
    return call.op in _SENDS or call.op == "tls.write"


def is_receive(call: Call) -> bool:
    """Does this call take bytes out of a socket?"""
    return call.op in _RECEIVES or call.op == "tls.read"


def is_stream_read(call: Call) -> bool:
    """Is this an asyncio StreamReader's read?"""
    return call.op in _STREAM_READS
