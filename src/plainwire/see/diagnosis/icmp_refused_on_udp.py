"""A datagram was refused, and the error came out of a later, innocent call.

Proof: the port unreachable (ICMP) quotes the datagram, and a later call on the same
connected socket failed with ECONNREFUSED that nobody caught. Without packets nothing
is said: the datagram that was refused is not known.
Silent: a program that caught it, an unconnected socket (the kernel tells it nothing).
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, endpoint_name, where
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, say
from plainwire.see.ledger.model import Call, Datagram, Flow

RULE = "icmp-refused-on-udp"
_REFUSED = 111


def find(case: Case) -> Iterator[Finding]:
    """One finding for each line that got the error."""
    told: set[object] = set()
    for flow in case.ledger.flows:
        for datagram in flow.datagrams:
            call = _got_it(case, datagram)
            if call is not None and call.site.frame not in told:
                told.add(call.site.frame)
                yield _finding(case, flow, datagram, call)


def _got_it(case: Case, datagram: Datagram) -> Call | None:
    """The next call on the socket that failed, if it failed for this."""
    if datagram.refused is None or datagram.sent is None or datagram.sender is None:
        return None
    for call in datagram.sender.calls:
        if call is datagram.sent or (call.t1 or call.t0) < datagram.refused.t:
            continue
        if call.failure is not None:
            surfaced = call.failure.errno == _REFUSED and case.surfaced(call) is not None
            return call if surfaced and not case.is_ours(call) else None
    return None


def _finding(case: Case, flow: Flow, datagram: Datagram, call: Call) -> Finding:
    sent, refused = datagram.sent, datagram.refused
    assert sent is not None
    assert refused is not None
    return Finding(
        RULE,
        CERTAIN,
        say(
            "{call} failed for the datagram that {sent} had sent: nobody was bound to {address}",
            call=where(call),
            sent=where(sent),
            address=endpoint_name(refused.quoted_target),
        ),
        case.places((sent, "sends"), (call, "fails")),
        (
            Evidence(
                say(
                    "the kernel answered packet {packet} with ICMP port unreachable (packet"
                    " {number})",
                    packet=datagram.packet or "?",
                    number=refused.number,
                ),
                refused.t,
            ),
            Evidence(say("{where} then failed: Connection refused", where=where(call)), call.t1),
        ),
        say(
            "start the receiver first, or catch ConnectionRefusedError around both send and receive"
            " and try again"
        ),
        flow.number,
        call.t1,
    )
