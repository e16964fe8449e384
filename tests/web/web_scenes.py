"""Ledgers and recordings for the page's tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from plainwire.see.recorder import store
from plainwire.web import source

ROOT = Path(__file__).parent.parent.parent
PRIVATE = ROOT / "tests" / "see" / "in_private_net.py"
TUTORIAL = ROOT / "examples" / "tutorial"

ECHO_SERVER = """import asyncio


left = 50
over = asyncio.Event()


async def handle(reader, writer):
    global left
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()
    await writer.wait_closed()
    left -= 1
    if not left:
        over.set()


async def main():
    async with await asyncio.start_server(handle, "127.0.0.1", 8084):
        await over.wait()


asyncio.run(main())
"""
ECHO_CLIENT = """import asyncio


async def one(number):
    reader, writer = await asyncio.open_connection("127.0.0.1", 8084)
    for turn in range(3):
        writer.write(f"client {number} turn {turn}\\n".encode())
        await reader.readline()
    writer.close()


async def main():
    await asyncio.gather(*(one(n) for n in range(50)))


asyncio.run(main())
"""


SECONDS = 80  # of a run: all end by themselves long before, but on a machine that is overloaded


def record(folder: Path, *words: str) -> Path:
    """Observe programs in a network of their own; return the recording."""
    command = [sys.executable, str(PRIVATE), sys.executable, "-m", "plainwire", "run"]
    done = subprocess.run(
        [*command, "--until-finding", "--timeout", str(SECONDS), *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS + 40,
        env={**os.environ, "XDG_STATE_HOME": str(folder / "state"), "LC_ALL": "C"},
        check=False,
    )
    found = store.recordings(folder / "state" / "plainwire" / "runs")
    assert found, done.stderr
    return found[-1]


def record_finding(folder: Path, rule: str, *words: str) -> Path:
    """The same for programs of which a finding is wanted.

    Whether two messages meet in a queue is a matter of milliseconds: on a machine that held
    a program up meanwhile they may not, and the scene is played again.
    """
    for turn in range(4):
        place = folder / str(turn)
        place.mkdir()
        path = record(place, *words)
        rules = {finding.rule for finding in source.of_file(path, payload=False).findings}
        if rule in rules:
            return path
    raise AssertionError(f"no {rule} in four runs, but {rules}")
