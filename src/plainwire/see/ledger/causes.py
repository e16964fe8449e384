"""Which line caused a SYN, a FIN or an RST, and which line saw it. Pure.

B1  connect() sends the SYN and returns on the SYN-ACK. The listener's kernel answers
    by itself, because of listen(); accept() only takes a finished connection from the
    queue, later than the handshake or long after it.
B2  A FIN is sent by the first shutdown() of the sending side, else when the last holder
    of a socket lets go of it: by close(), garbage collection, or because its process
    ended. Data still unsent goes first. So *what* was done decides, not when the FIN was
    seen: it may leave long after the call that caused it, and the next call may begin
    microseconds behind it. Times only rule out what began after the FIN.
B3  The FIN is seen by the read that gives b''; the RST, by the first call that fails.
B4  An RST is close() on unread bytes, close() with a linger time of 0, the end of a
    process with either, or the kernel's answer to a segment for which there is no socket.
    The first two send it at once and only once: a second RST is such an answer.
B5  What is sent again has the cause of its first sending.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from plainwire.see.capture.clock import SLACK_NS
from plainwire.see.capture.decode import ACK, FIN, RST, SYN
from plainwire.see.ledger.model import Call, Endpoint, Flow, Ledger, Process
from plainwire.see.ledger.wire import Behind, Segment, Wire

_CLOSERS = ("closed", "dropped")
_AT_ONCE_NS = 1_000_000  # a FIN this close behind a close() is rather its than an exit's
_UNREAD_MOST = 1 << 40  # more than any queue holds: the probe could not tell
_SOL_SOCKET, _SO_LINGER = 1, 13
_GONE = {32, 103, 104, 111}  # EPIPE, ECONNABORTED, ECONNRESET, ECONNREFUSED


class Causes:
    """Names what stood behind the segments of a ledger's connections, at both ends."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._alive: dict[str, int] = {}  # process -> when it was last seen to do something
        for call in ledger.calls:
            self._alive[call.process.key] = call.t1 or call.t0

    def give(self, wire: Wire) -> None:
        """Put causes into a connection's SYN, FIN and RST segments and its third ACK."""
        if wire.flow is None and wire.attempt is None:
            return
        answered = False
        first: dict[tuple[int, int], Segment] = {}
        for segment in wire.segments:
            if segment.flags & SYN:
                _opening(wire, segment)
                answered = answered or bool(segment.flags & ACK)
            elif segment.flags & RST:
                self._reset(wire, segment, first)
                first.setdefault((segment.end, RST), segment)
            elif segment.flags & FIN:
                before = first.setdefault((segment.end, FIN), segment)
                if before is segment:
                    self._finish(wire, segment)
                else:
                    segment.cause, segment.seen = before.cause, before.seen  # B5
            elif answered and segment.end == 0 and segment.flags & ACK:
                if segment.plain:
                    _third(wire, segment)
                answered = False

    def _finish(self, wire: Wire, segment: Segment) -> None:
        sender, receiver = _ends(wire)[segment.end], _ends(wire)[1 - segment.end]
        if sender is not None:
            shut = _shut_down(sender)
            segment.cause = _by_call(shut) if shut else self._let_go(sender, segment.t)
        if receiver is not None and wire.flow is not None:
            seen = wire.flow.receiving(receiver).fin_seen
            if seen is not None:
                segment.seen = Behind("call", "read", seen)

    def _let_go(self, end: Endpoint, t: int) -> Behind:
        """Who let go of an endpoint last, but not later than `t` (B2)."""
        events = [e for p in _holders(self._ledger, end) for e in self._leaving(end, p, t)]
        possible = [e for e in events if e.earliest <= t + SLACK_NS]
        at_once = [e for e in possible if e.call is not None and abs(t - e.t) <= _AT_ONCE_NS]
        if at_once or possible:
            return max(at_once or possible, key=lambda e: e.t).behind
        if events:  # the clock was set: the nearest
            return min(events, key=lambda e: abs(e.earliest - t)).behind
        return Behind("exit", "exit", None, end.process)

    def _leaving(self, end: Endpoint, process: Process, t: int) -> Iterator[_Leaving]:
        """How a process let go of an endpoint: its last close, or its end."""
        mine = [c for c in end.calls if c.process is process]
        closings = [c for c in mine if c.op in _CLOSERS and c.failure is None]
        done = [c for c in closings if _earliest(c, mine) <= t + SLACK_NS] or closings
        if done:
            yield _Leaving(done[-1].t0, _earliest(done[-1], mine), process, done[-1])
        held = sum(1 for key, _ in end.handles if key == process.key)
        left = len(closings) + sum(1 for c in mine if c.op == "detach")
        if left < max(held, 1):
            alive = self._alive.get(process.key, process.started)
            ended = _ended(process)
            yield _Leaving(ended if ended is not None else max(alive, t), alive, process, None)

    def _reset(self, wire: Wire, segment: Segment, first: dict[tuple[int, int], Segment]) -> None:
        sender, receiver = _ends(wire)[segment.end], _ends(wire)[1 - segment.end]
        if sender is None and wire.flow is None:
            segment.cause = Behind("kernel", "refused")
        elif sender is not None:
            behind = self._let_go(sender, segment.t)
            finished = (segment.end, FIN) in first
            again = (segment.end, RST) in first
            segment.cause = _why_reset(wire, sender, segment, behind, finished, again)
        if receiver is not None:
            failed = _first_failure(receiver, segment.t)
            if failed is not None:
                segment.seen = Behind("call", "fail", failed)


class _Leaving(NamedTuple):
    """One process letting go of a socket: when it was noted, and how early it may have been."""

    t: int
    earliest: int
    process: Process
    call: Call | None

    @property
    def behind(self) -> Behind:
        if self.call is not None:
            return _by_call(self.call)
        return Behind("exit", "exit", None, self.process)


def _earliest(closing: Call, calls: list[Call]) -> int:
    """A close() is noted just before it is done; what was dropped, some time after."""
    if closing.op == "closed":
        return closing.t0
    return max((c.t1 or c.t0 for c in calls if c.t0 < closing.t0), default=0)


def _shut_down(end: Endpoint) -> Call | None:
    """The first shutdown() of an endpoint's sending side that was done."""
    shuts = (c for c in end.calls if c.op == "shutdown" and c.asked > 0)
    return next((c for c in shuts if c.failure is None), None)


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


def _why_reset(
    wire: Wire, end: Endpoint, segment: Segment, behind: Behind, finished: bool, again: bool
) -> Behind:
    """B4; `finished`, `again`: this end had sent a FIN, or an RST, before."""
    call = behind.call
    late = Behind("kernel", "late", call, behind.process)
    if again or (finished and call is None):
        return late
    if call is None:
        return behind
    if call.op == "closed" and 0 < call.aux < _UNREAD_MOST:
        return Behind("call", "unread", call)
    if lingers_zero(end):
        return Behind("call", "linger", call)
    if finished or wire.flow is None or _unsent(wire, end, segment):
        return late
    return Behind("call", "unread", call)  # they came while close() was being done


def _unsent(wire: Wire, end: Endpoint, segment: Segment) -> bool:
    """Were bytes of an endpoint still waiting to be sent, so that its FIN was, too?"""
    assert wire.flow is not None
    reached = max(
        (s.stop for s in wire.segments if s.end == segment.end and s.t <= segment.t), default=0
    )
    return reached < wire.flow.sending(end).written


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
        if failed and (call.t1 or 0) >= t - SLACK_NS:
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
