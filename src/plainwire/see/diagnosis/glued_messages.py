"""Several messages arrived in one read, and the program took them for one (粘包).

Proof: one read of the program covers two or more whole sends, each a message of its
own; the program takes what it read as one message (fate.py). Certain when the harm
shows too: its parser could not take the bytes, or took the first and lost the rest, or
it went on to read the messages it already had and found none.
Silent: echo, relay, buffer, search for a delimiter, sends that are a header and a body
or the pieces of a file. But a header, too, that a parser takes alone and refuses with what
came behind it, is glued when the parser's error ends the program: `int(sock.recv(1024))`.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, quoted, where
from plainwire.see.diagnosis.messages import (
    Read,
    bytes_read,
    is_message_reader,
    one_message_each,
    parse_failure,
    parses,
    payload,
    reads,
)
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, Text, say
from plainwire.see.diagnosis.wire_evidence import glued_where
from plainwire.see.ledger.model import Call
from plainwire.see.ledger.ranges import is_end, is_receive, is_stream_read

RULE = "glued-messages"


def find(case: Case) -> Iterator[Finding]:
    """One finding for each line that reads glued messages; the clearest read of it."""
    best: dict[tuple[object, ...], tuple[bool, Read, Text | None]] = {}
    for read in reads(case):
        if not _is_glued(read):
            continue
        harm = _harm(case, read)
        if harm is None and not _would_harm(case, read):
            continue
        key = (read.call.process.program and read.call.process.program.index, read.call.site.frame)
        if key not in best or (harm is not None and not best[key][0]):
            best[key] = (harm is not None, read, harm)
    for certain, read, harm in best.values():
        yield _finding(case, read, CERTAIN if certain else LIKELY, harm)


def _is_glued(read: Read) -> bool:
    """Two whole sends at least, in this one read."""
    return (
        len(read.sends) >= 2
        and sum(s.start >= read.range.start and s.end <= read.range.end for s in read.sends) >= 2
    )


def _would_harm(case: Case, read: Read) -> bool:
    if not is_message_reader(read.fate) or not one_message_each(read.sends):
        return False
    data = bytes_read(read)
    if data is not None and parses(read.fate, data):
        return False  # parts of one message after all
    printed_only = read.fate.printed and not (read.fate.answered or read.fate.compared)
    if printed_only and not read.fate.parsers - {"utf-8"}:
        return _expects_more(case, read)
    return True


def _expects_more(case: Case, read: Read) -> bool:
    """Printed only: a mistake if the program reads message by message.

    It does when another of its reads got exactly one of the same line's sends, or when
    it reads again and the sends came from one line that sends again and again.
    """
    sites = {s.call.site.frame for s in read.sends}
    again = any(_reads(c) for c in case.of_thread(read.call, (read.call.t1 or 0) + 1))
    return again and len(sites) <= len(read.sends)


def _reads(call: Call) -> bool:
    return is_receive(call) or is_stream_read(call)


def _harm(case: Case, read: Read) -> Text | None:
    """What went wrong because of it; None when nothing did for certain."""
    surfaced = parse_failure(case, read)
    if surfaced is not None and (one_message_each(read.sends) or _first_alone(read)):
        return say(
            "{name}: {text} was raised on what it read", name=surfaced.name, text=surfaced.text
        )
    if not is_message_reader(read.fate) or not one_message_each(read.sends):
        return None
    data = bytes_read(read)
    if data is not None and parses(read.fate, data) is False and not read.fate.guarded:
        first = payload(read.sends[0])
        if first is not None and parses(read.fate, first) is not False:
            return say("its parser takes one message, not several in a row")
    return _empty_handed(case, read)


def _first_alone(read: Read) -> bool:
    """Does its parser take the first of the sends, and refuse the read as a whole?

    Then how the sender marks where a message ends, or how long it is, is nothing that the
    program looked at.
    """
    first, data = payload(read.sends[0]), bytes_read(read)
    return (
        is_message_reader(read.fate)
        and not read.fate.guarded
        and first is not None
        and data is not None
        and parses(read.fate, first) is True
        and parses(read.fate, data) is False
    )


def _empty_handed(case: Case, read: Read) -> Text | None:
    """The program came back for a message that it had already read."""
    frame = read.call.site.frame
    for call in case.of_thread(read.call, read.call.t1 or 0):
        if call.endpoint is not read.call.endpoint:
            continue
        if not _reads(call):
            continue
        another = call.site.frame != frame or read.fate.counted_loop
        waits_in_vain = call.t1 is None or case.is_ours(call)
        if another and (is_end(call) or waits_in_vain):
            return say(
                "{where} came to read the next message and got nothing: it had been read already",
                where=where(call),
            )
        return None
    return None


def _finding(case: Case, read: Read, certainty: str, harm: Text | None) -> Finding:
    first, last = read.sends[0], read.sends[-1]
    evidence = [
        Evidence(
            say(
                "{where} read {count} bytes {data}",
                where=where(read.call),
                count=read.range.end - read.range.start,
                data=quoted(bytes_read(read)),
            ),
            read.call.t1,
            read.range.start,
        )
    ]
    evidence += [
        Evidence(
            say(
                "bytes {start} to {end} of the stream are a send of their own at {where} {data}",
                start=send.start,
                end=send.end,
                where=where(send.call),
                data=quoted(send.call.payload),
            ),
            send.call.t0,
            send.start,
        )
        for send in read.sends[:4]
    ]
    place = glued_where(read)
    if place is not None:
        evidence.append(place)
    if harm is not None:
        evidence.append(Evidence(harm))
    return Finding(
        RULE,
        certainty,
        say(
            "{where} read {count} messages as one: TCP keeps no boundaries between sends",
            where=where(read.call),
            count=len(read.sends),
        ),
        case.places((read.call, "reads"), (first.call, "sends"), (last.call, "sends")),
        tuple(evidence),
        say(
            "send the length before each message (struct.pack('!I', len(data)) + data) and read"
            " exactly that many bytes, or end each message with a delimiter and keep the rest of"
            " a read in a buffer"
        ),
        read.flow.number,
        read.call.t1,
    )
