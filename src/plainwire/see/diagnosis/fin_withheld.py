"""A connection was closed, but a copy of its descriptor keeps it open.

Proof: a reader is blocked on one end without a time-out, with nothing to read; the
process that did the work on the other end has closed it; and what still holds it (a
parent that forgot its copy after fork, a makefile object that was never closed, a
program that inherited it) never read or wrote it since and is stuck itself, or was
started anew and does not know of it. So it stays when the end came after all, but only
when the holder ended.
Silent: a read that got bytes, which somebody sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, connection, where
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, Text, say
from plainwire.see.diagnosis.waiting import went_on
from plainwire.see.ledger.model import Call, Endpoint
from plainwire.see.ledger.ranges import is_receive, is_send
from plainwire.see.ledger.waits import Waits

RULE = "fin-withheld"
_LATE_NS = 1_000_000_000


def find(case: Case) -> Iterator[Finding]:
    """One finding for each reader that waits for an end which a copy withholds."""
    told: set[int] = set()
    for waits in case.waits:
        for flow in case.ledger.flows:
            for end in flow.ends:
                other = end.peer
                if other is None or other.number in told:
                    continue
                reader = _reader(waits, end)
                if reader is None:
                    continue
                closing = _closed_before(other, waits.t)
                if closing is None or (went_on(case, reader) and not _late(reader, closing)):
                    continue
                held = _idle_holders(case, waits, other, closing)
                if held:
                    told.add(other.number)
                    yield _finding(case, flow.number, connection(flow), reader, closing, held,
                                   waits)  # fmt: skip


def _reader(waits: Waits, end: Endpoint) -> Call | None:
    """The read of an end that is blocked without a time-out, with nothing left to read."""
    if (waits.queues(end) or (0, 0))[0]:
        return None
    for waiter in waits.blocked:
        if str(end.inode) in waiter.inodes:
            call = waiter.call_on(end)
            if call is not None and call.endpoint is end:
                return call
    return None


def _late(reader: Call, closing: Call) -> bool:
    """Did the wait end with the end of the stream, long after the close?"""
    return reader.count == 0 and (reader.t1 or 0) - closing.t0 >= _LATE_NS


def _closed_before(end: Endpoint, t: int) -> Call | None:
    """The close by a process that had worked on this end; deferred closes count too."""
    workers = {c.process.key for c in end.calls if is_send(c) or is_receive(c)}
    closings = [
        c
        for c in end.calls
        if c.t0 < t and c.process.key in workers and (c.op == "closed" or _deferred(c))
    ]
    return closings[-1] if closings else None


def _deferred(call: Call) -> bool:
    return call.op == "close" and call.asked == 1


def _idle_holders(case: Case, waits: Waits, end: Endpoint, closing: Call) -> list[int]:
    """Who still holds the end, if none of them can be about to use it."""
    pids = waits.holders.get(str(end.inode), [])
    if not pids:
        return []
    for call in end.calls:
        busy = call.t1 is None or call.t1 > closing.t0
        if (is_send(call) or is_receive(call)) and busy and call.process.pid in pids:
            return []
    if not _deferred(closing) and closing.process.pid in pids:
        return []
    stuck = {w.pid for w in waits.stuck}
    observed = {p.pid: p for p in case.ledger.processes}
    for pid in pids:
        process = observed.get(pid)
        # A program started anew cannot use a descriptor that it was not told of, except
        # its standard ones.
        started_anew = process is None or process.parent is None
        knows = process is not None and any(key == process.key for key, _ in end.handles)
        if started_anew and not knows and not _is_standard(case, waits, pid, end):
            continue
        if pid not in stuck:
            return []
    return pids


def _is_standard(case: Case, waits: Waits, pid: int, end: Endpoint) -> bool:
    sample = next((s for s in case.ledger.samples if s["t"] == waits.t), None)
    held = sample["processes"].get(str(pid), {}).get("sockets", {}) if sample else {}
    return any(inode == str(end.inode) and int(fd) <= 2 for fd, inode in held.items())


def _message(case: Case, closing: Call, reader: Call) -> Text:
    names = {"closing": where(closing), "reader": where(reader)}
    if went_on(case, reader):
        return say(
            "{closing} closed the connection, but it stayed open, and {reader} waited {seconds:.1f}"
            " s for its end",
            **names,
            seconds=((reader.t1 or 0) - max(closing.t0, reader.t0)) / 1e9,
        )
    return say(
        "{closing} closed the connection, but it stays open, and {reader} waits for its end",
        **names,
    )


def _finding(
    case: Case,
    flow: int,
    name: str,
    reader: Call,
    closing: Call,
    pids: list[int],
    waits: Waits,
) -> Finding:
    if _deferred(closing):
        why = say("a file object from makefile() still holds the connection of {name}", name=name)
        fix = say("close the file object too: `with sock, sock.makefile() as file:`")
    else:
        why = say(
            "process {pids} still holds the connection {name} and never used it",
            pids=", ".join(map(str, pids)),
            name=name,
        )
        fix = say(
            "close the copy in the process that does not use it (the parent, right after fork or"
            " Process.start()), or call shutdown(socket.SHUT_RDWR) before close()"
        )
    accept = next((c for c in (closing.endpoint.calls if closing.endpoint else [])), None)
    opened = closing.endpoint.opened_by if closing.endpoint else accept
    return Finding(
        RULE,
        CERTAIN,
        _message(case, closing, reader),
        case.places((closing, "closes"), (reader, "waits"), (opened, "opens")),
        (
            Evidence(say("close() by process {pid}", pid=closing.process.pid), closing.t0),
            Evidence(why, waits.t),
        ),
        fix,
        flow,
        waits.t,
    )
