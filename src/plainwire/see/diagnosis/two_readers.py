"""Two threads, or two processes, read from the same connection at the same time.

Proof: two reads of one stream overlap in time, from different threads or processes,
and both readers got bytes of it: which of them gets which bytes is chance. Or two tasks
read from one asyncio stream, which asyncio refuses: RuntimeError in the second.
Silent: readers that take turns, non-blocking attempts, looks with MSG_PEEK; workers that
all read pieces of one size at one line, and got them whole (jobs, tokens): which of them
gets which is meant to be chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

from plainwire.see import records
from plainwire.see.diagnosis.case import Case, where
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, Text, say
from plainwire.see.ledger.model import Call, Endpoint
from plainwire.see.ledger.ranges import is_receive, is_send, is_stream_read

RULE = "two-readers"
_WHO, _FAILURE = attrgetter("process", "thread"), attrgetter("failure")
_INSTANT_NS = 200_000  # a read that took less was not waiting
_ASYNCIO_REFUSES = "called while another coroutine is already waiting"  # asyncio/streams.py


def find(case: Case) -> Iterator[Finding]:
    """One finding for each connection with two readers."""
    for end in case.ledger.endpoints:
        if not end.stream or end.internal:
            continue
        pair = _overlapping(case, end) or _refused(end)
        if pair is not None and _is_job_queue(case, end, pair):
            continue
        if pair is not None:
            yield _finding(case, end, *pair)


def _overlapping(case: Case, end: Endpoint) -> tuple[Call, Call] | None:
    if len(set(map(_WHO, end.calls))) < 2:
        return None
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


def _is_job_queue(case: Case, end: Endpoint, pair: tuple[Call, Call]) -> bool:
    """Does each reader take whole pieces of one size, which any of them may have?"""
    flow = case.ledger.flow_of(end)
    line = pair[0].site.frame
    if flow is None or pair[1].site.frame != line:
        return False
    every = flow.receiving(end).asked_reads
    reads = [part for part in every if part.call.site.frame == line]
    (size, *others) = {part.end - part.start for part in reads} or {0}
    if others or any(part.call.asked != size or part.start % size for part in reads):
        return False
    readers = {(part.call.process.key, part.call.thread) for part in reads}
    if any(
        part.call.site.frame != line and (part.call.process.key, part.call.thread) in readers
        for part in every
    ):
        return False  # a piece is not all they want
    asks = any(is_send(c) and (c.process.key, c.thread) in readers for c in end.calls)
    # Who asks may get another's answer, unless all answers are alike.
    return not asks or len({part.call.complete for part in reads} | {None}) == 2


def _refused(end: Endpoint) -> tuple[Call, Call] | None:
    """The read of a stream that asyncio refused, and the one that was waiting then."""
    if not any(map(_FAILURE, end.calls)):
        return None
    reads = [c for c in end.calls if is_stream_read(c)]
    for call in reads:
        if call.failure is None or _ASYNCIO_REFUSES not in call.failure.text:
            continue
        for other in reads:
            if other is not call and other.t0 <= call.t0 and (other.t1 or 1 << 62) > call.t0:
                return other, call
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
                    "process {pid}, {reader} began to read",
                    pid=a.process.pid,
                    reader=_reader(a),
                ),
                a.t0,
            ),
            Evidence(
                say(
                    "process {pid}, {reader} began to read before the other had returned",
                    pid=b.process.pid,
                    reader=_reader(b),
                ),
                b.t0,
            ),
        ),
        say(
            "let one thread or task read and hand on whole messages through a queue; in the others,"
            " close or do not use the connection"
        ),
        flow.number if flow else None,
        b.t0,
    )


def _reader(call: Call) -> Text:
    if call.task:
        name = call.process.tasks.get(call.task, {}).get("name", str(call.task))
        return say("task {name}", name=name)
    thread = call.process.threads.get(call.thread, (0, str(call.thread)))[1] or str(call.thread)
    return say("thread {name}", name=thread)
