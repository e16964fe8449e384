"""One side reads until the end, the other waits for an answer and never ends.

Proof: a mutual wait (mutual_wait.py) in which one reader's loop ends only on b'' (or goes
over all of a file or of `iter(callable, b"")`, to_the_end.py), does not answer inside the
loop, and has read at least one byte, while the other side has sent all it had, not shut down
its sending half, and holds no half of a line. Or the same, ended by the time-out
of the side that waits for the answer. Or, likely: one reads to the end, and on the other
side an asyncio program wrote its last bytes, is idle, and nobody in it uses that stream
any more (a handler that returned without writer.close()). Where its loop has timers, the
source must show that the handler ends with that write (handlers.py). A body of which fewer
bytes were sent than its HTTP head announced counts as read to the end there.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis import unfinished
from plainwire.see.diagnosis.case import Case, connection, totals, where
from plainwire.see.diagnosis.handlers import ends_with
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, say
from plainwire.see.diagnosis.patience import hung_pairs, without_timers
from plainwire.see.diagnosis.rounds import looked_again
from plainwire.see.diagnosis.waiting import (
    Pair,
    could_be_woken,
    stuck_on,
    waits_for_news,
    went_on,
)
from plainwire.see.ledger.model import Call, Endpoint, Flow
from plainwire.see.ledger.ranges import is_receive, is_stream_read
from plainwire.see.ledger.waits import Waits

RULE = "eof-never-comes"
_TIMED_OUT = ("timeout", "TimeoutError", "CancelledError")
_LONG_NS = 400_000_000


def find(case: Case) -> Iterator[Finding]:
    """One finding for each connection whose end is waited for in vain."""
    told: set[int] = set()
    for pair in hung_pairs(case, "receive"):
        reader = reader_of(case, pair)
        if reader is not None and not waits_for_news(case, pair.waits, pair.waiters):
            told.add(pair.flow.number)
            a, b = pair.calls
            woken = could_be_woken(pair.waits, pair.waiters)
            certainty = LIKELY if woken or pair.timers else CERTAIN
            asker = b if reader is a else a
            again = looked_again(case, pair.waiters)
            yield _finding(case, pair.flow, certainty, reader, asker, pair.waits.t, tuple(again))
    for waits, flow, reader, last in _abandoned(case):
        if flow.number not in told:
            told.add(flow.number)
            yield _of_abandoned(flow, reader, last, waits.t, case)
    for flow in case.ledger.flows:
        if flow.number not in told:
            for reader, asker in _gave_up(case, flow):
                yield _finding(case, flow, CERTAIN, reader, asker, asker.t1)
                break


def _abandoned(case: Case) -> Iterator[tuple[Waits, Flow, Call, Call]]:
    """Readers to the end of a stream that its other side has let lie, open."""
    for waits in case.waits:
        yield from _abandoned_then(case, waits)
    for waits in without_timers(case):
        for found in _abandoned_then(case, waits):
            last = found[-1]
            if last.site.frame is not None and ends_with(case.source(last), last.site.frame):
                yield found


def _abandoned_then(case: Case, waits: Waits) -> Iterator[tuple[Waits, Flow, Call, Call]]:
    for flow in case.ledger.flows:
        for reading, lying in ((flow.client, flow.server), (flow.server, flow.client)):
            if reading is None or lying is None or lying.role == "pair":
                continue
            stuck = stuck_on(waits, reading, "receive")
            reader = stuck[1] if stuck is not None else None
            loops = [w for w in waits.on(lying, "receive") if w.wait == "poll"]
            if reader is None or not loops or went_on(case, reader):
                continue
            if waits_for_news(case, waits, loops) or not (
                unfinished.reads_to_the_end(case, reader)
                or unfinished.of_body(reader, flow.receiving(reading)) is not None
            ):
                continue
            last = _let_lie(case, flow, lying, waits.t)
            if last is not None:
                yield waits, flow, reader, last


def _let_lie(case: Case, flow: Flow, end: Endpoint, t: int) -> Call | None:
    """The last write of an end that no task reads, closes or writes any more; else None."""
    writes = [part.call for part in flow.sending(end).asked_writes]
    if not writes or any(call.t0 > t and not case.is_ours(call) for call in end.calls):
        return None
    if any(call.op in ("close", "closed", "shutdown") and call.t0 < t for call in end.calls):
        return None
    asks = [call for call in end.calls if is_stream_read(call)]
    tasks = {call.task for call in asks}
    busy = any(
        call.t0 < t < (call.t1 or 1 << 63) and (call.task in tasks or call.endpoint is end)
        for call in case.ledger.long_calls()
        if is_stream_read(call) and call.process is writes[-1].process
    )
    return writes[-1] if asks and not busy else None


def _gave_up(case: Case, flow: Flow) -> Iterator[tuple[Call, Call]]:
    """The asker's wait timed out while the reader, which had everything, still read on."""
    for asking, reading in ((flow.client, flow.server), (flow.server, flow.client)):
        if asking is None or reading is None:
            continue
        for asker in asking.calls:
            failed = asker.failure is not None and asker.failure.name in _TIMED_OUT
            if not failed or asker.t1 is None or case.is_ours(asker):
                continue
            if not (is_receive(asker) or is_stream_read(asker)) or asker.blocked_ns < _LONG_NS:
                continue
            for reader in reading.calls:
                spans = reader.t0 < asker.t1 - _LONG_NS and (reader.t1 or 1 << 62) > asker.t1
                if not spans or not (is_receive(reader) or is_stream_read(reader)):
                    continue
                direction = flow.sending(asking)
                had_all = any(r.end > 0 for r in direction.reads) and not any(
                    (r.call.t1 or 0) > asker.t1 for r in direction.reads
                )
                if had_all and unfinished.reads_to_the_end(case, reader, answered=True):
                    yield reader, asker


