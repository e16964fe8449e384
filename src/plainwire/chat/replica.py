"""A client's copy of its rooms: what it has seen, what is not yet acknowledged.

Pure. The terminal, the pipe and the tests use it; the page has the same in JavaScript.

    opening() -> messages to send on every new connection
    receive(message) -> what is new and worth showing, or None

Invariants:

1. An event is shown once, in the order of `seq`, whatever is sent again.
2. What was sent stays in `outbox` until it is acknowledged or refused, and is sent again
   on the next connection with the same id, which the server stores once.
3. A hole in `seq` is never passed over: the room is joined again from where it is known.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from plainwire.chat.protocol import LOBBY, VERSION, Message


@dataclass(slots=True)
class RoomCopy:
    """What is known of one room.

    Attributes:
        seq: the last event that was taken.
        head: the end of the log when the room was joined; later events are live.
        read: how far the user has read, here or elsewhere.
        unread: messages that came since and were not looked at.
        title: the other's name, of a private conversation.
    """

    epoch: str = ""
    seq: int = 0
    head: int = 0
    read: int = 0
    unread: int = 0
    topic: str = ""
    title: str = ""
    members: dict[str, str] = field(default_factory=dict)


class Replica:
    """See the module.

    Args:
        name: as wished; the server may give another if `auto`.
        rooms: to be in.
        auto: take a similar name if this one is taken.
        more: further fields of `hello`, such as `password` and `key`.
    """

    def __init__(
        self, name: str, rooms: tuple[str, ...] = (LOBBY,), *, auto: bool = False,
        more: Message | None = None,
    ) -> None:  # fmt: skip
        self.name, self.user, self.token = name, "", ""
        self.auto, self.more = auto, more or {}
        self.rooms: dict[str, RoomCopy] = {room: RoomCopy() for room in rooms}
        self.outbox: dict[str, Message] = {}
        self.to_send: list[Message] = []
        self.recovered = 0
        self._salt = secrets.token_hex(4)
        self._count = 0

    def opening(self) -> list[Message]:
        """What to say first on a new connection."""
        hello: Message = {"type": "hello", "v": VERSION, "name": self.name, **self.more}
        if self.token:
            hello["token"] = self.token
        if self.auto:
            hello["auto"] = True
        return [hello]

    def join(self, room: str) -> Message:
        """Ask for a room, from where it is known."""
        copy = self.rooms.setdefault(room, RoomCopy())
        message: Message = {"type": "join", "room": room}
        if copy.epoch:
            message["since"] = {"epoch": copy.epoch, "seq": copy.seq}
        return message

    def send(self, message: Message) -> Message:
        """Give a request its id and remember it until it is answered."""
        self._count += 1
        message = {"type": "send", **message, "id": f"{self._salt}-{self._count}"}
        self.outbox[message["id"]] = message
        return message

    def receive(self, message: Message) -> Message | None:
        """Take a message of the server; return it if a person should see it.

        What has to be sent because of it is in `to_send`.
        """
        kind = message.get("type")
        if kind == "event":
            return self._take_event(message)
        take = getattr(self, f"_take_{kind}", None)
        if take is not None:
            take(message)
        return message

    def _take_ack(self, message: Message) -> None:
        self.outbox.pop(message.get("id", ""), None)

    def _take_error(self, message: Message) -> None:
        # These two may succeed later, so the request stays.
        if message["code"] not in ("unavailable", "rate_limited"):
            self.outbox.pop(message.get("id", ""), None)

    def _take_gap(self, message: Message) -> None:
        copy = self.rooms.get(message["room"])
        if copy is not None:
            copy.seq = max(copy.seq, message["last"])

    def _take_parted(self, message: Message) -> None:
        self.rooms.pop(message["room"], None)

    def _take_named(self, message: Message) -> None:
        if message["id"] == self.user:
            self.name = message["name"]

    def _take_revoked(self, message: Message) -> None:
        self.token = message["token"]

    def _take_close(self, message: Message) -> None:
        if message["code"] == "revoked":
            self.token = ""

    def _take_welcome(self, message: Message) -> None:
        you = message["you"]
        self.user, self.name, self.token = you["id"], you["name"], message["token"]
        for entry in message["private"]:
            self.rooms.setdefault(entry["room"], RoomCopy()).title = entry["with"]["name"]
        self.to_send += [self.join(room) for room in self.rooms]
        self.to_send += self.outbox.values()

    def _take_private(self, message: Message) -> None:
        room, who = message["room"], message["with"]
        if room not in self.rooms:
            self.to_send.append(self.join(room))
        self.rooms[room].title = who["name"]

    def _take_joined(self, message: Message) -> None:
        copy = self.rooms.setdefault(message["room"], RoomCopy())
        if copy.epoch and message["recovered"]:
            self.recovered += message["seq"] - copy.seq
        if not message["recovered"]:
            copy.seq = message["after"]
        copy.epoch, copy.head, copy.topic = message["epoch"], message["seq"], message["topic"]
        copy.read = max(copy.read, message["read"])
        copy.members = {member["id"]: member["name"] for member in message["members"]}

    def _take_presence(self, message: Message) -> None:
        copy = self.rooms.get(message["room"])
        if copy is not None:
            for member in message["joined"]:
                copy.members[member["id"]] = member["name"]
            for member in message["left"]:
                copy.members.pop(member["id"], None)

    def _take_event(self, message: Message) -> Message | None:
        copy = self.rooms.get(message["room"])
        if copy is None or message["seq"] <= copy.seq:
            return None
        if message["seq"] != copy.seq + 1:
            self.to_send.append(self.join(message["room"]))
            return None
        copy.seq = message["seq"]
        if message["kind"] == "topic":
            copy.topic = message["body"]["text"]
        return message
