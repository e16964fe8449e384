"""A broker in memory: one process, nothing survives it; laws as in broker.py.

Args of `MemoryBroker` bound each room's log: the oldest events are dropped, after which a
resume from before them is not recovered. Time comes from `now`, so that tests have their
own.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from plainwire.hub.broker import (
    Broker,
    BrokerError,
    Draft,
    Event,
    Health,
    Position,
    Published,
    ignore_events,
    ignore_signal,
)

KNOWN_IDS = 4096
"""How many ids per room are remembered for idempotence; a resend comes within seconds."""


class _Log:
    def __init__(self, keep: int) -> None:
        self.seq = 0
        self.events: deque[Event] = deque(maxlen=keep)
        self.state: list[Event] = []
        self.words: dict[int, str] = {}
        self.replaced: dict[int, set[int]] = {}
        self.known: OrderedDict[tuple[str, str], Event] = OrderedDict()


class MemoryBroker(Broker):
    """Logs in memory.

    Args:
        keep: events per room that are kept.
        now: seconds since 1970.
    """

    def __init__(self, keep: int = 10_000, now: Callable[[], float] = time.time) -> None:
        self.epoch = secrets.token_hex(6)
        self.node = "memory"
        self.on_events = ignore_events
        self.on_signal = ignore_signal
        self._keep, self._now = keep, now
        self._logs: dict[str, _Log] = {}
        self._notes: dict[str, dict[str, str]] = {}
        self._claims: dict[str, str] = {}
        self._rosters: dict[str, dict[str, str]] = {}
        self._open = False

    async def open(self) -> None:
        """Begin; see `Broker.open`."""
        self._open = True

    async def close(self) -> None:
        """End; see `Broker.close`."""
        self._open = False

    def _log(self, room: str) -> _Log:
        log = self._logs.get(room)
        if log is None:
            log = self._logs[room] = _Log(self._keep)
        return log

    def publish(self, room: str, draft: Draft) -> asyncio.Future[Published]:
        """Append a message; see `Broker.publish`."""
        answer: asyncio.Future[Published] = asyncio.get_running_loop().create_future()
        if not self._open:
            answer.set_exception(BrokerError(f"publish to {room!r}: the broker is closed"))
            return answer
        log = self._log(room)
        known = log.known.get((draft.sender, draft.id))
        if known is not None:
            answer.set_result(Published(known, False))
            return answer
        log.seq += 1
        stamp = int(self._now() * 1000)
        event = Event(room, self.epoch, log.seq, draft.id, stamp, draft.sender, draft.kind,
                      draft.body)  # fmt: skip
        if draft.replaces:
            self._replace(log, draft)
        log.events.append(event)
        if draft.is_state:
            log.state.append(event)
        if draft.words and not draft.replaces:
            log.words[log.seq] = draft.words
            log.words.pop(log.seq - self._keep, None)
        log.known[draft.sender, draft.id] = event
        if len(log.known) > KNOWN_IDS:
            log.known.popitem(last=False)
        answer.set_result(Published(event, True))
        self.on_events(room, [event])
        return answer

    def _replace(self, log: _Log, draft: Draft) -> None:
        target = draft.replaces
        earlier = log.replaced.setdefault(target, set())
        for index, event in enumerate(log.events):
            if event.seq == target or event.seq in earlier:
                log.events[index] = event._replace(body=draft.new_body)
        earlier.add(log.seq)
        log.words.pop(target, None)
        if draft.words:
            log.words[target] = draft.words

    async def position(self, room: str) -> Position:
        """The end of a room's log; see `Broker.position`."""
        log = self._logs.get(room)
        return Position(self.epoch, log.seq if log else 0)

    async def history(
        self, room: str, *, after: int | None = None, before: int | None = None, limit: int = 50
    ) -> list[Event]:
        """Some events in ascending order; see `Broker.history`."""
        log = self._logs.get(room)
        if log is None or limit < 1:
            return []
        events = list(log.events)
        if after is not None:
            return [e for e in events if e.seq > after][:limit]
        if before is not None:
            events = [e for e in events if e.seq < before]
        return events[-limit:]

    async def search(self, room: str, text: str, limit: int = 50) -> list[Event]:
        """The newest events with the text; see `Broker.search`."""
        log, wanted = self._logs.get(room), text.casefold()
        if log is None or not wanted:
            return []
        found = [e for e in log.events if wanted in log.words.get(e.seq, "").casefold()]
        return found[-limit:]

    async def state(self, room: str) -> list[Event]:
        """The events that make the room's state; see `Broker.state`."""
        log = self._logs.get(room)
        return list(log.state) if log else []

    async def note(self, table: str, key: str, value: str | None) -> None:
        """Remember a value; see `Broker.note`."""
        entries = self._notes.setdefault(table, {})
        if value is None:
            entries.pop(key, None)
        else:
            entries[key] = value

    async def notes(self, table: str) -> dict[str, str]:
        """All values of a table; see `Broker.notes`."""
        return dict(self._notes.get(table, {}))

    async def get_note(self, table: str, key: str) -> str | None:
        """One value; see `Broker.get_note`."""
        return self._notes.get(table, {}).get(key)

    async def claim(self, name: str, owner: str) -> str:
        """Take a name; see `Broker.claim`."""
        return self._claims.setdefault(name, owner)

    async def release(self, name: str, owner: str) -> None:
        """Give a name back; see `Broker.release`."""
        if self._claims.get(name) == owner:
            del self._claims[name]

    async def join(self, room: str, member: str, info: str) -> bool:
        """Enter a member; see `Broker.join`."""
        members = self._rosters.setdefault(room, {})
        fresh = member not in members
        members[member] = info
        return fresh

    async def leave(self, room: str, member: str) -> bool:
        """Take a member out; see `Broker.leave`."""
        return self._rosters.get(room, {}).pop(member, None) is not None

    async def roster(self, room: str) -> dict[str, str]:
        """Members with their info; see `Broker.roster`."""
        return dict(self._rosters.get(room, {}))

    async def renew(self) -> None:
        """Nothing to do: one process, which lives."""

    def signal(self, topic: str, text: str) -> None:
        """Tell all listeners; see `Broker.signal`."""
        self.on_signal(topic, text)

    async def health(self) -> Health:
        """Whether it is open; see `Broker.health`."""
        return Health(self._open, "" if self._open else "the broker is closed")
