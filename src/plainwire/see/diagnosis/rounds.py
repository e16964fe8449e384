"""Threads that go round and round a select() with a time-out, and find nothing.

Such a thread counts as able to act by itself (ledger/waits.py), though it only looks again.
It waits like one without a time-out when both are known: in this run each of its rounds,
from some moment on to the end and for two seconds at least, lasted its whole time-out and
touched no socket; and by the source such a round does nothing (selecting.py). What it
would do after more time than the run had is not known: a pair of such is only likely.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from plainwire.see.diagnosis import selecting
from plainwire.see.diagnosis.case import Case, where
from plainwire.see.diagnosis.model import Evidence, say
from plainwire.see.diagnosis.waiting import thread_of
from plainwire.see.ledger.model import Call
from plainwire.see.ledger.waits import Waiter, Waits, analyse

LONG_NS = 2_000_000_000
_AT_LEAST = 2  # rounds
_NS_PER_MS = 1_000_000
_BETWEEN_NS = 50_000_000  # that a round may take to begin the next
Thread = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Rounds:
    """The last rounds of one thread, all in vain: since when, how many, and their line."""

    since: int
    count: int
    call: Call


def in_vain(case: Case) -> dict[Thread, Rounds]:
    """The threads, by pid and tid, whose rounds to the end of the run found nothing."""
    if "rounds" not in case.memo:
        selects: dict[Thread, list[Call]] = {}
        for call in case.ledger.calls:
            if call.op == "select":
                selects.setdefault(thread_of(call), []).append(call)
        found = {thread: _last_rounds(case, calls) for thread, calls in selects.items()}
        case.memo["rounds"] = {t: rounds for t, rounds in found.items() if rounds is not None}
    rounds: dict[Thread, Rounds] = case.memo["rounds"]
    return rounds


def without_time_outs(case: Case) -> list[Waits]:
    """The samples in which such threads had long gone round, as if they had no time-out."""
    if "waits of rounds" not in case.memo:
        made = []
        for sample in case.ledger.samples:
            patient = frozenset(
                thread
                for thread, rounds in in_vain(case).items()
                if sample["t"] >= rounds.since + LONG_NS and _polls(sample, thread)
            )
            if patient:
                made.append(analyse(sample, case.ledger, patient))
        case.memo["waits of rounds"] = made
    waits: list[Waits] = case.memo["waits of rounds"]
    return waits


def looked_again(case: Case, waiters: Iterable[Waiter]) -> Iterator[Evidence]:
    """That some of these threads looked again and again, as evidence."""
    for waiter in waiters:
        rounds = in_vain(case).get((waiter.pid, waiter.tid))
        if rounds is not None:
            yield Evidence(
                say(
                    "{where} looks again after each time-out, and found nothing {count} times"
                    " in a row",
                    where=where(rounds.call),
                    count=rounds.count,
                )
            )


def _last_rounds(case: Case, calls: list[Call]) -> Rounds | None:
    """The rounds that end a thread's selects, when there are enough, and all at one line."""
    kept: list[Call] = []
    for call in reversed(calls):
        frame = call.site.frame
        if frame is None or (kept and frame != kept[0].site.frame):
            break
        if call.t1 is not None and not case.is_ours(call) and not _ran_out(call):
            break
        kept.append(call)
    complete = [call for call in kept if call.t1 is not None and not case.is_ours(call)]
    if len(complete) < _AT_LEAST or _stopped(kept[0]) or _touched(case, kept):
        return None
    last, first = complete[0], complete[-1]
    frame = last.site.frame
    assert frame is not None
    if not selecting.goes_round_in_vain(case.source(last), frame):
        return None
    return Rounds(first.t0, len(complete), kept[0])


def _ran_out(call: Call) -> bool:
    return call.failure is None and 0 < call.asked * _NS_PER_MS <= call.blocked_ns


def _stopped(last: Call) -> bool:
    """Was the thread out of the loop, or busy in it, when the run ended?"""
    ending = last.process.ending
    return last.t1 is not None and (ending is None or ending - last.t1 > _BETWEEN_NS)


def _touched(case: Case, rounds: list[Call]) -> bool:
    """Did the thread call anything on a socket in these rounds?"""
    return any(
        call.op != "select" and not case.is_ours(call)
        for call in case.of_thread(rounds[0], rounds[-1].t0)
    )


def _polls(sample: dict[str, object], thread: Thread) -> bool:
    """Does a thread wait in a poll in this sample (and not run between two)?"""
    processes = sample["processes"]
    assert isinstance(processes, dict)
    threads = processes.get(str(thread[0]), {}).get("threads", {})
    return bool(threads.get(str(thread[1]), {}).get("wait") == "poll")
