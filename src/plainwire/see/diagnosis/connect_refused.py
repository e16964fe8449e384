"""Nobody listens where the client wants to connect.

Proof: a connect was refused, no later connect of that program to that address
succeeded, and the exception ended the program or one of its threads. Likely, when it
was caught but an observed program listens on that port at another address, or began
to listen too late. Silent: retries that succeed, probes of ports.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Any

from plainwire.see.diagnosis.case import Case, endpoint_name, where
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, Place, say
from plainwire.see.ledger.model import Address, Call, Endpoint, Surfaced

RULE = "connect-refused"


def find(case: Case) -> Iterator[Finding]:
    """One finding for each address that a program could not reach."""
    told: set[tuple[object, ...]] = set()
    for call in case.ledger.calls:
        failure = call.failure
        if call.op != "connect" or failure is None or failure.errno != errno.ECONNREFUSED:
            continue
        if call.endpoint is None or not call.endpoint.stream or case.is_ours(call):
            continue
        target = target_of(call)
        key = (call.process.program and call.process.program.index, target)
        if key in told or _reached(case, call, target):
            continue
        surfaced = case.surfaced(call) or _uncaught(case, call)
        meant = _meant(case, target)
        if surfaced is None and meant is None:
            continue
        if surfaced is None and meant is not None and not _gave_up(call):
            continue
        told.add(key)
        yield _finding(case, call, target, CERTAIN if surfaced else LIKELY, meant)
    yield from _of_asyncio(case, told)
    yield from _noticed_late(case, told)


def _of_asyncio(case: Case, told: set[tuple[object, ...]]) -> Iterator[Finding]:
    """Asyncio connects without blocking; the refusal comes later, in a callback."""
    for surfaced in case.ledger.surfaced:
        if surfaced.name != "ConnectionRefusedError" or surfaced.call is not None:
            continue
        attempts = [
            c
            for c in case.ledger.calls
            if c.process is surfaced.process and c.op == "connect" and c.t0 < surfaced.t
            and c.failure is not None and c.failure.errno == errno.EINPROGRESS
        ]  # fmt: skip
        if not attempts:
            continue
        call = attempts[-1]
        target = target_of(call)
        key = (call.process.program and call.process.program.index, target)
        if key not in told:
            told.add(key)
            yield _finding(case, call, target, CERTAIN, _meant(case, target))


def _noticed_late(case: Case, told: set[tuple[object, ...]]) -> Iterator[Finding]:
    """A connect that did not block was refused; the first send or receive said so."""
    for surfaced in case.ledger.surfaced:
        used = surfaced.call
        if (
            used is None
            or used.endpoint is None
            or not used.endpoint.stream
            or used.op == "connect"
        ):
            continue
        if used.failure is None or used.failure.errno != errno.ECONNREFUSED:
            continue
        call = next((c for c in used.endpoint.calls if c.op in ("connect", "connect_ex")), None)
        if call is None:
            continue
        target = target_of(call)
        key = (call.process.program and call.process.program.index, target)
        if key not in told:
            told.add(key)
            yield _finding(case, call, target, CERTAIN, _meant(case, target))


def target_of(call: Call) -> Address:
    """Where a connect wanted to go."""
    return call.endpoint.remote if call.endpoint is not None else None


def _reached(case: Case, call: Call, target: Address) -> bool:
    """Did the program reach the same port later, on whatever address of the host?"""
    return any(
        other.op in ("connect", "connect_ex")
        and other.t0 > call.t0
        and other.failure is None
        and other.t1 is not None
        and other.process.program is call.process.program
        and _port(target_of(other)) == _port(target)
        for other in case.ledger.calls
    ) or any(
        flow.client is not None
        and flow.client.process is not None
        and flow.client.process.program is call.process.program
        and _port(flow.client.remote) == _port(target)
        and flow.opened > call.t0
        for flow in case.ledger.flows
    )


def _port(address: Address) -> object:
    return address[1] if isinstance(address, tuple) else address


def _uncaught(case: Case, call: Call) -> Surfaced | None:
    """create_connection() raises the last of several refusals; any of them is meant.

    Not one that was caught before: of another line, or of another port.
    """
    return next(
        (
            s
            for s in case.ledger.surfaced
            if s.process is call.process
            and s.thread == call.thread
            and s.name == "ConnectionRefusedError"
            and s.t >= (call.t1 or 0)
            and _same_attempt(call, s.call)
        ),
        None,
    )


def _same_attempt(call: Call, raised: Call | None) -> bool:
    return (
        raised is not None
        and raised.site.frame == call.site.frame
        and _port(target_of(raised)) == _port(target_of(call))
    )


def _gave_up(call: Call) -> bool:
    program = call.process.program
    return program is not None and program.status not in (None, 0)


def _meant(case: Case, target: Address) -> Endpoint | None:
    """An observed listener that the client may have meant."""
    listeners = [e for e in case.ledger.endpoints if e.role == "listener" and e.kind == "tcp"]
    same = [e for e in listeners if _port(e.local) == _port(target)]
    return same[0] if same else None


def _finding(
    case: Case, call: Call, target: Address, certainty: str, meant: Endpoint | None
) -> Finding:
    listen = _listen(meant) if meant is not None else None
    rows = case.ledger.ports.get((call.process.key, call.slot), [])
    evidence = [
        Evidence(
            say(
                "connect to {target} was refused: the kernel found no listener there",
                target=endpoint_name(target),
            ),
            call.t1,
        )
    ]
    if meant is not None and listen is not None:
        evidence.append(
            Evidence(
                say(
                    "{where} listens on {address} from then on",
                    where=where(listen),
                    address=endpoint_name(meant.local),
                ),
                listen.t0,
            )
        )
    else:
        evidence += list(_listeners(case, rows))
    places: tuple[Place, ...] = case.places((call, "connects"), (listen, "listens"))
    late = listen is not None and listen.t0 > (call.t1 or call.t0)
    fix = (
        say("start the server first and wait until it listens, or try again for a while")
        if late
        else say(
            "compare host and port with those the server binds; is the server running? 127.0.0.1"
            " is reached from this machine only, 0.0.0.0 from everywhere"
        )
    )
    return Finding(
        RULE,
        certainty,
        say(
            "{where} could not connect: nobody listens on {target}",
            where=where(call),
            target=endpoint_name(target),
        ),
        places,
        tuple(evidence),
        fix,
        None,
        call.t1,
    )


def _listen(end: Endpoint) -> Call | None:
    return next((c for c in end.calls if c.op == "listen"), None)


def _listeners(case: Case, rows: list[dict[str, Any]]) -> Iterator[Evidence]:
    """What the observed programs do listen on, which is often the port that was meant."""
    for end in case.ledger.endpoints:
        call = _listen(end)
        if end.role == "listener" and end.kind == "tcp" and call is not None:
            yield Evidence(
                say(
                    "{where} listens on {address}",
                    where=where(call),
                    address=endpoint_name(end.local),
                ),
                call.t0,
            )
    if rows and not any(row.get("state") == "LISTEN" for row in rows):
        yield Evidence(say("no program of this machine was listening on any TCP port"))
