"""Who listens to a room in this process, and what happens to one that reads too slowly.

    broker --events--> Fan (one per room): encode once, batch --bytes--> every subscriber

Invariants:

1. A subscriber gets every event of its room after its start, once, in the order of `seq`,
   or is told of the gap. `subscriber_seq` is the last one it was given.
2. An event is encoded once per process and packed once per packing, however many listen.
3. An idle room's event goes out at once. Events that come within `FLUSH_SECONDS` of the
   last flush are sent together when that time is over.
4. One that is behind gets no live events; it costs no memory here. When it has room it is
   told (`on_behind`) and given what it missed from history, by page, until it is level.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from plainwire.hub.broker import Broker, BrokerError, Event

FLUSH_SECONDS = 0.005
"""Under load each member gets one write per 5 ms: system calls decide what fan-out costs."""

PAGE = 200
"""Events of history per step of catching up."""

Pack = Callable[[Sequence[bytes]], bytes]


class Subscriber(Protocol):
    """One listener, usually a connection.

    Attributes:
        pack: makes of several encoded events what is written; subscribers with the same
            function share its result.
    """

    pack: Pack

    def write(self, data: bytes) -> bool:
        """Take packed events; False if it is behind and wants no more for now."""

    def on_gap(self, room: str, first: int, last: int) -> None:
        """Hear that these events can no longer be had."""

    def on_behind(self, room: str, seq: int) -> None:
        """Hear that live delivery stopped after `seq`, and that the rest follows now."""


class Subscription:
    """A place in one room's log that moves on; made by `Hub.subscribe`."""

    __slots__ = ("_writable", "closed", "fan", "live", "seq", "subscriber")

    def __init__(self, fan: Fan, subscriber: Subscriber, seq: int) -> None:
        self.fan, self.subscriber, self.seq = fan, subscriber, seq
        self.live = False
        self.closed = False
        self._writable: asyncio.Event | None = None

    def resume(self) -> None:
        """Say that the subscriber has room again."""
        if self._writable is not None:
            self._writable.set()

    async def wait_writable(self) -> None:
        """Wait for `resume` or `close`."""
        self._writable = asyncio.Event()
        await self._writable.wait()
        self._writable = None

    def close(self) -> None:
        """End it; nothing more is written."""
        if not self.closed:
            self.closed = True
            self.fan.discard(self)
            self.resume()


