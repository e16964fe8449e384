"""Datagrams that came to this machine and were dropped because the receiver's queue was full.

Proof: the kernel's own counter of the receiving socket (SO_MEMINFO, or the drops column
of /proc/net/udp) says that it dropped some, and datagrams were sent to it that no read
received. Where packets were taken they show that the datagrams did arrive; in a private
network the machine's counter (Udp.RcvbufErrors) says the same. Likely when the receiver
answers, since the programs may count on losses. Silent when the same content was sent
again and received: the program listens for an answer and repeats itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, endpoint_name, where
from plainwire.see.diagnosis.datagram_lost import lost_at
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, say
from plainwire.see.diagnosis.wire_evidence import numbers
from plainwire.see.ledger.model import Datagram, Endpoint
from plainwire.see.ledger.ranges import is_receive, is_send

RULE = "datagram-lost-in-kernel"
_COUNTERS = ("Udp.RcvbufErrors", "Udp6.RcvbufErrors")


def find(case: Case) -> Iterator[Finding]:
    """One finding for each receiving socket whose queue was full."""
    for end in case.ledger.endpoints:
        drops = _drops(case, end) if end.kind == "udp" else 0
        lost = lost_at(case, end) if drops else []
        if lost:
            yield _finding(case, end, drops, lost)


def _drops(case: Case, end: Endpoint) -> int:
    """What the kernel counted at a socket: when it was closed, or last seen before."""
    if end.drops:
        return end.drops
    inode = str(end.inode)
    rows = (sample["sockets"].get(inode, {}) for sample in case.ledger.samples)
    sampled: list[int] = [row.get("drops", 0) for row in rows]
    return max([case.ledger.drops.get(inode, 0), *sampled])


def _finding(case: Case, end: Endpoint, drops: int, lost: list[Datagram]) -> Finding:
    reader = next((c for c in end.calls if is_receive(c)), None)
    sender = lost[0].sent
    answered = any(is_send(c) for c in end.calls)
    flow = next((f for f in case.ledger.flows if lost[0] in f.datagrams), None)
    return Finding(
        RULE,
        LIKELY if answered else CERTAIN,
        say(
            "{count} datagrams were lost in this machine's own kernel: {reader} reads slower than"
            " {sender} sends",
            count=drops,
            reader=where(reader) if reader else "?",
            sender=where(sender) if sender else "?",
        ),
        case.places((reader, "reads"), (sender, "sends")),
        tuple(_evidence(case, end, drops, lost)),
        say(
            "UDP does not wait for a slow reader: read in a thread of its own, enlarge SO_RCVBUF,"
            " send slower, or number the datagrams and ask again for those that are missing"
        ),
        flow.number if flow else None,
        sender.t0 if sender else None,
    )


def _evidence(case: Case, end: Endpoint, drops: int, lost: list[Datagram]) -> Iterator[Evidence]:
    sender = lost[0].sent
    yield Evidence(
        say(
            "the kernel dropped {count} datagrams at {address} because its queue was full",
            count=drops,
            address=endpoint_name(end.local),
        )
    )
    yield Evidence(
        say("{count} datagrams that were sent to it were never read", count=len(lost)),
        sender.t0 if sender else None,
    )
    packets = tuple(d.packet for d in lost if d.packet is not None)
    if packets:
        yield Evidence(
            say(
                "{count} of them are in the capture (packets {packets}): they did arrive",
                count=len(packets),
                packets=numbers(packets),
            )
        )
    counters = case.ledger.counters
    if counters is not None and counters.exact:
        for name in _COUNTERS:
            if counters.of(name):
                yield Evidence(
                    say(
                        "the kernel's counter {name} moved by {count}",
                        name=name,
                        count=counters.of(name),
                    )
                )
