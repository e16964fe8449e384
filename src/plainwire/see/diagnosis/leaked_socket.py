"""Sockets whose peer has finished were never closed, and more of them pile up.

Proof: at least ENOUGH connections from the same line, whose peers closed PATIENCE_SECONDS
or more before the programs were ended, and which their process, still running, had
neither closed nor let go; or the process ran out of descriptors (EMFILE). Likely when we
ended the program, which might have closed them later; silent when its source shows that
it closes what it keeps now and then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from plainwire.see.diagnosis import sharing
from plainwire.see.diagnosis.case import Case, where
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, say
from plainwire.see.ledger.model import Call, Endpoint, Surfaced

RULE = "leaked-socket"
ENOUGH = 3
MANY = 20  # when descriptors ran out
PATIENCE_SECONDS = 0.5
_EMFILE = 24


def find(case: Case) -> Iterator[Finding]:
    """One finding for each line whose connections leak."""
    groups: dict[tuple[object, ...], list[Endpoint]] = defaultdict(list)
    for end in case.ledger.endpoints:
        opened = end.opened_by
        if opened is None or end.role not in ("server", "client") or not _left_open(case, end):
            continue
        for place in case.places((opened, "opens")):
            program = opened.process.program
            groups[program and program.index, place.frame].append(end)
    exhausted = _exhausted(case)
    told = False
    for ends in groups.values():
        if len(ends) >= ENOUGH:
            told = True
            if exhausted is None and _may_clear_up(case, ends[0]):
                continue
            yield _finding(case, ends, exhausted)
    if not told:
        yield from _out_of_descriptors(case)


def _may_clear_up(case: Case, end: Endpoint) -> bool:
    """Was it we who ended a program that closes the connections it keeps now and then?"""
    process = end.process
    if process is None or process.ending is None:
        return False
    return any(map(sharing.closes_members, case.sources_of(process)))


def _out_of_descriptors(case: Case) -> Iterator[Finding]:
    """Too many open files, and most of what is open came from one line."""
    for surfaced in case.ledger.surfaced:
        if "[Errno 24]" not in surfaced.text:
            continue
        groups: dict[object, list[Endpoint]] = defaultdict(list)
        for end in case.ledger.endpoints:
            opened = end.opened_by
            if opened is None or end.process is not surfaced.process or opened.t0 > surfaced.t:
                continue
            if any(c.op in ("closed", "dropped") and c.t0 < surfaced.t for c in end.calls):
                continue
            for place in case.places((opened, "opens")):
                groups[place.frame].append(end)
        most = max(groups.values(), key=len, default=[])
        if len(most) >= MANY:
            yield _exhaustion(case, most, surfaced)
            return


def _exhaustion(case: Case, ends: list[Endpoint], surfaced: Surfaced) -> Finding:
    opened = ends[0].opened_by
    assert opened is not None
    return Finding(
        RULE,
        CERTAIN,
        say(
            "{count} connections opened at {where} were never closed, until no descriptor was left",
            count=len(ends),
            where=where(opened),
        ),
        case.places((opened, "opens")),
        (
            Evidence(say("{name}: {text}", name=surfaced.name, text=surfaced.text), surfaced.t),
            Evidence(say("{count} connections were open then", count=len(ends)), surfaced.t),
        ),
        say(
            "close each connection when its answer is there (`with`), or keep one and use it again"
        ),
        None,
        surfaced.t,
    )


def _left_open(case: Case, end: Endpoint) -> bool:
    process = end.process
    peer = end.peer
    if process is None or peer is None:
        return False
    until = process.ending or process.ended or case.ledger.ended
    gone = [c.t0 for c in peer.calls if c.op in ("closed", "dropped")]
    peer_ended = peer.process.ended if peer.process is not None else None
    finished = min([*gone, *([peer_ended] if peer_ended else [])], default=None)
    if finished is None or finished + PATIENCE_SECONDS * 1e9 > until:
        return False
    if any(c.op in ("closed", "dropped", "detach") and c.t0 < until for c in end.calls):
        return False
    last = max((c.t1 or c.t0 for c in end.calls), default=0)
    return last < until


def _exhausted(case: Case) -> Call | None:
    return next((c for c in case.ledger.calls if c.failure and c.failure.errno == _EMFILE), None)


def _finding(case: Case, ends: list[Endpoint], exhausted: Call | None) -> Finding:
    opened = ends[0].opened_by
    assert opened is not None
    evidence = [
        Evidence(
            say(
                "{count} connections from {where}: their peers have closed, they were not closed",
                count=len(ends),
                where=where(opened),
            )
        )
    ]
    if exhausted is not None:
        evidence.append(
            Evidence(
                say("{where} failed: too many open files", where=where(exhausted)), exhausted.t1
            )
        )
    flow = case.ledger.flow_of(ends[0])
    ended_by_us = any(end.process is not None and end.process.ending for end in ends)
    return Finding(
        RULE,
        LIKELY if ended_by_us and exhausted is None else CERTAIN,
        say(
            "{count} connections opened at {where} were never closed after their peers had gone",
            count=len(ends),
            where=where(opened),
        ),
        case.places((opened, "opens"), (exhausted, "fails")),
        tuple(evidence),
        say(
            "close the socket when recv returns b'', in `finally` or by `with conn:`, and remove it"
            " from your lists"
        ),
        flow.number if flow else None,
        opened.t1,
    )
