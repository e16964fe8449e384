"""Handlers of a session: joining, leaving and reading rooms. Pure, as session.py."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from plainwire.chat.protocol import (
    HISTORY_ON_JOIN,
    HISTORY_PAGE,
    LOBBY,
    Fault,
    Message,
    event_message,
    get_number,
    get_room,
    get_text,
    private_members,
)
from plainwire.chat.room import Room
from plainwire.hub.broker import Draft, Position

ROSTER_SHOWN = 500
"""Members named on joining; more are only counted, or a big room would cost its square."""


def joined_room(session: Any, message: Message) -> Room:
    """The room that a request is about, which the client must be in.

    Raises:
        Fault: `not_joined`.
    """
    name = get_room(message)
    room: Room | None = session.rooms.get(name)
    if room is None:
        raise Fault("not_joined", f"you are not in {name}")
    return room


async def join(session: Any, message: Message) -> None:
    """Enter a room: what was missed since a position, or the newest events; then live."""
    name = get_room(message)
    ports = session.ports
    if name not in session.rooms and len(session.rooms) >= ports.settings.rooms:
        raise Fault("too_many_rooms", f"you are in {len(session.rooms)} rooms")
    state = await ports.room(name)
    state.demand(session.user, "join", master=session.is_master)
    await _found(session, state)
    head, after, recovered = await _start(session, name, message)
    ports.unsubscribe(name)
    fresh = name not in session.rooms
    session.rooms[name] = state
    if fresh and not private_members(name):
        await ports.arrive(name, session.user, session.name)
    roster = await ports.broker.roster(name)
    shown = [{"id": user, "name": shown} for user, shown in list(roster.items())[:ROSTER_SHOWN]]
    read = await ports.broker.get_note(f"read:{session.user}", name)
    ports.send({
        "type": "joined", "room": name, "epoch": head.epoch, "seq": head.seq, "after": after,
        "recovered": recovered, "members": shown, "count": len(roster), "read": int(read or 0),
        **state.summary(),
    })  # fmt: skip
    await ports.subscribe(name, after)


async def _start(session: Any, name: str, message: Message) -> tuple[Position, int, bool]:
    """Where delivery begins, and whether that is without a hole."""
    broker = session.ports.broker
    since = message.get("since")
    limit = min(get_number(message, "limit", HISTORY_ON_JOIN), HISTORY_PAGE)
    if isinstance(since, dict) and isinstance(since.get("epoch"), str):
        position = Position(since["epoch"], get_number(since, "seq"))
        resumed = await broker.resume(name, position)
        if resumed.recovered:
            return resumed.position, position.seq, True
        head = resumed.position
    else:
        head = await broker.position(name)
    return head, max(0, head.seq - limit), False


async def _found(session: Any, state: Room) -> None:
    """Make a room known; who opens one is its operator, except of the lobby."""
    broker, name = session.ports.broker, state.name
    if private_members(name) or await broker.get_note("rooms", name) is not None:
        return
    await broker.note("rooms", name, "{}")
    if name == LOBBY:
        return
    body = {"user": session.user, "on": True, "target": session.name, "name": session.name}
    # The id makes it one event even if two open the room at the same moment.
    draft = Draft("server", "founder", "op", json.dumps(body), is_state=True)
    published = await broker.publish(name, draft)
    state.apply(published.event)


async def part(session: Any, message: Message) -> None:
    """Leave a room."""
    room = joined_room(session, message)
    del session.rooms[room.name]
    session.ports.unsubscribe(room.name)
    await session.ports.depart(room.name, session.user, session.name, at_once=True)
    session.ports.send({"type": "parted", "room": room.name, "code": "left", "text": ""})


async def history(session: Any, message: Message) -> None:
    """A page of events before or after a seq."""
    room = joined_room(session, message)
    limit = max(1, min(get_number(message, "limit", HISTORY_ON_JOIN), HISTORY_PAGE))
    if "after" in message:
        after = get_number(message, "after")
        events = await session.ports.broker.history(room.name, after=after, limit=limit)
    else:
        before = get_number(message, "before", 1 << 53)
        events = await session.ports.broker.history(room.name, before=before, limit=limit)
    _answer(session, "history", message, [event_message(event) for event in events],
            more=len(events) == limit)  # fmt: skip


def _answer(session: Any, kind: str, message: Message, events: list[Message], **more: Any) -> None:
    answer = {"type": kind, "room": get_room(message), "events": events, **more}
    if "id" in message:
        answer["id"] = str(message["id"])[:64]
    session.ports.send(answer)


async def search(session: Any, message: Message) -> None:
    """The newest events of a room that contain a text."""
    room = joined_room(session, message)
    text = get_text(message, "text", 200).strip()
    events = await session.ports.broker.search(room.name, text, HISTORY_ON_JOIN)
    _answer(session, "found", message, [event_message(event) for event in events], text=text)


async def rooms(session: Any, _message: Message) -> None:
    """The rooms there are, with how many people are in each."""
    broker = session.ports.broker
    names = sorted(await broker.notes("rooms"))[:500]
    counts = await asyncio.gather(*[broker.roster(name) for name in names[:100]])
    sizes = [len(roster) for roster in counts] + [0] * max(0, len(names) - 100)
    listed = [{"room": name, "count": size} for name, size in zip(names, sizes, strict=True)]
    session.ports.send({"type": "rooms", "rooms": listed})


async def who(session: Any, message: Message) -> None:
    """Everybody in a room."""
    room = joined_room(session, message)
    roster = await session.ports.broker.roster(room.name)
    shown = [{"id": user, "name": name} for user, name in list(roster.items())[:ROSTER_SHOWN]]
    session.ports.send({"type": "who", "room": room.name, "members": shown, "count": len(roster)})


async def read(session: Any, message: Message) -> None:
    """Remember how far the user has read, for their other clients."""
    room = joined_room(session, message)
    seq = get_number(message, "seq")
    await session.ports.broker.note(f"read:{session.user}", room.name, str(seq))


async def typing(session: Any, message: Message) -> None:
    """Tell the room that somebody is writing."""
    room = joined_room(session, message)
    if room.can(session.user, "send", master=session.is_master):
        session.ports.signal("typing", {"room": room.name, "user": session.user,
                                        "name": session.name})  # fmt: skip


HANDLERS: dict[str, Callable[[Any, Message], Awaitable[None]]] = {
    "join": join, "part": part, "history": history, "search": search, "rooms": rooms,
    "who": who, "read": read, "typing": typing,
}  # fmt: skip
