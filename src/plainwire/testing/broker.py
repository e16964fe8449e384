"""`check_broker`: hold a broker to the laws of `plainwire.hub.broker`.

Raises AssertionError with the number of the law that broke.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from plainwire.hub.broker import Broker, Draft, Event, Position, Published

WAIT_SECONDS = 60.0


def check_broker(make: Callable[[], Broker], make_node: Callable[[], Broker] | None = None) -> None:
    """Hold a broker to its contract.

    Args:
        make: makes a broker with an empty store that nobody else uses.
        make_node: makes another node over the store of the last `make`; None for
            brokers of one process.
    """
    asyncio.run(_check_one(make()))
    asyncio.run(_check_positions(make()))
    asyncio.run(_check_shared(make()))
    if make_node is not None:
        asyncio.run(_check_nodes(make(), make_node))


def _draft(number: int, sender: str = "ann", **more: Any) -> Draft:
    return Draft(sender, f"id{number}", "text", f"body {number}")._replace(**more)


async def _check_one(broker: Broker) -> None:
    heard: list[Event] = []
    broker.on_events = lambda _room, events: heard.extend(events)
    await broker.open()
    assert await broker.position("r") == Position(broker.epoch, 0), "a room begins at seq 0"
    answers = await asyncio.gather(*[broker.publish("r", _draft(n)) for n in range(50)])
    seqs = [answer.event.seq for answer in answers]
    assert seqs == list(range(1, 51)), "4 and 6: seq counts from 1, in the order of the calls"
    assert [event.id for event in await broker.history("r", after=0, limit=99)] == [
        f"id{n}" for n in range(50)
    ], "1: history has the order of seq"
    await _until(lambda: len(heard) == 50, "1: subscribers hear what was published")
    assert [event.seq for event in heard] == seqs, "1: live has the order of seq"
    again = await broker.publish("r", _draft(7, body="something else"))
    assert not again.fresh, "2: a known id is not fresh"
    assert again.event == answers[7].event, "2: a known id answers with the first event"
    other = await broker.publish("r", _draft(7, "ben"))
    assert other.fresh, "2: ids belong to their sender"
    assert (await broker.position("r")).seq == 51, "2: a known id stores nothing"
    first = await broker.publish("elsewhere", _draft(7))
    assert first.event.seq == 1, "each room counts for itself"
    newest = await broker.history("r", limit=3)
    assert [event.seq for event in newest] == [49, 50, 51], "history gives the newest"
    older = await broker.history("r", before=49, limit=2)
    assert [event.seq for event in older] == [47, 48], "history pages backwards"
    assert (await broker.health()).ok, "8: a working broker is healthy"
    await broker.close()
    await broker.close()
    assert not (await broker.health()).ok, "8: a closed broker is not healthy"


async def _check_positions(broker: Broker) -> None:
    await broker.open()
    for number in range(10):
        await broker.publish("r", _draft(number))
    resumed = await broker.resume("r", Position(broker.epoch, 4))
    assert resumed.recovered, "5: a known position is recovered"
    assert [event.seq for event in resumed.events] == [5, 6, 7, 8, 9, 10], "5: all that followed"
    level = await broker.resume("r", Position(broker.epoch, 10))
    assert level.recovered, "5: nothing is missing at the end"
    assert not level.events, "5: nothing is missing at the end"
    for since in (Position("other", 4), Position(broker.epoch, 11), Position(broker.epoch, -1)):
        refused = await broker.resume("r", since)
        assert not refused.recovered, f"5: {since} is not recovered"
        assert refused.position == Position(broker.epoch, 10), "5: the answer says where we are"
    await broker.publish("r", Draft("ann", "t", "topic", "new", is_state=True))
    await broker.publish("r", Draft("ann", "w", "text", "b", words="Grüße, 你好"))
    assert [event.kind for event in await broker.state("r")] == ["topic"], "state is found"
    for text in ("GRÜSSE", "好"):
        found = [event.id for event in await broker.search("r", text)]
        assert found == ["w"], f"search finds {text!r}"
    replaced = Draft("ann", "e", "edit", "x", words="bye", replaces=12, new_body="edited")
    await broker.publish("r", replaced)
    bodies = [event.body for event in await broker.history("r", limit=2)]
    assert bodies == ["edited", "x"], "replaces changes the earlier body"
    assert not await broker.search("r", "好"), "replaced words are not found"
    assert [event.seq for event in await broker.search("r", "BYE")] == [12], "new words are found"
    await broker.publish("r", Draft("ann", "d", "delete", "y", replaces=12, new_body="gone"))
    bodies = [event.body for event in await broker.history("r", limit=3)]
    assert bodies == ["gone", "gone", "y"], "replacing again leaves nothing of what was before"
    await broker.close()


async def _check_shared(broker: Broker) -> None:
    signals: list[tuple[str, str]] = []
    broker.on_signal = lambda topic, text: signals.append((topic, text))
    await broker.open()
    await broker.note("t", "k", "v")
    await broker.note("t", "l", "w")
    await broker.note("t", "l", None)
    assert await broker.notes("t") == {"k": "v"}, "notes are kept and forgotten"
    assert await broker.get_note("t", "k") == "v", "a note is found"
    assert await broker.get_note("u", "k") is None, "tables are separate"
    assert await broker.claim("ann", "1") == "1", "7: a free name is had"
    assert await broker.claim("ann", "2") == "1", "7: a claim has one owner"
    await broker.release("ann", "2")
    assert await broker.claim("ann", "2") == "1", "7: only the owner releases"
    await broker.release("ann", "1")
    assert await broker.claim("ann", "2") == "2", "7: a released name is free"
    assert await broker.join("r", "m", "one"), "a first join is one"
    assert not await broker.join("r", "m", "two"), "a second join is none"
    assert await broker.roster("r") == {"m": "two"}, "the roster has the newest info"
    await broker.renew()
    assert await broker.leave("r", "m"), "leaving is told once"
    assert not await broker.leave("r", "m"), "leaving is told once"
    broker.signal("typing", "ann")
    assert signals == [("typing", "ann")], "a node hears its own signals"
    await broker.close()


async def _check_nodes(one: Broker, make_node: Callable[[], Broker]) -> None:
    await one.open()
    two = make_node()
    heard: dict[str, list[Event]] = {"one": [], "two": []}
    for name, broker in (("one", one), ("two", two)):
        broker.on_events = _collect(heard[name])
    await two.open()
    assert one.epoch == two.epoch, "nodes share an epoch"
    for broker in (one, two):
        await broker.position("r")
    answers: list[asyncio.Future[Published]] = []
    for number in range(100):
        answers += [one.publish("r", _draft(number, "a")), two.publish("r", _draft(number, "b"))]
    await asyncio.gather(*answers)
    await _until(lambda: min(map(len, heard.values())) >= 200, "1: every node hears all")
    for events in heard.values():
        assert [event.seq for event in events] == list(range(1, 201)), "1: one order on all nodes"
    for sender in "ab":
        ids = [event.id for event in heard["one"] if event.sender == sender]
        assert ids == [f"id{n}" for n in range(100)], "6: the order of one node's calls"
    # On a slow disk so much time may have passed that either counts as dead.
    await one.renew()
    await two.renew()
    assert await one.claim("n", "x") == await two.claim("n", "y") == "x", "7: one owner"
    await one.join("r", "m", "i")
    assert not await two.join("r", "m", "i"), "a member of two nodes joined once"
    assert not await one.leave("r", "m"), "a member of another node is still there"
    assert await two.leave("r", "m"), "the last node takes it out"
    await one.close()
    assert await two.claim("n", "y") == "y", "7: a closed node has no claims"
    await two.close()


def _collect(into: list[Event]) -> Callable[[str, Sequence[Event]], None]:
    return lambda _room, events: into.extend(events)


async def _until(condition: Callable[[], bool], law: str) -> None:
    """Let the broker work until something holds; bounded."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WAIT_SECONDS
    while not condition():
        assert loop.time() < deadline, law
        await asyncio.sleep(0.005)
