"""Segments in a ladder, and a connection's handshake and close in words. Pure.

    0.021       client.py:6 SYN_SENT │╌ 1: SYN seq=0 ╌╌╌╌╌╌►│ (kernel) SYN_RCVD

K1  A segment's line shows, at each side, the line of code behind it and the state that
    it brought; what the kernel did by itself says so.
K2  Sequence numbers are relative as in other tools: a SYN has 0, the first byte 1.
K3  In a short ladder an acknowledgement alone is left out, unless it changes a state or
    means something (a window, a late ACK); segments within folded rows are left out too.
K4  Segments that came of our ending the programs are left out (rows.py, E3).
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from plainwire.i18n import gettext as _
from plainwire.see.capture.decode import ACK, FIN, RST, SYN
from plainwire.see.ledger.model import Call, Flow, Ledger
from plainwire.see.ledger.wire import Behind, Segment, Wire
from plainwire.see.report import names, text
from plainwire.see.report.crossings import Crossed, crossed
from plainwire.see.report.fold import IDLE_NS, Folded, Idle, Item
from plainwire.see.report.style import Style

# connect() of a socket that does not block; how it ends, its segments say.
UNDER_WAY = (errno.EINPROGRESS, errno.EALREADY)
_FILE = re.compile(r"\S+(:\d+)")

RUN_SHOWN = 6  # segments without a row between them; more are folded
ALONE_SHOWN = 30  # the same in a capture without calls, which has no rows
MATTERS_SHOWN = 90  # however many matter: a lossy transfer has thousands with a mark


@dataclass(frozen=True, slots=True)
class Wired:
    """One segment as an item of a ladder; states are those it brought, '' for none."""

    segment: Segment
    here: str  # state of the client's end
    there: str

    @property
    def t(self) -> int:
        """When it was captured."""
        return self.segment.t

    @property
    def end(self) -> int:
        """The end that sent it."""
        return self.segment.end

    @property
    def size(self) -> int:
        """Bytes of payload."""
        return self.segment.size

    @property
    def matters(self) -> bool:
        """Must it stay when a run is shortened?"""
        control = self.segment.flags & (SYN | FIN | RST)
        return bool(control or self.here or self.there or self.segment.marks)

    def said(self, room: int) -> str:
        """What stands on its arrow, in so many columns if it can."""
        return label(self.segment, room)

    @property
    def sides(self) -> tuple[str, str]:
        """What stands at the client's and at the server's side of it (K1)."""
        return sides(self)


@dataclass(frozen=True, slots=True)
class More:
    """Segments, or datagrams, that are not shown one by one."""

    segments: int
    size: int
    datagrams: bool = False


Arrow = Wired | Crossed
Line = Item | Arrow | More


def among(flow: Flow, items: Iterable[Item], *, everything: bool) -> Iterator[Line]:
    """Put a flow's segments between its rows, by time (K3)."""
    waiting: list[Arrow] = [*_wired(flow, everything), *crossed(flow)]
    if not waiting:
        yield from items
        return
    if flow.told:
        waiting.sort(key=lambda arrow: arrow.t)  # stable: each list is in order already
    at = 0
    most = ALONE_SHOWN if not flow.ends else RUN_SHOWN
    for item in items:
        if isinstance(item, Idle):
            until = item.start + item.ns
        else:
            until = item.start if isinstance(item, Folded) else item.t
        first = at
        while at < len(waiting) and waiting[at].t < until:
            at += 1
        run = waiting[first:at]
        shown = most if not everything else len(run)
        if isinstance(item, Idle):
            yield from _in_gap(item, run, shown)
            continue
        yield from _short(run, shown)
        if isinstance(item, Folded):
            while at < len(waiting) and waiting[at].t <= item.end:
                at += 1
        yield item
    yield from waiting[at:] if everything else _short(waiting[at:], most)


def _wired(flow: Flow, everything: bool) -> list[Wired]:
    """The segments of a flow that its ladder shows (K3, K4)."""
    if flow.wire is None:
        return []
    brought, until = _brought(flow.wire), flow.ours_from
    return [
        Wired(s, brought.get((s.number, 0), ""), brought.get((s.number, 1), ""))
        for s in flow.wire.segments
        if s.t < until and (everything or not s.plain or s.marks or s.cause or _brings(brought, s))
    ]


