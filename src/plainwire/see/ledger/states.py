"""TCP states of both ends over time: from segments, corrected by calls. Pure.

Segments say nearly all (capture/tcp_states.py). Calls say what no segment shows:

T1  An end is in FIN_WAIT1 (or LAST_ACK) from its close() or shutdown() on, also when
    its FIN waits behind data that was not yet sent.
T2  A connect() that ended without an answer leaves SYN_SENT when it returned.
"""

from __future__ import annotations

from dataclasses import replace

from plainwire.see.capture.clock import SLACK_NS
from plainwire.see.capture.flows import Connection
from plainwire.see.ledger.model import Ledger
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
    """The states with what calls know better (T1, T2)."""
    found = [_begun_by_call(wire, change) for change in wire.states]
    call = wire.attempt
    if call is not None and call.t1 is not None and call.failure is not None:
        last = [c for c in found if c.end == 0]
        if last and last[-1].after == "SYN_SENT" and call.failure.errno != _IN_PROGRESS:
            found.append(Change(call.t1, 0, "SYN_SENT", "CLOSED", "connect gave up", None, call))
    return sorted(found, key=lambda c: c.t)


_IN_PROGRESS = 115


def _begun_by_call(wire: Wire, change: Change) -> Change:
    if change.cause != "FIN sent":
        return change
    segment = wire.numbered(change.segment)
    cause = segment.cause if segment is not None else None
    if cause is None or cause.call is None or cause.by != "call":
        return change
    call = cause.call
    if call.t1 is None or not _held_back(wire, change, call.t1):
        return replace(change, call=call)
    before = [c for c in wire.states if c.end == change.end and c.t < change.t]
    if before and before[-1].t > call.t0:
        return replace(change, call=call)  # another change came in between
    return replace(change, t=call.t0, call=call, cause="FIN waits behind unsent data")


def _held_back(wire: Wire, change: Change, returned: int) -> bool:
    """Did bytes of this end go out after the call had returned, in front of its FIN?

    How late the FIN was does not tell: the thread may have been put aside in its call.
    """
    return any(
        s.end == change.end and s.size and returned + SLACK_NS < s.t <= change.t
        for s in wire.segments
    )
