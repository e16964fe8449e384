"""The program wrote to a peer that had already gone, and was not prepared for it.

Proof: a send raised BrokenPipeError or ConnectionResetError and nobody caught it; the
peer's close came before. The send before that one had seemed to work: it drew the
reset. Silent when the program catches the error, when the peer's close left bytes
unread (that is unread-at-close), or when we were ending the programs.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, where
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, say
from plainwire.see.diagnosis.unread_at_close import closed_on_unread
from plainwire.see.ledger.model import Call, Endpoint
from plainwire.see.ledger.ranges import is_receive, is_send

RULE = "write-after-close"
_GONE = (32, 104)


def find(case: Case) -> Iterator[Finding]:
    """One finding for each line that failed so."""
    told: set[object] = set()
    for surfaced in case.ledger.surfaced:
        call = surfaced.call
        if call is None or call.endpoint is None or call.failure is None or case.is_ours(call):
            continue
        if call.failure.errno not in _GONE or call.site.frame in told:
            continue
        peer = call.endpoint.peer
        if peer is None or not (is_send(call) or is_receive(call)):
            continue
        if closed_on_unread(peer) is not None and not _too_late(call, peer):
            continue
        left = _left(peer, call)
        if left is None and not _ended_before(peer, call):
            continue
        if left is not None and case.is_ours(left):
            continue
        told.add(call.site.frame)
        yield _finding(case, call, peer, left, surfaced.name)


def _left(peer: Endpoint, call: Call) -> Call | None:
    closings = [c for c in peer.calls if c.op in ("closed", "dropped") and c.t0 < (call.t1 or 0)]
    return closings[-1] if closings else None


def _ended_before(peer: Endpoint, call: Call) -> bool:
    process = peer.process
    ended = process is not None and process.ended is not None and process.ended < (call.t1 or 0)
    return ended and process is not None and process.ending is None


def _too_late(call: Call, peer: Endpoint) -> bool:
    """Was there a send after the peer's close, before the one that failed?"""
    left = _left(peer, call)
    assert call.endpoint is not None
    return left is not None and any(
        is_send(c) and c.count > 0 and c.t0 > left.t0 for c in call.endpoint.calls
    )


def _finding(case: Case, call: Call, peer: Endpoint, left: Call | None, name: str) -> Finding:
    assert call.endpoint is not None
    flow = case.ledger.flow_of(call.endpoint)
    gone = left.t0 if left is not None else (peer.process.ended if peer.process else 0) or 0
    late = next(
        (c for c in call.endpoint.calls if is_send(c) and c.count > 0 and c.t0 > gone), None
    )
    evidence = [
        Evidence(
            say("{where} closed the connection", where=where(left))
            if left is not None
            else say("{name} had ended", name=peer.process.name if peer.process else "the peer"),
            gone,
        )
    ]
    if late is not None and late is not call:
        evidence.append(
            Evidence(
                say(
                    "{where} was already too late: its {count} bytes were taken by the kernel and"
                    " answered with a reset; it only looked as if it had worked",
                    where=where(late),
                    count=late.count,
                ),
                late.t0,
            )
        )
    evidence.append(Evidence(say("{where} raised {name}", where=where(call), name=name), call.t1))
    return Finding(
        RULE,
        CERTAIN,
        say(
            "{where} wrote to a connection that the other side had closed, and nobody caught the"
            " {name}",
            where=where(call),
            name=name,
        ),
        case.places((call, "sends"), (left, "closes"), (late, "sends")),
        tuple(evidence),
        say(
            "a peer may leave at any time: catch ConnectionError around send and recv and drop"
            " that connection; or let both sides agree on who closes last"
        ),
        flow.number if flow else None,
        call.t1,
    )