def _in_gap(idle: Idle, run: list[Arrow], most: int) -> Iterator[Line]:
    """A time without rows, and its segments: the gap stands where really nothing came."""
    times = [idle.start, *(arrow.t for arrow in run), idle.start + idle.ns]
    widest = max(range(len(run) + 1), key=lambda n: times[n + 1] - times[n])
    left = times[widest + 1] - times[widest]
    yield from _short(run[:widest], most)
    if left >= IDLE_NS:
        yield replace(idle, start=times[widest], ns=left)
    yield from _short(run[widest:], most)


def _brought(wire: Wire) -> dict[tuple[int, int], str]:
    """(packet number, end) -> the state it brought; the last, if several."""
    return {(c.segment, c.end): c.after for c in wire.states if c.segment is not None}


def over(flow: Flow) -> bool:
    """Had both ends come to their last state before we ended their programs?

    A reset does that, although one of them may see it only later, or never.
    """
    if flow.wire is None:
        return False
    until = flow.ours_from
    last = {change.end: change.after for change in flow.wire.states if change.t < until}
    return len(last) == 2 and set(last.values()) <= {"CLOSED", "TIME_WAIT"}


def _brings(brought: dict[tuple[int, int], str], segment: Segment) -> bool:
    return (segment.number, 0) in brought or (segment.number, 1) in brought


def _short(run: list[Arrow], most: int) -> Iterator[Arrow | More]:
    """A long run as its first arrows, those that matter, how many more, and its last."""
    if len(run) <= most:
        yield from run
        return
    shown = 0
    held: list[Arrow] = []
    for position, item in enumerate(run):
        last = position == len(run) - 1
        if last or position < most // 3 or (item.matters and shown < MATTERS_SHOWN):
            if len(held) == 1:
                yield from held  # a line that says so would be no shorter
            elif held:
                yield _more(held)
            held = []
            shown += 1
            yield item
        else:
            held.append(item)


def _more(held: list[Arrow]) -> More:
    size = sum(arrow.size for arrow in held)
    return More(len(held), size, datagrams=all(isinstance(arrow, Crossed) for arrow in held))


def label(segment: Segment, room: int | None = None) -> str:
    """`4: PSH,ACK seq=1 len=5 retransmission`, as short as it can be told.

    In `room` columns, what the segment means stays before its numbers do.
    """
    head = f"{segment.number}: {segment.names.replace(', ', ',')}"
    sequence = count = ""
    if segment.flags & SYN or segment.size or segment.flags & (FIN | RST):
        sequence = f" seq={segment.start + 1}"
    if segment.size:
        count = f" len={segment.size}"
    elif segment.flags & ACK and segment.acked is not None:
        count = f" ack={segment.acked + 1}"
    marks = "".join(f" {mark.kind.value}" for mark in segment.marks)
    said = head + sequence + count + marks
    if not marks or room is None or text.width_of(said) <= room:
        return said
    shorter = head + count + marks
    return shorter if text.width_of(shorter) <= room else head + marks


def drawn(item: Arrow, wire: int, lanes: tuple[int, int], style: Style) -> str:
    """An arrow's line, without its time: side, arrow from lifeline to lifeline, side."""
    glyphs = style.glyphs
    left, right = item.sides
    inside = wire - 2
    said = text.clip(item.said(inside - 4), inside - 4)
    rest = glyphs.faint * max(0, inside - text.width_of(said) - 4)
    if item.end == 0:
        arrow = f"{glyphs.faint} {said} {rest}{glyphs.right}"
    else:
        arrow = f"{glyphs.left}{rest} {said} {glyphs.faint}"
    here = text.pad(_fitted(left, lanes[0]), lanes[0], right=True)
    there = _fitted(right, lanes[1])
    lane = glyphs.lane
    return (
        f"{style.paint(here, 'dim')} {lane}{style.paint(arrow, 'dim')}{lane}"
        f" {style.paint(there, 'dim')}"
    )


def _fitted(side: str, width: int) -> str:
    """A side that fits: before its state is cut, its file's name goes, and leaves the line."""
    if text.width_of(side) > width:
        side = _FILE.sub(r"\1", side)
    return text.clip(side, width)


def sides(item: Wired) -> tuple[str, str]:
    """What stands at the client's and at the server's side of a segment (K1)."""
    segment = item.segment
    sent, got = _places(segment)
    here, there = (sent, got) if segment.end == 0 else (got, sent)
    return (
        " ".join(word for word in (here, item.here) if word),
        " ".join(word for word in (item.there, there) if word),
    )


