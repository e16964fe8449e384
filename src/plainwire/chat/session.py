"""One client's side of the chat: messages in, messages out.

Pure: no socket, no clock, no thread. What it needs of the world is `Ports`; the wiring of
TCP and of WebSocket give it the same ones, and tests give it some without either.

    bytes -> receive -> [rate, grammar] -> handler of the type -> ports.send, ports.close

Invariants:

1. Every request is answered: by what it asked for, or by one `error` with its code, which
   carries the request's `id` if it had one. A fault never ends another's session.
2. Before `hello` has succeeded nothing else is done.
3. A `send` is acknowledged after the broker has stored it, and never otherwise.
4. Requests of one client are handled in their order; sends do not wait for their
   acknowledgements, which come in that order too.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from plainwire.chat.bounds import COSTS, REFUSALS_UNTIL_CLOSE, Bucket, Settings
from plainwire.chat.protocol import (
    MAX_MESSAGE_BYTES,
    MAX_TEXT,
    MAX_TOKEN,
    VERSION,
    Fault,
    Message,
    get_name,
    get_text,
    name_key,
    parse,
    suggest_name,
)
from plainwire.chat.room import Room
from plainwire.hub.broker import Broker, BrokerError


class Ports(Protocol):
    """What a session needs of the world."""

    broker: Broker
    settings: Settings

    def send(self, message: Message) -> None:
        """Send to the client."""

    def close(self, code: str, text: str) -> None:
        """Send everything, then a `close` message with the reason, then end."""

    async def room(self, name: str) -> Room:
        """The state of a room, kept up to date from now on."""

    async def subscribe(self, room: str, after: int) -> None:
        """Deliver the room's events after a seq."""

    def unsubscribe(self, room: str) -> None:
        """Deliver no more of the room."""

    async def claim(self, key: str, user: str) -> str:
        """Take a name while this session lives; return its owner."""

    async def release(self, key: str, user: str) -> None:
        """Give it back."""

    async def arrive(self, room: str, user: str, name: str) -> None:
        """Be a member of a room."""

    async def depart(self, room: str, user: str, name: str, *, at_once: bool) -> None:
        """Be no member any more, unless another session of the user is or comes soon."""

    def signal(self, topic: str, message: Message) -> None:
        """Tell the sessions of all processes something that is not kept."""

    def registered(self, session: Session) -> None:
        """Note that the session has a user now."""

    async def hash_password(self, password: str) -> str:
        """Make a hash that is slow to make, outside of the loop."""

    async def check_password(self, kept: str, password: str) -> bool:
        """Compare with a hash, outside of the loop."""

    def sign(self, user: str, generation: str) -> str:
        """Make a token that proves who somebody is."""

    def identify(self, token: str) -> tuple[str, str]:
        """Whom a token names and its generation; empty if it is none of ours or too old."""

    def guess(self, name: str) -> float:
        """Count one guess of a password; the seconds to wait if there were too many."""

    def forgive(self, name: str) -> None:
        """Count the last guess as none: it was right."""

    def new_user(self) -> str:
        """A user id that nobody has."""


Handler = Callable[["Session", Message], Awaitable[None]]


