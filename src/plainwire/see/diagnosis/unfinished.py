"""What a reader that waits in vain is short of: a line end, bytes of a length, the end. Pure.

Said only of what is certain: the reader wants a line, or a separator, and what it got last
has none; it wants a number of bytes and got fewer, by its calls or, of a file's read(n), by
its source (wanted.py), when something behind the number has come; it wants the body that an
HTTP head announced, and that is shorter (announced.py). Nothing is said of a plain recv().
"""

from __future__ import annotations

from dataclasses import dataclass

from plainwire.see.diagnosis import announced, to_the_end, wanted
from plainwire.see.diagnosis.case import Case, quoted, where
from plainwire.see.diagnosis.model import Evidence, Text, say
from plainwire.see.ledger.model import Call, Direction, overlapping
from plainwire.see.ledger.ranges import is_send

_STREAM_TO_END = ("stream.read",)
_BY_LINE = {"readline", "readlines", "for"}
_BINARY = 8  # the bytes of the longest binary length
_DIGITS = 16  # ... and of the longest in digits of a fixed number
_LOOK_BACK = 4096  # bytes in which the last line end is looked for


@dataclass(frozen=True, slots=True)
class Lack:
    """What is missing, as evidence and as advice."""

    evidence: Evidence
    fix: Text
    sender: Call | None = None  # the line that the advice is for, when it is a certain one


def of(case: Case, reader: Call | None, direction: Direction) -> Lack | None:
    """What the reader of a direction lacks; None when that cannot be told."""
    if reader is None or direction.read == 0 or not direction.asked_writes:
        return None
    sender = direction.asked_writes[-1].call
    if _by_http(reader):
        return _body(direction, reader)
    word = case.word(reader)
    if word in _BY_LINE:
        return _line(direction, reader, sender)
    if reader.op == "stream.readuntil":
        return _separator(case, direction, reader, sender)
    if word == "read" and _through_file(reader):
        return _body(direction, reader) or _told(case, direction, reader, sender)
    if reader.op == "stream.readexactly" or case.fate(reader).remaining:
        return _length(direction, reader, sender)
    return None


def holds_half_a_line(case: Case, reader: Call | None, direction: Direction) -> bool:
    """Does a reader of one line have the beginning of one, with no end?"""
    return reader is not None and case.word(reader) == "readline" and ends_in_half_a_line(direction)


def ends_in_half_a_line(direction: Direction) -> bool:
    """Is what was read last, as far as it was kept, no whole line? Of TLS nobody can tell."""
    ends = (direction.sender, direction.receiver)
    if any(end is not None and end.tls for end in ends):
        return False
    return direction.read > 0 and bool(_since_line_end(direction))


def _line(direction: Direction, reader: Call, sender: Call) -> Lack | None:
    begun = _since_line_end(direction)
    if not begun:
        return None
    return Lack(
        Evidence(
            say(
                "{reader} waits for a line end: the last {count} bytes {data} have none",
                reader=where(reader),
                count=len(begun),
                data=quoted(begun),
            )
        ),
        say(
            "end each message with '\\n': {sender} sends none, and {reader} returns only at one",
            sender=where(sender),
            reader=where(reader),
        ),
    )


def _since_line_end(direction: Direction) -> bytes:
    """The bytes read behind the last line end; empty when there are none, or are not known."""
    parts: list[bytes] = []
    for part in overlapping(direction.reads, direction.read - _LOOK_BACK, direction.read):
        data = part.call.complete
        if data is None:
            return b""
        parts.append(data)
    return b"".join(parts).rpartition(b"\n")[2]


def _separator(case: Case, direction: Direction, reader: Call, sender: Call) -> Lack | None:
    """readuntil() holds bytes, and its separator is not among them."""
    frame = reader.site.frame
    wants = wanted.separator(case.source(reader), frame) if frame is not None else None
    taken = direction.asked_reads[-1].end if direction.asked_reads else direction.read_base
    held = _bytes_since(direction, taken)
    if wants is None or not held or wants in held:
        return None
    return Lack(
        Evidence(
            say(
                "{reader} waits for {separator}: it is not in the {count} bytes {data} that came",
                reader=where(reader),
                separator=quoted(wants),
                count=len(held),
                data=quoted(held),
            )
        ),
        say(
            "end each message with {separator}: {sender} sends none, and {reader} returns only"
            " at one; or let both agree on another end",
            separator=quoted(wants),
            sender=where(sender),
            reader=where(reader),
        ),
    )


def _bytes_since(direction: Direction, start: int) -> bytes | None:
    """The bytes read from an offset on; None when they were not kept whole."""
    parts: list[bytes] = []
    for part in overlapping(direction.reads, start, direction.read):
        if part.call.complete is None:
            return None
        parts.append(part.call.complete[max(0, start - part.start) :])
    return b"".join(parts)


