r"""A broker in one SQLite file, shared by any number of processes on one machine.

    publish -> queue -> writer thread: BEGIN IMMEDIATE, all that waits, COMMIT -> answers
                                                                          \-> on_events

Invariants, beside the laws in broker.py:

1. One thread of the process writes. What arrived while it committed goes into its next
   transaction (group commit); answers are given after the commit, never before.
2. `seq` is given inside the transaction, so the file is the sequencer of all processes,
   and whoever sees seq n finds every lower one committed.
3. Events reach `on_events` in the order of seq. News of other nodes is only a hint: the
   events themselves are read from the file, and the file's own change counter is looked
   at twice a second in case a hint was lost.

synchronous=FULL: an answered event survives a power cut as well as kill -9. Debian 12,
one row per commit 2.2 k/s, 100 rows 57 k/s; so group commit is what makes it affordable.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

from plainwire.hub.broker import (
    LEASE_SECONDS,
    Broker,
    BrokerError,
    Bus,
    Draft,
    Event,
    Health,
    Position,
    Published,
    ignore_events,
    ignore_signal,
)

T = TypeVar("T")

SCHEMA_VERSION = 1
GROUP = 1000
"""Jobs per transaction at most, so that the first of them does not wait for long."""
LOOK_SECONDS = 0.5
"""How often the file's change counter is looked at."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    room TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, time_ms INTEGER NOT NULL,
    sender TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, words TEXT NOT NULL,
    is_state INTEGER NOT NULL, replaces INTEGER NOT NULL, PRIMARY KEY (room, seq)) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS events_id ON events (room, sender, id);
CREATE INDEX IF NOT EXISTS events_state ON events (room, seq) WHERE is_state;
CREATE INDEX IF NOT EXISTS events_replaced ON events (room, replaces) WHERE replaces;
CREATE TABLE IF NOT EXISTS notes (
    name TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name, key));
