"""A connect() waited for seconds because the listener's queue was full.

Proof, from packets and calls: the SYN (or the SYN-ACK) was sent again, although an
observed socket listened there all the time, and at the first SYN as many finished
connections as its queue holds (backlog + 1) had not yet been taken by accept().
Certain when the connect() failed, or the kernel counted an overflow. Silent: a listener
whose queue had room, a SYN lost elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, endpoint_name, where
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, say
from plainwire.see.ledger.addresses import reaches
from plainwire.see.ledger.model import Call, Endpoint
from plainwire.see.ledger.wire import ACK, SYN, Kind, Wire

RULE = "backlog-overflow"
_RETRIES = (Kind.SYN_RETRY, Kind.SYN_ACK_RETRY)
_COUNTERS = ("TcpExt.ListenOverflows", "TcpExt.ListenDrops")


def find(case: Case) -> Iterator[Finding]:
    """One finding for each listener that overflowed."""
    told: set[int] = set()
    for wire in case.ledger.wires:
        retries = [o for o in wire.observations if o.kind in _RETRIES]
        if not retries:
            continue
        listener = listener_of(case, wire)
        if listener is None or listener.number in told:
            continue
        listen = next((c for c in listener.calls if c.op == "listen" and not c.failure), None)
        if listen is None:
            continue
        queued = _queued(case, listener, wire.segments[0].t)
        if queued > listen.asked:
            told.add(listener.number)
            yield _finding(case, wire, listener, listen, queued, retries[-1].time_ns)


def listener_of(case: Case, wire: Wire) -> Endpoint | None:
    """The observed socket that listened at a connection's target when its SYN came."""
    t = wire.segments[0].t
    for end in case.ledger.endpoints:
        if end.kind != "tcp" or end.role != "listener" or not reaches(wire.ends[1], end.local):
            continue
        since = [c.t1 for c in end.calls if c.op == "listen" and c.t1 is not None]
        until = [c.t0 for c in end.calls if c.op in ("closed", "dropped")]
        if since and min(since) <= t and not (until and max(until) <= t):
            return end
    return None


def overflowed(case: Case, wire: Wire) -> bool:
    """Did an observed listener have no room for a connection when its SYN came?"""
    listener = listener_of(case, wire)
    listen = next((c for c in listener.calls if c.op == "listen"), None) if listener else None
    if listener is None or listen is None:
        return False
    return _queued(case, listener, wire.segments[0].t) > listen.asked


def _queued(case: Case, listener: Endpoint, t: int) -> int:
    """Connections that were finished and not yet accepted at a moment."""
    count = 0
    for wire in case.ledger.wires:
        if not reaches(wire.ends[1], listener.local) or wire.segments[0].t >= t:
            continue
        answered = any(s.flags & (SYN | ACK) == SYN | ACK and s.t < t for s in wire.segments)
        server = wire.flow.server if wire.flow is not None else None
        accept = server.opened_by if server is not None else None
        taken = accept is not None and accept.t1 is not None and accept.t1 <= t
        count += answered and not taken
    return count


def _finding(
    case: Case, wire: Wire, listener: Endpoint, listen: Call, queued: int, last: int
) -> Finding:
    client = wire.flow.client if wire.flow is not None else None
    connect = wire.attempt or (client.opened_by if client is not None else None)
    failed = connect is not None and connect.failure is not None and not case.is_ours(connect)
    counters = case.ledger.counters
    counted = sum(counters.of(name) for name in _COUNTERS) if counters is not None else 0
    evidence = [
        Evidence(
            say(
                "finished connections that waited for accept() at {address}: {count}; {listen}"
                " allows {backlog} + 1",
                count=queued,
                address=endpoint_name(listener.local),
                listen=where(listen),
                backlog=listen.asked,
            ),
            wire.segments[0].t,
        ),
        Evidence(
            say(
                "the SYN (packet {syn}) was not answered for {seconds:.1f} s and sent again",
                syn=wire.segments[0].number,
                seconds=(last - wire.segments[0].t) / 1e9,
            ),
            last,
        ),
    ]
    if counted and counters is not None:
        evidence.append(
            Evidence(
                say("the kernel counted {count} overflows of listeners", count=counted)
                if counters.exact
                else say(
                    "the kernel counted {count} overflows of listeners (machine-wide)",
                    count=counted,
                )
            )
        )
    return Finding(
        RULE,
        CERTAIN if failed or counted else LIKELY,
        say(
            "{connect} waited for a connection because the queue of {listen} was full: nobody"
            " called accept()",
            connect=where(connect) if connect is not None else endpoint_name(wire.ends[0]),
            listen=where(listen),
        ),
        case.places((listen, "listens"), (connect, "connects")),
        tuple(evidence),
        say(
            "call accept() without delay (serve each client in a thread, a process or a task), and"
            " listen() with a larger backlog"
        ),
        wire.flow.number if wire.flow is not None else None,
        wire.segments[0].t,
    )
