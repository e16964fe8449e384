"""Where the messages of one read were glued together. Pure.

G1  A boundary between two sends that lies inside a segment was lost in the sender's
    buffer: the kernel put both into one segment (Nagle's rule, or a busy network).
G2  A boundary between two segments was lost in the receiver's queue: both had come
    before the read. No option of the sender's would have kept them apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from plainwire.see.ledger.model import Flow, Range
from plainwire.see.ledger.wire import Segment


@dataclass(frozen=True, slots=True)
class Glue:
    """How many boundaries were lost where, and the packets that carried the bytes."""

    in_segment: int
    in_queue: int
    packets: tuple[int, ...]


def place(flow: Flow, end: int, sends: list[Range]) -> Glue | None:
    """Where neighbouring sends of an end were glued; None when packets do not tell.

    Args:
        flow: with its wire.
        end: who sent: 0 the client's, 1 the server's.
        sends: two or more, neighbours in the stream.
    """
    if flow.wire is None or flow.wire.unjoined[end] or len(sends) < 2:
        return None
    first, last = sends[0].start, sends[-1].end
    carried = [
        s
        for s in flow.wire.segments
        if s.end == end and s.size and s.start < last and s.start + s.size > first
    ]
    if not _tiles(carried, first, last):
        return None
    inside = sum(
        any(s.start < send.start < s.start + s.size for s in carried) for send in sends[1:]
    )
    return Glue(inside, len(sends) - 1 - inside, tuple(s.number for s in carried))


def _tiles(segments: list[Segment], start: int, end: int) -> bool:
    """Were all bytes of [start, end) captured?"""
    at = start
    for segment in segments:
        if segment.start > at:
            return False
        at = max(at, segment.start + segment.size)
    return at >= end