def _finding(
    case: Case,
    flow: Flow,
    certainty: str,
    reader: Call,
    asker: Call | None,
    t: int | None,
    more: tuple[Evidence, ...] = (),
) -> Finding:
    direction = flow.sending(asker.endpoint) if asker and asker.endpoint else flow.there
    return Finding(
        RULE,
        certainty,
        say(
            "{reader} reads until the other side has finished, but {asker} waits for an"
            " answer and never says that it has",
            reader=where(reader),
            asker=where(asker) if asker else "?",
        ),
        case.places((reader, "waits"), (asker, "waits")),
        (
            Evidence(
                say(
                    "connection {connection}: no shutdown and no close by the sender",
                    connection=connection(flow),
                ),
                t,
            ),
            totals(direction),
            *more,
        ),
        say(
            "after its last send the sender must call shutdown(socket.SHUT_WR); or send the"
            " length first, and let the reader stop when it has that many bytes"
        ),
        flow.number,
        t,
    )


def _of_abandoned(flow: Flow, reader: Call, last: Call, t: int, case: Case) -> Finding:
    assert last.endpoint is not None
    direction = flow.sending(last.endpoint)
    evidence = [
        Evidence(
            say(
                "connection {connection}: no shutdown and no close by the sender",
                connection=connection(flow),
            ),
            t,
        ),
        totals(direction, t),
        Evidence(say("no task of {name} uses this stream any more", name=last.process.name), t),
    ]
    said = say(
        "{reader} reads until the other side has finished, but {last} wrote the last bytes and"
        " nobody closed the connection",
        reader=where(reader),
        last=where(last),
    )
    fix = say(
        "a handler that returns leaves its connection open: call writer.close() and `await"
        " writer.wait_closed()` when the answer is written"
    )
    short = unfinished.of_body(reader, direction)
    if short is not None:
        evidence.insert(0, short.evidence)
        fix = short.fix
        said = say(
            "{reader} waits for bytes that were announced, but {last} wrote the last ones and"
            " nobody closed the connection",
            reader=where(reader),
            last=where(last),
        )
    return Finding(
        RULE,
        LIKELY,
        said,
        case.places((reader, "waits"), (last, "sends")),
        tuple(evidence),
        fix,
        flow.number,
        t,
    )


def reader_of(case: Case, pair: Pair) -> Call | None:
    """Which of the two waits for the end; None when neither does."""
    a, b = pair.calls
    for call, direction in ((a, pair.flow.back), (b, pair.flow.there)):
        if call is None or direction.read == 0 or direction.read < direction.written:
            continue
        # One that came later, when we ended the programs, is no sign.
        calls = direction.sender.calls if direction.sender is not None else ()
        if any(c.op == "shutdown" and c.asked and c.t0 <= pair.waits.t for c in calls):
            continue
        other, to_other = (b, pair.flow.there) if call is a else (a, pair.flow.back)
        # Who holds half a line waits for the rest of it, and not for an answer. A loop that
        # holds one may have answered, by ways that its source does not show, the whole line.
        half = unfinished.ends_in_half_a_line(direction)
        if unfinished.reads_to_the_end(case, call, answered=half) and not (
            unfinished.holds_half_a_line(case, other, to_other)
        ):
            return call
    return None
