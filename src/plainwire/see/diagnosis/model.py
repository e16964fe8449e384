"""What a finding is: rule, certainty, places, evidence, fix.

Texts are kept as message ids with named values, so that the report can say them in the
reader's language: `_("{who} waits").format(who=...)`. English is the id itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from plainwire import i18n
from plainwire.see.ledger.model import Call, Endpoint, Frame, Process

CERTAIN = "certain"
LIKELY = "likely"


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence in the project's English, with values to fill in."""

    template: str
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """The sentence in the language that was selected."""
        said = {k: str(v) if isinstance(v, Text) else v for k, v in self.values.items()}
        return i18n.gettext(self.template).format(**said)

    @property
    def english(self) -> str:
        """The sentence in English, for files that machines read."""
        said = {k: v.english if isinstance(v, Text) else v for k, v in self.values.items()}
        return self.template.format(**said)


def say(template: str, **values: Any) -> Text:
    """A `Text`; the template is found by the message catalogue's extractor."""
    return Text(template, values)


@dataclass(frozen=True, slots=True)
class Place:
    """A line that has to do with a finding, and what it did."""

    frame: Frame
    process: Process
    role: str  # 'waits', 'sends', 'reads', 'closes', 'connects', 'accepts', 'binds', 'raises'
    thread: int = 0
    task: int = 0

    @property
    def short(self) -> str:
        """`file.py:12`, as terminals make clickable."""
        return f"{self.frame.file.rpartition('/')[2]}:{self.frame.line}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observed fact: what, at which time, at which offset of the stream."""

    text: Text
    t: int | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, how sure that is, where, why we say so, and what to do."""

    rule: str
    certainty: str
    message: Text
    places: tuple[Place, ...]
    evidence: tuple[Evidence, ...]
    fix: Text
    flow: int | None = None  # number of the flow
    t: int | None = None  # when it stood first


def place_of(call: Call, role: str) -> Place | None:
    """The user's line behind a call; None when no line of the user's made it."""
    frame = call.site.frame
    if frame is None and call.endpoint is not None:
        frame = asked_by(call, call.endpoint)
    if frame is None:
        return None
    return Place(frame, call.process, role, call.thread, call.task)


def asked_by(call: Call, endpoint: Endpoint) -> Frame | None:
    """Who asked for what a library did by itself.

    An accept in a loop's callback was asked for by whoever called `listen`; a read, by
    the receiving method of the protocol; a close, by whoever closed the transport.
    """
    if call.op in ("closed", "dropped"):
        for other in reversed(endpoint.calls):
            asked = other.op == "close" and other.t0 <= call.t0 and other.process is call.process
            if asked and other.site.frame is not None:
                return other.site.frame
        return None
    if call.op == "accept":
        for other in endpoint.calls:
            if other.op in ("listen", "bind") and other.site.frame is not None:
                return other.site.frame
    elif endpoint.protocol is not None:
        return endpoint.protocol[1]
    elif call.site.kind == "loop":
        # loop.sock_recv() and its kin try at once, from the user's line, and then wait.
        for other in reversed(endpoint.calls):
            if other.t0 < call.t0 and other.op == call.op and other.site.frame is not None:
                return other.site.frame
    return None
