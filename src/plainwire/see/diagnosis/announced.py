"""HTTP bodies that are shorter than their Content-Length, told from the bytes. Pure.

Walks a direction message by message, from the first on. Silent as soon as something is
not certain: a head that was not kept, a body without a Content-Length or with two, chunks,
a client that expects a 100, an answer to HEAD or CONNECT, two threads' bytes mixed. An
answer of 1xx, 204 or 304 has no body, whatever its header says. Rules: RFC 9112, sections
6.2 and 6.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from plainwire.see.ledger.model import Call, Direction, overlapping
from plainwire.see.ledger.ranges import is_send

_HEAD_BYTES = 1 << 16  # a longer head is taken for none
_MESSAGES = 10_000  # how far a kept-alive connection is followed
_START = re.compile(rb"(?:HTTP/1\.[01] (?P<status>\d{3})\b|[A-Z]+ \S+ HTTP/1\.[01]\r?\n)")
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*([^\r\n]*?)[ \t]*\r?(?=\n)", re.IGNORECASE)
# Chunks have lengths of their own, and whoever expects a 100 has not sent the body yet.
_OTHERWISE = re.compile(rb"\n(?:transfer-encoding|expect):", re.IGNORECASE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_BODILESS = re.compile(rb"(?:^|\n)(?:HEAD|CONNECT) \S+ HTTP/1")


@dataclass(frozen=True, slots=True)
class Short:
    """A body of which less came than its header announced."""

    size: int  # the bytes announced
    came: int
    start: int  # the offset in the stream at which the message begins
    header: Call | None  # who sent the line with the length
    last: Call | None  # who sent the last byte


def short_body(direction: Direction, reader: Call) -> Short | None:
    """The body in whose middle a direction's bytes end; None when that cannot be told."""
    if direction.interleaved or direction.base or _asked_without_body(reader):
        return None
    at = 0
    for _ in range(_MESSAGES):
        head = _head(direction, at)
        size = _announced(head) if head is not None else None
        if head is None or size is None:
            return None
        begin = at + len(head)
        if begin + size > direction.read:
            found = _LENGTH.search(head)
            line = at + (found.start(1) if found is not None else 0)
            return Short(
                size,
                direction.read - begin,
                at,
                _writer(direction, line),
                _writer(direction, direction.read - 1),
            )
        at = begin + size
    return None


def _asked_without_body(reader: Call) -> bool:
    """Did the reader's side ask for an answer whose length says nothing of what follows?"""
    sent = [c for c in reader.endpoint.calls if is_send(c)] if reader.endpoint is not None else []
    return any(call.payload is not None and _BODILESS.search(call.payload) for call in sent)


def _head(direction: Direction, at: int) -> bytes | None:
    """The head that begins at an offset, with its empty line; None when it is not known whole."""
    known = b""
    for part in overlapping(direction.reads, at, at + _HEAD_BYTES):
        data = part.call.payload or b""
        known += data[max(0, at - part.start) :]
        end = _HEAD_END.search(known)
        if end is not None:
            return known[: end.end()]
        if len(data) < part.end - part.start:
            return None
    return None


def _announced(head: bytes) -> int | None:
    """How many bytes of body a head announces; None when it does not say so clearly."""
    start = _START.match(head)
    if start is None or _OTHERWISE.search(head):
        return None
    status = start["status"]
    if status is not None and (status.startswith(b"1") or status in (b"204", b"304")):
        return None if status == b"101" else 0
    sizes = _LENGTH.findall(head)
    if not sizes and status is None:
        return 0  # a request without a length has no body
    return int(sizes[0]) if len(sizes) == 1 and sizes[0].isdigit() else None


def _writer(direction: Direction, offset: int) -> Call | None:
    return next((part.call for part in direction.writers_of(offset, offset + 1)), None)