CREATE TABLE IF NOT EXISTS claims (name TEXT PRIMARY KEY, owner TEXT NOT NULL, node TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS members (
    room TEXT NOT NULL, member TEXT NOT NULL, node TEXT NOT NULL, info TEXT NOT NULL,
    PRIMARY KEY (room, member, node));
CREATE TABLE IF NOT EXISTS nodes (node TEXT PRIMARY KEY, expires REAL NOT NULL);
"""
_COLUMNS = "room, seq, id, time_ms, sender, kind, body"


class _Job(NamedTuple):
    work: Callable[[sqlite3.Connection], Any]
    answer: asyncio.Future[Any]
    room: str
    is_durable: bool


class SqliteBroker(Broker):
    """Logs in a file.

    Args:
        path: of the file; made if it is not there.
        bus: hints between processes; None if there is only one.
        now: seconds since 1970.
    """

    def __init__(
        self, path: str | os.PathLike[str], bus: Bus | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.path = Path(path)
        self.epoch = ""
        self.node = f"{os.getpid()}-{secrets.token_hex(4)}"
        self.on_events = ignore_events
        self.on_signal = ignore_signal
        self._bus, self._now = bus, now
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._reader: sqlite3.Connection | None = None
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="plainwire-history")
        self._writer: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        # Where each room stands for this node's listeners, and rooms being caught up: True
        # if there was news since the file was last read.
        self._told: dict[str, int] = {}
        self._catching: dict[str, bool] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._data_version = 0
        self._failure = ""
        self._closed = False

    # Life

    async def open(self) -> None:
        """Open or make the file; see `Broker.open`."""
        self._loop = asyncio.get_running_loop()
        try:
            self._reader = await self._loop.run_in_executor(self._reading, self._prepare)
        except (sqlite3.Error, OSError) as error:
            self._reading.shutdown(wait=False)
            raise BrokerError(f"open {self.path}: {str(error).lower()}") from error
        self._writer = threading.Thread(target=self._write, name="plainwire-store", daemon=True)
        self._writer.start()
        if self._bus is not None:
            self._bus.on_text = self._hear
        await self.renew()
        self._spawn(self._look())

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=30.0, isolation_level=None,
                                     check_same_thread=False)  # fmt: skip
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _prepare(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            # Messages are private: nobody else on the machine may read them.
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL, 0o600))
        connection = self._connect()
        connection.execute("BEGIN IMMEDIATE")
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, SCHEMA_VERSION):
            connection.close()
            raise OSError(f"version {found} of the file is not {SCHEMA_VERSION}")
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        connection.execute("INSERT OR IGNORE INTO notes VALUES ('meta', 'epoch', ?)",
                           (secrets.token_hex(6),))  # fmt: skip
        row = connection.execute("SELECT value FROM notes WHERE name='meta' AND key='epoch'")
        self.epoch = row.fetchone()[0]
        connection.execute("COMMIT")
        return connection

    async def close(self) -> None:
        """Finish what was handed over, then end; see `Broker.close`."""
        if self._closed or self._writer is None:
            return
        with contextlib.suppress(BrokerError):
            await self._do(self._forget_node)
        self._closed = True
        for task in list(self._tasks):
            task.cancel()
        self._jobs.put(None)
        assert self._loop is not None
        await self._loop.run_in_executor(None, self._writer.join)
        if self._reader is not None:
            await self._loop.run_in_executor(self._reading, self._reader.close)
        self._reading.shutdown()

    def _spawn(self, coroutine: Any) -> None:
        assert self._loop is not None
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # The writer

    def _write(self) -> None:
        connection = self._connect()
        while True:
            jobs = [self._jobs.get()]
            while len(jobs) < GROUP and not self._jobs.empty():
                jobs.append(self._jobs.get())
            last = jobs[-1] is None
            group = [job for job in jobs if job is not None]
            if group:
                results = self._commit(connection, group)
                assert self._loop is not None
                with contextlib.suppress(RuntimeError):  # the loop ended without us
                    self._loop.call_soon_threadsafe(self._answer, group, results)
            if last:
                connection.close()
                return

    def _commit(self, connection: sqlite3.Connection, group: Sequence[_Job]) -> list[Any]:
        """Do the jobs in one transaction; a list of results or of one error for all."""
        try:
            # Names and members die with their process, so they wait for no disk. A later
            # durable commit syncs the whole log of the file, theirs before it too. Not OFF:
            # a checkpoint must sync in any case.
            mode = "FULL" if any(job.is_durable for job in group) else "NORMAL"
            connection.execute(f"PRAGMA synchronous={mode}")
            connection.execute("BEGIN IMMEDIATE")
            results = [job.work(connection) for job in group]
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            self._failure = f"write {self.path}: {str(error).lower()}"
            return [BrokerError(self._failure)] * len(group)
        self._failure = ""
        return results

    def _answer(self, group: Sequence[_Job], results: list[Any]) -> None:
        news: dict[str, list[Event]] = {}
        for job, result in zip(group, results, strict=True):
            if isinstance(result, Published) and result.fresh:
                news.setdefault(job.room, []).append(result.event)
        for job, result in zip(group, results, strict=True):
            if job.answer.done():
                continue
            if isinstance(result, BaseException):
                job.answer.set_exception(result)
            else:
                job.answer.set_result(result)
        for room, events in news.items():
            self._tell(room, events)
        if news and self._bus is not None:
            heads = {room: events[-1].seq for room, events in news.items()}
            self._bus.send(json.dumps({"heads": heads}))

    def _do(
        self, work: Callable[[sqlite3.Connection], T], room: str = "", *, is_durable: bool = False
    ) -> asyncio.Future[T]:
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self._closed or self._writer is None:
            answer.set_exception(BrokerError(f"write {self.path}: the broker is closed"))
        else:
            self._jobs.put(_Job(work, answer, room, is_durable))
        return answer

    def publish(self, room: str, draft: Draft) -> asyncio.Future[Published]:
        """Append a message; see `Broker.publish`."""
        return self._do(
            lambda connection: self._insert(connection, room, draft), room, is_durable=True
        )

    def _insert(self, db: sqlite3.Connection, room: str, draft: Draft) -> Published:
        known = db.execute(
            f"SELECT {_COLUMNS} FROM events WHERE room=? AND sender=? AND id=?",
            (room, draft.sender, draft.id),
        ).fetchone()
        if known is not None:
            return Published(self._event(known), False)
        (last,) = db.execute("SELECT max(seq) FROM events WHERE room=?", (room,)).fetchone()
        seq, stamp = (last or 0) + 1, int(self._now() * 1000)
        if draft.replaces:
            where, target = "WHERE room=? AND", (room, draft.replaces)
            db.execute(f"UPDATE events SET body=?, words=? {where} seq=?",
                       (draft.new_body, draft.words.casefold(), *target))  # fmt: skip
            db.execute(f"UPDATE events SET body=? {where} replaces=? AND replaces",
                       (draft.new_body, *target))  # fmt: skip
        words = "" if draft.replaces else draft.words.casefold()
        db.execute(
            "INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?)",
            (room, seq, draft.id, stamp, draft.sender, draft.kind, draft.body, words,
             draft.is_state, draft.replaces),
        )  # fmt: skip
        event = Event(room, self.epoch, seq, draft.id, stamp, draft.sender, draft.kind, draft.body)
        return Published(event, True)

    # Hearing

    def _tell(self, room: str, events: Sequence[Event]) -> None:
        """Pass on events if they follow the last one; else read what lies between."""
        told = self._told.setdefault(room, events[0].seq - 1)
        if room in self._catching or events[0].seq > told + 1:
            self._catch_up(room)
            return
        fresh = [event for event in events if event.seq > told]
        if fresh:
            self._told[room] = fresh[-1].seq
            self.on_events(room, fresh)

    def _catch_up(self, room: str) -> None:
        known = room in self._catching
        self._catching[room] = True
        if not known:
            self._spawn(self._read_on(room))

    async def _read_on(self, room: str) -> None:
        try:
            while self._catching[room] and not self._closed:
                self._catching[room] = False
                events = await self.history(room, after=self._told[room], limit=500)
                if not events:
                    continue
                self._catching[room] = True
                self._told[room] = events[-1].seq
                self.on_events(room, events)
        except BrokerError:
            self._data_version = -1  # so that the next look sees to it again
        finally:
            del self._catching[room]

    def _hear(self, text: str) -> None:
        news = json.loads(text)
        if "topic" in news:
            self.on_signal(news["topic"], news["text"])
        for room, seq in news.get("heads", {}).items():
            if room in self._told and seq > self._told[room]:
                self._catch_up(room)

    async def _look(self) -> None:
        """Notice what other processes wrote although no hint came."""
        while not self._closed:
            await asyncio.sleep(LOOK_SECONDS)
            # One look that fails must not be the last: without them a lost hint is for ever.
            with contextlib.suppress(BrokerError):
                await self._look_once()

    async def _look_once(self) -> None:
        version = await self._read(lambda db: db.execute("PRAGMA data_version").fetchone()[0])
        if version != self._data_version:
            for room, told in list(self._told.items()):
                if (await self.position(room)).seq > self._told.get(room, told):
                    self._catch_up(room)
            self._data_version = version

    # Reading

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        reader, loop = self._reader, self._loop
        if self._closed or reader is None or loop is None:
            raise BrokerError(f"read {self.path}: the broker is closed")
        try:
            return await loop.run_in_executor(self._reading, work, reader)
        except sqlite3.Error as error:
            raise BrokerError(f"read {self.path}: {str(error).lower()}") from error

    def _event(self, row: Sequence[Any]) -> Event:
        return Event(row[0], self.epoch, *row[1:])

    async def _events(self, where: str, values: Sequence[Any], reverse: bool) -> list[Event]:
        sql = f"SELECT {_COLUMNS} FROM events WHERE {where}"
        rows = await self._read(lambda db: db.execute(sql, values).fetchall())
        return [self._event(row) for row in (reversed(rows) if reverse else rows)]

    async def position(self, room: str) -> Position:
        """The end of a room's log; see `Broker.position`."""
        sql = "SELECT max(seq) FROM events WHERE room=?"
        (seq,) = await self._read(lambda db: db.execute(sql, (room,)).fetchone())
        # From now on the events of other nodes are of interest here.
        self._told.setdefault(room, seq or 0)
        return Position(self.epoch, seq or 0)

    async def history(
        self, room: str, *, after: int | None = None, before: int | None = None, limit: int = 50
    ) -> list[Event]:
        """Some events in ascending order; see `Broker.history`."""
        if after is not None:
            where = "room=? AND seq>? ORDER BY seq LIMIT ?"
            return await self._events(where, (room, after, limit), False)
        top = before if before is not None else 1 << 62
        where = "room=? AND seq<? ORDER BY seq DESC LIMIT ?"
        return await self._events(where, (room, top, limit), True)

    async def search(self, room: str, text: str, limit: int = 50) -> list[Event]:
        """The newest events with the text; see `Broker.search`.

        A scan from the newest: SQLite's trigram index finds no query of one or two
        characters, which are the usual Chinese ones.
        """
        if not text:
            return []
        where = "room=? AND instr(words, ?) ORDER BY seq DESC LIMIT ?"
        return await self._events(where, (room, text.casefold(), limit), True)

    async def state(self, room: str) -> list[Event]:
        """The events that make the room's state; see `Broker.state`."""
        return await self._events("room=? AND is_state ORDER BY seq", (room,), False)

    # What nodes know together

    async def note(self, table: str, key: str, value: str | None) -> None:
        """Remember a value; see `Broker.note`."""
        if value is None:
            sql, values = "DELETE FROM notes WHERE name=? AND key=?", (table, key)
        else:
            sql, values = "INSERT OR REPLACE INTO notes VALUES (?,?,?)", (table, key, value)  # type: ignore[assignment]
        await self._do(lambda db: db.execute(sql, values).rowcount, is_durable=True)

    async def notes(self, table: str) -> dict[str, str]:
        """All values of a table; see `Broker.notes`."""
        sql = "SELECT key, value FROM notes WHERE name=?"
        return dict(await self._read(lambda db: db.execute(sql, (table,)).fetchall()))

    async def get_note(self, table: str, key: str) -> str | None:
        """One value; see `Broker.get_note`."""
        sql = "SELECT value FROM notes WHERE name=? AND key=?"
        row = await self._read(lambda db: db.execute(sql, (table, key)).fetchone())
        return None if row is None else str(row[0])

    async def claim(self, name: str, owner: str) -> str:
        """Take a name; see `Broker.claim`."""

        def work(db: sqlite3.Connection) -> str:
            sql = "SELECT owner FROM claims NATURAL JOIN nodes WHERE name=? AND expires>?"
            row = db.execute(sql, (name, self._now())).fetchone()
            if row is not None and row[0] != owner:
                return str(row[0])
            db.execute("INSERT OR REPLACE INTO claims VALUES (?,?,?)", (name, owner, self.node))
            return owner

        return await self._do(work)

    async def release(self, name: str, owner: str) -> None:
        """Give a name back; see `Broker.release`."""
        sql = "DELETE FROM claims WHERE name=? AND owner=? AND node=?"
        await self._do(lambda db: db.execute(sql, (name, owner, self.node)).rowcount)

    def _count_member(self, db: sqlite3.Connection, room: str, member: str) -> int:
        sql = """SELECT count(*) FROM members NATURAL JOIN nodes
                 WHERE room=? AND member=? AND expires>?"""
        (count,) = db.execute(sql, (room, member, self._now())).fetchone()
        return int(count)

    async def join(self, room: str, member: str, info: str) -> bool:
        """Enter a member; see `Broker.join`."""

        def work(db: sqlite3.Connection) -> bool:
            before = self._count_member(db, room, member)
            row = (room, member, self.node, info)
            db.execute("INSERT OR REPLACE INTO members VALUES (?,?,?,?)", row)
            return not before

        return await self._do(work)

    async def leave(self, room: str, member: str) -> bool:
        """Take a member out; see `Broker.leave`."""

        def work(db: sqlite3.Connection) -> bool:
            sql = "DELETE FROM members WHERE room=? AND member=? AND node=?"
            there = db.execute(sql, (room, member, self.node)).rowcount
            return bool(there) and not self._count_member(db, room, member)

        return await self._do(work)

    async def roster(self, room: str) -> dict[str, str]:
        """Members on living nodes; see `Broker.roster`."""
        sql = "SELECT member, info FROM members NATURAL JOIN nodes WHERE room=? AND expires>?"
        return dict(await self._read(lambda db: db.execute(sql, (room, self._now())).fetchall()))

    async def renew(self) -> None:
        """Say that this node lives, and forget dead ones; see `Broker.renew`."""

        def work(db: sqlite3.Connection) -> int:
            now = self._now()
            db.execute(
                "INSERT OR REPLACE INTO nodes VALUES (?,?)", (self.node, now + LEASE_SECONDS)
            )
            living = "SELECT node FROM nodes WHERE expires>?"
            for table in ("claims", "members"):
                db.execute(f"DELETE FROM {table} WHERE node NOT IN ({living})", (now,))
            return db.execute("DELETE FROM nodes WHERE expires<=?", (now,)).rowcount

        await self._do(work)

    def _forget_node(self, db: sqlite3.Connection) -> int:
        for table in ("claims", "members", "nodes"):
            db.execute(f"DELETE FROM {table} WHERE node=?", (self.node,))
        return 0

    def signal(self, topic: str, text: str) -> None:
        """Tell all nodes, this one too; see `Broker.signal`."""
        self.on_signal(topic, text)
        if self._bus is not None:
            self._bus.send(json.dumps({"topic": topic, "text": text}))

    async def health(self) -> Health:
        """Whether the file can be written and the bus hears; see `Broker.health`."""
        if self._bus is not None and not self._bus.connected:
            return Health(False, "the bus between processes is deaf")
        try:
            await self._do(lambda db: db.execute("SELECT 1").fetchone())
        except BrokerError as error:
            return Health(False, str(error))
        return Health(not self._failure, self._failure)
