"""Ask the system everything about one destination and explain it.

    text --> names.parse --> names.resolve --> kernel (or portable) --> explain

The only place where the parts that ask are put together; `cli/path.py` and a page call
`explain_destination` and nothing below it.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from plainwire.net import listeners, names, portable
from plainwire.net.errors import AddressTextError, KernelError, ResolveError, RouteError
from plainwire.net.explain import explain
from plainwire.net.model import (
    Hop,
    Interface,
    Listener,
    NameAnswer,
    Question,
    Reason,
    RouteType,
    Snapshot,
    reason,
)
from plainwire.net.ports import PortFacts, classify
from plainwire.net.textbook import default_gateway

if TYPE_CHECKING:
    from plainwire.net.steps import Explanation

# Stand-ins when no port is asked for: they make the example frame familiar.
ASSUMED_PORT = {"tcp": 80, "udp": 53}


@dataclass(frozen=True, slots=True)
class Here:
    """This machine: interfaces, default gateways by family, and local listeners.

    `complete` is False where the system does not tell gateways, MACs and listeners.
    """

    interfaces: tuple[Interface, ...]
    gateways: tuple[Hop, ...]
    listeners: tuple[Listener, ...]
    complete: bool
    platform: str


def explain_destination(
    text: str,
    *,
    protocol: str | None = None,
    family: int | None = None,
    resolve_neighbour: bool = False,
) -> Explanation:
    """Explain how this machine would send to a destination.

    Args:
        text: what `names.parse` reads.
        protocol: `tcp` or `udp`; None takes the text's `udp://`, else TCP.
        family: 4 or 6 to restrict a name's answers.
        resolve_neighbour: also make the kernel find the next hop's MAC, which sends a
            frame; see `neighbours`.

    Raises:
        PathError: the text cannot be read, the name not resolved, or no answer routed;
            of several refused answers, the first one's reason.
    """
    asked = names.parse(text)
    wish = protocol or asked.protocol
    answers = _answers(asked, family)
    tried: list[NameAnswer] = []
    first: RouteError | None = None
    for at, answer in enumerate(answers):
        question = _question(asked, answer, wish)
        try:
            facts, sent = _facts(question, resolve_neighbour=resolve_neighbour)
            if facts.answer.type is RouteType.BROADCAST:
                question = _question(asked, answer, wish, group=True)
        except RouteError as error:
            first = first or error
            tried.append(replace(answer, skipped=error.code))
            continue
        listed = (*tried, replace(answer, chosen=True), *answers[at + 1 :])
        shown = listed if asked.address is None else ()
        return explain(question, facts, port_facts(question, facts), shown, sent)
    assert first is not None, "resolve never returns an empty list"
    raise first


def _question(
    asked: names.Destination, answer: NameAnswer, wish: str | None, *, group: bool = False
) -> Question:
    """Fill in protocol and port; a broadcast or a group can only be reached by UDP."""
    group = group or answer.address.is_multicast
    if group and wish == "tcp":
        raise AddressTextError("error-tcp-group", destination=str(answer.address))
    spoken = wish or ("udp" if group else "tcp")
    port = asked.port or ASSUMED_PORT[spoken]
    zone = answer.zone or asked.zone
    assumed = asked.port is None
    return Question(asked.text, answer.address, spoken, port, assumed, zone, asked.mapped)


def _answers(asked: names.Destination, family: int | None) -> tuple[NameAnswer, ...]:
    if asked.address is None:
        return names.resolve(asked.host, family)
    if family not in (None, asked.address.version):
        raise ResolveError("error-no-such-family", name=asked.host, family=f"IPv{family}")
    if asked.address.is_unspecified:
        own = "127.0.0.1" if asked.address.version == 4 else "::1"
        raise AddressTextError("error-unspecified", destination=asked.host, own=own)
    return (NameAnswer(asked.address, asked.zone),)


def _facts(question: Question, *, resolve_neighbour: bool) -> tuple[Snapshot, Reason | None]:
    target = question.destination
    if target.version == 6 and target.is_link_local and question.zone is None:
        raise RouteError("error-link-local", destination=str(target), example=f"{target}%eth0")
    sent: Reason | None = None
    try:
        from plainwire.net.kernel import Kernel

        with Kernel() as kernel:
            facts = kernel.snapshot(question)
            if resolve_neighbour:
                facts, sent = _resolve(kernel, facts)
    except KernelError:
        facts = portable.snapshot(question)
    if facts.answer.type is RouteType.LOCAL:
        facts = replace(facts, listeners=listeners.listeners())
    return facts, sent


def _resolve(kernel: object, facts: Snapshot) -> tuple[Snapshot, Reason]:
    from plainwire.net.kernel import Kernel
    from plainwire.net.neighbours import resolve_neighbour

    assert isinstance(kernel, Kernel)
    entry, index = facts.neighbour, facts.answer.hop.interface
    interface = facts.interface(index)
    if entry is None or index is None or interface is None or not interface.uses_arp:
        return facts, reason("sent-nothing")
    found, sent = resolve_neighbour(kernel, entry.address, index)
    return replace(facts, neighbour=found), sent


def port_facts(question: Question, facts: Snapshot) -> PortFacts:
    """Classify the port, with its name from the system's list (services(5))."""
    try:
        service: str | None = socket.getservbyport(question.port, question.protocol)
    except OSError:
        service = None
    limits = facts.settings
    return classify(question.port, service, limits.ephemeral, limits.unprivileged_from)


def here() -> Here:
    """Describe this machine; honest about what the system does not tell."""
    try:
        from plainwire.net.kernel import Kernel

        with Kernel() as kernel:
            interfaces = kernel.interfaces()
            rows = kernel.rows(4) + kernel.rows(6)
    except KernelError:
        return Here(portable.interfaces(), (), (), False, portable.platform_name())
    gateways = [default_gateway(rows, version) for version in (4, 6)]
    return Here(
        interfaces=interfaces,
        gateways=tuple(hop for hop in gateways if hop is not None),
        listeners=listeners.listeners(),
        complete=True,
        platform="Linux",
    )