def _places(segment: Segment) -> tuple[str, str]:
    """The lines at the sending and at the receiving side."""
    if segment.size and not segment.flags & (SYN | FIN | RST):
        return _lines([r.call for r in segment.sends]), _lines([r.call for r in segment.reads])
    return place(segment.cause), place(segment.seen)


def _lines(calls: list[Call]) -> str:
    found = [names.short(f) for c in calls if (f := names.frame_of(c)) is not None]
    unique = list(dict.fromkeys(found))
    if len(unique) > 2:
        return f"{unique[0]}, ... {unique[-1]}"
    return ", ".join(unique)


def place(behind: Behind | None) -> str:
    """`client.py:6`, `(kernel)` or `(exit)`: who did it, in a word."""
    if behind is None:
        return ""
    if behind.by == "kernel":
        return _("(kernel)")
    if behind.by == "exit":
        return _("(exit)")
    return line_of(behind.call)


def line_of(call: Call | None) -> str:
    """The user's line behind a call, or the call's name."""
    if call is None:
        return "?"
    frame = names.frame_of(call)
    return names.short(frame) if frame is not None else f"({call.op})"


def carried(wire: Wire, end: int) -> int:
    """Bytes that an end sent, as the wire tells."""
    return max((s.start + s.size for s in wire.segments if s.end == end and s.size), default=0)


# -- in words ----------------------------------------------------------------------------


def summary(flow: Flow) -> list[tuple[int, str]]:
    """Which lines were the handshake and the close of a connection; [] without packets.

    Each line comes with its level: 0 a heading, 1 what stands under it, a segment a line.
    """
    if flow.wire is None:
        return []
    first = next((s for s in flow.wire.segments if s.flags & (FIN | RST)), None)
    ours = first is not None and first.t >= flow.ours_from
    return [*_handshake(flow.wire), *(() if ours else _close(flow.wire))]


def _handshake(wire: Wire) -> Iterator[tuple[int, str]]:
    syn = next((s for s in wire.segments if s.flags & (SYN | ACK) == SYN and s.end == 0), None)
    answer = next((s for s in wire.segments if s.flags & (SYN | ACK) == SYN | ACK), None)
    third = next((s for s in wire.segments if s.cause and s.cause.why == "handshake"), None)
    if syn is None or answer is None or syn.cause is None:
        return
    connect = syn.cause.call
    yield 0, _("handshake: {count} segments").format(count=2 if third is None else 3)
    yield (
        1,
        _("SYN ({number}): {line} connect() sent it").format(
            number=syn.number, line=line_of(connect)
        ),
    )
    yield 1, _answered(answer, connect)
    if third is None:
        return
    yield (
        1,
        _("ACK ({number}): the client's kernel; the connection is established").format(
            number=third.number
        ),
    )
    accept = third.seen.call if third.seen is not None else None
    if accept is not None and accept.t1 is not None:
        said = _(
            "no segment: {line} accept() took the finished connection from the queue, {time} later"
        )
        time = text.duration(max(0, accept.t1 - third.t))
        yield 1, said.format(line=line_of(accept), time=time)


def _answered(answer: Segment, connect: Call | None) -> str:
    listen = answer.cause.call if answer.cause is not None else None
    if listen is not None:
        said = _("SYN-ACK ({number}): the server's kernel answered, because of {line} listen()")
        said = said.format(number=answer.number, line=line_of(listen))
    else:
        said = _("SYN-ACK ({number}): the server's kernel answered").format(number=answer.number)
    if connect is not None and connect.failure is None and (connect.t1 or 0) >= answer.t:
        said += _("; connect() returned")
    return said


def _close(wire: Wire) -> Iterator[tuple[int, str]]:
    ends = _first_of_each([s for s in wire.segments if s.flags & (FIN | RST)])
    if not ends:
        return
    orderly = len(ends) == 2 and all(s.flags & FIN for s in ends)
    if orderly:
        yield 0, _("close: {count} segments").format(count=close_segments(wire))
    else:
        yield 0, _("close:")
    for segment in ends:
        yield 1, _end_words(segment)
        if orderly:
            yield from _acknowledged(wire, segment)
    waits = [c for c in wire.states if c.after == "TIME_WAIT"]
    if waits:
        who = _("the client's end") if waits[0].end == 0 else _("the server's end")
        said = _("no segment: {who} keeps TIME_WAIT for 60 s, because it closed first")
        yield 1, said.format(who=who)


