"""A datagram was longer than the buffer it was read into; the rest is gone.

Proof: the received datagram is the sent one (datagrams.py), is exactly as long as the
buffer asked for, and shorter than what was sent. Silent for a look with MSG_PEEK, for a
read whose result is thrown away (`sock.recv(1)` as a statement: only that one came
matters), and for recvmsg(), which tells the program of the cut (MSG_TRUNC, recvmsg(2)).
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, where
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, say
from plainwire.see.ledger.model import Datagram, Flow

RULE = "datagram-truncated"
_TOLD = ("recvmsg", "recvmsg_into")


def find(case: Case) -> Iterator[Finding]:
    """One finding for each line that reads too little."""
    told: set[object] = set()
    for flow in case.ledger.flows:
        for datagram in flow.datagrams:
            received, sent = datagram.received, datagram.sent
            if received is None or sent is None or case.is_ours(received):
                continue
            if received.op in _TOLD or not sent.count > received.count == received.asked:
                continue
            frame = received.site.frame
            if frame is None or frame in told:
                continue
            # Where a library reads (socketserver), the line in sight is not the read.
            if not received.site.via and case.discarded(received):
                continue
            told.add(frame)
            yield _finding(case, flow, datagram)


def _finding(case: Case, flow: Flow, datagram: Datagram) -> Finding:
    received, sent = datagram.received, datagram.sent
    assert received is not None
    assert sent is not None
    return Finding(
        RULE,
        CERTAIN,
        say(
            "{where} read {count} bytes of a datagram of {size}; the other {lost} are lost",
            where=where(received),
            count=received.count,
            size=sent.count,
            lost=sent.count - received.count,
        ),
        case.places((received, "reads"), (sent, "sends")),
        (
            Evidence(
                say("{where} sent {count} bytes", where=where(sent), count=sent.count), sent.t0
            ),
            Evidence(
                say(
                    "{where} asked for at most {asked}: unlike TCP, what does not fit is thrown"
                    " away",
                    where=where(received),
                    asked=received.asked,
                ),
                received.t1,
            ),
        ),
        say(
            "ask for the largest datagram you may get (65535 always suffices), or make messages"
            " smaller than the buffer"
        ),
        flow.number,
        received.t1,
    )
