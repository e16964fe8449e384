"""One side reads until the end, the other waits for an answer and never ends.

Proof: a mutual wait (mutual_wait.py) in which one reader's loop ends only on b'', does
not answer inside the loop, and has read at least one byte, while the other side has
sent all it had and not shut down its sending half.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, connection, totals, where
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, say
from plainwire.see.diagnosis.waiting import Pair, could_be_woken, stuck_pairs
from plainwire.see.ledger.model import Call

RULE = "eof-never-comes"
_STREAM_TO_END = ("stream.read",)


def find(case: Case) -> Iterator[Finding]:
    """One finding for each connection whose end is waited for in vain."""
    for pair in stuck_pairs(case, "receive"):
        reader = reader_of(case, pair)
        if reader is None:
            continue
        a, b = pair.calls
        asker = b if reader is a else a
        direction = pair.flow.back if reader is a else pair.flow.there
        yield Finding(
            RULE,
            LIKELY if could_be_woken(pair) else CERTAIN,
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
                        connection=connection(pair.flow),
                    ),
                    pair.waits.t,
                ),
                totals(direction),
            ),
            say(
                "after its last send the sender must call shutdown(socket.SHUT_WR); or send the"
                " length first, and let the reader stop when it has that many bytes"
            ),
            pair.flow.number,
            pair.waits.t,
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
