"""One client's session tied to its link: the `Ports` of session.py, for real.

Invariants:

1. Requests are handled one after the other; while one waits for the store, the link reads
   no more than BACKLOG further ones.
2. After `ended` nothing is written, and everything is given back once.
"""

from __future__ import annotations

import json
import secrets
from collections import deque
from collections.abc import Coroutine
from typing import Any, Protocol

from plainwire.chat.journal import tell
from plainwire.chat.protocol import Message, encode
from plainwire.chat.room import Room
from plainwire.chat.service import Service
from plainwire.chat.session import Session
from plainwire.hub.hub import Pack, Subscription

BACKLOG = 64
TOLD = ("bad_key", "bad_password", "name_registered", "banned", "muted", "not_operator",
        "not_yours", "private", "unavailable")  # fmt: skip
"""Refusals that whoever runs the server wants to know of."""


class Link(Protocol):
    """What carries a conversation; `remote` is where from."""

    pack: Pack
    remote: str

    def write(self, data: bytes) -> bool:
        """Write packed messages; False if the client is behind."""

    def pause(self) -> None:
        """Read no more for now."""

    def resume(self) -> None:
        """Read on."""

    def finish(self, code: str, text: str) -> None:
        """Write what waits, then end."""


class Conversation:
    """See the module. It is also the hub's subscriber for all rooms of its client."""

    __slots__ = ("_backlog", "_busy", "_subscriptions", "broker", "ended", "link", "pack",
                 "service", "session", "settings", "told_name")  # fmt: skip

    def __init__(self, service: Service, link: Link) -> None:
        self.service, self.link = service, link
        self.broker, self.settings = service.broker, service.settings
        self.pack = link.pack
        self.ended = False
        self.told_name: dict[str, str] = {}
        self._backlog: deque[bytes] | None = None
        self._busy = False
        self._subscriptions: dict[str, Subscription] = {}
        self.session = Session(self, service.hub.loop.time())

    # From the link

    def receive(self, data: bytes) -> None:
        """Take one message of the client."""
        if self._busy:
            if self._backlog is None:
                self._backlog = deque()
            self._backlog.append(data)
            if len(self._backlog) >= BACKLOG:
                self.link.pause()
            return
        rest = self.session.receive(data, self.service.hub.loop.time())
        if rest is not None:
            self._busy = True
            self.service.spawn(self._work(rest))

    async def _work(self, rest: Coroutine[Any, Any, None] | None) -> None:
        try:
            while True:
                if rest is not None:
                    await rest
                if self.ended or not self._backlog:
                    break
                data = self._backlog.popleft()
                rest = self.session.receive(data, self.service.hub.loop.time())
        finally:
            self._busy = False
            self._backlog = None
            if self.ended:
                self.service.spawn(self.session.end())
            else:
                self.link.resume()

    def writable(self) -> None:
        """Hear from the link that the client has room again."""
        for subscription in self._subscriptions.values():
            subscription.resume()

    def end(self) -> None:
        """Hear from the link that the connection is gone."""
        if self.ended:
            return
        self.ended = True
        self.session.closed = True
        tell("left", remote=self.link.remote, user=self.session.user)
        for room in list(self._subscriptions):
            self.unsubscribe(room)
        known = self.service.users.get(self.session.user)
        if known is not None:
            known.discard(self)
            if not known:
                del self.service.users[self.session.user]
        if not self._busy:
            self.service.spawn(self.session.end())

    # Ports

    def send(self, message: Message) -> None:
        """Send to the client; see `Ports.send`."""
        if self.ended:
            return
        if message["type"] == "error" and message["code"] in TOLD:
            tell("refused", remote=self.link.remote, user=self.session.user,
                 code=message["code"], of=message.get("of"))  # fmt: skip
        self.link.write(self.pack([encode(message)]))

    def close(self, code: str, text: str) -> None:
        """End with a reason; see `Ports.close`."""
        self.send({"type": "close", "code": code, "text": text})
        tell("closing", remote=self.link.remote, user=self.session.user, code=code)
        self.link.finish(code, text)

    async def room(self, name: str) -> Room:
        """A room's state; see `Ports.room`."""
        return await self.service.room(name)

    async def subscribe(self, room: str, after: int) -> None:
        """Deliver a room's events; see `Ports.subscribe`."""
        subscription = await self.service.hub.subscribe(room, self, after)
        if self.ended or room in self._subscriptions:
            subscription.close()
        else:
            self._subscriptions[room] = subscription

    def unsubscribe(self, room: str) -> None:
        """Deliver no more; see `Ports.unsubscribe`."""
        subscription = self._subscriptions.pop(room, None)
        if subscription is not None:
            subscription.close()

    async def claim(self, key: str, user: str) -> str:
        """Take a name; see `Ports.claim`."""
        return await self.service.claim(key, user)

    async def release(self, key: str, user: str) -> None:
        """Give a name back; see `Ports.release`."""
        await self.service.release(key, user)

    async def arrive(self, room: str, user: str, name: str) -> None:
        """Be a member; see `Ports.arrive`."""
        await self.service.arrive(self, room, user, name)

    async def depart(self, room: str, user: str, name: str, *, at_once: bool) -> None:
        """Be no member; see `Ports.depart`."""
        wait = 0.0 if at_once else self.settings.depart_seconds
        await self.service.depart(self, room, user, name, wait)

    def signal(self, topic: str, message: Message) -> None:
        """Tell all processes; see `Ports.signal`."""
        self.broker.signal(topic, json.dumps(message, ensure_ascii=False))

    def registered(self, session: Session) -> None:
        """Note whose conversation this is; see `Ports.registered`."""
        if not self.ended:
            self.service.users.setdefault(session.user, set()).add(self)
            tell("entered", remote=self.link.remote, user=session.user, name=session.name,
                 account=session.has_account)  # fmt: skip

    async def hash_password(self, password: str) -> str:
        """Make a hash; see `Ports.hash_password`."""
        return await self.service.hash_password(password)

    async def check_password(self, kept: str, password: str) -> bool:
        """Compare with a hash; see `Ports.check_password`."""
        return await self.service.check_password(kept, password)

    def sign(self, user: str, generation: str) -> str:
        """Make a token; see `Ports.sign`."""
        return self.service.sign(user, generation)

    def identify(self, token: str) -> tuple[str, str]:
        """The user of a token; see `Ports.identify`."""
        return self.service.identify(token)

    def _guesser(self, name: str) -> tuple[str, ...]:
        return (f"from {self.link.remote}", *((f"for {name}",) if name else ()))

    def guess(self, name: str) -> float:
        """Count a guess; see `Ports.guess`."""
        return self.service.guesses.take(self._guesser(name), self.service.hub.loop.time())

    def forgive(self, name: str) -> None:
        """Count it as none; see `Ports.forgive`."""
        self.service.guesses.forgive(self._guesser(name))

    def new_user(self) -> str:
        """A fresh id; see `Ports.new_user`."""
        return "u" + secrets.token_hex(8)

    # From the hub

    def write(self, data: bytes) -> bool:
        """Take packed events; see `Subscriber.write`."""
        return self.link.write(data)

    def on_gap(self, room: str, first: int, last: int) -> None:
        """Tell the client which events it will never see."""
        self.send({"type": "gap", "room": room, "first": first, "last": last})

    def on_behind(self, room: str, seq: int) -> None:
        """Tell the client that it was too slow and gets the rest from history."""
        self.service.counts["behind"] += 1
        tell("behind", remote=self.link.remote, user=self.session.user, room=room, seq=seq)
        self.send({"type": "behind", "room": room, "seq": seq})
