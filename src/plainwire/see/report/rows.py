"""A flow as rows in order of time, one for each thing that a program did or got. Pure.

E1  Bytes leave at the time their send was entered and land at the time their read
    returned. A failed call stands at the time it failed, a call that has not returned
    at the time it was entered.
E2  Where a library stands between program and socket (asyncio's streams), the rows are
    the program's own calls, in the same offsets; the library's are not shown twice.
E3  What a process did after we had begun to end it is our doing and not shown; a call
    that only returned because of it counts as still waiting.
E4  Every byte of a range is in exactly one send row and at most one receive row.
E5  Where a codec told the boundaries, a row names the messages that have a byte in it.
"""

from __future__ import annotations

import errno
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import itemgetter

from plainwire.see import records
from plainwire.see.ledger.model import Call, Datagram, Direction, Endpoint, Flow, Ledger, Range
from plainwire.see.report import names

CLIENT, SERVER = "client", "server"

# Kinds of rows. Those of LEAVES begin an arrow at their side, those of LANDS end one.
LEAVES = frozenset(("connect", "send", "shutdown", "end"))
LANDS = frozenset(("receive", "eof"))

_WAITS = names.SPEAKING | {"connect", "tls.handshake", "stream.drain"}
_NOT_YET = {errno.EAGAIN, errno.EINPROGRESS, errno.EALREADY}
_SHUT_READ = 0
_UNREAD_MOST = 1 << 40  # more than any queue holds: the probe could not tell


@dataclass(frozen=True, slots=True)
class Held:
    """A part of a send's bytes: [start, end) of the `size` bytes of send number `number`."""

    number: int
    start: int
    end: int
    size: int

    @property
    def whole(self) -> bool:
        """Is it all of that send?"""
        return self.start == 0 and self.end == self.size


@dataclass(frozen=True, slots=True)
class Named:
    """A message as its codec shows it; `whole` if all its bytes are in the row."""

    label: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One event: when, at which end, what, and the call that it was.

    `count` is bytes (of a wait: bytes asked for); `number` counts the sends of a
    direction from 1; `held` says whose bytes a receive got; `ns` how long a wait lasts.
    """

    t: int
    side: str
    kind: str  # connect accept send receive peek eof shutdown end close error wait lost
    call: Call
    count: int = 0
    number: int = 0
    held: tuple[Held, ...] = ()
    ns: int = 0
    unread: int = 0
    deferred: bool = False  # a close that was asked for before, when something still held it
    state: str = ""
    messages: tuple[Named, ...] = ()  # that a codec named in these bytes

    @property
    def exact(self) -> bool:
        """Does a receive hold exactly one send's bytes?"""
        return len(self.held) == 1 and self.held[0].whole


def rows_of(ledger: Ledger, flow: Flow) -> list[Row]:
    """All rows of a flow, by time."""
    rows: list[Row] = []
    if flow.datagrams:
        rows += _datagrams(flow)
    else:
        for direction, side in ((flow.there, CLIENT), (flow.back, SERVER)):
            rows += _written(direction, side)
            rows += _read(direction, SERVER if side == CLIENT else CLIENT)
    for end, side in ((flow.client, CLIENT), (flow.server, SERVER)):
        if end is not None:
            rows += _opened(end, side)
            rows += _calls(ledger, flow, end, side)
    rows = [row for row in rows if not _after_ending(row.call)]
    # Stable, and what leaves stands before what lands at the same moment.
    rows.sort(key=lambda row: (row.t, row.kind in LANDS))
    return _with_states(flow, rows)


def _after_ending(call: Call) -> bool:
    ending = call.process.ending
    return ending is not None and call.t0 >= ending


def returned(call: Call) -> bool:
    """Did the call return by itself (E3)?"""
    ending = call.process.ending
    return call.t1 is not None and (ending is None or call.t1 < ending)


# -- bytes ---------------------------------------------------------------------------


def _written(direction: Direction, side: str) -> Iterator[Row]:
    for number, span in enumerate(direction.asked_writes, 1):
        yield Row(
            span.call.t0, side, "send", span.call, count=span.end - span.start, number=number,
            messages=_named(direction, span),
        )  # fmt: skip


