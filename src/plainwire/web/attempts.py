"""Connects that made no connection, as flows that the page can show beside the others. Pure.

T1  One attempt is one call of `connect`; of its socket's calls it has those that belong to
    it. Its segments are those of its SYN, where packets were taken; without, none are drawn.
T2  Their numbers begin at `FIRST`, in order of time, so that a flow that comes later while
    a run goes on changes none of them.
T3  At most `MOST` are made; a page says how many more there were.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from plainwire.see.diagnosis.model import Finding
from plainwire.see.ledger.model import Call, Direction, Endpoint, Flow, Ledger
from plainwire.see.ledger.wire import Wire
from plainwire.see.report import packets
from plainwire.web.index import frame_of

FIRST = 1 << 30
MOST = 300
_CONNECTS = ("connect", "connect_ex")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that failed to connect; `flow` is made for the page and in no ledger."""

    flow: Flow
    call: Call


def attempts(ledger: Ledger) -> tuple[list[Attempt], int]:
    """The first `MOST` attempts of a ledger, and how many more there are (T3)."""
    found = [pair for pair in packets.attempts_in_vain(ledger) if pair[0].endpoint is not None]
    made = [
        Attempt(_flow(FIRST + number, call, wire), call)
        for number, (call, wire) in enumerate(found[:MOST])
    ]
    return made, len(found) - len(made)


def _flow(number: int, call: Call, wire: Wire | None) -> Flow:
    end = call.endpoint
    assert end is not None
    mine = replace(end, calls=_calls(end, call))
    last = wire.segments[-1].t if wire is not None and wire.segments else call.t0
    addresses = wire.ends if wire is not None else (end.local, end.remote)
    there, back = Direction(mine, None), Direction(None, mine)
    closed = max(last, call.t1 or 0)
    return Flow(number, end.kind, mine, None, there, back, call.t0, closed, [], wire, addresses)


def _calls(end: Endpoint, call: Call) -> list[Call]:
    """The socket's calls from the attempt before this one to the next one (T1)."""
    at = end.calls.index(call)
    before = max((n for n in range(at) if end.calls[n].op in _CONNECTS), default=-1)
    after = (n for n in range(at + 1, len(end.calls)) if end.calls[n].op in _CONNECTS)
    start = 0 if before < 0 else at
    return end.calls[start : next(after, len(end.calls))]


def is_attempt(flow: Flow) -> bool:
    """Was it made here, of a call that failed?"""
    return flow.number >= FIRST


def of_finding(finding: Finding, made: list[Attempt]) -> int | None:
    """The number of the attempt that a finding without a flow tells of; None for none."""
    frames = {place.frame for place in finding.places if place.role == "connects"}
    if finding.flow is not None or not frames:
        return None
    fits = [a for a in made if frame_of(a.call) in frames]
    exact = [a for a in fits if a.call.t1 == finding.t]
    return next((a.flow.number for a in exact or fits), None)
