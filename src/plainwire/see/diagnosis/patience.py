"""Pairs that hang, also those whose time-outs or timers seem to say that they do not.

A thread with a time-out counts as able to act by itself (ledger/waits.py). Afterwards, or
by what a reader lacks, it can be known that this did not help: then the same sample is
read as if there were none (W7).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plainwire.see.diagnosis import rounds, sharing, unfinished
from plainwire.see.diagnosis.case import Case, where
from plainwire.see.diagnosis.model import Evidence, say
from plainwire.see.diagnosis.waiting import (
    Pair,
    all_had_started,
    spoken_later,
    stuck_on,
    stuck_pairs,
    thread_of,
    went_on,
)
from plainwire.see.ledger.model import SAMPLED_AFTER_NS, Call, Direction, Endpoint, Flow
from plainwire.see.ledger.ranges import is_receive, is_send, is_stream_read
from plainwire.see.ledger.waits import Waiter, Waits, analyse

_LONG_NS = 2_000_000_000  # a wait beside timers is no hang before it lasted so long


def hung_pairs(case: Case, wait: str) -> Iterator[Pair]:
    """Flows with both ends stuck in 'receive' or in 'send'; each flow once.

    Those that had no time-out come first.
    """
    told: set[int] = set()
    for pair in stuck_pairs(case, wait):
        told.add(pair.flow.number)
        yield pair
    for flow in case.ledger.flows:
        if flow.number in told or flow.client is None or flow.server is None:
            continue
        late = _given_up(case, flow, wait)
        if late is None and wait == "receive":
            late = _beside_timers(case, flow) or _round_a_select(case, flow)
        if late is not None:
            yield late


def _beside_timers(case: Case, flow: Flow) -> Pair | None:
    """Both ends wait, one for the rest of a message or the end, in loops that have timers.

    A timer might send, so a loop that has one counts as able to act. But who holds half a
    message waits for the other half, which only the other side has; and it is waiting.
    Not so if another task of that side wrote the first half: it may be about to go on.
    """
    assert flow.client is not None
    assert flow.server is not None
    calls = [_open_read(case, end) for end in (flow.client, flow.server)]
    a, b = calls
    if a is None or b is None or not (is_stream_read(a) or is_stream_read(b)):
        return None
    if not _lacks(case, a, b, flow.back) and not _lacks(case, b, a, flow.there):
        return None
    patient = frozenset(thread_of(call) for call in (a, b) if is_stream_read(call))
    for sample in case.ledger.samples:
        if sample["t"] < max(a.t0, b.t0) + _LONG_NS:
            continue
        waits = analyse(sample, case.ledger, patient)
        client, server = (stuck_on(waits, end, "receive") for end in (flow.client, flow.server))
        if client is not None and server is not None and not spoken_later(case, flow, waits.t):
            ticks = any(_ticks(sample, thread_of(call)) for call in (a, b))
            return Pair(flow, waits, client, server, timers=ticks)
    return None


def _round_a_select(case: Case, flow: Flow) -> Pair | None:
    """Both ends wait, one or both by looking again and again (rounds.py), to the end."""
    assert flow.client is not None
    assert flow.server is not None
    for waits in reversed(rounds.without_time_outs(case)):
        client, server = (_stuck_in_rounds(case, waits, e) for e in (flow.client, flow.server))
        if waits.t >= flow.ours_from:
            continue
        if client is None or server is None or spoken_later(case, flow, waits.t):
            return None
        for waiter, call in (client, server):
            going_round = (waiter.pid, waiter.tid) in rounds.in_vain(case)
            if call is None or (went_on(case, call) and not going_round):
                return None
        started = all_had_started(case, waits.t)
        return Pair(flow, waits, client, server, timers=True) if started else None
    return None


def _stuck_in_rounds(case: Case, waits: Waits, end: Endpoint) -> tuple[Waiter, Call | None] | None:
    """As stuck_on(). A round that had just begun when the run ended stands for no long call."""
    found = stuck_on(waits, end, "receive")
    if found is not None:
        return found
    for waiter in waits.on(end, "receive"):
        going_round = rounds.in_vain(case).get((waiter.pid, waiter.tid))
        if going_round is not None:
            return waiter, going_round.call
    return None


def _lacks(case: Case, reader: Call, other: Call, direction: Direction) -> bool:
    """Does a reader wait for the rest of a message, or the end, that `other` must send?"""
    if not direction.asked_writes or not 0 < direction.read == direction.written:
        return False
    short = unfinished.of(case, reader, direction) is not None
    return (short or unfinished.reads_to_the_end(case, reader)) and _wrote_last(
        case, other, direction
    )


def _wrote_last(case: Case, reader: Call, direction: Direction) -> bool:
    """Did whoever waits here write what came last in the other direction?

    Other threads are in the samples; a loop's other tasks are not: no, if the write stands
    in another function, one that the program gave to a task or a timer.
    """
    write = direction.asked_writes[-1].call
    wrote, reads = write.site.frame, reader.site.frame
    if not is_stream_read(reader) or wrote is None or reads is None:
        return True
    source = case.source(write)
    name = wrote.function.rpartition(".")[2]
    return wrote.function == reads.function or source is None or not sharing.runs(source, name)


def _open_read(case: Case, end: Endpoint) -> Call | None:
    """The program's read of an end that had not returned when the run was over."""
    for call in end.calls:
        over = call.t1 is not None and not case.is_ours(call)
        if not over and call.site.kind != "loop" and _is_wait(call, "receive"):
            return call
    return None


