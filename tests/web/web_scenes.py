"""Ledgers and recordings for the page's tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from plainwire.see.recorder import store

ROOT = Path(__file__).parent.parent.parent
PRIVATE = ROOT / "tests" / "see" / "in_private_net.py"
TUTORIAL = ROOT / "examples" / "tutorial"

ECHO_SERVER = """import asyncio


async def handle(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", 8084)
    async with server:
        await server.serve_forever()


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


def record(folder: Path, *words: str, timeout: float = 4) -> Path:
    """Observe programs in a network of their own; return the recording."""
    command = [sys.executable, str(PRIVATE), sys.executable, "-m", "plainwire", "run"]
    done = subprocess.run(
        [*command, "--until-finding", "--timeout", str(timeout), *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "XDG_STATE_HOME": str(folder / "state"), "LC_ALL": "C"},
        check=False,
    )
    found = store.recordings(folder / "state" / "plainwire" / "runs")
    assert found, done.stderr
    return found[-1]
