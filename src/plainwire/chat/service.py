"""What the sessions of one process share: the hub, room states, presence, passwords.

    links (TCP, WebSocket) -> Conversation (one each) -> Service -> hub, broker

Everything runs on one event loop. Invariants:

1. A room's state here is the fold of its log as far as this process has heard it.
2. Presence is told by the change of a roster, not of a connection: one who comes back
   within `Settings.depart_seconds` has neither left nor joined. Changes of one room are
   told together, once per PRESENCE_SECONDS.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
import time
from collections import Counter
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from plainwire.chat.bounds import Settings, Throttle
from plainwire.chat.journal import tell
from plainwire.chat.protocol import Message, encode, encode_event
from plainwire.chat.room import Room
from plainwire.hub.broker import Broker, BrokerError, Event
from plainwire.hub.hub import Hub

if TYPE_CHECKING:
    from plainwire.chat.conversation import Conversation

PRESENCE_SECONDS = 1.0
RENEW_SECONDS = 5.0
DAY_SECONDS = 86_400
TOKEN_DAYS = 180
"""A client that comes within this time stays who it was; every hello gives a fresh token."""
# A password's hash costs about 50 ms of a CPU and 64 MiB; two at a time is what a client
# without a name may use of this machine.
HASHES_AT_ONCE = 2


class Service:
    """What sessions share.

    Args:
        settings: for all clients.
        broker: not yet opened; closed by `close`.
    """

    def __init__(self, settings: Settings, broker: Broker) -> None:
        self.settings, self.broker = settings, broker
        self.hub = Hub(broker, encode_event)
        self.hub.on_event = self._on_event
        broker.on_signal = self._on_signal
        self.users: dict[str, set[Conversation]] = {}
        self.counts: Counter[str] = Counter()
        self._rooms: dict[str, Room] = {}
        self._loading: dict[str, list[Event]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._claims: Counter[tuple[str, str]] = Counter()
        self._members: dict[tuple[str, str], set[Conversation]] = {}
        self._news: dict[str, dict[str, tuple[bool, str]]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._hashing = ThreadPoolExecutor(HASHES_AT_ONCE, thread_name_prefix="plainwire-hash")
        self._secret = b""
        self.guesses = Throttle()

    async def open(self) -> None:
        """Begin.

        Raises:
            BrokerError: the store cannot be used.
        """
        await self.broker.open()
        secret = await self.broker.get_note("meta", "secret")
        if secret is None:
            # Two workers may start at once; the claim lets one of them make it.
            if await self.broker.claim("\0secret", self.broker.node) == self.broker.node:
                await self.broker.note("meta", "secret", secrets.token_hex(32))
            while (secret := await self.broker.get_note("meta", "secret")) is None:
                await asyncio.sleep(0.02)
        self._secret = bytes.fromhex(secret)
        self.spawn(self._renew())

    async def close(self) -> None:
        """End all tasks and close the broker."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.hub.close()
        await self.broker.close()
        self._hashing.shutdown(wait=False)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something beside; it ends with the service."""
        task = self.hub.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        # A store that fails is told by /healthz and to whoever asked; other faults are ours.
        if not task.cancelled() and isinstance(task.exception(), BrokerError):
            self._note_failure(task.exception())

    def _note_failure(self, error: BaseException | None) -> None:
        self.counts["store_errors"] += 1
        tell("store failed", logging.ERROR, reason=str(error))

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await self.broker.renew()
            except BrokerError as error:
                self._note_failure(error)

    # Rooms

    async def room(self, name: str) -> Room:
        """The state of a room, kept up to date from now on."""
        async with self._locks.setdefault(name, asyncio.Lock()):
            room = self._rooms.get(name)
            if room is None:
                pending = self._loading.setdefault(name, [])
                await self.broker.position(name)
                room = Room(name)
                seen = 0
                for event in await self.broker.state(name):
                    room.apply(event)
                    seen = event.seq
                for event in pending:
                    if event.seq > seen:
                        room.apply(event)
                del self._loading[name]
                self._rooms[name] = room
        return room

    def _on_event(self, event: Event) -> None:
        self.counts["events"] += 1
        if event.room in self._loading:
            self._loading[event.room].append(event)
        elif event.room in self._rooms:
            self._rooms[event.room].apply(event)
        if event.kind in ("topic", "op", "ban", "mute", "kick"):
            tell("ruled", room=event.room, seq=event.seq, kind=event.kind, user=event.sender)
        if event.kind in ("kick", "ban"):
            body = json.loads(event.body)
            if body.get("on", True):
                for conversation in list(self.users.get(body["user"], ())):
                    self.spawn(conversation.session.removed(event.room, event.kind, body["name"]))

    # Names and presence

    async def claim(self, key: str, user: str) -> str:
        """Take a name for one more session of the user; return its owner."""
        owner = await self.broker.claim(key, user)
        if owner == user:
            self._claims[key, user] += 1
        return owner

    async def release(self, key: str, user: str) -> None:
        """Give a name back when the user's last session here does."""
        self._claims[key, user] -= 1
        if self._claims[key, user] <= 0:
            del self._claims[key, user]
            await self.broker.release(key, user)

    async def arrive(self, talk: Conversation, room: str, user: str, name: str) -> None:
        """Note a member; tell the room if nobody knew."""
        self._members.setdefault((room, user), set()).add(talk)
        fresh = await self.broker.join(room, user, name)
        if fresh or name != talk.told_name.get(room, name):
            self.broker.signal("presence", _dump({"room": room, "user": user, "name": name,
                                                  "in": True}))  # fmt: skip
        talk.told_name[room] = name

    async def depart(
        self, talk: Conversation, room: str, user: str, name: str, wait: float
    ) -> None:
        """Note that a session left; the member has, if no other comes in time."""
        members = self._members.get((room, user))
        if members is None or talk not in members:
            return
        members.discard(talk)
        if members:
            return
        if wait:
            self.spawn(self._depart_later(room, user, name, wait))
        else:
            await self._gone(room, user, name)

    async def _depart_later(self, room: str, user: str, name: str, wait: float) -> None:
        await asyncio.sleep(wait)
        await self._gone(room, user, name)

    async def _gone(self, room: str, user: str, name: str) -> None:
        if self._members.get((room, user)):
            return
        self._members.pop((room, user), None)
        if await self.broker.leave(room, user):
            self.broker.signal("presence", _dump({"room": room, "user": user, "name": name,
                                                  "in": False}))  # fmt: skip

    def _on_signal(self, topic: str, text: str) -> None:
        news = json.loads(text)
        if topic == "private":
            for talk in list(self.users.get(news["user"], ())):
                talk.session.told_private(news["room"], news["with"])
        elif topic == "revoked":
            for talk in list(self.users.get(news["user"], ())):
                self.spawn(talk.session.look_at_generation())
        elif topic == "typing":
            message = {"type": "typing", **news}
            self.hub.tell(news["room"], encode(message))
        elif topic == "presence":
            if not self._news:
                self.hub.loop.call_later(PRESENCE_SECONDS, self._tell_presence)
            self._news.setdefault(news["room"], {})[news["user"]] = (news["in"], news["name"])

    def _tell_presence(self) -> None:
        news, self._news = self._news, {}
        for room, changes in news.items():
            message: Message = {"type": "presence", "room": room, "joined": [], "left": []}
            for user, (here, name) in list(changes.items())[:500]:
                message["joined" if here else "left"].append({"id": user, "name": name})
            self.hub.tell(room, encode(message))

    # Who somebody is

    def sign(self, user: str, generation: str) -> str:
        """A token that only we can make."""
        return self._seal(f"{user}.{generation}.{int(time.time() // DAY_SECONDS)}")

    def _seal(self, text: str) -> str:
        return f"{text}.{hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()[:40]}"

    def identify(self, token: str) -> tuple[str, str]:
        """User and generation of a token; empty if it is none of ours, or too old."""
        text = token.rpartition(".")[0]
        if not token.isascii() or not hmac.compare_digest(token, self._seal(text)):
            return "", ""
        user, generation, day = text.split(".")
        if time.time() // DAY_SECONDS - int(day) > TOKEN_DAYS:
            return "", ""
        return user, generation

    def is_here(self, token: str) -> bool:
        """Whether a token is of somebody who is connected now, and not revoked."""
        user, generation = self.identify(token)
        here = self.users.get(user, ())
        return any(talk.session.generation == generation for talk in here)

    async def hash_password(self, password: str) -> str:
        """Argon2id with the library's defaults (RFC 9106, low memory)."""
        from argon2 import PasswordHasher

        found: str = await self.hub.loop.run_in_executor(
            self._hashing, PasswordHasher().hash, password
        )
        return found

    async def check_password(self, kept: str, password: str) -> bool:
        """Compare in constant time."""
        from argon2 import PasswordHasher
        from argon2.exceptions import Argon2Error

        try:
            verify = PasswordHasher().verify
            return bool(await self.hub.loop.run_in_executor(self._hashing, verify, kept, password))
        except Argon2Error:
            return False


def _dump(message: Message) -> str:
    return json.dumps(message, ensure_ascii=False)
