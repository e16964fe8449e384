"""A connection was closed while bytes of the peer lay unread, and the peer was hurt.

Proof: close() with bytes in the receive queue (the kernel then sends a reset instead
of an orderly end, RFC 1122 section 4.2.2.13), and afterwards a call of the peer failed
with a reset: uncaught, or in a read, with bytes on the way to it that it never got.
Silent: a peer that noticed nothing, or that expected readers to leave (it caught the
error of a send).
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, quoted, where
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, place_of, say
from plainwire.see.ledger.model import Call, Endpoint, Flow
from plainwire.see.ledger.ranges import is_receive

RULE = "unread-at-close"
_RESET = (32, 104)


def find(case: Case) -> Iterator[Finding]:
    """One finding for each line that closed on unread bytes."""
    told: set[object] = set()
    for flow in case.ledger.flows:
        for end in flow.ends:
            closing = closed_on_unread(end)
            if closing is None or case.is_ours(closing) or end.peer is None:
                continue
            reply = flow.sending(end)
            lost = reply.written - reply.read
            victim = _victim(case, end.peer, closing, lost)
            if victim is not None and closing.site.frame not in told:
                told.add(closing.site.frame)
                yield _finding(case, flow, end, closing, *victim)


def closed_on_unread(end: Endpoint) -> Call | None:
    """The close of an endpoint that left bytes unread."""
    if end.kind != "tcp":
        return None
    return next((c for c in end.calls if c.op == "closed" and c.aux > 0), None)


def _victim(case: Case, peer: Endpoint, closing: Call, lost: int) -> tuple[Call, str] | None:
    for call in peer.calls:
        if call.failure is None or call.failure.errno not in _RESET or case.is_ours(call):
            continue
        if (call.t1 or 0) < closing.t0 or place_of(call, "") is None:
            continue  # a library that serves expects clients to leave
        if case.surfaced(call) is not None:
            return call, CERTAIN
        if is_receive(call) and lost > 0:
            return call, LIKELY
    return None


def _finding(
    case: Case, flow: Flow, end: Endpoint, closing: Call, victim: Call, certainty: str
) -> Finding:
    direction = flow.receiving(end)
    unread = closing.aux
    sends = [r for r in direction.writes if r.end > direction.read]
    sender = sends[0].call if sends else None
    lost = flow.sending(end).written - flow.sending(end).read
    evidence = [
        Evidence(
            say(
                "{where} closed with {count} bytes unread, from offset {start} on",
                where=where(closing),
                count=unread,
                start=direction.read,
            ),
            closing.t0,
            direction.read,
        )
    ]
    if sender is not None:
        evidence.append(
            Evidence(
                say(
                    "they were sent at {where} {data}",
                    where=where(sender),
                    data=quoted(sender.payload),
                ),
                sender.t0,
            )
        )
    evidence.append(
        Evidence(
            say("{where} then failed: the connection was reset", where=where(victim)), victim.t1
        )
    )
    if lost > 0 and is_receive(victim):
        evidence.append(
            Evidence(say("{count} bytes that were sent to it never reached it", count=lost))
        )
    return Finding(
        RULE,
        certainty,
        say(
            "{closing} closed with {count} bytes unread, so the kernel reset the connection, and"
            " {victim} failed",
            closing=where(closing),
            count=unread,
            victim=where(victim),
        ),
        case.places((closing, "closes"), (victim, "fails"), (sender, "sends")),
        tuple(evidence),
        say(
            "read until b'' before close(), or call shutdown(socket.SHUT_WR), read the rest, then"
            " close()"
        ),
        flow.number,
        victim.t1,
    )
