"""A client's connection that comes back: dial, say hello, resume, until it is told to stop.

Invariants:

1. While there is no connection nothing is lost: sends wait in the replica's outbox.
2. A server that is silent for SILENCE_SECONDS although it was pinged counts as gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from plainwire.address import Address
from plainwire.chat.protocol import Message, encode, parse
from plainwire.chat.replica import Replica
from plainwire.errors import PlainwireError
from plainwire.frames.length import length
from plainwire.transports.connect import connect, delays

CODEC = length(4, max_bytes=16 * 1024 * 1024)
"""What a server sends may be larger than what it takes: a page of history."""

PING_SECONDS = 15.0
SILENCE_SECONDS = 10.0
KEPT = ("send", "edit", "delete", "topic", "kick", "ban", "unban", "mute", "unmute", "op", "deop")
"""Requests that are stored, so they have an id and are sent again until answered."""
FATAL = ("bad_key", "bad_name", "bad_password", "name_registered", "name_taken", "rate_limited",
         "version")  # fmt: skip
"""Refusals of `hello` that trying again does not mend."""


class Caller:
    """See the module.

    Args:
        address: of the framed door.
        replica: what the client knows.
        show: called with every message worth seeing.
        tls: as for `connect`.
        retry: whether to come back after a loss, and wait for a server that is not there.
    """

    def __init__(
        self, address: Address, replica: Replica, show: Callable[[Message], None], *,
        tls: Any = None, retry: bool = True,
    ) -> None:  # fmt: skip
        self.address, self.replica, self._show = address, replica, show
        self._tls, self._retry = tls, retry
        self.state = "connecting"
        self.welcome = asyncio.Event()
        self.refusal = ""
        self._peer: Any = None
        self._changed = asyncio.Event()

    def send(self, message: Message) -> None:
        """Send now if there is a connection; requests with an id are kept until answered."""
        if message["type"] in KEPT:
            message = self.replica.send(message)
        if self._peer is not None and self.welcome.is_set():
            self._peer.send(encode(message))

    def repeat(self, message: Message) -> None:
        """Send again what was refused for a time."""
        if self._peer is not None and self.welcome.is_set():
            self._peer.send(encode(message))

    async def wait_change(self) -> None:
        """Wait until the server has said something more."""
        self._changed.clear()
        await self._changed.wait()

    async def settled(self) -> None:
        """Wait until everything sent is answered, or the caller has given up."""
        while self.replica.outbox and not self.refusal:
            await self.wait_change()

    async def run(self) -> None:
        """Talk until cancelled, or until a refusal that no retry mends.

        Raises:
            PlainwireError: the first connection failed and `retry` is off.
        """
        pauses = delays()
        while not self.refusal:
            try:
                await self._talk()
                pauses = delays()
            except (PlainwireError, OSError) as error:
                if not self._retry:
                    self.refusal = str(error)
                    self._wake()
                    raise
                if self.welcome.is_set():
                    pauses = delays()
                self._lost(str(error))
            if not self.refusal:
                await asyncio.sleep(next(pauses))

    def _lost(self, reason: str) -> None:
        self.welcome.clear()
        if self.state != "reconnecting":
            self.state = "reconnecting"
            self._show({"type": "state", "state": self.state, "text": reason})

    async def _talk(self) -> None:
        peer = await connect(self.address, CODEC, tls=self._tls).open_async()
        self._peer = peer
        try:
            for message in self.replica.opening():
                peer.send(encode(message))
            waiting = False
            while not self.refusal:
                seconds = SILENCE_SECONDS if waiting else PING_SECONDS
                try:
                    data = await peer.recv(seconds)
                except TimeoutError:
                    if waiting:
                        raise
                    peer.send(encode({"type": "ping"}))
                    waiting = True
                    continue
                waiting = False
                self._take(parse(data))
        finally:
            self._peer = None
            self.welcome.clear()
            peer.abort()

    def _take(self, message: Message) -> None:
        kind = message["type"]
        if kind == "error" and message.get("of") == "hello" and message["code"] in FATAL:
            self.refusal = message["text"]
            if "suggestion" in message:
                self.refusal += f"; {message['suggestion']} may be free"
        shown = self.replica.receive(message)
        if kind == "close" and message["code"] == "revoked":
            self.refusal = message["text"]
        if kind == "welcome":
            self.state = "connected"
            self.welcome.set()
        if shown is not None:
            self._show(shown)
        waiting, self.replica.to_send = self.replica.to_send, []
        for answer in waiting:
            self._peer.send(encode(answer))
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
