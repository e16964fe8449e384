"""A server cannot bind its port: somebody has it, or had it a moment ago.

Proof: bind failed with EADDRINUSE, the program did not then bind another port or the
same one with success, and the exception surfaced. The kernel's tables at that moment
tell a live listener (with its process) from connections in TIME_WAIT.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Any

from plainwire.see.diagnosis.case import Case, endpoint_name, where
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, Text, say
from plainwire.see.ledger.addresses import plain
from plainwire.see.ledger.model import Address, Call, Endpoint

RULE = "address-in-use"
_SOL_SOCKET, _SO_REUSEADDR = 1, 2


def find(case: Case) -> Iterator[Finding]:
    """One finding for each bind that failed for good."""
    told: set[object] = set()
    for call in case.ledger.calls:
        failure = call.failure
        if call.op not in ("bind", "listen") or failure is None or call.endpoint is None:
            continue
        if failure.errno != errno.EADDRINUSE or case.is_ours(call) or call.site.frame in told:
            continue
        if _bound_later(case, call):
            continue
        surfaced = _surfaced(case, call)
        if not surfaced and not _failed(call):
            continue
        told.add(call.site.frame)
        yield _finding(case, call, CERTAIN if surfaced else LIKELY)


def _bound_later(case: Case, call: Call) -> bool:
    return any(
        c.op == "bind" and c.failure is None and c.t0 > call.t0 and c.process is call.process
        and c.t1 is not None
        for c in case.ledger.calls
    )  # fmt: skip


def _surfaced(case: Case, call: Call) -> bool:
    """Also when a library put words of its own into a new exception (asyncio, create_server)."""
    return case.surfaced(call) is not None or any(
        s.process is call.process and s.name == "OSError" and s.t >= (call.t1 or 0)
        and "ddress already in use" in s.text
        for s in case.ledger.surfaced
    )  # fmt: skip


def _failed(call: Call) -> bool:
    program = call.process.program
    return (
        program is not None and program.status not in (None, 0) and program.pid == call.process.pid
    )


def _finding(case: Case, call: Call, certainty: str) -> Finding:
    end = call.endpoint
    assert end is not None
    target = _target(call)
    rows = [
        row
        for row in case.ledger.ports.get((call.process.key, call.slot), [])
        if isinstance(target, tuple)
        and plain(row["local"])[1] == target[1]  # type: ignore[index]
        and row["kind"].startswith(end.kind)
    ]
    live = [r for r in rows if r["state"] in ("LISTEN", "")]
    waiting = [r for r in rows if r["state"] in ("TIME_WAIT", "FIN_WAIT2")]
    owner = _observed_owner(case, target, call)
    evidence: list[Evidence] = []
    owner_call: Call | None = None
    if owner is not None:
        owner_call = next((c for c in owner.calls if c.op in ("bind", "listen")), None)
        if owner_call is not None:
            evidence.append(
                Evidence(
                    say(
                        "{where} of {who} has bound {address} and still holds it",
                        where=where(owner_call),
                        who=owner_call.process.name,
                        address=endpoint_name(owner.local),
                    ),
                    owner_call.t0,
                )
            )
    elif live:
        evidence += [_holder(row) for row in live[:3]]
    if waiting:
        evidence.append(
            Evidence(
                say(
                    "connections of this port in TIME_WAIT: {count}; this side closed first, less"
                    " than 60 s ago",
                    count=len(waiting),
                ),
                call.t1,
            )
        )
    if not evidence:
        evidence.append(Evidence(say("bind failed: Address already in use"), call.t1))
    return Finding(
        RULE,
        certainty,
        say(
            "{where} could not bind {address}: the address is already in use",
            where=where(call),
            address=endpoint_name(target),
        ),
        case.places((call, "binds"), (owner_call, "binds")),
        tuple(evidence),
        _fix(end, bool(live or owner), bool(waiting)),
        None,
        call.t1,
    )


def _target(call: Call) -> Address:
    assert call.endpoint is not None
    return call.endpoint.wanted or call.endpoint.local


def _observed_owner(case: Case, target: Address, call: Call) -> Endpoint | None:
    if not isinstance(target, tuple):
        return None
    for end in case.ledger.endpoints:
        if end is call.endpoint or not isinstance(end.local, tuple) or end.local[1] != target[1]:
            continue
        bound = any(c.op == "bind" and c.failure is None and c.t0 < call.t0 for c in end.calls)
        closed = any(c.op in ("closed", "dropped") and c.t0 < call.t0 for c in end.calls)
        if bound and not closed:
            return end
    return None


def _holder(row: dict[str, Any]) -> Evidence:
    return Evidence(
        say(
            "process {pid} listens on {address}",
            pid=row.get("pid") or "?",
            address=endpoint_name(plain(row["local"])),
        )
    )


def _fix(end: Endpoint, live: bool, waiting: bool) -> Text:
    reuse = bool(end.options.get((_SOL_SOCKET, _SO_REUSEADDR)))
    if live or (reuse and not waiting):
        return say(
            "stop the process that holds the port, or choose another one; SO_REUSEADDR does not"
            " take a port from a live listener"
        )
    return say(
        "call setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1) before bind(), in every run of"
        " the server; socket.create_server() does it for you"
    )
