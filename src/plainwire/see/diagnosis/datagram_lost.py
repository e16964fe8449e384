"""Datagrams that were sent and never received, with a cause that is known.

Proof, one of: the kernel counted drops at the receiving socket because its queue was
full; or the datagram was sent to a port that nobody had bound yet, and that an
observed program bound later. Silent when the same content was received later (the
program sends again until it is answered), and when nothing but the end of the
programs kept it from being read.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, endpoint_name, where
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, say
from plainwire.see.ledger.build import reaches
from plainwire.see.ledger.model import Call, Datagram, Endpoint, Flow
from plainwire.see.ledger.ranges import is_receive, is_send

RULE = "datagram-lost"


def find(case: Case) -> Iterator[Finding]:
    """One finding for each receiving socket that lost datagrams, or bound too late."""
    told: set[int] = set()
    for end in case.ledger.endpoints:
        if end.kind == "udp" and (end.drops or _sampled_drops(case, end)):
            sent = _lost_at(case, end)
            if sent:
                told.add(end.number)
                yield _dropped(case, end, sent)
    for flow in case.ledger.flows:
        for datagram in flow.datagrams:
            late = _bound_later(case, datagram)
            if late is not None and late[0].number not in told:
                told.add(late[0].number)
                yield _too_early(case, flow, datagram, *late)


def _sampled_drops(case: Case, end: Endpoint) -> int:
    rows = (s["sockets"].get(str(end.inode), {}) for s in case.ledger.samples)
    return max((row.get("drops", 0) for row in rows), default=0)


def _lost_at(case: Case, end: Endpoint) -> list[Datagram]:
    """Datagrams for an endpoint that it never read, and that were not sent again."""
    to_it = [
        d
        for flow in case.ledger.flows
        for d in flow.datagrams
        if d.sent is not None and not case.is_ours(d.sent) and reaches(d.target, end.local)
    ]
    received = {d.sent.payload for d in to_it if d.sent and d.received is not None}
    return [
        d
        for d in to_it
        if d.received is None
        and d.sent
        and (d.sent.payload is None or d.sent.payload not in received)
    ]


def _dropped(case: Case, end: Endpoint, lost: list[Datagram]) -> Finding:
    drops = end.drops or _sampled_drops(case, end)
    reader = next((c for c in end.calls if is_receive(c)), None)
    sender = lost[0].sent
    answered = any(is_send(c) for c in end.calls)
    evidence = [
        Evidence(
            say(
                "the kernel dropped {count} datagrams at {address} because its queue was full",
                count=drops,
                address=endpoint_name(end.local),
            )
        ),
        Evidence(
            say("{count} datagrams that were sent to it were never read", count=len(lost)),
            sender.t0 if sender else None,
        ),
    ]
    flow = next((f for f in case.ledger.flows if lost[0] in f.datagrams), None)
    return Finding(
        RULE,
        LIKELY if answered else CERTAIN,
        say(
            "{count} datagrams were lost in this machine's own kernel: {reader} reads slower than"
            " {sender} sends",
            count=drops,
            reader=where(reader) if reader else "?",
            sender=where(sender) if sender else "?",
        ),
        case.places((reader, "reads"), (sender, "sends")),
        tuple(evidence),
        say(
            "UDP does not wait for a slow reader: read in a thread of its own, enlarge SO_RCVBUF,"
            " send slower, or number the datagrams and ask again for those that are missing"
        ),
        flow.number if flow else None,
        sender.t0 if sender else None,
    )


def _bound_later(case: Case, d: Datagram) -> tuple[Endpoint, Call] | None:
    if d.sent is None or d.received is not None or d.target is None or case.is_ours(d.sent):
        return None
    sent = d.sent
    later: tuple[Endpoint, Call] | None = None
    for end in case.ledger.endpoints:
        if end.kind != "udp" or not reaches(d.target, end.local) or end is d.sender:
            continue
        bind = next((c for c in end.calls if c.op == "bind" and c.failure is None), None)
        if bind is None or (bind.t1 or 0) < sent.t0:
            return None
        if bind.t0 > (sent.t1 or sent.t0):
            later = (end, bind)
    if later is None or d not in _lost_at(case, later[0]):
        return None
    return later


def _too_early(case: Case, flow: Flow, d: Datagram, end: Endpoint, bind: Call) -> Finding:
    sent = d.sent
    assert sent is not None
    return Finding(
        RULE,
        CERTAIN,
        say(
            "{sender} sent a datagram to {address} before {bind} had bound it: it is gone",
            sender=where(sent),
            address=endpoint_name(d.target),
            bind=where(bind),
        ),
        case.places((sent, "sends"), (bind, "binds")),
        (
            Evidence(
                say("sent {count} bytes at {t}", count=sent.count, t=case.since(sent.t0)), sent.t0
            ),
            Evidence(
                say(
                    "{address} was bound only at {t}",
                    address=endpoint_name(end.local),
                    t=case.since(bind.t0),
                ),
                bind.t0,
            ),
        ),
        say("bind the receiver before anybody sends, or send again until an answer comes"),
        flow.number,
        sent.t0,
    )
