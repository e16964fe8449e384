"""Datagrams that went where nobody received them.

Proof, one of: the datagram was sent to a port that nobody had bound yet, and that an
observed program bound later; or an answer went to where its asker does not listen,
while the asker waits. (A full queue is datagram-lost-in-kernel.) Silent when the same
content was sent again and received (the program listens for an answer and repeats
itself), and when nothing but the end of the programs kept it from being read.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, endpoint_name, where
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, say
from plainwire.see.ledger.addresses import reaches
from plainwire.see.ledger.model import Call, Datagram, Endpoint, Flow
from plainwire.see.ledger.ranges import is_receive

RULE = "datagram-lost"


def find(case: Case) -> Iterator[Finding]:
    """One finding for each receiver that bound too late, and each line that answered wrongly."""
    told: set[int] = set()
    lines: set[object] = set()
    for flow, answer, asked in _misdirected(case):
        frame = answer.sent.site.frame if answer.sent is not None else None
        if frame not in lines:
            lines.add(frame)
            yield _wrong_way(case, flow, answer, *asked)
    for flow in case.ledger.flows:
        for datagram in flow.datagrams:
            late = _bound_later(case, datagram)
            if late is not None and late[0].number not in told:
                told.add(late[0].number)
                yield _too_early(case, flow, datagram, *late)


def lost_at(case: Case, end: Endpoint) -> list[Datagram]:
    """Datagrams for an endpoint that it never read, and that were not sent again."""
    to_it = [
        d
        for flow in case.ledger.flows
        for d in flow.datagrams
        if d.sent is not None and not case.is_ours(d.sent) and reaches(d.target, end.local)
    ]
    received = [d.sent for d in to_it if d.sent and d.received is not None]
    return [d for d in to_it if d.received is None and d.sent and not _again(d.sent, received)]


def _again(lost: Call, received: list[Call]) -> bool:
    """Was the same content sent twice, with a read by its sender in between, and once received?

    That is a program that asks again until it is answered; one that sends the same bytes
    over and over without listening is not.
    """
    end = lost.endpoint
    listened = [c.t0 for c in end.calls if is_receive(c)] if end else []
    return any(
        other.payload == lost.payload
        and other.payload is not None
        and other.endpoint is end
        and any(min(lost.t0, other.t0) < t < max(lost.t0, other.t0) for t in listened)
        for other in received
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
    if later is None or d not in lost_at(case, later[0]):
        return None
    return later


def went_astray(case: Case, flow: Flow) -> bool:
    """Does an end of this flow wait for an answer that its other end sent elsewhere?

    Then that is what is wrong, and not that both wait.
    """
    return any(
        d.sender in flow.ends and asked[0] in flow.ends for _, d, asked in _misdirected(case)
    )


def _misdirected(case: Case) -> Iterator[tuple[Flow, Datagram, tuple[Endpoint, Call, bool]]]:
    """Answers that went where the asker does not listen, and the asker, who waits."""
    for flow in case.ledger.flows:
        for d in flow.datagrams:
            if d.sent is None or d.received is not None or d.sender is None or case.is_ours(d.sent):
                continue
            asked = _asker(case, d)
            if asked is not None:
                yield flow, d, asked


def _asker(case: Case, d: Datagram) -> tuple[Endpoint, Call, bool] | None:
    """Who waits for this answer in vain: its socket, its read, and whether it is connected.

    The asker sent something to this program before, never got an answer to it, and its
    read never ended by itself. Either the answer went to another port of its host, or it
    is connected and the answer came from another socket than the one it asked.
    """
    assert d.sent is not None
    for end in case.ledger.endpoints:
        if end.kind != "udp" or end is d.sender or not end.calls:
            continue
        waiting = [c for c in end.calls if is_receive(c) and (c.t1 is None or case.is_ours(c))]
        if not waiting or any(is_receive(c) and c.count > 0 for c in end.calls):
            continue
        questions = [
            q
            for flow in case.ledger.flows
            for q in flow.datagrams
            if q.sender is end and q.received is not None and q.sent is not None
            and q.received.process.program is d.sent.process.program
            and (q.received.t1 or 0) <= d.sent.t0
        ]  # fmt: skip
        if not questions:
            continue
        if reaches(d.target, end.local):
            if isinstance(end.remote, tuple) and d.source and end.remote[1:] != d.source[1:]:
                return end, waiting[-1], True
        elif not any(
            reaches(d.target, other.local) for other in case.ledger.endpoints if other.kind == "udp"
        ):
            return end, waiting[-1], False
    return None


def _wrong_way(
    case: Case, flow: Flow, d: Datagram, end: Endpoint, waiting: Call, connected: bool
) -> Finding:
    sent = d.sent
    assert sent is not None
    if connected:
        why = say(
            "{reader} is connected to {remote}: the kernel gives it datagrams from there only, and"
            " this one came from {source}",
            reader=where(waiting),
            remote=endpoint_name(end.remote),
            source=endpoint_name(d.source),
        )
        fix = say(
            "answer with the socket that received the question, or do not connect() the asker"
        )
    else:
        why = say(
            "the question had come from {asker}; nobody observed has bound {target}",
            asker=endpoint_name(end.local),
            target=endpoint_name(d.target),
        )
        fix = say("answer to the address that recvfrom() returned, port included")
    return Finding(
        RULE,
        CERTAIN if connected else LIKELY,
        say(
            "{sender} answered to where {reader} does not listen; the datagram is lost",
            sender=where(sent),
            reader=where(waiting),
        ),
        case.places((sent, "sends"), (waiting, "waits")),
        (
            Evidence(
                say(
                    "{count} bytes were sent to {target}",
                    count=sent.count,
                    target=endpoint_name(d.target),
                ),
                sent.t0,
            ),
            Evidence(why),
        ),
        fix,
        flow.number,
        sent.t0,
    )


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
            Evidence(say("sent {count} bytes", count=sent.count), sent.t0),
            Evidence(
                say(
                    "{address} was bound only then",
                    address=endpoint_name(end.local),
                ),
                bind.t0,
            ),
        ),
        say("bind the receiver before anybody sends, or send again until an answer comes"),
        flow.number,
        sent.t0,
    )
