"""Both sides are stuck in a send, because neither reads.

Proof: at both ends of one connection a thread is blocked in a send without a time-out;
both receive queues hold unread bytes; nobody who holds an end can go on by himself.
Likely, where no sample was taken because no call was open (a library that polls by itself):
the kernel took nothing of the last send of either end, neither thread called anything after
it, and both ends announced a window of zero, all that for a second until we ended them.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, connection, where
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, say
from plainwire.see.diagnosis.patience import gave_up, hung_pairs
from plainwire.see.diagnosis.slow_reader import LEAST_NS, zero_at_end
from plainwire.see.diagnosis.waiting import Pair, halted_send, stuck_on, went_on
from plainwire.see.ledger.model import Call, Endpoint, Flow
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
        yield _finding(case, pair.flow.number, pair.waits.t, pair.calls, evidence)
    yield from _drains(case, told)
    for flow in case.ledger.flows:
        found = _halted(case, flow) if flow.number not in told else None
        if found is not None:
            yield found


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
                yield _finding(case, flow.number, waits.t, (calls[0], calls[1]), queues)


def _halted(case: Case, flow: Flow) -> Finding | None:
    """Both ends tried to send, got rid of nothing, and did no more until we ended them."""
    if flow.wire is None or flow.client is None or flow.server is None:
        return None
    ends = (flow.client, flow.server)
    endings = [end.process.ending if end.process is not None else None for end in ends]
    if None in endings:
        return None
    until = min(ending for ending in endings if ending is not None)
    zeros = [zero_at_end(flow, number) for number in (0, 1)]
    closed = [zero for zero in zeros if zero is not None and zero.t + LEAST_NS <= until]
    if len(closed) < 2:
        return None
    client, server = (halted_send(case, end, until) for end in ends)
    if client is None or server is None:
        return None
    if max(client.t0, server.t0) + LEAST_NS > until:
        return None
    evidence = tuple(
        Evidence(
            say(
                "{who} did not read: its window was zero (packet {number}) for {seconds:.1f} s",
                who=end.process.name if end.process is not None else "?",
                number=zero.number,
                seconds=(until - zero.t) / 1e9,
            ),
            zero.t,
        )
        for end, zero in zip(ends, closed, strict=True)
    )
    t = max(zero.t for zero in closed)
    return _finding(case, flow.number, t, (client, server), evidence, LIKELY)


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
    t: int,
    calls: tuple[Call | None, Call | None],
    evidence: tuple[Evidence, ...],
    certainty: str = CERTAIN,
) -> Finding:
    a, b = calls
    return Finding(
        RULE,
        certainty,
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
        t,
    )
