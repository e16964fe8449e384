"""Chat servers for the tests: in this process, behind blocking servers, as a command."""

from __future__ import annotations

import contextlib
import json
import subprocess
from pathlib import Path
from typing import Any

from helpers import PROGRAM

from plainwire import Address, frames
from plainwire.chat.blocking import Hall
from plainwire.chat.bounds import Settings
from plainwire.chat.link import CODEC
from plainwire.chat.server import Plan
from plainwire.hub.sqlite import SqliteBroker
from plainwire.servers.serve import serve

FAST = Settings(burst=100_000, per_second=100_000, depart_seconds=0.2)


def plan(folder: Path, **more: Any) -> Plan:
    tcp, web = Address.parse("tcp://127.0.0.1:0"), Address.parse("ws://127.0.0.1:0")
    return Plan(tcp, web, folder, **{"settings": FAST, **more})


class Blocking:
    """The chat behind the toolkit's blocking servers."""

    def __init__(self, folder: Path, model: Any, settings: Settings = FAST) -> None:
        self._stack = contextlib.ExitStack()
        hall = Hall(settings, lambda: SqliteBroker(folder / "chat.db"))
        self._stack.enter_context(hall)
        for name, handler, address, codec in (
            ("tcp", hall.talk, "tcp://127.0.0.1:0", CODEC),
            ("web", hall.talk_text, "ws://127.0.0.1:0/ws", frames.text()),
        ):
            made: Any = serve(handler, address, codec, model=model, drain=0.5, background=True)
            self._stack.enter_context(made)
            setattr(self, name, made.address)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def start_command(folder: Path, *more: str) -> tuple[subprocess.Popen[str], Address]:
    server = subprocess.Popen(
        [PROGRAM, "chat", "serve", "--port", "0",
         "--web-port", "0", "--data", str(folder), "--json", *more],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    return server, Address.parse(json.loads(server.stdout.readline())["tcp"])
