"""No local port was left, because every request opened a connection of its own.

Proof: connect() failed with EADDRNOTAVAIL, after the same line had opened many
connections to the same address that this side closed first: their ports stay in
TIME_WAIT for 60 s. Likely, because connections before the run count too.
Silent: however many connections, as long as none failed for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, endpoint_name, where
from plainwire.see.diagnosis.model import LIKELY, Evidence, Finding, say
from plainwire.see.ledger.model import Call, Flow

RULE = "connection-per-request"
LEAST = 10
_NOT_AVAILABLE = 99


def find(case: Case) -> Iterator[Finding]:
    """One finding for each line that ran out of ports."""
    told: set[object] = set()
    for call in case.ledger.calls:
        failed = call.failure is not None and call.failure.errno == _NOT_AVAILABLE
        if not failed or call.op not in ("connect", "connect_ex") or case.is_ours(call):
            continue
        frame = call.site.frame
        if frame is None or frame in told or call.endpoint is None:
            continue
        opened = [
            f
            for f in case.ledger.flows
            if f.client is not None
            and f.client.opened_by is not None
            and f.client.opened_by.site.frame == frame
            and f.client.remote == call.endpoint.remote
            and f.opened < call.t0
        ]
        waiting = [f for f in opened if _client_waits(f)]
        if len(waiting) >= LEAST:
            told.add(frame)
            yield _finding(case, call, len(opened), waiting)


def _client_waits(flow: Flow) -> bool:
    return any(c.end == 0 and c.after == "TIME_WAIT" for c in flow.states)


def _finding(case: Case, call: Call, opened: int, waiting: list[Flow]) -> Finding:
    assert call.endpoint is not None
    closer = waiting[-1].there.fin_sent
    return Finding(
        RULE,
        LIKELY,
        say(
            "{where} found no free port: it had opened {count} connections to {address}, one for"
            " each request",
            where=where(call),
            count=opened,
            address=endpoint_name(call.endpoint.remote),
        ),
        case.places((call, "connects"), (closer, "closes")),
        (
            Evidence(
                say(
                    "{count} of them were closed first by this side, and each keeps its port in"
                    " TIME_WAIT for 60 s",
                    count=len(waiting),
                ),
                call.t1,
            ),
        ),
        say("keep one connection open for many requests, or let the server close first"),
        waiting[-1].number,
        call.t1,
    )
