"""A client is connected, and nobody has accepted it, because the server serves another.

Proof: the client's connect succeeded at least PATIENCE_SECONDS before a sample, its
connection still waits in the listener's queue; a thread of the listener's process is
blocked in a read of an earlier client, none of its threads accepts or watches the
listener; the connection was never accepted while the programs ran by themselves, or
the client's wait for an answer timed out first.
Silent: a client that was served in the end.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis import fate as fates
from plainwire.see.diagnosis.case import Case, endpoint_name, where
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, Text, say
from plainwire.see.ledger.model import Call, Endpoint, Flow
from plainwire.see.ledger.ranges import is_receive
from plainwire.see.ledger.waits import Waiter, Waits

RULE = "second-client-ignored"
PATIENCE_SECONDS = 0.6


def find(case: Case) -> Iterator[Finding]:
    """One finding for each client that nobody accepted."""
    told: set[int] = set()
    for flow in case.ledger.flows:
        client = flow.client
        if client is None or client.listener is None or client.opened_by is None:
            continue
        if not _left_waiting(case, flow):
            continue
        for waits in case.waits:
            if flow.number not in told and _was_pending(flow, waits):
                busy = _busy(waits, client.listener)
                if busy is not None:
                    told.add(flow.number)
                    yield _finding(case, flow, waits, *busy)


def _left_waiting(case: Case, flow: Flow) -> bool:
    if flow.server is None:
        return True
    accept = flow.server.opened_by
    if accept is not None and case.is_ours(accept):
        return True
    return any(
        is_receive(c) and c.failure is not None and c.failure.name in ("timeout", "TimeoutError")
        for c in (flow.client.calls if flow.client else [])
        if accept is None or accept.t1 is None or c.t0 < accept.t1
    )


def _was_pending(flow: Flow, waits: Waits) -> bool:
    client = flow.client
    assert client is not None
    assert client.opened_by is not None
    connected = client.opened_by.t1
    accept = flow.server.opened_by if flow.server else None
    return (
        connected is not None
        and connected + PATIENCE_SECONDS * 1e9 < waits.t
        and (accept is None or accept.t1 is None or accept.t1 > waits.t)
        and str(client.inode) in waits.sockets
    )


def _busy(waits: Waits, listener: Endpoint) -> tuple[Waiter, Call] | None:
    """The server's thread that reads another client; None when somebody could accept."""
    pids = set(waits.holders.get(str(listener.inode), []))
    found: tuple[Waiter, Call] | None = None
    for waiter in waits.blocked:
        if waiter.pid not in pids:
            continue
        if waiter.wait == "accept" or str(listener.inode) in waiter.inodes:
            return None
        for call in waiter.calls:
            end = call.endpoint
            reads = is_receive(call) or call.op in ("tls.handshake", "tls.read")
            if reads and end is not None and end.listener is listener:
                found = (waiter, call)
    if found is not None and found[1].t0 + PATIENCE_SECONDS * 1e9 > waits.t:
        return None
    return found


def _finding(case: Case, flow: Flow, waits: Waits, waiter: Waiter, busy: Call) -> Finding:
    client = flow.client
    assert client is not None
    assert client.listener is not None
    connect = client.opened_by
    waiting = waits.sockets.get(str(client.listener.inode), {}).get("unread", 0)
    asking = next((c for c in client.calls if is_receive(c) and (c.t1 or waits.t) >= waits.t), None)
    return Finding(
        RULE,
        CERTAIN,
        say(
            "{client} is connected, but nobody accepts it: {busy} waits for another client",
            client=where(connect) if connect else "?",
            busy=where(busy),
        ),
        case.places((busy, "waits"), (asking or connect, "waits")),
        (
            Evidence(
                say(
                    "finished connections in the queue of {listener}: {count}; the kernel completed"
                    " them, accept() has not taken them",
                    count=waiting,
                    listener=endpoint_name(client.listener.local),
                ),
                waits.t,
            ),
            Evidence(
                say("process {pid} has no other thread that accepts", pid=waiter.pid),
                waits.t,
            ),
        ),
        _fix(case, busy),
        flow.number,
        waits.t,
    )


def _fix(case: Case, busy: Call) -> Text:
    frame = busy.site.frame
    if frame is not None and not busy.task and fates.in_coroutine(case.source(busy), frame):
        return say(
            "a call that blocks in a coroutine stops every task of its loop: await"
            " loop.sock_recv() on a socket that does not block, or use the streams of"
            " asyncio.start_server"
        )
    accept = busy.endpoint.opened_by if busy.endpoint is not None else None
    if accept is not None and accept.process is not busy.process:
        return say(
            "{process} serves the client already; let the one that accepts not wait for it:"
            " no join() or waitpid() between two calls of accept()",
            process=busy.process.name,
        )
    return say(
        "serve each client in its own thread, process or task, so that accept() runs again"
        " at once: socketserver.ThreadingTCPServer, or asyncio.start_server"
    )
