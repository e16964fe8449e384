"""The contract of a broker: it orders the messages of each room and remembers them.

A room is a log. Every message in it has a number, `seq`, counted from 1 without holes,
and the log has an epoch, a random word that changes when the log does not continue an
earlier one. `plainwire.testing.check_broker` holds a broker to these laws:

1. Order: all subscribers of a room, on every node, hear the same messages in the order of
   `seq`, and history gives that order too.
2. Idempotence: publishing again with the same room, sender and id stores nothing and
   answers with the first event.
3. Durability: when `publish` has answered, the event is in history, and stays there as
   long as the broker promises: `sqlite` over a crash, `memory` while the process lives.
4. A gap is always seen: `seq` has no holes, so a subscriber that gets 7 after 5 has
   missed 6. A broker never closes a hole by counting differently.
5. Resume is honest: `recovered` is True exactly if every event after the given position
   is among the answer's events. A position of another epoch, one that the log has
   dropped, and one that lies in the future are not recovered.
6. Order of calls: `publish` hands over at once; two calls of one node are stored in the
   order of the calls.
7. A claim has one owner. The claims and members of a node that stopped renewing are gone
   after `LEASE_SECONDS`.
8. Health tells a deaf broker: it fails if events of other nodes no longer arrive.

Must not know what a message means: `body` is text that is stored and returned.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from plainwire.errors import PlainwireError

LEASE_SECONDS = 15.0
"""After this time without `renew` a node counts as dead; three missed renewals of 5 s."""

RESUME_EVENTS = 1000
"""A resume over more events than this is not recovered; history has them by page."""


class BrokerError(PlainwireError):
    """The broker cannot do what was asked: its store failed, or it is closed."""


class Position(NamedTuple):
    """A place in a room's log: everything up to and including `seq` is known."""

    epoch: str
    seq: int


class Draft(NamedTuple):
    """A message before it has its place.

    Attributes:
        sender: a stable name of who sends.
        id: chosen by the sender; the same id again is the same message.
        kind: a word for readers of the log.
        body: any text.
        words: what a search finds; empty for nothing.
        is_state: `Broker.state` returns it, so that a room's state can be rebuilt.
        replaces: an earlier `seq` whose body becomes `new_body`, as do the bodies of all
            events that replaced it before, so that nothing of them is left; 0 for none.
        new_body: see `replaces`.
    """

    sender: str
    id: str
    kind: str
    body: str
    words: str = ""
    is_state: bool = False
    replaces: int = 0
    new_body: str = ""


class Event(NamedTuple):
    """A message in its place."""

    room: str
    epoch: str
    seq: int
    id: str
    time_ms: int
    sender: str
    kind: str
    body: str


class Published(NamedTuple):
    """The outcome of a publish; `fresh` is False if the id was known."""

    event: Event
    fresh: bool


class Resumed(NamedTuple):
    """The outcome of a resume: see law 5."""

    recovered: bool
    position: Position
    events: list[Event]


class Health(NamedTuple):
    """Whether a broker works; `reason` is empty if it does."""

    ok: bool
    reason: str


EventsListener = Callable[[str, Sequence[Event]], None]
SignalListener = Callable[[str, str], None]


class Bus(Protocol):
    """How nodes hint each other; may lose what it carries.

    Attributes:
        on_text: called on the event loop with what another node sent.
        connected: False while the bus is deaf.
    """

    on_text: Callable[[str], None]
    connected: bool

    def send(self, text: str) -> None:
        """Pass a text to all other nodes."""


class Broker(ABC):
    """A log of messages per room, and what nodes know of each other.

    All methods are called on the event loop that called `open`.

    Attributes:
        epoch: of all logs of this broker.
        node: name of this process among those that share the logs.
        on_events: called with a room and new events of it, in order, on every node.
        on_signal: called with a topic and a text that some node signalled.
    """

    epoch: str
    node: str
    on_events: EventsListener
    on_signal: SignalListener

    @abstractmethod
    async def open(self) -> None:
        """Begin.

        Raises:
            BrokerError: the store cannot be used.
        """

    @abstractmethod
    async def close(self) -> None:
        """Finish what was handed over, then end. Idempotent."""

    @abstractmethod
    def publish(self, room: str, draft: Draft) -> asyncio.Future[Published]:
        """Append a message; handed over at once, answered when it is stored."""

    @abstractmethod
    async def position(self, room: str) -> Position:
        """The end of a room's log; seq 0 for a room without messages."""

    @abstractmethod
    async def history(
        self, room: str, *, after: int | None = None, before: int | None = None, limit: int = 50
    ) -> list[Event]:
        """Some events in ascending order.

        Args:
            room: whose.
            after: the oldest ones with a higher seq than this.
            before: the newest ones with a lower seq; without both, the newest of all.
            limit: how many at most.
        """

    @abstractmethod
    async def search(self, room: str, text: str, limit: int = 50) -> list[Event]:
        """The newest events whose words contain the text, in ascending order."""

    @abstractmethod
    async def state(self, room: str) -> list[Event]:
        """All events of the room that were published with `is_state`, in order."""

    async def resume(self, room: str, since: Position) -> Resumed:
        """Everything after a position, if that is possible; see law 5."""
        head = await self.position(room)
        if since.epoch != head.epoch or not 0 <= since.seq <= head.seq:
            return Resumed(False, head, [])
        if head.seq - since.seq > RESUME_EVENTS:
            return Resumed(False, head, [])
        if head.seq == since.seq:
            return Resumed(True, head, [])
        events = await self.history(room, after=since.seq, limit=head.seq - since.seq)
        complete = len(events) == head.seq - since.seq and events[0].seq == since.seq + 1
        return Resumed(complete, head, events if complete else [])

    # What nodes know together

    @abstractmethod
    async def note(self, table: str, key: str, value: str | None) -> None:
        """Remember a value under a key of a table; None forgets it."""

    @abstractmethod
    async def notes(self, table: str) -> dict[str, str]:
        """All keys and values of a table."""

    @abstractmethod
    async def get_note(self, table: str, key: str) -> str | None:
        """One value."""

    @abstractmethod
    async def claim(self, name: str, owner: str) -> str:
        """Take a name for an owner; return who has it, which is the owner or another.

        A claim belongs to the node that made it last and dies with that node.
        """

    @abstractmethod
    async def release(self, name: str, owner: str) -> None:
        """Give a name back, if the owner has it."""

    @abstractmethod
    async def join(self, room: str, member: str, info: str) -> bool:
        """Enter a member of this node in the roster; True if it was not on any node."""

    @abstractmethod
    async def leave(self, room: str, member: str) -> bool:
        """Take a member of this node out; True if it is on no other node."""

    @abstractmethod
    async def roster(self, room: str) -> dict[str, str]:
        """Members on living nodes with their info."""

    @abstractmethod
    async def renew(self) -> None:
        """Say that this node lives; called every few seconds."""

    @abstractmethod
    def signal(self, topic: str, text: str) -> None:
        """Tell all nodes something that is not stored; may be lost."""

    @abstractmethod
    async def health(self) -> Health:
        """Whether publishing and hearing work."""


def ignore_events(_room: str, _events: Sequence[Event]) -> None:
    """Stand in for a listener that is not there yet."""


def ignore_signal(_topic: str, _text: str) -> None:
    """Stand in for a listener that is not there yet."""
