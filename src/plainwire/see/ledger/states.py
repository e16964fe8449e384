"""TCP states of both ends over time: from segments, corrected by calls. Pure.

Segments say nearly all (capture/tcp_states.py). Calls say what no segment shows:

T1  An end is in FIN_WAIT1 (or LAST_ACK) from its close() or shutdown() on, also when
    its FIN waits behind data that was not yet sent.
T2  A connect() that ended without an answer leaves SYN_SENT when it returned.
T3  An end whose FIN waited like this when the peer's FIN came was in FIN_WAIT1 then, not
    in ESTABLISHED: it goes to CLOSING, and to TIME_WAIT with the ACK of its own FIN.
"""

from __future__ import annotations

from dataclasses import replace

from plainwire.see.capture.clock import SLACK_NS
from plainwire.see.capture.flows import Connection
from plainwire.see.ledger.model import Call, Ledger
from plainwire.see.ledger.wire import Change, Wire


def plain(connection: Connection) -> list[Change]:
    """The states as the segments alone tell them."""
    return [
        Change(t.time_ns, t.end, t.before.value, t.after.value, t.cause, t.segment)
        for t in connection.states.transitions
    ]


def turned(change: Change) -> Change:
    """The same change told of the other end."""
    return replace(change, end=1 - change.end)


def corrected(_ledger: Ledger, wire: Wire) -> list[Change]:
    """The states with what calls know better (T1, T2, T3)."""
    found = list(wire.states)
    for position in range(len(found)):
        if found[position].cause == "FIN sent":
            _begun_by_call(wire, found, position)
    call = wire.attempt
    if call is not None and call.t1 is not None and call.failure is not None:
        last = [c for c in found if c.end == 0]
        if last and last[-1].after == "SYN_SENT" and call.failure.errno != _IN_PROGRESS:
            found.append(Change(call.t1, 0, "SYN_SENT", "CLOSED", "connect gave up", None, call))
    return sorted(found, key=lambda c: c.t)


_IN_PROGRESS = 115
_WAITS = "FIN waits behind unsent data"


def _begun_by_call(wire: Wire, found: list[Change], at: int) -> None:
    """Put T1 and T3 into `found`, whose change at `at` is a FIN that was sent."""
    change = found[at]
    segment = wire.numbered(change.segment)
    cause = segment.cause if segment is not None else None
    if cause is None or cause.call is None or cause.by != "call":
        return
    call = cause.call
    found[at] = replace(change, call=call)
    if call.t1 is None or not _held_back(wire, change, call.t1):
        return
    between = [i for i in range(at) if found[i].end == change.end and found[i].t > call.t0]
    if not between:
        found[at] = replace(change, t=call.t0, call=call, cause=_WAITS)
    elif len(between) == 1 and found[between[0]].after == "CLOSE_WAIT":
        _closed_at_both_ends(found, between[0], at, call)


def _closed_at_both_ends(found: list[Change], got: int, sent: int, call: Call) -> None:
    """T3: the peer's FIN (`got`) came before this end's own had left (`sent`)."""
    received, end = found[got], found[got].end
    begun = Change(call.t0, end, received.before, "FIN_WAIT1", _WAITS, None, call)
    crossed = replace(received, before="FIN_WAIT1", after="CLOSING")
    found[got], found[sent] = begun, crossed
    for later in range(sent + 1, len(found)):
        change = found[later]
        if change.end == end and change.before == "LAST_ACK":
            ended = "CLOSED" if change.cause.startswith("RST") else "TIME_WAIT"
            found[later] = replace(change, before="CLOSING", after=ended)


def _held_back(wire: Wire, change: Change, returned: int) -> bool:
    """Did bytes of this end go out after the call had returned, in front of its FIN?

    How late the FIN was does not tell: the thread may have been put aside in its call.
    """
    return any(
        s.end == change.end and s.size and returned + SLACK_NS < s.t <= change.t
        for s in wire.segments
    )
