"""Both sides wait in a read, and nothing is on its way.

Proof: at the ends of one connection a thread each is blocked in a read without a
time-out; both receive queues and both send queues are empty, neither end is closed;
no thread of any process that holds an end can go on by itself (ledger/waits.py).
Certain if only somebody outside could wake them through a process that neither side
is; likely if one of the two processes also accepts new clients, and nothing in its
source shows that it writes to one client what another brings (sharing.py).
A ring is the same over several connections: A waits for B, B for C, C for A.
So do two ends that waited until the time-out of one, whose exception nobody caught: had
it waited on, both would be stuck (W7). And, as likely, two ends that have waited for two
seconds beside a loop's timers, when one of them holds a part of a message; or one of which
looks again and again in a select() with a time-out, to the end of the run (rounds.py).
Silent: any other time-out, a thread at a terminal or asleep that could still write, a signal
handler that a timer or a child may call, a peer that was not observed, a wait that ended
by itself; a subscriber that waits for news from others; an answer in a datagram that went
to somewhere else (that is datagram-lost).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from plainwire.see.diagnosis import datagram_lost, eof_never_comes, unfinished
from plainwire.see.diagnosis.case import Case, amounts, connection, last_message, totals, where
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, Text, say
from plainwire.see.diagnosis.patience import gave_up, hung_pairs
from plainwire.see.diagnosis.rounds import looked_again
from plainwire.see.diagnosis.waiting import (
    Pair,
    Ring,
    could_be_woken,
    new_client_could_wake,
    stuck_rings,
    waits_for_news,
)
from plainwire.see.ledger.model import Call, Flow
from plainwire.see.ledger.ranges import is_send
from plainwire.see.ledger.waits import Waiter, Waits

RULE = "mutual-wait"


def find(case: Case) -> Iterator[Finding]:
    """One finding for each connection whose two ends wait for each other."""
    for pair in hung_pairs(case, "receive"):
        if pair.flow.datagrams and datagram_lost.went_astray(case, pair.flow):
            continue
        if eof_never_comes.reader_of(case, pair) is None and not waits_for_news(
            case, pair.waits, pair.waiters
        ):
            yield finding(case, pair)
    for ring in stuck_rings(case):
        if not waits_for_news(case, ring.waits, [link.waiter for link in ring.links]):
            yield _of_ring(case, ring)


def finding(case: Case, pair: Pair) -> Finding:
    """The finding for one pair."""
    a, b = pair.calls
    flow = pair.flow
    woken = could_be_woken(pair.waits, pair.waiters)
    certainty = LIKELY if woken or pair.timers else CERTAIN
    evidence = [
        Evidence(
            say(
                "connection {connection}: both ends open, 0 bytes unread, 0 bytes on the way",
                connection=connection(flow),
            ),
            pair.waits.t,
        ),
        *_moved(case, flow, pair.waits.t),
    ]
    evidence += [e for e in (last_message(flow.there), last_message(flow.back)) if e]
    lacks = [
        lack
        for call, direction in zip(pair.calls, (flow.back, flow.there), strict=True)
        if (lack := unfinished.of(case, call, direction)) is not None
    ]
    evidence += [lack.evidence for lack in lacks]
    kept = list(_kept_back(case, pair))
    evidence += [evidence_of for evidence_of, _ in kept]
    evidence += _others(pair)
    if pair.gave_up is not None:
        evidence.append(gave_up(case, pair.gave_up))
        said = say(
            "{a} and {b} waited for each other until a time-out; nothing was on its way",
            a=_name(case, a),
            b=_name(case, b),
        )
    else:
        said = say(
            "{a} and {b} wait for each other; nothing is on its way",
            a=_name(case, a),
            b=_name(case, b),
        )
    if woken:
        evidence.append(_from_outside(pair.waits, pair.waiters))
    evidence += _timers(case, pair)
    return Finding(
        RULE,
        certainty,
        said,
        case.places((a, "waits"), (b, "waits"), *((lack.sender, "sends") for lack in lacks[:1])),
        tuple(evidence),
        kept[0][1] if kept else lacks[0].fix if lacks else _fix(pair),
        flow.number,
        pair.waits.t,
    )


def _timers(case: Case, pair: Pair) -> list[Evidence]:
    """What came of the time-outs of those that wait."""
    again = list(looked_again(case, pair.waiters))
    if pair.timers and not again:
        return [Evidence(say("a loop has timers too; none of them sent anything here"))]
    return again


def _of_ring(case: Case, ring: Ring) -> Finding:
    woken = could_be_woken(ring.waits, [link.waiter for link in ring.links])
    evidence: list[Evidence] = []
    for link, following in zip(ring.links, (*ring.links[1:], ring.links[0]), strict=True):
        evidence += [
            Evidence(
                say(
                    "{a} waits for {b}: connection {connection}, 0 bytes unread,"
                    " 0 bytes on the way",
                    a=where(link.call),
                    b=following.call.process.name,
                    connection=connection(link.flow),
                ),
                ring.waits.t,
            ),
            totals(link.flow.receiving(link.end), ring.waits.t),
        ]
    if woken:
        evidence.append(_from_outside(ring.waits, [link.waiter for link in ring.links]))
    return Finding(
        RULE,
        LIKELY if woken else CERTAIN,
        say(
            "{ring} wait in a ring, each for the next and the last for the first;"
            " nothing is on its way",
            ring=", ".join(str(_name(case, link.call)) for link in ring.links),
        ),
        case.places(*((link.call, "waits") for link in ring.links)),
        tuple(evidence),
        say("one of them must send what the one before it waits for, before it waits itself"),
        ring.links[0].flow.number,
        ring.waits.t,
    )


def _from_outside(waits: Waits, waiters: Iterable[Waiter]) -> Evidence:
    """Who could still wake one of these: a new client, or who sends it a datagram."""
    if new_client_could_wake(waits, waiters):
        return Evidence(say("the server still accepts: only a new client could change this"))
    return Evidence(say("only a datagram from somebody else could change this"))


def _moved(case: Case, flow: Flow, until: int) -> Iterator[Evidence]:
    """What had been sent and read each way."""
    if not flow.datagrams:
        for direction in (flow.there, flow.back):
            written, read = amounts(direction, until)
            if written >= read:  # what the handshake of TLS sends is read, but counted by nobody
                yield totals(direction, until)
        return
    lost = [d for f in case.ledger.flows if f is not flow for d in f.datagrams if not d.received]
    for end in flow.ends:  # what it sent to nobody belongs to a flow of its own
        all_sent = (d for d in (*flow.datagrams, *lost) if d.sender is end)
        sent = [d for d in all_sent if d.sent and d.sent.t0 <= until]
        yield Evidence(
            say(
                "{name} sent {sent} datagrams, of which {read} were received",
                name=end.process.name if end.process is not None else "?",
                sent=len(sent),
                read=sum(d.received is not None for d in sent),
            )
        )


def _name(case: Case, call: Call | None) -> str | Text:
    if call is None:
        return say("a program that was not observed")
    frame = call.site.frame
    text = where(call)
    return f"{text} ({case.word(call)})" if frame is not None else text


def _others(pair: Pair) -> Iterator[Evidence]:
    """Who else holds an end, and why that one was taken not to write."""
    for end, waiter in ((pair.flow.client, pair.client[0]), (pair.flow.server, pair.server[0])):
        if end is None:
            continue
        for pid in pair.waits.holders.get(str(end.inode), []):
            if pid != waiter.pid:
                yield Evidence(
                    say(
                        "process {pid} holds this end too, but only waits (taken not to write)",
                        pid=pid,
                    )
                )


def _kept_back(case: Case, pair: Pair) -> Iterator[tuple[Evidence, Text]]:
    """Bytes that lay in the buffer of a file, and left it when the interpreter was ended."""
    for end in pair.flow.ends:
        for call in end.calls:
            late = call.t0 > pair.waits.t and case.is_ours(call) and is_send(call)
            if not late or call.count <= 0 or call.site.frame is not None or not _of_file(call):
                continue
            yield (
                Evidence(
                    say(
                        "{name} had written {count} bytes to a file of this connection, and they"
                        " stayed in its buffer: they left when the program was ended",
                        name=call.process.name,
                        count=call.count,
                    ),
                    call.t0,
                ),
                say(
                    "call flush() after each message that is written to a file of makefile(), or"
                    " write with sendall()"
                ),
            )
            break


def _of_file(call: Call) -> bool:
    """Did a buffered file over the socket send this, and nobody's line?"""
    return any(file.endswith("/socket.py") and f == "write" for file, _, f in call.site.via)


def _speaks_tls(call: Call) -> bool:
    ops = [c.op for c in call.endpoint.calls] if call.endpoint is not None else []
    return call.op.startswith("tls.") or any(op.startswith("tls.") for op in ops)


def _fix(pair: Pair) -> Text:
    a, b = pair.calls
    if a is not None and b is not None and "tls.handshake" in (a.op, b.op):
        tls, plain = (a, b) if _speaks_tls(a) else (b, a)
        if not _speaks_tls(plain):
            return say(
                "{tls} begins TLS, and {plain} reads plain bytes: wrap both ends with an"
                " SSLContext, or neither",
                tls=where(tls),
                plain=where(plain),
            )
    sent, read = amounts(pair.flow.there, pair.waits.t)
    if sent > read:
        return say("one side must read what was sent before it waits for more")
    return say(
        "one side must send before it waits: let {a} or {b} send first, and make both agree on"
        " whose turn it is after each message",
        a=where(a) if a else "?",
        b=where(b) if b else "?",
    )
