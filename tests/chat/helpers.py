"""What the chat's tests share: a client that waits for messages by what they are."""

from __future__ import annotations

import codecs
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from plainwire import Address, frames
from plainwire.chat.caller import CODEC
from plainwire.transports.connect import connect

WAIT_SECONDS = 60.0
"""Nothing here takes a second; a busy machine is given a minute."""

PROGRAM = str(Path(sys.executable).with_name("plainwire"))


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


TERMINALS: list[TerminalClient] = []  # of the test that runs; those left over are ended after it


class TerminalClient:
    """`plainwire chat join` on a pseudo terminal of 100 columns.

    Args:
        address: of the server.
        name: of the person.
        home: where it keeps its token.
        more: further arguments of the command.
        environment: further variables.
    """

    def __init__(
        self, address: Address, name: str, home: Path, *more: str, **environment: str
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.raw = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        variables = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30",
                     "XDG_STATE_HOME": str(home),
                     "PLAINWIRE_LANG": "en", **environment}  # fmt: skip
        self.process = subprocess.Popen(
            [PROGRAM, "chat", "join", str(address), "--name", name, *more],
            stdin=slave, stdout=slave, stderr=slave, env=variables, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        TERMINALS.append(self)

    @property
    def text(self) -> str:
        """What has been written so far, without colours and movements of the cursor."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.raw)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def type(self, line: str) -> None:
        self.press(line + "\r")

    def forget(self) -> None:
        """Look only at what comes from now on."""
        self.raw = ""

    def wait_for(self, text: str) -> None:
        self.until(lambda: text in self.text, text)

    def until(self, good: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not good():
            left = deadline - time.monotonic()
            assert left > 0, f"no {what!r} in {self.text[-800:]!r}"
            self._read(left)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._master, 65536)
            self.raw += self._decoder.decode(data)
            # It asks where the cursor is, as terminals are asked, and waits for the answer
            # before it draws the line at the bottom.
            for _ in range(data.count(b"\x1b[6n")):
                os.write(self._master, b"\x1b[1;1R")
        except OSError:  # EIO: the program has closed the terminal
            return False
        return True

    def end(self) -> int:
        """Wait for its end; the status."""
        deadline = time.monotonic() + WAIT_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            if not self._read(0.1):
                break
        status = self.process.wait(WAIT_SECONDS)
        while select.select([self._master], [], [], 0)[0] and self._read(0):
            pass
        os.close(self._master)
        return status

    def close(self) -> int:
        self.type("/quit")
        return self.end()
