"""send() took only part of the bytes, and the rest was never sent.

Proof: a send on a stream returned fewer bytes than it was given; the next attempt to
send on that connection is not the rest (compared by its length and first bytes), or
there was none although the result is thrown away; the connection was not broken and
the run was not being ended.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, where
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, say
from plainwire.see.ledger.model import Call
from plainwire.see.ledger.ranges import is_send

RULE = "partial-send-ignored"


def find(case: Case) -> Iterator[Finding]:
    """One finding for each line whose rest was lost."""
    told: set[object] = set()
    for call in case.ledger.calls:
        if (
            call.op in ("send", "os.write")
            and 0 < call.count < call.asked
            and _is_users(call)
            and call.endpoint is not None
            and call.endpoint.stream
            and not case.is_ours(call)
            and call.site.frame not in told
            and _rest_lost(case, call)
        ):
            told.add(call.site.frame)
            yield _finding(case, call)


def _is_users(call: Call) -> bool:
    """Sent by the user's line, or through the file object of makefile(), which may be raw."""
    return call.site.kind == "user" and all(
        file.endswith("/socket.py") and function == "write" for file, _, function in call.site.via
    )


def _rest_lost(case: Case, call: Call) -> bool:
    assert call.endpoint is not None
    rest = call.asked - call.count
    attempts = [c for c in call.endpoint.calls if is_send(c) and c.t0 >= (call.t1 or call.t0)]
    attempts = [c for c in attempts if c is not call]
    if attempts:
        following = attempts[0]
        if following.asked == rest:
            return False
        begins = case.ledger.remainders.get((call.process.key, call.slot), (0, b""))[1]
        head = (following.payload or b"")[: len(begins)]
        if head and begins.startswith(head[: len(begins)]):
            return False
        return case.discarded(call) is not False or following.failure is None
    broken = any(
        c.failure is not None and c.failure.errno in (32, 104) for c in call.endpoint.calls
    )
    return case.discarded(call) is True and not broken and not _still_running(case, call)


def _still_running(case: Case, call: Call) -> bool:
    """Has the thread done nothing since, so that the rest may still come?"""
    later = [c for c in case.of_thread(call) if c.t0 > (call.t1 or call.t0)]
    return not later and call.process.ended is None


def _finding(case: Case, call: Call) -> Finding:
    flow = case.ledger.flow_of(call.endpoint) if call.endpoint else None
    return Finding(
        RULE,
        CERTAIN,
        say(
            "{where} sent {count} of {asked} bytes, and the other {rest} were never sent",
            where=where(call),
            count=call.count,
            asked=call.asked,
            rest=call.asked - call.count,
        ),
        case.places((call, "sends")),
        (
            Evidence(
                say(
                    "send() returned {count}; it was given {asked} bytes",
                    count=call.count,
                    asked=call.asked,
                ),
                call.t1,
            ),
            Evidence(say("no later send on this connection continues with the rest")),
        ),
        say("use sendall(), or go on with data[sent:] until nothing is left"),
        flow.number if flow else None,
        call.t1,
    )