def _given_up(case: Case, flow: Flow, wait: str) -> Pair | None:
    """Both ends waited until the time-out of one ended it, and nobody caught the exception.

    The time-outs of both waits do not count, as it is known what came of them. The timers
    of the other end's loop do, unless it holds a part of a message (see `_beside_timers`).
    """
    assert flow.client is not None
    assert flow.server is not None
    for end, other in ((flow.client, flow.server), (flow.server, flow.client)):
        for call in _timed_out(case, end, wait):
            against = _still_waiting(other, wait, call)
            if against is None or _spoken_between(flow, call, against):
                continue
            timers = is_stream_read(against)
            patient = {thread_of(call)}
            if not timers or unfinished.of(case, against, flow.receiving(other)) is not None:
                patient.add(thread_of(against))
            since = max(call.t0, against.t0)
            for sample in reversed(case.ledger.samples):
                if since < sample["t"] < (call.t1 or since):
                    waits = analyse(sample, case.ledger, frozenset(patient))
                    client = stuck_on(waits, flow.client, wait)
                    server = stuck_on(waits, flow.server, wait)
                    if client is not None and server is not None:
                        timers = timers and _ticks(sample, thread_of(against))
                        return Pair(flow, waits, client, server, call, timers)
                    break
    return None


def without_timers(case: Case) -> Iterator[Waits]:
    """The samples with asyncio loops that read streams and have timers, as if they had none."""
    loops = {thread_of(call) for call in case.ledger.calls if is_stream_read(call)}
    for sample in case.ledger.samples:
        ticking = frozenset(thread for thread in loops if _ticks(sample, thread))
        if ticking:
            yield analyse(sample, case.ledger, ticking)


def _ticks(sample: dict[str, Any], thread: tuple[int, int]) -> bool:
    """Does a thread, by pid and tid, wait with a time-out?"""
    pid, tid = map(str, thread)
    found = sample["processes"].get(pid, {"threads": {}})["threads"].get(tid)
    return found is not None and not found["endless"]


def gave_up(case: Case, call: Call) -> Evidence:
    """That a wait ended by its time-out, as evidence."""
    surfaced = case.surfaced(call)
    return Evidence(
        say(
            "{where} gave up after {seconds:.1f} s with {exception}, which nobody caught",
            where=where(call),
            seconds=call.blocked_ns / 1e9,
            exception=surfaced.name if surfaced is not None else "?",
        ),
        call.t1,
    )


def _timed_out(case: Case, end: Endpoint, wait: str) -> Iterator[Call]:
    for call in end.calls:
        surfaced = case.surfaced(call) if call.failure is not None else None
        if surfaced is None or call.t1 is None or case.is_ours(call):
            continue
        # wait_for() and timeout() cancel the read, and raise TimeoutError in its place.
        if "imeout" in surfaced.name and _is_wait(call, wait):
            yield call


def _is_wait(call: Call, wait: str) -> bool:
    if wait == "send":
        return is_send(call)
    return is_receive(call) or is_stream_read(call)


def _still_waiting(end: Endpoint, wait: str, until: Call) -> Call | None:
    """The wait of an end that had begun, and was not over, when a call gave up."""
    assert until.t1 is not None
    for call in end.calls:
        if (
            call.t0 < until.t1 - SAMPLED_AFTER_NS
            and (call.t1 is None or call.t1 >= until.t1)
            and call.site.kind != "loop"
            and _is_wait(call, wait)
        ):
            return call
    return None


def _spoken_between(flow: Flow, call: Call, against: Call) -> bool:
    """Was anything sent on the connection while both waited?"""
    assert call.t1 is not None
    since = max(call.t0, against.t0)
    return any(
        is_send(c) and c is not call and c is not against and c.count > 0
        and since < c.t0 < call.t1
        for end in flow.ends
        for c in end.calls
    )  # fmt: skip
