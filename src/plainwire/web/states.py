"""TCP states of both ends from calls alone, as the rules of RFC 9293 say. Pure.

T1  A state is `inferred`; it is `kernel` where a sample of the kernel named the same
    state while it lasted.
T2  An end's states follow one another without gap from its opening on.
T3  The kernel, not `accept`, completes the handshake: a server's end is ESTABLISHED
    before its program has taken it.
"""

from __future__ import annotations

from dataclasses import dataclass

from plainwire.see.ledger.holders import Holding
from plainwire.see.ledger.model import Call, Endpoint, Flow, Ledger
from plainwire.web import schema

# Nothing was observed of an arrival that no call took; a segment crosses a loopback in
# some tens of microseconds. Drawn as inferred.
_UNKNOWN_TRAVEL = 50_000


@dataclass(frozen=True, slots=True)
class Handshake:
    """When SYN left, when both ends were connected; the calls that asked for it."""

    syn: int
    done: int
    connect: Call | None
    accept: Call | None


@dataclass(frozen=True, slots=True)
class Ending:
    """An end's FIN or RST: when it left, when the peer's kernel had it at the latest."""

    side: int
    sent: int
    arrived: int
    call: Call | None
    reset: bool


def handshake(flow: Flow) -> Handshake | None:
    """The opening of a TCP flow, if either end was seen to open."""
    connect = flow.client.opened_by if flow.client else None
    accept = flow.server.opened_by if flow.server else None
    if connect is not None and connect.op not in ("connect", "connect_ex"):
        connect = None
    if accept is not None and accept.op != "accept":
        accept = None
    if connect is not None:
        done = connect.t1 or (accept.t1 if accept else None) or connect.t0
        if connect.failure is not None:  # in progress: complete when something was taken
            done = accept.t1 if accept and accept.t1 else connect.t0
        if accept is not None and accept.t1:
            done = min(done, accept.t1)  # whichever call returned first proves it complete
        return Handshake(connect.t0, max(done, connect.t0), connect, accept)
    if accept is not None and accept.t1:
        return Handshake(accept.t1, accept.t1, None, accept)
    return None


def states(
    flow: Flow, ledger: Ledger, shake: Handshake, endings: list[Ending]
) -> list[schema.State]:
    """The states of both ends, each `[t0, t1)`, relative to the run's beginning."""
    found: list[schema.State] = []
    for side, end in ((0, flow.client), (1, flow.server)):
        for name, t0, t1 in _of_side(side, shake, endings, ledger.ended):
            proof = _proof(end, name, t0, t1, ledger)
            found.append(schema.State(side, name, t0 - ledger.began, t1 - ledger.began, proof, ""))
    return found


def _of_side(
    side: int, shake: Handshake, endings: list[Ending], end: int
) -> list[tuple[str, int, int]]:
    mine = next((e for e in endings if e.side == side), None)
    theirs = next((e for e in endings if e.side != side), None)
    moments = [(shake.syn, "SYN_SENT" if side == 0 else "SYN_RECV"), (shake.done, "ESTABLISHED")]
    if mine is not None and theirs is not None and mine.sent >= theirs.arrived:
        moments.append((theirs.arrived, "CLOSED" if theirs.reset else "CLOSE_WAIT"))
        if not theirs.reset:
            moments += [(mine.sent, "LAST_ACK"), (mine.arrived, "CLOSED")]
    elif mine is not None:
        moments.append((mine.sent, "CLOSED" if mine.reset else "FIN_WAIT1"))
        if not mine.reset:
            moments.append((mine.arrived, "FIN_WAIT2"))
            if theirs is not None:
                moments.append((theirs.arrived, "CLOSED" if theirs.reset else "TIME_WAIT"))
    elif theirs is not None:
        moments.append((theirs.arrived, "CLOSED" if theirs.reset else "CLOSE_WAIT"))
    moments.sort(key=lambda moment: moment[0])
    ends = [t for t, _ in moments[1:]] + [end]
    return [(name, t0, t1) for (t0, name), t1 in zip(moments, ends, strict=True) if t1 >= t0]


def _proof(end: Endpoint | None, name: str, t0: int, t1: int, ledger: Ledger) -> schema.Proof:
    if end is None:
        return "inferred"
    inode = str(end.inode)
    for sample in ledger.samples:
        if t0 <= sample["t"] < t1:
            row = sample["sockets"].get(inode)
            if row is not None and row["state"] == name:
                return "kernel"
    return "inferred"


def endings(flow: Flow, held: dict[int, list[Holding]]) -> list[Ending]:
    """FIN or RST of each end that let go: the last holder's close counts (holders.py H2)."""
    found = []
    for side, end in ((0, flow.client), (1, flow.server)):
        if end is None:
            continue
        ending = _ending(side, end, flow, held)
        if ending is not None:
            found.append(ending)
    return found


def _ending(side: int, end: Endpoint, flow: Flow, held: dict[int, list[Holding]]) -> Ending | None:
    call = next(
        (c for c in end.calls if c.op == "shutdown" and c.asked in (1, 2) and c.failure is None),
        None,
    )
    sent = call.t0 if call is not None else _let_go(end, held)
    if sent is None:
        return None
    if call is None:
        before = [c for c in end.calls if c.op in ("close", "dropped", "closed") and c.t0 <= sent]
        call = before[-1] if before else None
        closer = [c for c in before if c.op == "close"]
        if call is not None and call.op == "closed" and closer:
            call = closer[-1]
            sent = min(sent, max(call.t0, sent - 1_000_000))
    reset = bool(end.info and end.info.get("unread", 0) > 0) and not any(
        c.op == "shutdown" for c in end.calls
    )
    seen = flow.sending(end).fin_seen
    if seen is None or seen.t1 is None:
        return Ending(side, sent, sent + _UNKNOWN_TRAVEL, call, reset)
    sent = min(sent, seen.t1)
    waited = seen.t0 <= sent  # a reader that was waiting already took it as it came
    arrived = seen.t1 if waited else min(sent + _UNKNOWN_TRAVEL, seen.t0)
    return Ending(side, sent, arrived, call, reset)


def _let_go(end: Endpoint, held: dict[int, list[Holding]]) -> int | None:
    """When the last holder let go by itself; None while one holds, or when the run was ended."""
    moments = []
    for holding in held.get(end.number, []):
        if holding.until is None:
            return None
        if holding.process.ending is not None and holding.until >= holding.process.ending:
            return None
        moments.append(holding.until)
    return max(moments, default=None)
