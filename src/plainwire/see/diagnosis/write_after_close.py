"""The program wrote to a peer that had already gone, and was not prepared for it.

Proof: the peer's close came first, then a send; that send, or the call after it, raised
BrokenPipeError or ConnectionResetError and nobody caught it. A send after a close seems
to work: it draws the reset. Silent when the program catches the error, when the peer's
close left bytes unread (that is unread-at-close), or when we were ending the programs.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, where
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, place_of, say
from plainwire.see.diagnosis.unread_at_close import closed_on_unread
from plainwire.see.ledger.model import Call, Endpoint, Surfaced
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
        if place_of(call, "") is None:
            continue  # a library that serves expects clients to leave
        left = _left(peer, call)
        if left is None and not _ended_before(peer, call):
            continue
        if left is not None and case.is_ours(left):
            continue
        gone = left.t0 if left is not None else (peer.process.ended if peer.process else 0) or 0
        late = _late_send(call, gone)
        if late is None or (late is call and closed_on_unread(peer) is not None):
            continue
        told.add(call.site.frame)
        yield _finding(case, call, late, gone, (peer, left), surfaced)


def _left(peer: Endpoint, call: Call) -> Call | None:
    closings = [c for c in peer.calls if c.op in ("closed", "dropped") and c.t0 < (call.t1 or 0)]
    return closings[-1] if closings else None


def _ended_before(peer: Endpoint, call: Call) -> bool:
    process = peer.process
    ended = process is not None and process.ended is not None and process.ended < (call.t1 or 0)
    return ended and process is not None and process.ending is None


def _late_send(call: Call, gone: int) -> Call | None:
    """The first send that began after the peer had gone, up to the call that failed."""
    assert call.endpoint is not None
    for other in call.endpoint.calls:
        if is_send(other) and other.t0 > gone and (other.count > 0 or other is call):
            return other
        if other is call:
            return None
    return None


def _finding(
    case: Case,
    call: Call,
    late: Call,
    gone: int,
    other: tuple[Endpoint, Call | None],
    surfaced: Surfaced,
) -> Finding:
    assert call.endpoint is not None
    flow = case.ledger.flow_of(call.endpoint)
    peer, left = other
    name = surfaced.name
    evidence = [
        Evidence(
            say("{where} closed the connection", where=where(left))
            if left is not None
            else say("{name} had ended", name=peer.process.name if peer.process else "the peer"),
            gone,
        )
    ]
    if late is not call:
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
            where=where(late),
            name=name,
        )
        if is_send(call)
        else say(
            "{where} wrote to a connection that the other side had closed; {read} then failed, and"
            " nobody caught the {name}",
            where=where(late),
            read=where(call),
            name=name,
        ),
        case.places((late, "sends"), (call, "fails"), (left, "closes"))
        if late is not call
        else case.places((call, "sends"), (left, "closes")),
        tuple(evidence),
        say(
            "a peer may leave at any time: catch ConnectionError around send and recv and drop"
            " that connection; or let both sides agree on who closes last"
        ),
        flow.number if flow else None,
        call.t1,
    )
