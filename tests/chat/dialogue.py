"""A session without sockets: messages in, messages out, and people who say them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from plainwire.chat.bounds import Settings
from plainwire.chat.conversation import Conversation
from plainwire.chat.protocol import pack_frames
from plainwire.chat.service import Service
from plainwire.hub.memory import MemoryBroker


class Wire:
    """A link that keeps what would be written."""

    pack = staticmethod(pack_frames)
    remote = "somewhere"

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        # Presence is told by a clock, once a second, so it may come between any two lines.
        self.presence: list[dict[str, Any]] = []
        self.ended = ""

    def write(self, data: bytes) -> bool:
        while data:
            size = int.from_bytes(data[:4], "big")
            message = json.loads(data[4 : 4 + size])
            (self.presence if message["type"] == "presence" else self.got).append(message)
            data = data[4 + size :]
        return True

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def finish(self, code: str, text: str) -> None:
        self.ended = code


class Person:
    """One client in a dialogue."""

    def __init__(self, service: Service) -> None:
        self.wire = Wire()
        self.talk = Conversation(service, self.wire)

    async def say(self, **message: Any) -> list[dict[str, Any]]:
        return await self.say_bytes(json.dumps(message).encode())

    async def say_bytes(self, data: bytes) -> list[dict[str, Any]]:
        """What came since the last time, after everything has settled."""
        self.talk.receive(data)
        await settle()
        # Events that come close together wait for a clock of 5 ms before they go out.
        fans = self.talk.service.hub._fans
        async with asyncio.timeout(60):
            while any(fan._timer is not None for fan in fans.values()):
                await asyncio.sleep(0.001)
        return self.take()

    def take(self) -> list[dict[str, Any]]:
        got, self.wire.got[:] = list(self.wire.got), []
        return got

    @property
    def token(self) -> str:
        return self.talk.sign(self.user, self.talk.session.generation)

    @property
    def user(self) -> str:
        return self.talk.session.user


async def settle() -> None:
    for _ in range(60):
        await asyncio.sleep(0)


Scene = Callable[[Callable[..., Awaitable[Person]]], Awaitable[None]]


def play(scene: Scene, settings: Settings | None = None) -> None:
    async def run() -> None:
        roomy = Settings(burst=10_000, depart_seconds=0)
        service = Service(settings or roomy, MemoryBroker())
        await service.open()

        async def person(name: str = "", room: str = "", **more: Any) -> Person:
            one = Person(service)
            if name:
                answers = await one.say(type="hello", v=1, name=name, **more)
                assert answers[0]["type"] == "welcome", answers
            if room:
                await one.say(type="join", room=room)
            return one

        await scene(person)
        await service.close()

    asyncio.run(run())


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    return [m["type"] if m["type"] != "error" else m["code"] for m in messages]


async def hear(one: Person, kind: str) -> dict[str, Any]:
    """Wait for what takes a moment of real time, such as a password's hash."""
    async with asyncio.timeout(60):
        while kind not in kinds(one.wire.got):
            await asyncio.sleep(0.01)
    return one.wire.got[kinds(one.wire.got).index(kind)]
