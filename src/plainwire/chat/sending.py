"""Handlers of a session: sending, editing and deleting messages. Pure, as session.py."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from plainwire.chat.protocol import (
    KINDS,
    MAX_TEXT,
    Fault,
    Message,
    get_file,
    get_id,
    get_number,
    get_text,
    private_room,
)
from plainwire.chat.room import Room
from plainwire.chat.visiting import joined_room
from plainwire.hub.broker import Draft, Event, Published


def _dumps(value: Message) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _draft(session: Any, message: Message) -> Draft:
    ident, kind = get_id(message), message.get("kind", "text")
    if kind not in KINDS:
        raise Fault("malformed", f"'kind' is one of {', '.join(KINDS)}")
    body: Message = {"name": session.name}
    if kind == "file":
        body["file"] = get_file(message)
        text = get_text(message, "text", MAX_TEXT, "")
        words = f"{body['file']['name']} {text}"
    else:
        words = text = get_text(message, "text")
    body["text"] = text
    if "reply_to" in message:
        body["reply_to"] = get_number(message, "reply_to")
    return Draft(session.user, ident, kind, _dumps(body), words)


def send_now(session: Any, message: Message) -> bool:
    """Send to a room that the client is in; False if it is not for one.

    Raises:
        Fault: it cannot be sent.
    """
    if "to" in message:
        return False
    room = joined_room(session, message)
    room.demand(session.user, "send", master=session.is_master)
    _publish(session, room, _draft(session, message))
    return True


def _publish(session: Any, room: Room, draft: Draft) -> asyncio.Future[Published]:
    answer = session.ports.broker.publish(room.name, draft)
    answer.add_done_callback(lambda done: _acknowledge(session, draft.id, done))
    return answer  # type: ignore[no-any-return]


def _acknowledge(session: Any, ident: str, done: asyncio.Future[Published]) -> None:
    if done.cancelled() or session.closed:
        return
    if done.exception() is not None:
        session.ports.send({"type": "error", "code": "unavailable", "id": ident, "of": "send",
                            "text": "it was not stored; send it again"})  # fmt: skip
        return
    event = done.result().event
    session.ports.send({"type": "ack", "id": ident, "room": event.room, "epoch": event.epoch,
                        "seq": event.seq, "time": event.time_ms})  # fmt: skip


async def send(session: Any, message: Message) -> None:
    """Send to one person, who need not be here."""
    other = message.get("to")
    if not isinstance(other, str) or not 1 <= len(other) <= 70 or other == session.user:
        raise Fault("malformed", "'to' is the id of another user")
    if not all(c.isalnum() or c in "_-" for c in other) or not other.isascii():
        raise Fault("malformed", "'to' is the id of another user")
    ports = session.ports
    name = private_room(session.user, other)
    state = await ports.room(name)
    draft = _draft(session, message)
    shown = get_text(message, "to_name", 100, "?")
    mine, theirs = {"id": session.user, "name": session.name}, {"id": other, "name": shown}
    # The names are kept first: a message in a room that nobody knows of would be lost.
    await ports.broker.note(f"private:{session.user}", name, _dumps(theirs))
    await ports.broker.note(f"private:{other}", name, _dumps(mine))
    for user, who in ((session.user, theirs), (other, mine)):
        ports.signal("private", {"room": name, "user": user, "with": who})
    await _publish(session, state, draft)


async def _target(session: Any, room: Room, message: Message, action: str) -> Event:
    seq = get_number(message, "seq")
    events = await session.ports.broker.history(room.name, after=seq - 1, limit=1)
    if not events or events[0].seq != seq or events[0].kind not in KINDS:
        raise Fault("no_such_message", f"{room.name} has no message {seq}")
    event: Event = events[0]
    mine = event.sender == session.user
    if not mine and not (
        action == "delete" and room.can(session.user, "delete_any", master=session.is_master)
    ):
        raise Fault("not_yours", "that message is somebody else's")
    if json.loads(event.body).get("deleted"):
        raise Fault("no_such_message", "that message is deleted")
    return event


async def edit(session: Any, message: Message) -> None:
    """Change the text of one's own message."""
    room = joined_room(session, message)
    room.demand(session.user, "send", master=session.is_master)
    event = await _target(session, room, message, "edit")
    ident, text = get_id(message), get_text(message, "text")
    body = {**json.loads(event.body), "text": text, "edited": True, "of": event.seq}
    new = _dumps(body)
    draft = Draft(session.user, ident, "edit", new, text, replaces=event.seq, new_body=new)
    await _publish(session, room, draft)


async def delete(session: Any, message: Message) -> None:
    """Delete one's own message; an operator may delete any."""
    room = joined_room(session, message)
    event = await _target(session, room, message, "delete")
    name = json.loads(event.body).get("name", "")
    new = _dumps({"name": name, "deleted": True, "of": event.seq, "by": session.name})
    draft = Draft(session.user, get_id(message), "delete", new, replaces=event.seq, new_body=new)
    await _publish(session, room, draft)


HANDLERS: dict[str, Callable[[Any, Message], Awaitable[None]]] = {
    "send": send, "edit": edit, "delete": delete,
}  # fmt: skip
