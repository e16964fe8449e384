"""The program wrote to a peer that had already gone, and was not prepared for it.

Proof: the peer's close came first, then a send; that send, or the call after it, raised
BrokenPipeError or ConnectionResetError and nobody caught it. A send after a close seems
to work: it draws the reset. Asyncio keeps a send's error to itself and raises "Connection
lost" from the next drain(): that counts when exactly one of the program's connections had
such a send before. Silent when the program catches the error, when the peer's close left
bytes unread (that is unread-at-close), or when we were ending the programs.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, where
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, Place, Text, place_of, say
from plainwire.see.diagnosis.unread_at_close import closed_on_unread
from plainwire.see.ledger.model import Call, Endpoint, Surfaced
from plainwire.see.ledger.ranges import is_receive, is_send

RULE = "write-after-close"
_GONE = (32, 104)
_LOST = ("ConnectionResetError", "Connection lost")


def find(case: Case) -> Iterator[Finding]:
    """One finding for each line that failed so."""
    told: set[object] = set()
    for surfaced in case.ledger.surfaced:
        drained = _drained(case, surfaced)
        call = surfaced.call if drained is None else drained[0]
        if call is None or call.endpoint is None or call.failure is None or case.is_ours(call):
            continue
        place = place_of(call, "fails") if drained is None else drained[1]
        if call.failure.errno not in _GONE or place is None or place.frame in told:
            continue  # without a place: a library that serves expects clients to leave
        peer = call.endpoint.peer
        if peer is None or not (is_send(call) or is_receive(call)):
            continue
        left = _left(peer, call)
        if left is None and not _ended_before(peer, call):
            continue
        if left is not None and case.is_ours(left):
            continue
        gone = left.t0 if left is not None else (peer.process.ended if peer.process else 0) or 0
        late = _late_send(call, gone)
        if late is None or (late is call and closed_on_unread(peer) is not None):
            continue
        told.add(place.frame)
        yield _finding(case, call, late, gone, (peer, left), (surfaced, place))


def _drained(case: Case, surfaced: Surfaced) -> tuple[Call, Place] | None:
    """The send behind asyncio's "Connection lost", and the user's line that awaited drain()."""
    frames = surfaced.frames
    if surfaced.call is not None or (surfaced.name, surfaced.text) != _LOST or not frames:
        return None
    below = next((n for n, f in enumerate(frames) if f.file.endswith("/asyncio/streams.py")), 0)
    asked = frames[below - 1] if below else None
    if asked is None or asked.file not in case.ledger.sources:
        return None
    process = surfaced.process
    failed = {
        call.endpoint.number: call
        for call in case.ledger.calls
        if call.process is process
        and is_send(call)
        and (call.t1 or call.t0) <= surfaced.t
        and call.endpoint is not None
        and call.failure is not None
        and call.failure.errno in _GONE
    }
    if len(failed) != 1 or (process.ending is not None and surfaced.t >= process.ending):
        return None
    (call,) = failed.values()
    return call, Place(asked, process, "fails", surfaced.thread)


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
    raised: tuple[Surfaced, Place],
) -> Finding:
    assert call.endpoint is not None
    flow = case.ledger.flow_of(call.endpoint)
    peer, left = other
    surfaced, place = raised
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
        evidence.append(Evidence(_too_late(late), late.t0))
    evidence.append(Evidence(say("{where} raised {name}", where=place.short, name=name), call.t1))
    places = [place_of(late, "sends"), place, place_of(left, "closes") if left else None]
    if late is call and surfaced.call is not None:
        del places[1]  # the line that sent is the line that failed
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
        tuple(dict.fromkeys(p for p in places if p is not None)),
        tuple(evidence),
        say(
            "a peer may leave at any time: catch ConnectionError around send and recv and drop"
            " that connection; or let both sides agree on who closes last"
        ),
        flow.number if flow else None,
        call.t1,
    )


def _too_late(late: Call) -> Text:
    return say(
        "{where} was already too late: its {count} bytes were taken by the kernel and"
        " answered with a reset; it only looked as if it had worked",
        where=where(late),
        count=late.count,
    )
