"""Both brokers against the contract, and what only one of them promises."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from plainwire.hub.broker import BrokerError, Draft, Position
from plainwire.hub.memory import MemoryBroker
from plainwire.hub.sqlite import SqliteBroker
from plainwire.testing import check_broker


def test_memory_keeps_the_contract() -> None:
    """The laws of broker.py."""
    check_broker(MemoryBroker)


def test_sqlite_keeps_the_contract_on_one_node_and_on_two(tmp_path: Path) -> None:
    """Two nodes without a bus: lost hints must be made good by looking at the file."""
    paths = iter(tmp_path / f"{n}.db" for n in range(9))
    current: list[Path] = []

    def make() -> SqliteBroker:
        current[:] = [next(paths)]
        return SqliteBroker(current[0])

    check_broker(make, lambda: SqliteBroker(current[0]))


def test_memory_does_not_claim_to_recover_what_it_dropped() -> None:
    """An honest no lets the client fetch history; a false yes is a silent loss."""

    async def scenario() -> None:
        broker = MemoryBroker(keep=5)
        await broker.open()
        for n in range(20):
            await broker.publish("r", Draft("a", str(n), "text", ""))
        assert not (await broker.resume("r", Position(broker.epoch, 3))).recovered
        assert (await broker.resume("r", Position(broker.epoch, 15))).recovered

    asyncio.run(scenario())


def test_sqlite_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """A restart keeps epoch and seq, so clients resume as if nothing had been."""

    async def run(n: int) -> tuple[str, int]:
        broker = SqliteBroker(tmp_path / "chat.db")
        await broker.open()
        published = await broker.publish("r", Draft("a", str(n), "text", ""))
        await broker.close()
        return broker.epoch, published.event.seq

    first, second = asyncio.run(run(1)), asyncio.run(run(2))
    assert first[0] == second[0]
    assert (first[1], second[1]) == (1, 2)


def test_a_dead_nodes_claims_and_members_expire(tmp_path: Path) -> None:
    """A killed worker must not keep names for ever."""
    clock = [1000.0]

    async def scenario() -> None:
        dead = SqliteBroker(tmp_path / "c.db", now=lambda: clock[0])
        await dead.open()
        await dead.claim("ann", "1")
        await dead.join("r", "1", "ann")
        clock[0] += 16
        alive = SqliteBroker(tmp_path / "c.db", now=lambda: clock[0])
        await alive.open()
        assert await alive.claim("ann", "2") == "2"
        assert await alive.roster("r") == {}
        await alive.close()
        await dead.close()

    asyncio.run(scenario())


def test_a_node_hears_again_after_its_file_could_not_be_read(tmp_path: Path) -> None:
    """One failed look at the file left a node deaf for what others wrote, for ever."""

    async def scenario() -> None:
        one, two = SqliteBroker(tmp_path / "c.db"), SqliteBroker(tmp_path / "c.db")
        await one.open()
        await two.open()
        heard: list[str] = []
        two.on_events = lambda _room, events: heard.extend(event.id for event in events)
        await two.position("r")
        reader, broken = two._reader, sqlite3.connect(":memory:", check_same_thread=False)
        looks: list[str] = []
        broken.set_trace_callback(looks.append)
        two._reader = broken
        await one.publish("r", Draft("a", "1", "text", ""))
        with pytest.raises(BrokerError, match="no such table"):
            await two._look_once()
        async with asyncio.timeout(60):
            while len(looks) < 4:  # by itself, and in vain
                await asyncio.sleep(0.01)
            two._reader = reader
            while heard != ["1"]:
                await asyncio.sleep(0.01)
        await two.close()
        await one.close()
        broken.close()

    asyncio.run(scenario())


# It never ends by itself: one that did ended before the first commit of a slow disk. It says
# on standard output what was answered, and nothing else.
PUBLISHER = """
import asyncio, itertools, sys
from plainwire.hub.broker import Draft
from plainwire.hub.sqlite import SqliteBroker

async def main():
    broker = SqliteBroker(sys.argv[1])
    await broker.open()
    room = asyncio.Semaphore(500)
    def answered(future):
        print(future.result().event.seq, flush=True)
        room.release()
    for n in itertools.count():
        await room.acquire()
        broker.publish("r", Draft("a", str(n), "text", "x")).add_done_callback(answered)
asyncio.run(main())
"""


def test_an_answered_event_survives_kill_9(tmp_path: Path) -> None:
    """The promise of the acknowledgement, against those that were really given."""
    path = tmp_path / "chat.db"
    with subprocess.Popen(
        [sys.executable, "-c", PUBLISHER, str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stderr is not None
        lines = [child.stdout.readline() for _ in range(200)]
        child.kill()
        lines += child.stdout
        said = child.stderr.read()
    assert child.returncode == -signal.SIGKILL, f"it ended by itself: {said}"
    answered = [int(line) for line in lines if line.endswith("\n")]
    assert answered == list(range(1, len(answered) + 1)), said
    assert len(answered) >= 200
    with contextlib.closing(sqlite3.connect(path)) as db:
        seqs = [seq for (seq,) in db.execute("SELECT seq FROM events ORDER BY seq")]
    assert len(seqs) >= len(answered)
    assert seqs == list(range(1, len(seqs) + 1))


def test_a_store_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    """A traceback of sqlite3 would not name the file."""
    (tmp_path / "chat.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(BrokerError, match=r"chat\.db: file is not a database"):
        asyncio.run(SqliteBroker(tmp_path / "chat.db").open())
