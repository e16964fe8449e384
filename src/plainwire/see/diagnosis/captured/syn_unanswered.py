"""Nothing answered a SYN, not even a refusal: the packet-only half.

Proof: the SYN was sent again, a second later or more, so its sender had had no answer,
whatever the capture could see; and neither an answer nor anything but SYN followed up to
the end. Certain from the third SYN on, or when the capture went on for a second after the
last; else likely. Silent: an ICMP error about it (the ladder shows that), a client that
connected to the same target later, or meanwhile to the port at another address, a client
that tries many targets, a packet captured twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.captured.seen import SECOND, UNANSWERED, Connection, Seen
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, say
from plainwire.see.diagnosis.wire_evidence import numbers
from plainwire.see.ledger.wire import Segment

RULE = "syn-unanswered"
AGAIN_NS = 900_000_000  # RFC 6298 begins with 1 s


def find(seen: Seen) -> Iterator[Finding]:
    """One finding for each client host and target."""
    for attempts in seen.failed(UNANSWERED):
        proved = [(a, syns) for a in attempts if len(syns := _syns(seen, a)) > 1]
        if not proved or seen.reached_later(attempts[-1]):
            continue
        if any(seen.reached_elsewhere(attempt, SECOND) for attempt, _ in proved):
            continue
        attempt, syns = max(proved, key=lambda pair: len(pair[1]))
        yield _finding(seen, attempt, syns, len(attempts))


def _syns(seen: Seen, attempt: Connection) -> list[Segment]:
    """The SYNs that were sent anew, without what was only captured twice."""
    found = attempt.segments[:1]
    for segment in attempt.segments[1:]:
        if segment.t - found[-1].t >= AGAIN_NS and not seen.is_copy(
            found[-1].number, segment.number
        ):
            found.append(segment)
    return found


def _finding(seen: Seen, attempt: Connection, syns: list[Segment], attempts: int) -> Finding:
    went_on = seen.ledger.ended - syns[-1].t >= SECOND
    evidence = [
        Evidence(
            say(
                "SYN was sent {count} times (packets {numbers}), and nothing came back in"
                " {seconds:.1f} s",
                count=len(syns),
                numbers=numbers(tuple(s.number for s in syns)),
                seconds=(syns[-1].t - syns[0].t) / SECOND,
            ),
            syns[0].t,
        )
    ]
    if attempts > 1:
        evidence.append(Evidence(say("{count} attempts had no answer", count=attempts)))
    return Finding(
        RULE,
        CERTAIN if len(syns) > 2 or went_on else LIKELY,
        say(
            "{client} got no answer from {server}: neither a connection nor a refusal",
            client=attempt.name(0),
            server=attempt.name(1),
        ),
        (),
        tuple(evidence),
        say(
            "check the address; a host that is up refuses a closed port at once, so silence means a"
            " wrong host, one that is down, or a firewall that drops"
        ),
        attempt.flow.number,
        syns[-1].t,
    )
