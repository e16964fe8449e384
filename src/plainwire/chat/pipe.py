"""The chat in a pipe: each line of input is a message; answers go to standard output.

    echo hi | plainwire chat join --room lobby --name ci

Ends when the input has ended and every line is acknowledged, so that status 0 means that
the messages are stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import Any, TextIO

from plainwire.address import Address
from plainwire.chat.caller import Caller
from plainwire.chat.lines import clock, show_event
from plainwire.chat.protocol import Message, clean_text
from plainwire.chat.replica import Replica
from plainwire.errors import PlainwireError


class Pipe:
    """One run of the pipe client.

    Args:
        address: of the server.
        replica: what the client knows.
        room: where lines go.
        follow: show what others say, until interrupted.
        as_json: show messages as JSON lines.
        timeout: seconds to connect, and for each acknowledgement.
        tls: as for `connect`.
    """

    def __init__(
        self, address: Address, replica: Replica, room: str, *, follow: bool = False,
        as_json: bool = False, timeout: float = 10.0, tls: Any = None,
    ) -> None:  # fmt: skip
        self._room, self._follow, self._as_json = room, follow, as_json
        self._timeout, self._replica = timeout, replica
        self._caller = Caller(address, replica, self._show, tls=tls, retry=follow)
        self._failed: list[str] = []

    def _show(self, message: Message) -> None:
        if message["type"] == "error":
            if message["code"] == "rate_limited":
                asyncio.get_running_loop().call_later(message["retry_after"], self._again)
                return
            self._fail(f"{message['text']} ({message['code']})")
        elif message["type"] == "event" and self._follow:
            line = show_event(message)
            if self._as_json:
                print(json.dumps(message, ensure_ascii=False), flush=True)
            elif line:
                print(f"{clock(message['time'])} {line}", flush=True)

    def _fail(self, text: str) -> None:
        self._failed.append(text)
        print(f"plainwire: {clean_text(text)}", file=sys.stderr)

    def _again(self) -> None:
        for message in list(self._replica.outbox.values()):
            self._caller.repeat(message)

    async def run(self, source: TextIO = sys.stdin) -> int:
        """Send all lines, each after the one before is stored; return 0 if all are."""
        task = asyncio.get_running_loop().create_task(self._caller.run())
        try:
            await self._while_connected(task, self._caller.welcome.wait())
            await self._send_lines(task, source)
            if self._follow and not self._failed:
                await task
        except (PlainwireError, TimeoutError) as error:
            self._fail(str(error))
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, PlainwireError, OSError):
                await task
        return 2 if self._failed else 0

    async def _send_lines(self, task: asyncio.Task[None], source: TextIO) -> None:
        loop = asyncio.get_running_loop()
        while not self._failed:
            line = await loop.run_in_executor(None, source.readline)
            if not line:
                return
            if line.strip():
                text = line.rstrip("\r\n")
                self._caller.send({"type": "send", "room": self._room, "text": text})
                await self._while_connected(task, self._caller.settled())

    async def _while_connected(self, task: asyncio.Task[None], wait: Any) -> None:
        waiting = asyncio.ensure_future(wait)
        done, _ = await asyncio.wait(
            (task, waiting), timeout=self._timeout, return_when=asyncio.FIRST_COMPLETED
        )
        if waiting in done:
            return
        waiting.cancel()
        if task not in done:
            raise TimeoutError(f"no answer within {self._timeout} s")
        task.result()
        raise PlainwireError(self._caller.refusal or "the server closed the connection")
