"""One message arrived in pieces, and the program took a piece for the whole.

Proof: a read ended before the sender had finished (in a send, or between two sends with
no read of the sender in between), and one of these: the program's parser failed on the
piece (an uncaught exception, or bytes that its decoder, its JSON or its struct format
provably refuses: a character or a number cut in two); it asked for a computed number of
bytes, got fewer, and went on elsewhere; its loop takes a short read for the last one.
Silent: buffers, exact-read loops, printing a stream until its end, reading only as
much as is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, quoted, where
from plainwire.see.diagnosis.fate import AGNOSTIC
from plainwire.see.diagnosis.messages import (
    Read,
    bytes_read,
    decodes,
    is_message_reader,
    parse_failure,
    parses,
    payload,
    reads,
    whole_would_parse,
)
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, Text, say
from plainwire.see.ledger.model import Call
from plainwire.see.ledger.ranges import is_end, is_receive, is_stream_read

RULE = "split-message"
_SMALL = 64  # bytes; who asks for fewer wants the beginning, and knows how long it is


def find(case: Case) -> Iterator[Finding]:
    """One finding for each line that takes a piece for the whole; its clearest read."""
    found: list[tuple[str, Read, Text]] = []
    for read in reads(case):
        if read.goes_on:
            harm = _harm(case, read)
            if harm is not None:
                found.append((harm[0], read, harm[1]))
    told: set[tuple[object, ...]] = set()
    for certainty, read, why in sorted(found, key=lambda f: f[0] != CERTAIN):
        program = read.call.process.program
        key = (program and program.index, read.call.site.frame)
        if key not in told:
            told.add(key)
            yield _finding(case, read, certainty, why)


def _harm(case: Case, read: Read) -> tuple[str, Text] | None:
    surfaced = parse_failure(case, read)
    about_text = surfaced is not None and surfaced.name == "UnicodeDecodeError"
    if (
        surfaced is not None
        and (about_text or read.fate.kind != AGNOSTIC)
        and whole_would_parse(read)
    ):
        return CERTAIN, say(
            "{name}: {text} was raised on the piece", name=surfaced.name, text=surfaced.text
        )
    data = bytes_read(read)
    cut = read.sends[-1].end > read.range.end
    whole = payload(read.sends[-1])
    if data is not None and not read.fate.guarded and cut:
        if not decodes(read.fate, data) and (whole is None or decodes(read.fate, whole)):
            return CERTAIN, say("its decoder cannot take a character that is cut in two")
        takes_whole = whole is None or parses(read.fate, whole) is not False
        if is_message_reader(read.fate) and parses(read.fate, data) is False and takes_whole:
            return CERTAIN, say("its parser cannot take a piece of a message")
    if read.fate.short_is_end and 0 < read.call.count < read.call.asked:
        return CERTAIN, say(
            "{where} takes a read of fewer than {asked} bytes for the last one, but the sender"
            " had not finished: it only had not sent more yet",
            where=where(read.call),
            asked=read.call.asked,
        )
    if _short_read(case, read):
        return CERTAIN, say(
            "{where} asked for {asked} bytes, got {count}, and did not ask for the rest: recv(n)"
            " means at most n",
            where=where(read.call),
            asked=read.call.asked,
            count=read.call.count,
        )
    return _rest_never_read(case, read)


def _end_of_message(read: Read) -> int:
    """Where the bytes end that the sender wrote without reading in between."""
    return read.following.end if read.following is not None else read.range.end


def _short_read(case: Case, read: Read) -> bool:
    """A computed size, not reached, and the next read is made somewhere else."""
    call = read.call
    if not read.fate.exact or read.fate.kind == AGNOSTIC or call.count >= call.asked:
        return False
    if call.flags & 0x40:  # MSG_DONTWAIT: pieces are what it asked for
        return False
    following = _next_read(case, call)
    return (
        following is not None
        and following.site.frame != call.site.frame
        and following.count > 0
        and is_message_reader(read.fate)
    )


def _next_read(case: Case, call: Call) -> Call | None:
    for other in case.of_thread(call, call.t1 or 0):
        if other.endpoint is call.endpoint and (is_receive(other) or is_stream_read(other)):
            return other
    return None


def _rest_never_read(case: Case, read: Read) -> tuple[str, Text] | None:
    """A full buffer was taken for the message, and the rest stayed behind."""
    call = read.call
    if not is_message_reader(read.fate) or call.count < call.asked or read.fate.exact:
        return None
    if call.asked < _SMALL:
        return None
    if read.range.end < read.direction.read or len(read.sends) != 1:
        return None
    following = _next_read(case, call)
    if following is not None and not is_end(following):
        return None
    closed = [c for c in (call.endpoint.calls if call.endpoint else []) if c.op == "closed"]
    if not closed or case.is_ours(closed[0]):
        return None
    rest = read.sends[-1].end - read.range.end
    if rest <= 0:
        return None
    return LIKELY, say("the other {count} bytes of this send were never read", count=rest)


def _finding(case: Case, read: Read, certainty: str, harm: Text) -> Finding:
    cut = read.sends[-1]
    size = max(cut.end, _end_of_message(read)) - cut.start
    return Finding(
        RULE,
        certainty,
        say(
            "{where} took a piece for the whole: {got} of the {size} bytes that {sender} sent",
            where=where(read.call),
            got=read.range.end - max(read.range.start, cut.start),
            size=size,
            sender=where(cut.call),
        ),
        case.places((read.call, "reads"), (cut.call, "sends")),
        tuple(_evidence(read, harm)),
        say(
            "read in a loop until the whole message is there: send its length first, keep the"
            " pieces in a buffer, and decode or parse only when it is complete"
        ),
        read.flow.number,
        read.call.t1,
    )


def _evidence(read: Read, harm: Text) -> Iterator[Evidence]:
    data = bytes_read(read)
    cut = read.sends[-1]
    yield Evidence(
        say(
            "{where} sent {count} bytes, offsets {start} to {end}",
            where=where(cut.call),
            count=cut.end - cut.start,
            start=cut.start,
            end=cut.end,
        ),
        cut.call.t0,
        cut.start,
    )
    if read.following is not None and _end_of_message(read) > cut.end:
        yield Evidence(
            say(
                "{where} went on with {count} bytes, having read nothing in between",
                where=where(read.following.call),
                count=read.following.end - read.following.start,
            ),
            read.following.call.t0,
            read.following.start,
        )
    yield Evidence(
        say(
            "{where} read offsets {start} to {end}, ending in {data}",
            where=where(read.call),
            start=read.range.start,
            end=read.range.end,
            data=quoted(data[-12:] if data else None),
        ),
        read.call.t1,
        read.range.start,
    )
    yield Evidence(harm)
