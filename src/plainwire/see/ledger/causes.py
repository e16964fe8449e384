"""Which line caused a SYN, a FIN or an RST, and which line saw it. Pure.

B1  connect() sends the SYN and returns on the SYN-ACK. The listener's kernel answers
    by itself, because of listen(); accept() only takes a finished connection from the
    queue, later than the handshake or long after it.
B2  A FIN is sent when the last holder of a socket lets go of it: by close(), shutdown(),
    garbage collection, or because its process ended. Data still unsent goes first.
B3  The FIN is seen by the read that gives b''; the RST, by the first call that fails.
B4  An RST is close() on unread bytes, close() with a linger time of 0, the end of a
    process with either, or the kernel's answer to a segment for which there is no socket.
"""

from __future__ import annotations

import ast

from plainwire.see.capture.decode import ACK, FIN, RST, SYN
from plainwire.see.ledger.model import Call, Endpoint, Flow, Ledger, Process
from plainwire.see.ledger.wire import Behind, Segment, Wire

_CLOSERS = {"closed", "dropped", "shutdown"}
_SLACK_NS = 1_000_000
_UNREAD_MOST = 1 << 40  # more than any queue holds: the probe could not tell
_SOL_SOCKET, _SO_LINGER = 1, 13
_GONE = {32, 103, 104, 111}  # EPIPE, ECONNABORTED, ECONNRESET, ECONNREFUSED


def give(ledger: Ledger, wire: Wire) -> None:
    """Name what stood behind a connection's SYN, FIN and RST segments at both ends."""
    if wire.flow is None and wire.attempt is None:
        return
    answered = False
    for segment in wire.segments:
        if segment.flags & SYN:
            _opening(wire, segment)
            answered = answered or bool(segment.flags & ACK)
        elif segment.flags & RST:
            _reset(ledger, wire, segment)
        elif segment.flags & FIN:
            _finish(ledger, wire, segment)
        elif answered and segment.end == 0 and segment.flags & ACK:
            if segment.plain:
                _third(wire, segment)
            answered = False


def _ends(wire: Wire) -> tuple[Endpoint | None, Endpoint | None]:
    if wire.flow is not None:
        return wire.flow.client, wire.flow.server
    return (wire.attempt.endpoint if wire.attempt is not None else None), None


def _connect(wire: Wire) -> Call | None:
    if wire.attempt is not None:
        return wire.attempt
    client = wire.flow.client if wire.flow is not None else None
    return client.opened_by if client is not None else None


def _listener(wire: Wire) -> Call | None:
    """The listen() that made the kernel answer."""
    for end in _ends(wire)[::-1]:
        listener = end.listener if end is not None else None
        if listener is not None:
            return next((c for c in listener.calls if c.op == "listen"), None)
    return None


def _opening(wire: Wire, segment: Segment) -> None:
    connect, listen = _connect(wire), _listener(wire)
    if segment.flags & ACK and segment.end == 1:
        segment.cause = Behind("kernel", "listen", listen)
        if connect is not None:
            segment.seen = Behind("call", "connect", connect)
    elif segment.end == 0:
        segment.cause = Behind("call", "connect", connect) if connect else None
        segment.seen = Behind("kernel", "listen", listen)


def _third(wire: Wire, segment: Segment) -> None:
    segment.cause = Behind("kernel", "handshake", _connect(wire))
    server = wire.flow.server if wire.flow is not None else None
    accept = server.opened_by if server is not None else None
    segment.seen = Behind("kernel", "accept", accept)


def _finish(ledger: Ledger, wire: Wire, segment: Segment) -> None:
    sender, receiver = _ends(wire)[segment.end], _ends(wire)[1 - segment.end]
    if sender is not None:
        segment.cause = let_go(ledger, sender, segment.t)
    if receiver is not None and wire.flow is not None:
        seen = wire.flow.receiving(receiver).fin_seen
        if seen is not None:
            segment.seen = Behind("call", "read", seen)