def _read(direction: Direction, side: str) -> Iterator[Row]:
    writes = direction.asked_writes
    at = 0
    for span in direction.asked_reads:
        if not returned(span.call):
            continue
        while at < len(writes) and writes[at].end <= span.start:
            at += 1
        held = tuple(_held(writes, at, span)) if not direction.interleaved else ()
        t = span.call.t1 or span.call.t0
        yield Row(
            t, side, "receive", span.call, count=span.end - span.start, held=held,
            messages=_named(direction, span),
        )  # fmt: skip


def _named(direction: Direction, span: Range) -> tuple[Named, ...]:
    """E5."""
    messages = direction.messages
    at = max(0, bisect_right(messages, span.start, key=itemgetter(0)) - 1)
    found = []
    while at < len(messages) and messages[at][0] < span.end:
        start, end, codec, label = messages[at]
        if end > span.start:
            found.append(Named(label or codec, span.start <= start and end <= span.end))
        at += 1
    return tuple(found)


def _held(writes: list[Range], at: int, span: Range) -> Iterator[Held]:
    while at < len(writes) and writes[at].start < span.end:
        write = writes[at]
        start, end = max(write.start, span.start), min(write.end, span.end)
        yield Held(at + 1, start - write.start, end - write.start, write.end - write.start)
        at += 1


def _datagrams(flow: Flow) -> Iterator[Row]:
    counts = {CLIENT: 0, SERVER: 0}
    for datagram in flow.datagrams:
        side = CLIENT if from_client(flow, datagram) else SERVER
        other = SERVER if side == CLIENT else CLIENT
        size = 0
        if datagram.sent is not None:
            counts[side] += 1
            size = datagram.sent.count
            kind = "send" if datagram.received is not None or datagram.receiver else "lost"
            if datagram.received is None:
                kind = "lost"
            yield Row(datagram.sent.t0, side, kind, datagram.sent, count=size, number=counts[side])
        if datagram.received is not None:
            got = datagram.received
            held = (Held(counts[side], 0, got.count, size),) if datagram.sent is not None else ()
            yield Row(got.t1 or got.t0, other, "receive", got, count=got.count, held=held)


def from_client(flow: Flow, datagram: Datagram) -> bool:
    """Did a datagram of the flow go from its client to its server?"""
    if datagram.sender is not None:
        return datagram.sender is flow.client
    return datagram.receiver is flow.server


# -- everything else -------------------------------------------------------------------


def _opened(end: Endpoint, side: str) -> Iterator[Row]:
    call = end.opened_by
    if call is None:
        return
    if call.op == "accept" and call.t1 is not None:
        yield Row(call.t1, side, "accept", call)
    elif call.op in ("connect", "connect_ex") and end.stream:
        waits = not returned(call)
        yield Row(call.t0, side, "connect", call)
        if waits:
            yield Row(call.t0, side, "wait", call)


def _calls(ledger: Ledger, flow: Flow, end: Endpoint, side: str) -> Iterator[Row]:
    asked = any(call.op in names.STREAM_READS for call in end.calls)
    closes = [call for call in end.calls if call.op == "close"]
    fin = flow.sending(end).fin_sent
    if fin is None and (flow.sending(end).fin_seen is not None or _held_once(ledger, end)):
        fin = _last_closing(end)
    for call in end.calls:
        if call.op in ("close", "closed", "dropped", "detach"):
            yield from _closed(call, side, closes, fin)
        elif call.op == "shutdown":
            if call.failure is not None:
                yield Row(call.t1 or call.t0, side, "error", call)
            elif call.asked != _SHUT_READ:
                yield Row(call.t0, side, "shutdown", call)
        elif call.op in _WAITS and not (asked and call.site.kind == "loop"):
            yield from _moved_nothing(ledger, call, side)
    if asked and not any(_is_eof(c) for c in end.calls if c.op in names.STREAM_READS):
        seen = flow.receiving(end).fin_seen
        if seen is not None and returned(seen):
            yield Row(seen.t1 or seen.t0, side, "eof", seen)


