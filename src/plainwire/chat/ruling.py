"""Handlers of a session: what operators do. Pure, as session.py."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from plainwire.chat.protocol import MAX_TOPIC, Fault, Message, get_id, get_text
from plainwire.chat.visiting import joined_room
from plainwire.hub.broker import Draft


async def _rule(session: Any, message: Message, kind: str, body: Message) -> None:
    """Write what an operator did into the room's log, where every process reads it."""
    room = joined_room(session, message)
    room.demand(session.user, kind, master=session.is_master)
    text = json.dumps({"name": session.name, **body}, ensure_ascii=False)
    draft = Draft(session.user, get_id(message), kind, text, is_state=kind != "kick")
    event = (await session.ports.broker.publish(room.name, draft)).event
    session.ports.send({"type": "ack", "id": draft.id, "room": room.name, "epoch": event.epoch,
                        "seq": event.seq, "time": event.time_ms})  # fmt: skip


async def topic(session: Any, message: Message) -> None:
    """Say what the room is about."""
    text = get_text(message, "text", MAX_TOPIC, "").replace("\n", " ")
    await _rule(session, message, "topic", {"text": text})


def _user(message: Message) -> Message:
    user = message.get("user")
    if not isinstance(user, str) or not 1 <= len(user) <= 70 or not user.isascii():
        raise Fault("malformed", "'user' is the id of a user")
    return {"user": user, "target": get_text(message, "target", 100, "?")}


async def kick(session: Any, message: Message) -> None:
    """Put somebody out of the room; they may come back."""
    await _rule(session, message, "kick", _user(message))


def _switch(kind: str, *, on: bool) -> Callable[[Any, Message], Awaitable[None]]:
    async def handler(session: Any, message: Message) -> None:
        await _rule(session, message, kind, {**_user(message), "on": on})

    return handler


HANDLERS: dict[str, Callable[[Any, Message], Awaitable[None]]] = {
    "topic": topic,
    "kick": kick,
    "ban": _switch("ban", on=True),
    "unban": _switch("ban", on=False),
    "mute": _switch("mute", on=True),
    "unmute": _switch("mute", on=False),
    "op": _switch("op", on=True),
    "deop": _switch("op", on=False),
}
