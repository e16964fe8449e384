"""Reads against sends: what the rules about message boundaries share."""

from __future__ import annotations

import json
import pickletools
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from plainwire.see.diagnosis import fate as fates
from plainwire.see.diagnosis.case import Case
from plainwire.see.diagnosis.fate import Fate
from plainwire.see.ledger.model import Call, Direction, Flow, Range, Surfaced, overlapping
from plainwire.see.ledger.ranges import is_receive, is_stream_read

# What a parser raises when it got too much or too little.
PARSE_ERRORS = {
    "JSONDecodeError", "UnicodeDecodeError", "error", "struct.error", "UnpicklingError",
    "ValueError", "EOFError", "SyntaxError",
}  # fmt: skip
CODECS = {"utf-8", "utf8", "gbk", "gb2312", "gb18030", "ascii"}
_FRAMED = {"stream.readline", "stream.readexactly", "stream.readuntil"}


@dataclass(frozen=True, slots=True)
class Read:
    """One read of the program, the sends it holds bytes of, and what became of it."""

    flow: Flow
    direction: Direction
    range: Range
    sends: tuple[Range, ...]
    following: Range | None  # the first send behind what was read
    goes_on: bool  # did the sender write more of the same message after what was read?
    fate: Fate

    @property
    def call(self) -> Call:
        """The call that read."""
        return self.range.call


def reads(case: Case) -> list[Read]:
    """The program's own reads of streams that hold less than a message, or more than one.

    Others, by far the most, hold exactly what one send wrote.
    """
    known: list[Read] | None = case.memo.get("reads")
    if known is None:
        known = case.memo["reads"] = [
            read
            for flow in case.ledger.flows
            if flow.kind in ("tcp", "unix") and flow.client is not None and flow.server is not None
            for direction in (flow.there, flow.back)
            if not direction.interleaved and comparable(direction)
            for read in _uneven(case, flow, direction)
        ]
    return known


def _uneven(case: Case, flow: Flow, direction: Direction) -> Iterator[Read]:
    """One walk along both sides of a direction."""
    writes, first = direction.asked_writes, 0
    between = _Returns(flow, direction)
    for part in direction.asked_reads:
        while first < len(writes) and writes[first].end <= part.start:
            first += 1
        after = first
        while after < len(writes) and writes[after].start < part.end:
            after += 1
        if after == first:
            continue
        last = writes[after - 1]
        following = writes[after] if after < len(writes) else None
        goes_on = last.end > part.end or between.none(last.call, following)
        if (goes_on or after - first > 1) and not (
            case.is_ours(part.call) or part.call.op in _FRAMED
        ):
            sends = tuple(writes[first:after])
            yield Read(flow, direction, part, sends, following, goes_on, case.fate(part.call))


class _Returns:
    """When the sender of a direction read what the other side had sent."""

    def __init__(self, flow: Flow, direction: Direction) -> None:
        assert direction.sender is not None
        back = flow.receiving(direction.sender)
        lists = [back.reads] if back.asked_reads is back.reads else [back.reads, back.asked_reads]
        self._returned = [[part.call.t1 or 0 for part in parts] for parts in lists]

    def none(self, last: Call, following: Range | None) -> bool:
        """Did the same process write again, having read nothing in between?"""
        if following is None or following.call.process is not last.process:
            return False
        begin, end = last.t0, following.call.t0
        for returned in self._returned:
            at = bisect_right(returned, begin)
            if at < len(returned) and returned[at] < end:
                return False
        return True


def comparable(direction: Direction) -> bool:
    """Are the sends those of the program, in the same offsets as the reads?"""
    receiver, sender = direction.receiver, direction.sender
    if receiver is None or sender is None or not direction.writes:
        return False
    # Asyncio's TLS shows ciphertext below and plaintext above.
    return not ((receiver.tls or sender.tls) and any(is_stream_read(c) for c in receiver.calls))


def payload(part: Range) -> bytes | None:
    """All bytes of a range, if they were kept."""
    return part.call.complete


def decodes(fate: Fate, data: bytes) -> bool:
    """Does the program's strict decode take these bytes? True when it has none."""
    for codec in fate.parsers & CODECS:
        try:
            data.decode(codec)
        except UnicodeDecodeError:
            return False
    return True


