"""A sender was stuck because its peer did not read: the peer's window was zero.

Proof, from packets and calls: the reader's end announced a window of zero for a second
or more while a send was waiting, and meanwhile the reader was not in a read. Certain
when the send timed out and nobody caught it; likely when the run ended with the send
still waiting, or a library waited to go on with it. Silent: a slow reader whose sender got
through (that is what the window is for), a send that only began when we ended the programs,
and both ends sending (see both-sending).
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, where
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, say
from plainwire.see.diagnosis.waiting import halted_send
from plainwire.see.ledger.model import Call, Endpoint, Flow
from plainwire.see.ledger.ranges import is_receive, is_send, is_stream_read
from plainwire.see.ledger.wire import Kind, Segment

RULE = "slow-reader"
LEAST_NS = 1_000_000_000


def find(case: Case) -> Iterator[Finding]:
    """One finding for each direction whose reader stopped reading."""
    for flow in case.ledger.flows:
        if flow.wire is None or flow.client is None or flow.server is None:
            continue
        for reader, sender, number in (
            (flow.server, flow.client, 1),
            (flow.client, flow.server, 0),
        ):
            zero = zero_at_end(flow, number)
            if zero is None:
                continue
            stuck = _stuck(case, sender, zero.t)
            if stuck is None or _sends_too(case, reader, zero.t):
                continue
            call, certainty, until = stuck
            begun = zero.t if certainty == CERTAIN else max(call.t0, zero.t)
            if until - begun >= LEAST_NS and not _reads(reader, zero.t, until):
                yield _finding(case, flow, reader, call, certainty, zero, until)


def zero_at_end(flow: Flow, number: int) -> Segment | None:
    """The segment by which an end closed its window for the last time, if it stayed so.

    Args:
        flow: a flow with packets.
        number: the end: 0 is the client, 1 the server.
    """
    assert flow.wire is not None
    zero: Segment | None = None
    for seen in flow.wire.observations:
        if seen.sender == number and seen.kind is Kind.ZERO_WINDOW:
            zero = flow.wire.numbered(seen.segment)
        elif seen.sender == number and seen.kind is Kind.WINDOW_OPEN:
            zero = None
    return zero


def _stuck(case: Case, sender: Endpoint, t: int) -> tuple[Call, str, int] | None:
    """The send that waited, how sure that is, and until when it did."""
    for call in sender.calls:
        ending = call.process.ending or case.ledger.ended
        if not is_send(call) or (call.t1 is not None and call.t1 < t) or call.t0 >= ending:
            continue
        if call.t1 is None or case.is_ours(call):
            return call, LIKELY, call.t1 or ending
        failed = call.failure
        if failed is not None and "imeout" in failed.name and case.surfaced(call) is not None:
            return call, CERTAIN, call.t1
    ended = sender.process.ending if sender.process is not None else None
    halted = halted_send(case, sender, ended) if ended is not None else None
    if halted is None or ended is None or not halted.site.via:
        return None  # who tries by himself may have given up
    return halted, LIKELY, ended


def _sends_too(case: Case, reader: Endpoint, t: int) -> bool:
    ending = reader.process.ending if reader.process is not None else None
    return any(is_send(c) and (c.t1 is None or c.t1 > t + LEAST_NS) for c in reader.calls) or (
        halted_send(case, reader, ending or case.ledger.ended) is not None
    )


def _reads(reader: Endpoint, start: int, end: int) -> bool:
    """Did the reader read, or wait in a read, while the window was zero?"""
    slack = (end - start) // 10
    return any(
        (is_receive(c) or is_stream_read(c))
        and c.t0 < end
        and (c.t1 is None or c.t1 > start + slack)
        for c in reader.calls
    )


def _finding(
    case: Case,
    flow: Flow,
    reader: Endpoint,
    call: Call,
    certainty: str,
    zero: Segment,
    until: int,
) -> Finding:
    direction = flow.receiving(reader)
    last = direction.reads[-1].call if direction.reads else None
    reached = max((s.stop for s in flow.segments if s.end != zero.end), default=0)
    evidence = [
        Evidence(
            say(
                "the reader's end announced a window of zero (packet {number}) and did not open it"
                " again for {seconds:.1f} s",
                number=zero.number,
                seconds=(until - zero.t) / 1e9,
            ),
            zero.t,
        ),
        Evidence(
            say(
                "{count} bytes had come and were not read",
                count=max(0, reached - direction.read),
            ),
            None,
            direction.read,
        ),
    ]
    who = reader.process.name if reader.process is not None else "?"
    if last is not None:
        evidence.append(Evidence(say("the last read was at {where}", where=where(last)), last.t1))
    return Finding(
        RULE,
        certainty,
        say(
            "{send} was stuck for {seconds:.1f} s: {who} did not read, and its queue is full",
            send=where(call),
            seconds=(until - max(call.t0, zero.t)) / 1e9,
            who=who,
        ),
        case.places((call, "sends"), (last, "reads")),
        tuple(evidence),
        say(
            "read in a loop of its own (a thread or a task) and hand the data over; or bound what"
            " you send before the peer has answered"
        ),
        flow.number,
        zero.t,
    )
