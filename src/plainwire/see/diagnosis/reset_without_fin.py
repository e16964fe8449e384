"""A connection was cut by a reset, and no FIN came before it.

Proof, from packets and calls: an RST without a FIN, sent because the program closed
with a linger time of 0 or its process ended with bytes unread; and the peer's next call
failed with a reset that nobody caught. (Bytes unread at close() are unread-at-close;
an RST that answers bytes for a closed socket is write-after-close.)
Silent: a peer that caught the error, a process that we ended.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, where
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, say
from plainwire.see.ledger.model import Flow
from plainwire.see.ledger.wire import FIN, RST, Behind, Segment

RULE = "reset-without-fin"
_WHYS = ("linger", "exit")


def find(case: Case) -> Iterator[Finding]:
    """One finding for each line that was hit by such a reset."""
    told: set[object] = set()
    for flow in case.ledger.flows:
        reset = next((s for s in flow.segments if s.flags & RST), None)
        if reset is None or reset.cause is None or reset.cause.why not in _WHYS:
            continue
        if any(s.flags & FIN and s.end == reset.end and s.t < reset.t for s in flow.segments):
            continue
        victim = reset.seen.call if reset.seen is not None else None
        if victim is None or case.is_ours(victim) or case.surfaced(victim) is None:
            continue
        if _ours(reset.cause, reset) or victim.site.frame in told:
            continue
        told.add(victim.site.frame)
        yield _finding(case, flow, reset, reset.cause)


def _ours(cause: Behind, reset: Segment) -> bool:
    process = cause.process or (cause.call.process if cause.call is not None else None)
    return process is None or (process.ending is not None and process.ending <= reset.t)


def _finding(case: Case, flow: Flow, reset: Segment, cause: Behind) -> Finding:
    assert reset.seen is not None
    assert reset.seen.call is not None
    victim = reset.seen.call
    if cause.call is not None:
        culprit = say("{where} closed with a linger time of 0", where=where(cause.call))
        fix = say(
            "do not set SO_LINGER to (1, 0); close() then sends FIN, and the peer can read to the"
            " end"
        )
    else:
        name = cause.process.name if cause.process is not None else "?"
        culprit = say("{name} ended with bytes unread", name=name)
        fix = say("read to the end and close() before the program ends")
    return Finding(
        RULE,
        CERTAIN,
        say(
            "{culprit}: the kernel sent RST instead of FIN, and {victim} failed",
            culprit=culprit,
            victim=where(victim),
        ),
        case.places((cause.call, "closes"), (victim, "fails")),
        (
            Evidence(
                say("RST (packet {number}), and no FIN before it", number=reset.number), reset.t
            ),
            Evidence(say("{where} then failed: the connection was reset", where=where(victim))),
        ),
        fix,
        flow.number,
        reset.t,
    )