class Session:
    """The state of one client.

    Args:
        ports: see `Ports`.
        now: seconds of a steady clock, at the connection.

    Attributes:
        user: a stable id, empty before `hello`.
        name: what the others see.
        rooms: the rooms the client is in.
        has_account: the name is registered.
        generation: which tokens of the user are good; see `revoke`.
    """

    __slots__ = ("_bucket", "_refused", "closed", "generation", "has_account", "name", "ports",
                 "rooms", "user")  # fmt: skip

    def __init__(self, ports: Ports, now: float) -> None:
        self.ports = ports
        self.user = ""
        self.name = ""
        self.generation = ""
        self.has_account = False
        self.rooms: dict[str, Room] = {}
        self.closed = False
        self._bucket = Bucket(ports.settings.burst, ports.settings.per_second, now)
        self._refused = 0

    @property
    def is_master(self) -> bool:
        """Whether this is an operator of the whole server."""
        masters = {name_key(name) for name in self.ports.settings.masters}
        return self.has_account and name_key(self.name) in masters

    # Requests

    def receive(self, data: bytes, now: float) -> Coroutine[Any, Any, None] | None:
        """Take one message; the rest of its handling, or None if it is done.

        The caller awaits what is returned before it brings the next message.
        """
        if self.closed:
            return None
        try:
            message = parse(data)
        except Fault as fault:
            self._refuse(fault, {})
            return None
        try:
            self._admit(message, now)
            if message["type"] == "send" and self.user:
                from plainwire.chat.sending import send_now

                if send_now(self, message):
                    self._granted()
                    return None
        except Fault as fault:
            self._refuse(fault, message)
            return None
        return self._handle(message)

    def _admit(self, message: Message, now: float) -> None:
        wait = self._bucket.take(COSTS.get(message["type"], 1.0), now)
        if wait:
            raise Fault("rate_limited", "too many requests", retry_after=round(wait + 0.05, 2))
        if not self.user and message["type"] not in ("hello", "ping"):
            raise Fault("no_hello", "the first message is hello")

    def _granted(self) -> None:
        self._refused = max(0, self._refused - 1)

    async def _handle(self, message: Message) -> None:
        try:
            await handler_of(message["type"])(self, message)
            self._granted()
        except Fault as fault:
            self._refuse(fault, message)
        except BrokerError:
            self._refuse(Fault("unavailable", "the store does not work now"), message)

    def _refuse(self, fault: Fault, message: Message) -> None:
        answer: Message = {"type": "error", "code": fault.code, "text": fault.text}
        if isinstance(message.get("id"), str) and len(message["id"]) <= 64:
            answer["id"] = message["id"]
        if message.get("type"):
            answer["of"] = message["type"]
        self.ports.send({**answer, **fault.extra})
        self._refused += 1
        if self._refused >= REFUSALS_UNTIL_CLOSE:
            self.close("too_many_errors", "too many requests were refused")

    def close(self, code: str, text: str) -> None:
        """End the session for a reason that the client is told."""
        if not self.closed:
            self.closed = True
            self.ports.close(code, text)

    async def end(self) -> None:
        """Give everything back; the connection is gone."""
        self.closed = True
        for room in list(self.rooms):
            self.ports.unsubscribe(room)
            await self.ports.depart(room, self.user, self.name, at_once=False)
        self.rooms.clear()
        if self.user:
            await self.ports.release(name_key(self.name), self.user)

    # Who somebody is

    async def hello(self, message: Message) -> None:
        """Begin: `name`, and `token`, `password` or `key` where they are needed."""
        if self.user:
            raise Fault("again", "hello was said already")
        if message.get("v") != VERSION:
            raise Fault("version", f"this server speaks version {VERSION}", v=VERSION)
        ports = self.ports
        if ports.settings.password:
            self._check_key(get_text(message, "key", 200, ""))
        name = get_name(message)
        user = await self._identify(message.get("token"))
        account = await self._account(name)
        if account:
            await self._log_in(account, message, user)
            user = account["user"]
        user = user or ports.new_user()
        self.name = await self._take_name(name, user, auto=message.get("auto") is True)
        self.generation = await self._generation(user)
        self.user, self.has_account = user, bool(account)
        ports.registered(self)
        await self._welcome()

    def _check_key(self, given: str) -> None:
        if not given:
            raise Fault("bad_key", "this server has a password")
        self._guess("")
        if not hmac.compare_digest(given.encode(), self.ports.settings.password.encode()):
            raise Fault("bad_key", "this server has a password, and that is not it")
        self.ports.forgive("")

    def _guess(self, name: str) -> None:
        wait = self.ports.guess(name)
        if wait:
            raise Fault("rate_limited", "too many wrong passwords", retry_after=round(wait + 0.5))

    async def _identify(self, token: Any) -> str:
        if not isinstance(token, str) or len(token) > MAX_TOKEN:
            return ""
        user, generation = self.ports.identify(token)
        return user if user and generation == await self._generation(user) else ""

    async def _generation(self, user: str) -> str:
        return await self.ports.broker.get_note("generation", user) or "0"

    async def _account(self, name: str) -> Message:
        found = await self.ports.broker.get_note("accounts", name_key(name))
        return json.loads(found) if found else {}

    async def _log_in(self, account: Message, message: Message, user: str) -> None:
        if user == account["user"]:
            return
        if "password" not in message:
            raise Fault("name_registered", "this name is registered; its password is needed")
        password = get_text(message, "password", 200)
        self._guess(name_key(account["name"]))
        if not await self.ports.check_password(account["hash"], password):
            raise Fault("bad_password", "that is not the password of this name")
        self.ports.forgive(name_key(account["name"]))

    async def _take_name(self, name: str, user: str, *, auto: bool) -> str:
        for _ in range(100 if auto else 1):
            if await self.ports.claim(name_key(name), user) == user:
                return name
            suggestion = suggest_name(name)
            if auto:
                name = suggestion
                while await self._account(name):
                    name = suggest_name(name)
        raise Fault("name_taken", "somebody has this name", suggestion=suggestion)

    async def _welcome(self) -> None:
        broker = self.ports.broker
        rooms = await broker.notes("rooms")
        private = await broker.notes(f"private:{self.user}")
        self.ports.send({
            "type": "welcome", "v": VERSION, "server": self.ports.settings.name,
            "you": {"id": self.user, "name": self.name, "account": self.has_account,
                    "master": self.is_master},
            "token": self.ports.sign(self.user, self.generation), "epoch": broker.epoch,
            "rooms": sorted(rooms)[:500],
            "private": [{"room": room, "with": json.loads(who)} for room, who in private.items()],
            "limits": {"message_bytes": MAX_MESSAGE_BYTES, "text": MAX_TEXT,
                       "file_bytes": self.ports.settings.file_bytes},
        })  # fmt: skip

    async def nick(self, message: Message) -> None:
        """Take another name."""
        name = get_name(message)
        if self.has_account:
            raise Fault("name_registered", "a registered name stays as it is")
        if await self._account(name):
            raise Fault("name_registered", "this name is registered")
        before = self.name
        if name_key(name) != name_key(before):
            self.name = await self._take_name(name, self.user, auto=False)
            await self.ports.release(name_key(before), self.user)
        self.name = name
        for room in self.rooms:
            await self.ports.arrive(room, self.user, name)
        self.ports.send({"type": "named", "id": self.user, "name": name, "before": before})

    async def register(self, message: Message) -> None:
        """Keep the present name for whoever knows the password."""
        password = get_text(message, "password", 200)
        if len(password) < 8:
            raise Fault("bad_password", "a password has at least 8 characters")
        key = name_key(self.name)
        if await self._account(self.name):
            raise Fault("name_registered", "this name is registered")
        kept = await self.ports.hash_password(password)
        record = {"user": self.user, "name": self.name, "hash": kept}
        await self.ports.broker.note("accounts", key, json.dumps(record))
        self.has_account = True
        self.ports.send({"type": "registered", "name": self.name, "master": self.is_master})

    async def revoke(self, message: Message) -> None:
        """Make all tokens of the user worthless but a new one; end their other sessions.

        An operator of the whole server may do it to another `user`.
        """
        user = message.get("user", self.user)
        if user != self.user and not self.is_master:
            raise Fault("not_operator", "only an operator of the server may do that")
        if not isinstance(user, str) or not 1 <= len(user) <= 70 or not user.isascii():
            raise Fault("malformed", "'user' is the id of a user")
        fresh = self.ports.new_user()
        await self.ports.broker.note("generation", user, fresh)
        if user == self.user:
            self.generation = fresh
        self.ports.signal("revoked", {"user": user})
        self.ports.send({"type": "revoked", "user": user,
                         "token": self.ports.sign(self.user, self.generation)})  # fmt: skip

    async def ping(self, message: Message) -> None:
        """Answer, so that either side knows the other lives."""
        self.ports.send({"type": "pong", "id": message.get("id") if self.user else None})

    # What the wiring tells

    def told_private(self, room: str, who: Message) -> None:
        """Tell the client of a private conversation that has begun."""
        self.ports.send({"type": "private", "room": room, "with": who})

    async def look_at_generation(self) -> None:
        """End, if the tokens of the user have been revoked by another session."""
        if self.user and self.generation != await self._generation(self.user):
            self.close("revoked", "you were signed out")

    async def removed(self, room: str, code: str, by: str) -> None:
        """Leave a room because an operator said so."""
        if room in self.rooms:
            del self.rooms[room]
            self.ports.unsubscribe(room)
            await self.ports.depart(room, self.user, self.name, at_once=True)
            text = f"{by} removed you from {room}"
            self.ports.send({"type": "parted", "room": room, "code": code, "text": text})


def handler_of(kind: str) -> Handler:
    """The function that handles a type of message.

    Raises:
        Fault: there is none.
    """
    from plainwire.chat import ruling, sending, visiting

    own: dict[str, Handler] = {
        "hello": Session.hello, "nick": Session.nick, "register": Session.register,
        "ping": Session.ping, "revoke": Session.revoke,
    }  # fmt: skip
    handler = (
        own.get(kind)
        or visiting.HANDLERS.get(kind)
        or sending.HANDLERS.get(kind)
        or ruling.HANDLERS.get(kind)
    )
    if handler is None:
        raise Fault("unknown_type", "this server does not know that type")
    return handler
