"""Datagrams went to a port at which nobody was bound: the packet-only half.

Proof: an ICMP port unreachable quotes a datagram of the flow, by the end that sent first;
the other end never sent one, and the refusals went on to the end. Certain when it was
told twice or more, else likely.
Silent: an answer that came too late for its asker (a resolver that had closed its socket:
the refused port is an ephemeral one), a flow in which the other end spoke, before or
after, traceroute's ports, a sender that tries many targets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from plainwire.see.diagnosis.captured.seen import MOST_TARGETS, SECOND, Seen, host_of, port_of
from plainwire.see.diagnosis.case import endpoint_name
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, say
from plainwire.see.ledger.model import Address, Flow
from plainwire.see.ledger.wire import Told

RULE = "icmp-refused-on-udp"
_TRACEROUTE = range(33434, 33535)
_EPHEMERAL = 32768  # Linux's range begins here, that of RFC 6335 at 49152


def find(seen: Seen) -> Iterator[Finding]:
    """One finding for each sending host and target."""
    refused: dict[tuple[str, Address], list[Flow]] = defaultdict(list)
    spoke: set[Address] = set()
    targets: dict[str, set[Address]] = defaultdict(set)
    for flow in seen.ledger.flows:
        if not flow.carried or flow.addresses is None:
            continue
        client, server = flow.addresses
        if any(c.end == 1 for c in flow.carried):
            spoke.add(server)
        elif _refusals(flow) and _to_the_end(flow):
            targets[host_of(client)].add(server)
            if not _innocent(client, server):
                refused[host_of(client), server].append(flow)
    for (host, server), flows in refused.items():
        if server not in spoke and len(targets[host]) <= MOST_TARGETS:
            yield _finding(flows)


def _refusals(flow: Flow) -> list[Told]:
    """The refusals of the client's datagrams that can be given to one of them."""
    return [t for t in flow.told if t.end == 0 and t.error.port_unreachable and t.about is not None]


def _to_the_end(flow: Flow) -> bool:
    """Was the last datagram refused, or was it one of many whose refusals are rationed?

    A kernel answers one a second of many (net.ipv4.icmp_ratelimit). Otherwise one that was
    not refused had a receiver, even if it never spoke.
    """
    told = _refusals(flow)
    last = flow.carried[-1]
    if told[-1].about == last.number:
        return True
    often = told[-1].error.t - told[0].error.t >= SECOND
    return often and last.t - told[-1].error.t < 2 * SECOND


def _innocent(client: Address, server: Address) -> bool:
    """Does the refused port look like an asker's, or like traceroute's?"""
    late_answer = port_of(server) >= _EPHEMERAL and port_of(client) < _EPHEMERAL
    return late_answer or port_of(server) in _TRACEROUTE


def _finding(flows: list[Flow]) -> Finding:
    flow = flows[0]
    told = [t for f in flows for t in _refusals(f)]
    assert flow.addresses is not None
    client, server = (endpoint_name(address) for address in flow.addresses)
    evidence = [
        Evidence(
            say(
                "the kernel answered packet {packet} with ICMP port unreachable (packet {number})",
                packet=told[0].about,
                number=told[0].error.number,
            ),
            told[0].error.t,
        )
    ]
    if len(told) > 1:
        evidence.append(Evidence(say("it happened {count} times", count=len(told))))
    return Finding(
        RULE,
        CERTAIN if len(told) > 1 else LIKELY,
        say(
            "{client} sent datagrams to {server}, and nobody is bound there",
            client=client,
            server=server,
        ),
        (),
        tuple(evidence),
        say(
            "start the receiver first, or compare host and port with those it binds; a firewall"
            " that rejects looks the same"
        ),
        flow.number,
        told[0].error.t,
    )
