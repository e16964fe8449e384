"""The way of a packet as a row of stations, for a picture: program to wire.

Pure: takes an `Explanation`, returns six values in order. Each has a headline of facts
(addresses and numbers, the same in every language), a tone for its colour, and the reasons
and facts that show when it is opened. A page draws these and decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from plainwire.net.model import Reason
from plainwire.net.steps import Explanation

# Links on which no MAC is needed: "-" rather than "?", which means not yet known.
WITHOUT_MAC = frozenset({"neighbour-bare", "neighbour-noarp"})


# Layers of the OSI model by number (ISO/IEC 7498-1); names of layers stay English.
OSI_NAMES = {7: "application", 4: "transport", 3: "network", 2: "data link", 1: "physical"}


@dataclass(frozen=True, slots=True)
class Station:
    """One stop of the packet.

    Attributes:
        name: `program`, `socket`, `ip`, `route`, `neighbour` or `wire`.
        osi: number of the OSI layer, 7 to 1.
        layer: the TCP/IP layer: `application`, `transport`, `internet` or `link`.
        headline: one line of facts, not translated.
        tone: `plain`; `look` where it differs from the textbook or waits; `stop` where
            the packet would fail.
        reasons: why, in order; say them by `words.say`.
        facts: named values for a table; names are those of the JSON.
    """

    name: str
    osi: int
    layer: str
    headline: str
    tone: str
    reasons: tuple[Reason, ...]
    facts: tuple[tuple[str, str], ...]


def stations(explanation: Explanation) -> tuple[Station, ...]:
    """Arrange an explanation as the six stations, always in the same order."""
    return (
        _program(explanation),
        _socket(explanation),
        _ip(explanation),
        _route(explanation),
        _neighbour(explanation),
        _wire(explanation),
    )


def _text(value: object | None) -> str:
    return "?" if value is None else str(value)


def _program(of: Explanation) -> Station:
    facts = tuple((f"answer {at}", str(found.address)) for at, found in enumerate(of.names, 1))
    skipped = any(found.skipped for found in of.names)
    headline = of.question.text
    tone = "look" if skipped else "plain"
    reasons = (Reason("name-mapped"),) if of.question.mapped else ()
    return Station("program", 7, "application", headline, tone, reasons, facts)


def _socket(of: Explanation) -> Station:
    port = of.port.facts
    service = f" {port.service}" if port.service else ""
    headline = f"{of.question.protocol.upper()} {port.number}{service}"
    nobody = any(why.code.startswith("port-nobody-") for why in of.port.reasons)
    facts = [("mtu", _text(of.size.mtu)), ("payload", _text(of.size.payload))]
    if of.port.listener is not None:
        facts.append(("listener", _text(of.port.listener.program)))
    tone = "stop" if nobody else "plain"
    reasons = (*of.port.reasons, of.size.reason)
    return Station("socket", 4, "transport", headline, tone, reasons, tuple(facts))


def _ip(of: Explanation) -> Station:
    headline = f"{_text(of.source.address)} -> {of.question.destination}"
    facts = (("interface", _text(of.source.interface)),)
    return Station("ip", 3, "internet", headline, "plain", (of.source.reason,), facts)


def _route(of: Explanation) -> Station:
    found = of.route.lookup
    winner = found.winner if found else None
    won = () if found is None else tuple(c for c in found.candidates if c.row is winner)
    verdict = tuple(Reason(str(c.verdict)) for c in won)
    headline = "?" if winner is None else str(winner.destination)
    if of.next_hop.kind == "gateway":
        headline += f" via {of.next_hop.address}"
    book = of.textbook
    reasons = (*verdict, *of.route.reasons, of.next_hop.reason, book.result, book.verdict)
    tone = "plain" if book.agrees else "look"
    facts = (("next hop", _text(of.next_hop.address)), ("textbook", _text(book.mine)))
    return Station("route", 3, "internet", headline, tone, reasons, facts)


def _neighbour(of: Explanation) -> Station:
    step = of.neighbour
    state = str(step.state or "-")
    tones = {"FAILED": "stop", "ABSENT": "look", "INCOMPLETE": "look"}
    reasons = (step.reason,) if step.sent is None else (step.sent, step.reason)
    tone = "stop" if step.reason.code == "neighbour-no-carrier" else tones.get(state, "plain")
    headline = "-" if step.reason.code in WITHOUT_MAC else _text(step.mac)
    facts = (("state", state), ("next hop", _text(of.next_hop.address)))
    return Station("neighbour", 2, "link", headline, tone, reasons, facts)


def _wire(of: Explanation) -> Station:
    facts = tuple((frame.purpose, frame.data.hex(" ")) for frame in of.frames)
    reasons = tuple(Reason(frame.purpose) for frame in of.frames)
    headline = " + ".join(f"{len(frame.data)} bytes" for frame in of.frames) or "?"
    return Station("wire", 1, "link", headline, "plain", reasons, facts)