def _acknowledged(wire: Wire, fin: Segment) -> Iterator[tuple[int, str]]:
    """The ACK that answered a FIN; where the peer's own FIN carries it, that is said."""
    answer = _answer_to(wire, fin)
    if answer is None:
        return
    if answer.flags & FIN:
        said = _("no ACK alone: the FIN ({number}) that follows carries it")
    elif answer.end == 0:
        said = _("ACK ({number}): the client's kernel")
    else:
        said = _("ACK ({number}): the server's kernel")
    yield 1, said.format(number=answer.number)


def _first_of_each(ends: list[Segment]) -> list[Segment]:
    """Each end's first FIN, and its first RST."""
    found: dict[tuple[int, int], Segment] = {}
    for segment in ends:
        found.setdefault((segment.end, segment.flags & RST), segment)
    return list(found.values())


def _end_words(segment: Segment) -> str:
    name = "RST" if segment.flags & RST else "FIN"
    who = _("client") if segment.end == 0 else _("server")
    said = _("{name} ({number}) from the {who}").format(name=name, number=segment.number, who=who)
    cause = segment.cause
    if cause is not None:
        said += _(", {reason}").format(reason=_reason(cause))
    if segment.seen is not None and segment.seen.call is not None:
        said += _(", seen by {line}").format(line=line_of(segment.seen.call))
    return said


def _reason(cause: Behind) -> str:
    line = line_of(cause.call)
    return {
        "close": _("{line} close()").format(line=line),
        "shutdown": _("{line} shutdown()").format(line=line),
        "drop": _("{line}, garbage collection").format(line=line),
        "exit": _("its process ended"),
        "unread": _("{line} close() with bytes unread").format(line=line),
        "linger": _("{line} close() with a linger time of 0").format(line=line),
        "late": _("by the kernel: the socket was closed already"),
        "refused": _("by the kernel: nobody listens there"),
    }.get(cause.why, cause.why)


def close_segments(wire: Wire) -> int:
    """How many segments the close took: both FINs, and the ACKs that came alone: 3 or 4."""
    fins = [s for s in wire.segments if s.flags & FIN]
    first = {s.end: s for s in reversed(fins)}
    numbers = {s.number for s in first.values()}
    answers = [_answer_to(wire, fin) for fin in first.values()]
    numbers.update(answer.number for answer in answers if answer is not None)
    return len(numbers)


def _answer_to(wire: Wire, fin: Segment) -> Segment | None:
    """The first segment of the other end that acknowledges a FIN."""
    stop = fin.start + fin.size
    return next(
        (s for s in wire.segments if s.end != fin.end and s.acked is not None and s.acked > stop),
        None,
    )


def came_to_nothing(call: Call, wire: Wire | None) -> bool:
    """Did a connect() that raised fail? One under way did only if no SYN-ACK came back."""
    if call.failure is None or call.failure.errno not in UNDER_WAY:
        return call.failure is not None
    return wire is not None and not any(s.flags & SYN and s.flags & ACK for s in wire.segments)


def attempts_in_vain(ledger: Ledger) -> Iterator[tuple[Call, Wire | None]]:
    """The connects that made no flow, in order, each with its segments if there are any."""
    wires = {id(wire.attempt): wire for wire in ledger.wires if wire.attempt is not None}
    for call in ledger.calls:
        wire = wires.get(id(call))
        if call.op not in ("connect", "connect_ex") or not came_to_nothing(call, wire):
            continue
        if call.endpoint is None or ledger.flow_of(call.endpoint) is None:
            yield call, wire


def why_in_vain(call: Call, wire: Wire | None) -> str:
    """Why a connect() came to nothing: its error, or what its segments say of one under way."""
    assert call.failure is not None
    if wire is None or call.failure.errno not in UNDER_WAY:
        return names.failure(call.failure)
    if any(segment.flags & RST for segment in wire.segments):
        return _("refused (ECONNREFUSED)")
    return _("no answer")


def attempt(wire: Wire) -> str:
    """What a connect() that failed looked like on the wire: `SYN (1), RST (2) after 0.02 ms`."""
    first = wire.segments[0]
    parts = [f"{first.names} ({first.number})"]
    for segment in wire.segments[1:6]:
        after = text.duration(segment.t - first.t)
        name = segment.names.replace(", ", ",")
        parts.append(
            _("{name} ({number}) after {time}").format(name=name, number=segment.number, time=after)
        )
    if len(wire.segments) == 1:
        parts.append(_("no answer"))
    return ", ".join(parts)