def bytes_read(read: Read) -> bytes | None:
    """The bytes of a read; asyncio's are put together from what the kernel gave."""
    whole = payload(read.range)
    if whole is not None and len(whole) == read.range.end - read.range.start:
        return whole
    parts: list[bytes] = []
    for part in overlapping(read.direction.reads, read.range.start, read.range.end):
        kept = payload(part)
        if kept is None:
            return None
        parts.append(kept[max(0, read.range.start - part.start) : read.range.end - part.start])
    joined = b"".join(parts)
    return joined if len(joined) == read.range.end - read.range.start else None


def parse_failure(case: Case, read: Read) -> Surfaced | None:
    """An uncaught parser's exception in the thread that read, before its next read.

    Its traceback must pass through the function that read.
    """
    call = read.call
    after = call.t1 or call.t0
    following = next(
        (
            c.t0
            for c in case.of_thread(call, after + 1)
            if (is_receive(c) or is_stream_read(c)) and c.count > 0
        ),
        None,
    )
    frame = call.site.frame
    for surfaced in case.ledger.surfaced:
        if (
            surfaced.process is call.process
            and surfaced.thread in (call.thread, 0)
            and surfaced.name in PARSE_ERRORS
            and surfaced.call is None
            and surfaced.t >= after
            and (following is None or surfaced.t <= following)
            and frame is not None
            and any(f.file == frame.file for f in surfaced.frames)
        ):
            return surfaced
    return None


def parses(fate: Fate, data: bytes) -> bool | None:
    """Would the program's parser take these bytes as one message? None: cannot be told."""
    verdict: bool | None = None
    for parser in fate.parsers:
        if parser in CODECS:
            if not decodes(fate, data):
                return False
        elif parser == "json":
            verdict = _is_json(data)
        elif parser == "struct" and fate.struct_format is not None:
            try:
                verdict = struct.calcsize(fate.struct_format) == len(data)
            except struct.error:
                continue
        elif parser == "pickle":
            verdict = _is_one_pickle(data)
        elif parser == "number":
            verdict = _is_number(data)
        if verdict is False:
            return False
    return verdict


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


def _is_number(data: bytes) -> bool:
    try:
        float(data)
    except ValueError:
        return False
    return True


def _is_one_pickle(data: bytes) -> bool:
    """Is this exactly one pickle? Looked at without executing it."""
    try:
        for opcode, _, position in pickletools.genops(data):
            if opcode.name == "STOP":
                return (position or 0) + 1 == len(data)
    except Exception:
        return False
    return False


def whole_would_parse(read: Read) -> bool:
    """Could the program's parser take what the sender wrote, had it come in one piece?

    If not, what it refuses is not the cut. True when that cannot be told.
    """
    last = payload(read.sends[-1])
    if last is None or parses(read.fate, last) is not False:
        return True
    following = payload(read.following) if read.following is not None and read.goes_on else b""
    if following is None:
        return True
    return bool(following) and parses(read.fate, last + following) is not False


def is_message_reader(fate: Fate) -> bool:
    """Does the program take each read for one whole message?"""
    return fate.kind == fates.WHOLE


def one_message_each(sends: tuple[Range, ...]) -> bool:
    """Do these sends look like messages of their own, not like parts of one?

    Not if one of them is a header that announces the next one's length, ends with a
    line end (what delimits them is in the bytes), or if they are the equal pieces in
    which a file is sent.
    """
    if len({s.call.process.key for s in sends}) > 1:
        return False
    sizes = [s.end - s.start for s in sends]
    if len(sizes) > 1 and sizes[0] >= 256 and len(set(sizes[:-1])) == 1:
        return sizes[0] not in (256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536)
    for this, following in pairwise(sends):
        data = this.call.payload
        if data is None:
            return False
        if data[-1:] in (b"\n", b"\r", b"\0", b"\x04") or is_header(
            data, following.end - following.start
        ):
            return False
    return True


def is_header(data: bytes, length: int) -> bool:
    """Does a short send announce a length, that of the next one first of all?"""
    if len(data) > 16:
        return False
    if len(data) in (1, 2, 4, 8) and length in (
        int.from_bytes(data, "big"),
        int.from_bytes(data, "little"),
    ):
        return True
    text = data.strip(b" :;,|#\0").decode("ascii", "replace")
    return text.isdigit() and int(text) == length
