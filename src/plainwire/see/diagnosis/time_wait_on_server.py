"""A server could not bind again because it had closed its connections first.

Proof: bind() failed with EADDRINUSE, nobody listened on the port, connections of it were
in TIME_WAIT, and packets of this run show which line of the server sent the first FIN.
Likely, because the cure may be either: SO_REUSEADDR, or to let clients close first.
Silent: TIME_WAIT that hurt nobody, whatever its number: the program bound the port
later, at another try; or both sockets had SO_REUSEADDR, so that it was not TIME_WAIT that
stood in the way.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, endpoint_name, where
from plainwire.see.diagnosis.model import LIKELY, Evidence, Finding, say
from plainwire.see.ledger.model import Call, Endpoint, Flow

RULE = "time-wait-on-server"
_IN_USE = 98
_SOL_SOCKET, _SO_REUSEADDR = 1, 2


def find(case: Case) -> Iterator[Finding]:
    """One finding for each bind() that failed so."""
    for call in case.ledger.calls:
        failed = call.op == "bind" and call.failure is not None and call.failure.errno == _IN_USE
        end = call.endpoint
        if not failed or end is None or not isinstance(end.wanted, tuple) or case.is_ours(call):
            continue
        port = end.wanted[1]
        rows = case.ledger.ports.get((call.process.key, call.slot), [])
        states = {r["state"] for r in rows if r["local"][1] == port and r["kind"] != "udp"}
        if "TIME_WAIT" not in states or "LISTEN" in states:
            continue
        closed = _closed_first(case, port, call.t0)
        if closed and not _bound_later(case, call) and not _may_reuse(end, closed):
            yield _finding(case, call, closed)


def _closed_first(case: Case, port: int, t: int) -> list[tuple[Flow, Call]]:
    """Flows whose server end went into TIME_WAIT before `t`, with the closing call."""
    found = []
    for flow in case.ledger.flows:
        if flow.wire is None or flow.wire.ends[1][1] != port:  # type: ignore[index]
            continue
        waits = any(c.end == 1 and c.after == "TIME_WAIT" and c.t <= t for c in flow.states)
        call = flow.back.fin_sent
        if waits and call is not None:
            found.append((flow, call))
    return found


def _bound_later(case: Case, call: Call) -> bool:
    """Did another try of the same process bind the port?"""
    assert call.endpoint is not None
    wanted = call.endpoint.wanted
    return any(
        c.op == "bind" and c.failure is None and c.t1 is not None and c.t0 > call.t0
        and c.process is call.process and c.endpoint is not None and c.endpoint.wanted == wanted
        for c in case.ledger.calls
    )  # fmt: skip


def _may_reuse(end: Endpoint, closed: list[tuple[Flow, Call]]) -> bool:
    """Had the socket that binds SO_REUSEADDR, and every one in TIME_WAIT, by its listener?"""
    listeners = [flow.server.listener if flow.server is not None else None for flow, _ in closed]
    return all(
        each is not None and bool(each.options.get((_SOL_SOCKET, _SO_REUSEADDR)))
        for each in (end, *listeners)
    )


def _finding(case: Case, call: Call, closed: list[tuple[Flow, Call]]) -> Finding:
    flow, closer = closed[-1]
    assert call.endpoint is not None
    return Finding(
        RULE,
        LIKELY,
        say(
            "{bind} failed because {closer} had closed first; connections whose server's end is"
            " in TIME_WAIT: {count}",
            bind=where(call),
            closer=where(closer),
            count=len(closed),
        ),
        case.places((closer, "closes"), (call, "binds")),
        (
            Evidence(
                say(
                    "{closer} sent the first FIN; {address} stays in TIME_WAIT for 60 s",
                    closer=where(closer),
                    address=endpoint_name(call.endpoint.wanted),
                ),
                closer.t0,
            ),
        ),
        say(
            "call setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1) before bind(), or let the"
            " client close first"
        ),
        flow.number,
        call.t1,
    )
