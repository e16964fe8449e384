"""Explanations from facts written by hand, for the tests of the page of `plainwire path`."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from net.machine import INTERFACES, asked, machine
from plainwire.net.errors import ResolveError
from plainwire.net.explain import explain
from plainwire.net.lookup import default_rules
from plainwire.net.model import (
    Answer,
    Hop,
    NameAnswer,
    NeighbourState,
    Question,
    Route,
    RouteType,
    Rule,
    Snapshot,
)
from plainwire.net.ports import classify
from plainwire.net.steps import Explanation
from plainwire.web import path_schema
from plainwire.web.path_app import Asking

MAC = "02:00:00:00:00:99"


def told(question: Question, facts: Snapshot, *names: NameAnswer) -> Explanation:
    port = classify(question.port, "https", (32768, 60999), 1024)
    return explain(question, facts, port, names)


def known() -> Explanation:
    """By the gateway, whose MAC is known; as the textbook says."""
    facts = machine("8.8.8.8", "0.0.0.0/0", "192.0.2.2", NeighbourState.REACHABLE, MAC)
    names = [NameAnswer(ipaddress.ip_address("8.8.8.8"), chosen=True)]
    question = replace(asked("8.8.8.8", port=443, assumed_port=False), text="example.com:443")
    return told(question, facts, *names)


def absent() -> Explanation:
    """A datagram to a neighbour of whom nobody knows the MAC yet, past policy rules."""
    facts = machine("192.0.2.77", "192.0.2.0/24", "192.0.2.2", NeighbourState.ABSENT)
    rules = (Rule(0, table=255), Rule(90, table=77, mark=7), *default_rules()[1:])
    return told(asked("192.0.2.77", protocol="udp", port=53), replace(facts, rules=rules))


def differing() -> Explanation:
    """By a longer row than the default one, so not as in the textbook."""
    facts = machine("203.0.113.5", "203.0.113.0/24", "192.0.2.2", NeighbourState.FAILED)
    return told(asked("203.0.113.5", port=443, assumed_port=False), facts)


def refused() -> Explanation:
    """An address of this machine, at whose port nobody listens."""
    question = asked("192.0.2.2", port=8080, assumed_port=False)
    return told(question, machine("192.0.2.2", "192.0.2.2/32", "192.0.2.2"))


def ipv6() -> Explanation:
    """By a gateway over IPv6."""
    row = Route(ipaddress.ip_network("::/0"), 254, hops=(Hop(2, ipaddress.ip_address("fe80::1")),))
    near = Route(ipaddress.ip_network("2001:db8::/64"), 254, hops=(Hop(2),))
    answer = Answer(
        ipaddress.ip_address("2001:db8::2"),
        row.hops[0],
        RouteType.UNICAST,
        row=row.destination,
        row_metric=0,
    )
    facts = Snapshot(INTERFACES, (row, near), default_rules(), answer, merged=False)
    return told(asked("2001:db8:0:1::9", port=443, assumed_port=False), facts)


SCENES: dict[str, Callable[[], Explanation]] = {
    "known": known,
    "absent": absent,
    "differing": differing,
    "refused": refused,
    "ipv6": ipv6,
}


def asking(first: str = "known") -> Asking:
    """Ask for scenes by their names; any other name is not resolved."""

    def ask(question: path_schema.Question) -> Explanation:
        if question.to not in SCENES:
            raise ResolveError("error-resolve", name=question.to, detail="not known")
        return SCENES[question.to]()

    return Asking(ask, path_schema.Question(first))
