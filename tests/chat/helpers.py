"""What the chat's tests share: a client that waits for messages by what they are."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Self

from plainwire import Address, frames
from plainwire.chat.caller import CODEC
from plainwire.transports.connect import connect

WAIT_SECONDS = 20.0


class Client:
    """A blocking client over either door.

    Args:
        address: `tcp://` for frames, `ws://` for WebSocket.
        name: said in hello; none if empty.
        more: further fields of hello.
    """

    def __init__(self, address: Address, name: str = "", tls: Any = None, **more: Any) -> None:
        self.is_text = address.scheme.startswith("ws")
        if self.is_text:
            address = Address(address.scheme, address.connectable.host, address.port, "/ws")
            self.peer: Any = connect(address, frames.text(), tls=tls).open()
        else:
            self.peer = connect(address, CODEC, tls=tls).open()
        self.seen: list[dict[str, Any]] = []
        if name:
            self.say(type="hello", v=1, name=name, **more)
            self.welcome = self.wait(type="welcome")
            self.user, self.token = self.welcome["you"]["id"], self.welcome["token"]

    def say(self, **message: Any) -> None:
        text = json.dumps(message)
        self.peer.send(text if self.is_text else text.encode())

    def raw(self, data: bytes) -> None:
        self.peer.send(data.decode("latin-1") if self.is_text else data)

    def next(self, seconds: float = WAIT_SECONDS) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.peer.recv(seconds))
        self.seen.append(message)
        return message

    def wait(self, **wanted: Any) -> dict[str, Any]:
        """The next message with these fields; others before it are kept in `seen`."""
        return self.until(lambda m: all(m.get(k) == v for k, v in wanted.items()), str(wanted))

    def until(self, good: Callable[[dict[str, Any]], bool], what: str = "") -> dict[str, Any]:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            message = self.next(max(0.01, deadline - time.monotonic()))
            if good(message):
                return message
        raise AssertionError(f"no {what} in {self.seen[-5:]}")

    def join(self, room: str, **more: Any) -> dict[str, Any]:
        self.say(type="join", room=room, **more)
        return self.wait(type="joined", room=room)

    def send(self, room: str, text: str, ident: str, **more: Any) -> dict[str, Any]:
        self.say(type="send", room=room, text=text, id=ident, **more)
        return self.wait(type="ack", id=ident)

    def close(self) -> None:
        self.peer.close()

    def cut(self) -> None:
        self.peer.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
