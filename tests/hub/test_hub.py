"""The hub: order, slow readers, and joins in the middle of a burst."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from plainwire.hub.broker import Draft, Event
from plainwire.hub.hub import Hub, Pack
from plainwire.hub.memory import MemoryBroker


def encode(event: Event) -> bytes:
    return b"%d" % event.seq


def join(parts: Sequence[bytes]) -> bytes:
    return b"".join(part + b" " for part in parts)


class Reader:
    """A subscriber whose room for data the test decides."""

    def __init__(self) -> None:
        self.pack: Pack = join
        self.got: list[int] = []
        self.writes = 0
        self.open = True
        self.gaps: list[tuple[int, int]] = []
        self.behind: list[int] = []

    def write(self, data: bytes) -> bool:
        self.writes += bool(data)
        self.got += [int(part) for part in data.split()]
        return self.open

    def on_gap(self, room: str, first: int, last: int) -> None:
        self.gaps.append((first, last))

    def on_behind(self, room: str, seq: int) -> None:
        self.behind.append(seq)


async def publish(broker: MemoryBroker, first: int, last: int) -> None:
    for n in range(first, last + 1):
        await broker.publish("r", Draft("a", str(n), "text", ""))


async def until_level(reader: Reader, seq: int) -> None:
    async with asyncio.timeout(60):
        while not reader.got or reader.got[-1] != seq:
            await asyncio.sleep(0)


def test_one_who_joins_in_a_burst_gets_each_event_once_in_order() -> None:
    """History and live must meet without a hole and without a double."""

    async def scenario() -> None:
        broker = MemoryBroker()
        await broker.open()
        hub = Hub(broker, encode)
        readers = []
        for n in range(1, 1001):
            await publish(broker, n, n)
            if n % 100 == 50:
                readers.append((n, Reader()))
                await hub.subscribe("r", readers[-1][1], after=max(0, n - 300))
            if n % 7 == 0:
                await asyncio.sleep(0)
        for start, reader in readers:
            await until_level(reader, 1000)
            assert reader.got == list(range(max(0, start - 300) + 1, 1001))
            assert reader.gaps == reader.behind == []

    asyncio.run(scenario())


def test_a_slow_reader_is_told_and_given_everything_from_history() -> None:
    """Skipping silently is the fault this hub exists to avoid; so is buffering."""

    async def scenario() -> None:
        broker = MemoryBroker()
        await broker.open()
        hub = Hub(broker, encode)
        slow, quick = Reader(), Reader()
        subscription = await hub.subscribe("r", slow, 0)
        await hub.subscribe("r", quick, 0)
        slow.open = False
        for n in range(1, 500):
            await publish(broker, n, n)
            await asyncio.sleep(0)
        await until_level(quick, 499)
        assert slow.writes == 1, "nothing more is written to one that is behind"
        slow.open = True
        subscription.resume()
        await until_level(slow, 499)
        assert slow.got == quick.got == list(range(1, 500))
        assert slow.behind == [slow.got[0]]
        await publish(broker, 500, 500)
        await until_level(slow, 500)
        assert hub.slow == 1

    asyncio.run(scenario())


def test_what_history_dropped_is_told_as_a_gap() -> None:
    """The reader must know which events it will never see."""

    async def scenario() -> None:
        broker = MemoryBroker(keep=10)
        await broker.open()
        hub = Hub(broker, encode)
        await publish(broker, 1, 100)
        reader = Reader()
        await hub.subscribe("r", reader, 20)
        await until_level(reader, 100)
        assert reader.gaps == [(21, 90)]
        assert reader.got == list(range(91, 101))

    asyncio.run(scenario())


def test_an_idle_room_sends_at_once_and_a_burst_together() -> None:
    """System calls per delivery decide what a room costs."""

    async def scenario() -> None:
        broker = MemoryBroker()
        await broker.open()
        hub = Hub(broker, encode)
        reader = Reader()
        await hub.subscribe("r", reader, 0)
        await publish(broker, 1, 1)
        assert reader.got == [1]
        await publish(broker, 2, 60)
        await until_level(reader, 60)
        assert reader.writes == 2

    asyncio.run(scenario())


def test_a_closed_subscription_gets_nothing() -> None:
    """A connection that is gone must not be written to."""

    async def scenario() -> None:
        broker = MemoryBroker()
        await broker.open()
        hub = Hub(broker, encode)
        reader = Reader()
        subscription = await hub.subscribe("r", reader, 0)
        subscription.close()
        subscription.close()
        await publish(broker, 1, 3)
        assert reader.got == []

    asyncio.run(scenario())


def test_events_that_history_gave_before_their_news_came_are_not_given_again() -> None:
    """A reader that caught up, or resumed, got the same events twice under load."""

    async def scenario() -> None:
        broker = MemoryBroker()
        await broker.open()
        hub = Hub(broker, encode)
        early, late, resumed = Reader(), Reader(), Reader()
        await hub.subscribe("r", early, 0)
        # A store answers readers from what it has committed; its news takes a moment more.
        hear, news = broker.on_events, []
        broker.on_events = lambda room, events: news.append((room, list(events)))
        await publish(broker, 1, 20)
        hear(*news.pop(0))
        await hub.subscribe("r", late, 0)
        await until_level(late, 20)
        await hub.subscribe("r", resumed, 15)
        for room, events in news:
            hear(room, events)
        broker.on_events = hear
        await publish(broker, 21, 25)
        for reader in (early, late, resumed):
            await until_level(reader, 25)
        assert early.got == late.got == list(range(1, 26))
        assert resumed.got == list(range(16, 26))
        assert early.behind == late.behind == resumed.behind == []

    asyncio.run(scenario())
