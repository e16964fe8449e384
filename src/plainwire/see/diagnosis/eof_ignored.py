"""The peer has finished, and the program goes on reading b'' for ever.

Proof: at least ENOUGH reads in a row on one stream, from the same line of the user's,
each asked for bytes and gave b''. Silent: looks with MSG_PEEK, and a program that goes on
sending in between (the peer has finished only its own half).
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see import records
from plainwire.see.diagnosis.case import Case, where
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, say
from plainwire.see.ledger.model import Call, Endpoint
from plainwire.see.ledger.ranges import is_receive, is_send, is_stream_read

RULE = "eof-ignored"
ENOUGH = 5


def find(case: Case) -> Iterator[Finding]:
    """One finding for each line that reads on after the end."""
    told: set[object] = set()
    for endpoint in case.ledger.endpoints:
        if not endpoint.stream or endpoint.internal:
            continue
        row = _longest_row(case, endpoint)
        if len(row) < ENOUGH or row[0].site.frame in told:
            continue
        told.add(row[0].site.frame)
        yield _finding(case, endpoint, row)


def _longest_row(case: Case, endpoint: Endpoint) -> list[Call]:
    if sum(1 for c in endpoint.calls if not c.count) < ENOUGH:
        return []
    best: list[Call] = []
    row: list[Call] = []
    streamed = any(is_stream_read(c) for c in endpoint.calls)
    reads, asked = (is_stream_read, -1) if streamed else (is_receive, 0)
    for call in endpoint.calls:
        if call.t1 is None or case.is_ours(call) or call.flags & records.MSG_PEEK:
            continue
        if is_send(call) and call.count > 0:
            row = []
        if not reads(call):
            continue
        if call.count or call.failure is not None or call.asked <= asked:
            row = []
            continue
        if row and row[-1].site.frame != call.site.frame:
            row = []
        row.append(call)
        if len(row) > len(best) and call.site.frame is not None:
            best = row
    return best


def _finding(case: Case, endpoint: Endpoint, row: list[Call]) -> Finding:
    first = row[0]
    count = max(len(row), endpoint.eofs)
    flow = case.ledger.flow_of(endpoint)
    closing = None
    if endpoint.peer is not None:
        closing = next((c for c in endpoint.peer.calls if c.op in ("closed", "shutdown")), None)
    return Finding(
        RULE,
        CERTAIN,
        say(
            "{where} reads b'' again and again: the peer has finished, and the loop does not end",
            where=where(first),
        ),
        case.places((first, "reads"), (closing, "closes")),
        (
            Evidence(
                say(
                    "{count} reads in a row returned b'', which means: the peer will send no more",
                    count=count,
                ),
                first.t1,
            ),
        ),
        say("after each read: `if not data: break`, then close the socket"),
        flow.number if flow else None,
        first.t1,
    )
