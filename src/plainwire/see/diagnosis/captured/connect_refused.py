"""Nobody listens where a client wants to connect: the packet-only half.

Proof: a SYN was answered by RST that acknowledges it and has the sequence number 0, and
the client sent nothing but SYN. Certain when it tried again half a second later or more
and never got through; one refusal is likely, because whether it mattered cannot be seen.
Silent: a client that connected to the same target later (it waited for a server), or at
about that time to the port at another address (::1 before 127.0.0.1), a client that tries
many targets.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.captured.seen import REFUSED, SECOND, Connection, Seen
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, say
from plainwire.see.ledger.wire import RST

RULE = "connect-refused"
ELSEWHERE_NS = 3 * SECOND
AGAIN_NS = SECOND // 2


def find(seen: Seen) -> Iterator[Finding]:
    """One finding for each client host and target."""
    for attempts in seen.failed(REFUSED):
        if seen.reached_later(attempts[-1]):
            continue
        if any(seen.reached_elsewhere(attempt, ELSEWHERE_NS) for attempt in attempts):
            continue
        yield _finding(attempts)


def _finding(attempts: list[Connection]) -> Finding:
    attempt = attempts[0]
    syn = attempt.segments[0]
    reset = attempt.first(1, RST) or syn
    lasted = attempts[-1].segments[0].t - syn.t
    evidence = [
        Evidence(
            say(
                "SYN (packet {syn}) was answered by RST (packet {reset}) after {wait:.1f} ms",
                syn=syn.number,
                reset=reset.number,
                wait=(reset.t - syn.t) / 1e6,
            ),
            reset.t,
        )
    ]
    if len(attempts) > 1:
        evidence.append(
            Evidence(
                say(
                    "{count} attempts in {seconds:.1f} s were refused, and none got through",
                    count=len(attempts),
                    seconds=lasted / SECOND,
                )
            )
        )
    return Finding(
        RULE,
        CERTAIN if lasted >= AGAIN_NS else LIKELY,
        say(
            "{client} could not connect: {server} refused",
            client=attempt.name(0),
            server=attempt.name(1),
        ),
        (),
        tuple(evidence),
        say(
            "start what should listen on {server}, or compare host and port with those it binds; a"
            " firewall that rejects looks the same",
            server=attempt.name(1),
        ),
        attempt.flow.number,
        reset.t,
    )
