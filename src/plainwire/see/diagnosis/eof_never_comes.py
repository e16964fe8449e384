"""One side reads until the end, the other waits for an answer and never ends.

Proof: a mutual wait (mutual_wait.py) in which one reader's loop ends only on b'', does
not answer inside the loop, and has read at least one byte, while the other side has
sent all it had and not shut down its sending half. Or the same, ended by the time-out
of the side that waits for the answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, connection, totals, where
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, say
from plainwire.see.diagnosis.waiting import Pair, could_be_woken, stuck_pairs, waits_for_news
from plainwire.see.ledger.model import Call, Flow
from plainwire.see.ledger.ranges import is_receive, is_stream_read

RULE = "eof-never-comes"
_STREAM_TO_END = ("stream.read",)
_TIMED_OUT = ("timeout", "TimeoutError", "CancelledError")
_LONG_NS = 400_000_000


def find(case: Case) -> Iterator[Finding]:
    """One finding for each connection whose end is waited for in vain."""
    told: set[int] = set()
    for pair in stuck_pairs(case, "receive"):
        reader = reader_of(case, pair)
        if reader is not None and not waits_for_news(case, pair.waits, pair.waiters):
            told.add(pair.flow.number)
            a, b = pair.calls
            certainty = LIKELY if could_be_woken(pair.waits, pair.waiters) else CERTAIN
            asker = b if reader is a else a
            yield _finding(case, pair.flow, certainty, reader, asker, pair.waits.t)
    for flow in case.ledger.flows:
        if flow.number not in told:
            for reader, asker in _gave_up(case, flow):
                yield _finding(case, flow, CERTAIN, reader, asker, asker.t1)
                break


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
                if had_all and _reads_to_the_end(case, reader):
                    yield reader, asker


def _finding(
    case: Case, flow: Flow, certainty: str, reader: Call, asker: Call | None, t: int | None
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
        ),
        say(
            "after its last send the sender must call shutdown(socket.SHUT_WR); or send the"
            " length first, and let the reader stop when it has that many bytes"
        ),
        flow.number,
        t,
    )


def reader_of(case: Case, pair: Pair) -> Call | None:
    """Which of the two waits for the end; None when neither does."""
    a, b = pair.calls
    for call, direction in ((a, pair.flow.back), (b, pair.flow.there)):
        if call is None or direction.read == 0 or direction.read < direction.written:
            continue
        sender = direction.sender
        if sender is not None and any(c.op == "shutdown" and c.asked for c in sender.calls):
            continue
        if _reads_to_the_end(case, call):
            return call
    return None


def _reads_to_the_end(case: Case, call: Call) -> bool:
    if call.op in _STREAM_TO_END:
        return call.asked == 0  # StreamReader.read() or read(-1)
    fate = case.fate(call)
    if fate.until_eof and not fate.loop_replies and not fate.printed:
        return True
    source = case.source(call)
    frame = call.site.frame
    if source is None or frame is None or frame.line != frame.end_line:
        return False
    text = source.splitlines()[frame.line - 1 : frame.line]
    # A file object's read() without a size reads to the end.
    return bool(text) and text[0].encode()[: frame.end_column - 1].endswith(b".read()")