def _told(case: Case, direction: Direction, reader: Call, sender: Call) -> Lack | None:
    """A file's read(n), of an n that a message told, got fewer than n bytes.

    What came after the last send of the reader's own side must be more than the number: else
    the other side may just wait for its turn.
    """
    frame = reader.site.frame
    length = wanted.told_length(case.source(reader), frame) if frame is not None else None
    if length is None or reader.endpoint is None:
        return None
    sent = [c.t0 for c in reader.endpoint.calls if is_send(c) and c.count > 0]
    come = [part for part in direction.reads if part.call.t0 > max(sent, default=0)]
    data = _bytes_since(direction, come[0].start) if come else None
    if not data or not _has_more_than_number(data, length.text):
        return None
    return Lack(
        Evidence(
            say(
                "{reader} waits until it has as many bytes as it was told ({size}), and fewer"
                " have come",
                reader=where(reader),
                size=length.argument,
            )
        ),
        _too_long(reader, sender),
    )


def _has_more_than_number(data: bytes, text: bool) -> bool:
    """Is there something behind a length, told as text in a line or a head, or in binary?"""
    if not text:
        return len(data) > _BINARY
    for end in (b"\r\n\r\n", b"\n\n", b"\n"):
        if end in data:
            return bool(data.partition(end)[2])
    return len(data) > _DIGITS


def _length(direction: Direction, reader: Call, sender: Call) -> Lack | None:
    taken = direction.asked_reads[-1].end if direction.asked_reads else 0
    come = direction.read - taken
    if not 0 <= come < reader.asked or reader.asked > 1 << 31:
        return None
    return Lack(
        Evidence(
            say(
                "{reader} wants {asked} bytes more, and {count} of them have come",
                reader=where(reader),
                asked=reader.asked,
                count=come,
            )
        ),
        _too_long(reader, sender),
    )


def _too_long(reader: Call, sender: Call) -> Text:
    return say(
        "{reader} wants more bytes than {sender} sent: announce the length of what is sent, in"
        " bytes (len(text.encode()), not len(text)), and in the same byte order",
        reader=where(reader),
        sender=where(sender),
    )


def _body(direction: Direction, reader: Call) -> Lack | None:
    short = announced.short_body(direction, reader)
    if short is None or short.header is None:
        return None
    return Lack(
        Evidence(
            say(
                "{header} announced a body of {size} bytes (Content-Length), and {count} came:"
                " {reader} waits for the other {missing}",
                header=where(short.header),
                size=short.size,
                count=short.came,
                reader=where(reader),
                missing=short.size - short.came,
            ),
            None,
            short.start,
        ),
        say(
            "Content-Length at {header} is larger than the body that was sent: let it be the"
            " number of bytes of the body itself, len(body) of what is sent, encoded",
            header=where(short.header),
        ),
        short.header,
    )


def of_body(reader: Call, direction: Direction) -> Lack | None:
    """What http.client lacks of an announced body; None where another reads, or nothing lacks."""
    return _body(direction, reader) if _by_http(reader) else None


def _by_http(call: Call) -> bool:
    """Does http.client ask for these bytes?"""
    return any(file.endswith("/http/client.py") for file, _, _ in call.site.via)


def _of_known_length(case: Case, call: Call) -> bool:
    """Does http.client read a body whose length it was told?"""
    if not _by_http(call) or call.endpoint is None:
        return False
    flow = next((flow for flow in case.ledger.flows if call.endpoint in flow.ends), None)
    return flow is not None and (
        announced.short_body(flow.receiving(call.endpoint), call) is not None
    )


def reads_to_the_end(case: Case, call: Call, answered: bool = False) -> bool:
    """Does this read, or the loop it stands in, want everything until the stream ends?

    `answered`: a `for` counts only if an answer follows it (to_the_end.py).
    """
    if call.op in _STREAM_TO_END:
        return call.asked == 0  # StreamReader.read() or read(-1)
    if _of_known_length(case, call):
        return False
    fate = case.fate(call)
    if fate.until_eof and not fate.loop_replies and not fate.printed:
        return True
    source = case.source(call)
    frame = call.site.frame
    if source is None or frame is None:
        return False
    of_file = call.op == "stream.readline" or _through_file(call)
    if to_the_end.wants_all(source, frame, of_file, answered) and not _has_answered(call):
        return True
    if frame.line != frame.end_line:
        return False
    text = source.splitlines()[frame.line - 1 : frame.line]
    # A file object's read() without a size reads to the end.
    return bool(text) and text[0].encode()[: frame.end_column - 1].endswith(b".read()")


def _through_file(call: Call) -> bool:
    """Did a buffered file over the socket ask for this?"""
    return any(file.endswith("/socket.py") and "readinto" in f for file, _, f in call.site.via)


def _has_answered(call: Call) -> bool:
    """Did its side send something after this line's first read, so that it goes turn by turn?"""
    calls = call.endpoint.calls if call.endpoint is not None else []
    first = next((c for c in calls if c.site is call.site and c.count > 0 and c is not call), None)
    return first is not None and any(
        is_send(c) and c.count > 0 and first.t0 < c.t0 < call.t0 for c in calls
    )