def _moved_nothing(ledger: Ledger, call: Call, side: str) -> Iterator[Row]:
    """A call on an end's bytes that is in no range: it waits, failed, peeked or got the end."""
    if call.op in ("connect", "tls.handshake") and call.failure is None:
        return
    if not returned(call):
        until = call.process.ending or ledger.ended
        ns = max(0, until - call.t0)
        yield Row(call.t0, side, "wait", call, count=call.asked, ns=ns)
    elif call.failure is not None:
        if call.failure.errno not in _NOT_YET and call.failure.name != "BlockingIOError":
            yield Row(call.t1 or call.t0, side, "error", call)
    elif call.flags & records.MSG_PEEK and call.count > 0:
        yield Row(call.t1 or call.t0, side, "peek", call, count=call.count)
    elif _is_eof(call):
        yield Row(call.t1 or call.t0, side, "eof", call)


def _is_eof(call: Call) -> bool:
    reads = call.op in names.RECEIVING or call.op in names.STREAM_READS
    stream = call.endpoint is None or call.endpoint.stream
    asked = call.asked > 0 or call.op in names.STREAM_READS
    return reads and stream and asked and call.count == 0 and returned(call) and not call.failure


def _closed(call: Call, side: str, closes: list[Call], fin: Call | None) -> Iterator[Row]:
    kind = "end" if call is fin else "close"
    if call.op == "close":
        inner = _inner(call)
        if inner is None and _by_loop(call):
            return  # what it asked for is shown where it happened
        if inner is not None and inner is fin:
            kind = "end"
        unread = inner.aux if inner is not None and 0 < inner.aux < _UNREAD_MOST else 0
        yield Row(call.t0, side, kind, call, unread=unread)
    elif call.op == "closed":
        if any(_inner(close) is call for close in closes):
            return
        unread = call.aux if 0 < call.aux < _UNREAD_MOST else 0
        deferred = any(
            c.asked == 1 and c.process is call.process and not _by_loop(c) for c in closes
        )
        yield Row(call.t0, side, kind, call, unread=unread, deferred=deferred)
    else:
        yield Row(call.t0, side, kind, call)


def _by_loop(close: Call) -> bool:
    """A transport's close(): the loop closes the socket in its next turn, if it still turns."""
    assert close.endpoint is not None
    return any("/asyncio/" in file for file, _, _ in close.site.via) and any(
        other.op == "closed" and other.t0 >= close.t0 and other.process is close.process
        for other in close.endpoint.calls
    )


def _held_once(ledger: Ledger, end: Endpoint) -> bool:
    """Can no other process hold the socket, so that closing it is sure to end the stream?"""
    owner = end.process
    return (
        owner is not None
        and all(call.process is owner for call in end.calls)
        and not any(process.parent == owner.key for process in ledger.processes)
    )


def _last_closing(end: Endpoint) -> Call | None:
    """The call by which the last holder let go: what ends a stream when no shutdown did."""
    closing = [call for call in end.calls if call.op in ("closed", "dropped")]
    return max(closing, key=lambda call: call.t0, default=None)


def _inner(close: Call) -> Call | None:
    """The real closing inside a user's close(); None when something still holds it."""
    if close.endpoint is None:
        return None
    for call in close.endpoint.calls:
        if (
            call.op == "closed"
            and call.process is close.process
            and call.thread == close.thread
            and close.t0 <= call.t0 <= (close.t1 or call.t0)
        ):
            return call
    return None


# -- states ----------------------------------------------------------------------------


def _with_states(flow: Flow, rows: list[Row]) -> list[Row]:
    """Name the state that a row brings, as far as calls tell: 'open', 'half-closed', 'closed'."""
    if flow.datagrams:
        return rows
    finished: set[str] = set()
    found = []
    for row in rows:
        state = ""
        if row.kind == "accept" or (row.kind == "connect" and row.call.t1 and flow.server is None):
            state = "open"
        elif row.kind in ("shutdown", "end") and row.side not in finished:
            finished.add(row.side)
            state = "closed" if len(finished) == 2 else "half-closed"
        found.append(replace(row, state=state) if state else row)
    return found