class Fan:
    """One room's subscribers of this process."""

    def __init__(self, hub: Hub, room: str) -> None:
        self.hub, self.room = hub, room
        self.last: int | None = None
        self.live: set[Subscription] = set()
        self.count = 0
        self._batch: list[bytes] = []
        self._batch_first = 0
        self._timer: asyncio.TimerHandle | None = None
        self._flushed_at = float("-inf")

    def hear(self, events: Sequence[Event]) -> None:
        """Take new events of the broker, contiguous by its law 4."""
        if self.last is not None and events[0].seq != self.last + 1:
            events = [event for event in events if event.seq > (self.last or 0)]
            if not events:
                return
            if events[0].seq != self.last + 1:
                self._flush()
                for subscription in list(self.live):
                    self.hub.fall_behind(subscription)
        self.last = events[-1].seq
        if not self.live:
            return
        if not self._batch:
            self._batch_first = events[0].seq
        self._batch += [self.hub.encode(event) for event in events]
        loop = self.hub.loop
        if self._timer is None:
            wait = self._flushed_at + FLUSH_SECONDS - loop.time()
            if wait <= 0:
                self._flush()
            else:
                self._timer = loop.call_later(wait, self._flush)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._batch = self._batch, []
        if not batch:
            return
        packed: dict[Pack, bytes] = {}
        last = self.last or 0
        stopped: list[Subscription] = []
        for subscription in self.live:
            subscriber = subscription.subscriber
            if subscription.seq >= self._batch_first:
                # History was ahead of the news: the store had committed these already when
                # this one read it, and their announcement comes now.
                rest = batch[subscription.seq - self._batch_first + 1 :]
                subscription.seq = max(subscription.seq, last)
                if rest and not subscriber.write(subscriber.pack(rest)):
                    stopped.append(subscription)
                continue
            data = packed.get(subscriber.pack)
            if data is None:
                data = packed[subscriber.pack] = subscriber.pack(batch)
            subscription.seq = last
            if not subscriber.write(data):
                stopped.append(subscription)
        self.hub.delivered += len(batch) * len(self.live)
        for subscription in stopped:
            self.hub.fall_behind(subscription)
        self._flushed_at = self.hub.loop.time()

    def go_live(self, subscription: Subscription) -> None:
        """Deliver live from here on; the subscription is level with `last`."""
        # Events that wait for the flush are already in history, which it has read.
        self._flush()
        subscription.live = True
        self.live.add(subscription)

    def discard(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        self.live.discard(subscription)
        self.count -= 1
        if not self.count:
            self.hub.forget(self)


class Hub:
    """All rooms that somebody in this process listens to.

    Args:
        broker: opened by the caller; its `on_events` becomes ours.
        encode: makes an event's bytes, before packing.

    Attributes:
        delivered: events handed to live subscribers so far.
        slow: how often a subscriber fell behind so far.
    """

    def __init__(self, broker: Broker, encode: Callable[[Event], bytes]) -> None:
        self.broker, self.encode = broker, encode
        self.loop = asyncio.get_running_loop()
        self.delivered = 0
        self.slow = 0
        self.on_event: Callable[[Event], None] = lambda _event: None
        self._fans: dict[str, Fan] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        broker.on_events = self._hear

    def _hear(self, room: str, events: Sequence[Event]) -> None:
        for event in events:
            self.on_event(event)
        fan = self._fans.get(room)
        if fan is not None:
            fan.hear(events)

    def tell(self, room: str, message: bytes) -> None:
        """Give live subscribers something that is not in the log; those behind miss it."""
        fan = self._fans.get(room)
        if fan is None:
            return
        packed: dict[Pack, bytes] = {}
        for subscription in list(fan.live):
            subscriber = subscription.subscriber
            if subscriber.pack not in packed:
                packed[subscriber.pack] = subscriber.pack([message])
            if not subscriber.write(packed[subscriber.pack]):
                self.fall_behind(subscription)

    async def subscribe(self, room: str, subscriber: Subscriber, after: int) -> Subscription:
        """Deliver every event after a seq: what is missing from history, then live."""
        fan = self._fans.get(room)
        if fan is None:
            fan = self._fans[room] = Fan(self, room)
        fan.count += 1
        subscription = Subscription(fan, subscriber, after)
        try:
            if fan.last is None:
                head = await self.broker.position(room)
                fan.last = max(fan.last or 0, head.seq)
        except BaseException:
            subscription.close()
            raise
        if not subscription.closed and subscription.seq >= fan.last:
            fan.go_live(subscription)
        else:
            self._spawn(subscription, told=True)
        return subscription

    def fall_behind(self, subscription: Subscription) -> None:
        """Stop live delivery to one that is behind; history will bring it level."""
        subscription.live = False
        subscription.fan.live.discard(subscription)
        self.slow += 1
        self._spawn(subscription, told=False)

    def _spawn(self, subscription: Subscription, *, told: bool) -> None:
        task = self.loop.create_task(self._catch_up(subscription, told))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _catch_up(self, subscription: Subscription, told: bool) -> None:
        fan, subscriber = subscription.fan, subscription.subscriber
        while not subscription.closed:
            # An empty write asks whether there is room.
            if not subscriber.write(b""):
                await subscription.wait_writable()
                continue
            if not told:
                subscriber.on_behind(fan.room, subscription.seq)
                told = True
            if subscription.seq >= (fan.last or 0):
                fan.go_live(subscription)
                return
            try:
                events = await self.broker.history(fan.room, after=subscription.seq, limit=PAGE)
            except BrokerError:
                # The store is broken or closed: the client sees a dead connection, resumes.
                subscription.close()
                return
            if not subscription.closed:
                self._deliver(subscription, events)

    def _deliver(self, subscription: Subscription, events: Sequence[Event]) -> None:
        fan, subscriber = subscription.fan, subscription.subscriber
        expected = subscription.seq + 1
        if not events or events[0].seq > expected:
            last = events[0].seq - 1 if events else fan.last or 0
            subscriber.on_gap(fan.room, expected, last)
            subscription.seq = last
        if events:
            subscription.seq = events[-1].seq
            subscriber.write(subscriber.pack([self.encode(event) for event in events]))

    def forget(self, fan: Fan) -> None:
        """Forget a room that nobody listens to."""
        if self._fans.get(fan.room) is fan:
            del self._fans[fan.room]

    async def close(self) -> None:
        """End all catching up."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
