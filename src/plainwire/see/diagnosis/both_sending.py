"""Both sides are stuck in a send, because neither reads.

Proof: at both ends of one connection a thread is blocked in a send without a time-out;
both receive queues hold unread bytes; nobody who holds an end can go on by himself.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, connection, where
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, say
from plainwire.see.diagnosis.patience import gave_up, hung_pairs
from plainwire.see.diagnosis.waiting import Pair, stuck_on, went_on
from plainwire.see.ledger.model import Call, Endpoint
from plainwire.see.ledger.waits import Waits

RULE = "both-sending"


def find(case: Case) -> Iterator[Finding]:
    """One finding for each connection whose two ends only send."""
    told: set[int] = set()
    for pair in hung_pairs(case, "send"):
        told.add(pair.flow.number)
        evidence = _queues(pair)
        if pair.gave_up is not None:
            evidence = (*evidence, gave_up(case, pair.gave_up))
        yield _finding(case, pair.flow.number, pair.waits, pair.calls, evidence)
    yield from _drains(case, told)


def _drains(case: Case, told: set[int]) -> Iterator[Finding]:
    """Asyncio waits in drain() instead, its loop in a poll."""
    for waits in case.waits:
        for flow in case.ledger.flows:
            if flow.number in told or flow.client is None or flow.server is None:
                continue
            calls = [_stuck_sending(waits, end) for end in (flow.client, flow.server)]
            if all(calls) and not any(went_on(case, call) for call in calls):
                told.add(flow.number)
                queues = _evidence(waits, [flow.client, flow.server], connection(flow))
                yield _finding(case, flow.number, waits, (calls[0], calls[1]), queues)


def _stuck_sending(waits: Waits, end: Endpoint) -> Call | None:
    direct = stuck_on(waits, end, "send")
    if direct is not None:
        return direct[1]
    for waiter in waits.stuck:
        for call in waiter.calls:
            if call.op == "stream.drain" and call.endpoint is end:
                return call
    return None


def _queues(pair: Pair) -> tuple[Evidence, ...]:
    ends = [end for end in (pair.flow.client, pair.flow.server) if end is not None]
    return _evidence(pair.waits, ends, connection(pair.flow))


def _evidence(waits: Waits, ends: list[Endpoint], name: str) -> tuple[Evidence, ...]:
    found = []
    for end in ends:
        queues = waits.queues(end)
        if queues is not None:
            found.append(
                Evidence(
                    say(
                        "connection {connection}, end of {who}: {unread} bytes unread, {unsent}"
                        " bytes not yet delivered",
                        connection=name,
                        who=end.process.name if end.process else "?",
                        unread=queues[0],
                        unsent=queues[1],
                    ),
                    waits.t,
                )
            )
    return tuple(found)


def _finding(
    case: Case,
    flow: int,
    waits: Waits,
    calls: tuple[Call | None, Call | None],
    evidence: tuple[Evidence, ...],
) -> Finding:
    a, b = calls
    return Finding(
        RULE,
        CERTAIN,
        say(
            "{a} and {b} are both stuck in sending: each waits for the other to read",
            a=where(a) if a else "?",
            b=where(b) if b else "?",
        ),
        case.places((a, "sends"), (b, "sends")),
        evidence,
        say(
            "read while writing: one thread or task for each direction, or agree that one side"
            " reads all before it answers"
        ),
        flow,
        waits.t,
    )