def let_go(ledger: Ledger, end: Endpoint, t: int) -> Behind:
    """What made an endpoint send its FIN or RST at `t` (B2)."""
    calls = [
        c
        for c in end.calls
        if c.op in _CLOSERS and c.failure is None and c.t0 <= t + _SLACK_NS
        if c.op != "shutdown" or c.asked > 0
    ]
    inside = [c for c in calls if c.t1 is None or t <= c.t1 + _SLACK_NS]
    if inside:
        return _by_call(inside[-1])
    closed_in = {c.process.key for c in calls if c.op != "shutdown"}
    holders = _holders(ledger, end)
    left = [p for p in holders if p.key not in closed_in]
    shut = any(c.op == "shutdown" for c in calls)
    if calls and (not left or shut):
        return _by_call(calls[-1])  # the FIN waited behind unsent data
    ended = [p for p in left if _ended(p) is not None] or left
    process = max(ended, key=lambda p: _ended(p) or 0) if ended else end.process
    return Behind("exit", "exit", None, process)


def _by_call(call: Call) -> Behind:
    why = {"shutdown": "shutdown", "dropped": "drop"}.get(call.op, "close")
    return Behind("call", why, call)


def _ended(process: Process) -> int | None:
    if process.ended is not None:
        return process.ended
    return process.program.ended if process.program is not None else None


def _holders(ledger: Ledger, end: Endpoint) -> list[Process]:
    """Processes that held an endpoint: its makers, and children forked while it was open."""
    keys = {key for key, _ in end.handles}
    found = [p for p in ledger.processes if p.key in keys]
    for process in ledger.processes:
        parent_holds = any(p.key == process.parent for p in found)
        if parent_holds and process not in found and process.started >= end.created:
            closed = [
                c.t0
                for c in end.calls
                if c.op in ("closed", "dropped") and c.process.key == process.parent
            ]
            if not closed or min(closed) > process.started:
                found.append(process)
    return found


def _reset(ledger: Ledger, wire: Wire, segment: Segment) -> None:
    sender, receiver = _ends(wire)[segment.end], _ends(wire)[1 - segment.end]
    if sender is None and wire.flow is None:
        segment.cause = Behind("kernel", "refused")
    elif sender is not None:
        segment.cause = _why_reset(ledger, wire, sender, segment)
    if receiver is not None:
        failed = _first_failure(receiver, segment.t)
        if failed is not None:
            segment.seen = Behind("call", "fail", failed)


def _why_reset(ledger: Ledger, wire: Wire, end: Endpoint, segment: Segment) -> Behind:
    behind = let_go(ledger, end, segment.t)
    call = behind.call
    done = [s for s in wire.segments if s.end == segment.end and s.flags & FIN and s.t < segment.t]
    lasted = call is not None and (call.t1 is None or segment.t <= call.t1 + _SLACK_NS)
    if done or (call is not None and call.op != "shutdown" and not lasted):
        return Behind("kernel", "late", call, behind.process)
    if call is not None and 0 < call.aux < _UNREAD_MOST and call.op == "closed":
        return Behind("call", "unread", call)
    if call is not None and lingers_zero(end):
        return Behind("call", "linger", call)
    return behind


def lingers_zero(end: Endpoint) -> bool:
    """Was SO_LINGER set to on, 0 seconds: close() then resets?"""
    value = end.options.get((_SOL_SOCKET, _SO_LINGER))
    if isinstance(value, str):  # as repr() gives it
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            return False
    if not isinstance(value, bytes) or len(value) < 8:
        return False
    on, seconds = value[:4], value[4:8]
    return any(on) and not any(seconds)


def _first_failure(end: Endpoint, t: int) -> Call | None:
    for call in end.calls:
        failed = call.failure is not None and call.failure.errno in _GONE
        if failed and (call.t1 or 0) >= t - _SLACK_NS:
            return call
    return None


def fin_sent(flow: Flow) -> None:
    """Note the call that sent each direction's FIN, where the wire shows one."""
    if flow.wire is None:
        return
    for direction, number in ((flow.there, 0), (flow.back, 1)):
        first = next(
            (s for s in flow.wire.segments if s.end == number and s.flags & (FIN | RST)), None
        )
        if first is not None and first.cause is not None and first.cause.by == "call":
            direction.fin_sent = first.cause.call
