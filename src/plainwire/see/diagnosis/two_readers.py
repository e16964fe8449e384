"""Two threads, or two processes, read from the same connection at the same time.

Proof: two reads of one stream overlap in time, from different threads or processes,
and both readers got bytes of it: which of them gets which bytes is chance.
Silent: readers that take turns, non-blocking attempts, looks with MSG_PEEK.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see import records
from plainwire.see.diagnosis.case import Case, where
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, say
from plainwire.see.ledger.model import Call, Endpoint
from plainwire.see.ledger.ranges import is_receive

RULE = "two-readers"
_INSTANT_NS = 200_000  # a read that took less was not waiting


def find(case: Case) -> Iterator[Finding]:
    """One finding for each connection with two readers."""
    for end in case.ledger.endpoints:
        if not end.stream or end.internal:
            continue
        pair = _overlapping(case, end)
        if pair is not None:
            yield _finding(case, end, *pair)


def _overlapping(case: Case, end: Endpoint) -> tuple[Call, Call] | None:
    reads = [
        c
        for c in end.calls
        if is_receive(c) and not c.flags & records.MSG_PEEK and c.site.kind == "user"
    ]
    got = {(c.process.key, c.thread) for c in reads if c.count > 0}
    if len(got) < 2:
        return None
    open_reads: list[Call] = []
    for call in reads:
        who = (call.process.key, call.thread)
        if who not in got or (case.is_ours(call) and call.count == 0 and call.t1 is None):
            continue
        open_reads = [o for o in open_reads if o.t1 is None or o.t1 > call.t0]
        for other in open_reads:
            long_enough = min(other.t1 or 1 << 62, call.t1 or 1 << 62) - call.t0 > _INSTANT_NS
            if (other.process.key, other.thread) != who and long_enough:
                return other, call
        open_reads.append(call)
    return None


def _finding(case: Case, end: Endpoint, a: Call, b: Call) -> Finding:
    flow = case.ledger.flow_of(end)
    return Finding(
        RULE,
        CERTAIN,
        say(
            "{a} and {b} read from the same connection at once: each gets what the other misses",
            a=where(a),
            b=where(b),
        ),
        case.places((a, "reads"), (b, "reads")),
        (
            Evidence(
                say(
                    "process {pid}, thread {thread} was reading from {t} on",
                    pid=a.process.pid,
                    thread=_thread(a),
                    t=case.since(a.t0),
                ),
                a.t0,
            ),
            Evidence(
                say(
                    "process {pid}, thread {thread} began at {t}, before the other had returned",
                    pid=b.process.pid,
                    thread=_thread(b),
                    t=case.since(b.t0),
                ),
                b.t0,
            ),
        ),
        say(
            "let one thread read and hand on whole messages through a queue; in the others, close"
            " or do not use the connection"
        ),
        flow.number if flow else None,
        b.t0,
    )


def _thread(call: Call) -> str:
    return call.process.threads.get(call.thread, (0, str(call.thread)))[1] or str(call.thread)
