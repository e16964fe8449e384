"""A connect() failed because nothing answered its SYN, not even a refusal.

Proof, from packets and calls: the SYN left, was sent again or waited for until the
connect() timed out, and no SYN-ACK, RST or ICMP error came. Certain when the time-out
was not caught. Silent: a listener of an observed program with a full queue
(backlog-overflow), a refusal (connect-refused), a connect() that was tried again and
succeeded, a time-out that the program caught (a scanner's business).
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.backlog_overflow import overflowed
from plainwire.see.diagnosis.case import Case, endpoint_name, where
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, say
from plainwire.see.ledger.model import Call
from plainwire.see.ledger.wire import Wire

RULE = "syn-unanswered"


def find(case: Case) -> Iterator[Finding]:
    """One finding for each line whose connect() was not answered."""
    told: set[object] = set()
    for wire in case.ledger.wires:
        call = wire.attempt
        if call is None or call.failure is None or case.is_ours(call):
            continue
        if "imeout" not in call.failure.name and call.failure.errno != 110:
            continue
        if any(s.end == 1 for s in wire.segments) or case.surfaced(call) is None:
            continue
        if _said_unreachable(case, wire) or overflowed(case, wire):
            continue
        if call.site.frame not in told:
            told.add(call.site.frame)
            yield _finding(case, wire, call)


def _said_unreachable(case: Case, wire: Wire) -> bool:
    return any(
        (e.quoted_source, e.quoted_target) == wire.ends and e.unreachable for e in case.ledger.icmp
    )


def _finding(case: Case, wire: Wire, call: Call) -> Finding:
    numbers = ", ".join(str(s.number) for s in wire.segments)
    return Finding(
        RULE,
        CERTAIN,
        say(
            "{where} got no answer from {address}: neither a connection nor a refusal",
            where=where(call),
            address=endpoint_name(wire.ends[1]),
        ),
        case.places((call, "connects")),
        (
            Evidence(
                say(
                    "SYN was sent {count} times (packets {numbers}), and nothing came back in"
                    " {seconds:.1f} s",
                    count=len(wire.segments),
                    numbers=numbers,
                    seconds=call.blocked_ns / 1e9,
                ),
                wire.segments[0].t,
            ),
        ),
        say(
            "check the address; a host that is up refuses a closed port at once, so silence means a"
            " wrong host, one that is down, or a firewall that drops"
        ),
        None,
        call.t1,
    )
