"""A recording by hand: processes, sockets and calls, as the items a ledger is built from.

    world = World()
    server, client = world.process(10), world.process(20)
    there, here = world.connection(client, server)      # connect, accept
    client.call("send", there, b"hello")
    server.call("recv", here, b"hello", asked=1024)
    ledger = world.ledger()

Every call advances one clock, so that the order of the lines is the order of events;
`t0` and `t1` say otherwise. Nothing here knows how the ledger joins things.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from plainwire.see import records
from plainwire.see.ledger import build
from plainwire.see.ledger.model import Ledger

INET, INET6, UNIX = 2, 10, 1
STREAM, DATAGRAM = 1, 2
STEP_NS = 1_000_000
OPEN = -1  # as `t1`: the call has not returned


@dataclass
class Socket:
    """A socket as one process knows it: its number there."""

    number: int
    cookie: int
    inode: int


@dataclass
class Slot:
    """One call's cell, written out when the items are asked for."""

    values: list[int]

    @property
    def t0(self) -> int:
        return self.values[7]

    @property
    def t1(self) -> int:
        return self.values[11]

    def returns(self, t1: int, ret: int = 0) -> None:
        """Let a call that was open return."""
        self.values[8], self.values[11] = ret, t1


@dataclass
class Proc:
    """One observed process."""

    world: World
    pid: int
    key: str
    parent: Proc | None
    bases: tuple[int, int, int]
    notes: list[list[Any]] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    payloads: list[tuple[int, int, bytes]] = field(default_factory=list)
    sites: dict[tuple[Any, ...], int] = field(default_factory=dict)
    addresses: dict[Any, int] = field(default_factory=dict)
    counts: list[int] = field(default_factory=lambda: [0, 0, 0])

    def note(self, *note: Any) -> None:
        self.notes.append(list(note))

    def _next(self, which: int) -> int:
        self.counts[which] += 1
        return self.counts[which]

    def site(
        self,
        line: int,
        file: str = "",
        *,
        kind: str = "user",
        span: tuple[int, int] = (1, 2),
        via: list[Any] | None = None,
        function: str = "<module>",
    ) -> int:
        """The number of a line of the user's; the same for the same line."""
        file = file or f"/src/p{self.pid}.py"
        key = (line, file, kind, span, function, str(via))
        if key not in self.sites:
            number = self.sites[key] = self._next(1)
            frames = [[file, line, span[0], line, span[1], function]] if kind == "user" else []
            self.note("site", number, frames, via or [], kind)
        return self.sites[key]

    def address(self, address: Any) -> int:
        key = str(address)
        if key not in self.addresses:
            number = self.addresses[key] = self._next(2)
            self.note("address", number, address)
        return self.addresses[key]

    def thread(self, number: int = 1, tid: int | None = None, name: str = "MainThread") -> None:
        self.note("thread", number, tid or self.pid, name)

    def socket(
        self,
        family: int = INET,
        kind: int = STREAM,
        *,
        cookie: int | None = None,
        inode: int | None = None,
        local: Any = None,
        remote: Any = None,
    ) -> Socket:
        """A socket with notes, and no call yet."""
        cookie = next(self.world.cookies) if cookie is None else cookie
        made = Socket(self._next(0), cookie, inode or 1000 + cookie)
        t = self.world.tick()
        self.note(
            "socket",
            made.number,
            3 + made.number,
            family,
            kind,
            0,
            made.inode,
            cookie,
            "made",
            0,
            t,
        )
        if local is not None or remote is not None:
            self.note("name", made.number, local, remote, t)
        return made

    def call(
        self,
        op: str,
        socket: Socket | int | None = None,
        data: bytes | None = None,
        *,
        ret: int | None = None,
        asked: int | None = None,
        aux: int = 0,
        flags: int = 0,
        line: int = 1,
        site: int | None = None,
        thread: int = 1,
        task: int = 0,
        t0: int | None = None,
        t1: int | None = None,
        raised: int = 0,
        keep: int | None = None,
    ) -> Slot:
        """One call; `data` is what it moved, kept as payload up to `keep` bytes."""
        t0 = self.world.tick() if t0 is None else t0
        t1 = self.world.tick() if t1 is None else max(t1, 0)
        ret = (len(data) if data is not None else 0) if ret is None else ret
        asked = (len(data) if data is not None else 0) if asked is None else asked
        number = socket.number if isinstance(socket, Socket) else socket or 0
        slot = Slot(
            [thread, number, self.site(line) if site is None else site, records.OPS[op], flags,
             asked, task, t0, ret if t1 else 0, aux if t1 else 0, raised, t1]
        )  # fmt: skip
        if data:
            self.payloads.append((len(self.slots), len(data), data[:keep]))
        self.slots.append(slot)
        return slot

    def fork(self, pid: int) -> Proc:
        """A child that goes on counting where this process stands now."""
        return self.world.process(pid, parent=self)

    def raised(self, name: str, text: str) -> int:
        number = self._next(1)
        self.note("raised", number, name, text)
        return number

    def items(self) -> Iterator[tuple[Any, ...]]:
        for note in self.notes:
            yield ("note", self.key, note)
        for slot, whole, kept in self.payloads:
            yield ("payload", self.key, slot, whole, kept)
        if self.slots:
            cells = b"".join(records.SLOT.pack(*slot.values) for slot in self.slots)
            yield ("slots", self.key, 0, cells)


class World:
    """Processes on one machine, and the recorder's own items."""

    def __init__(self) -> None:
        self.now = STEP_NS
        self.cookies = itertools.count(1)
        self.ports = itertools.count(40_000)
        self.processes: list[Proc] = []
        self.runs: list[dict[str, Any]] = []

    def tick(self) -> int:
        self.now += STEP_NS
        return self.now

    def process(self, pid: int, parent: Proc | None = None, *, program: bool = True) -> Proc:
        """A process; without a parent it is a program of the command line, `p<pid>.py`."""
        t = self.tick()
        bases = (0, 0, 0)
        if parent is not None:
            bases = (parent.counts[0] + 1, parent.counts[1] + 1, parent.counts[2] + 1)
        process = Proc(self, pid, f"{pid}-{t:x}", parent, bases)
        process.counts = [max(0, base - 1) for base in bases]
        ppid = parent.pid if parent else 1
        file = f"p{pid}.py"
        process.note(
            "process", pid, ppid, parent.key if parent else None, *bases, t,
            ["python3", file], "/src", "3.11.2",
        )  # fmt: skip
        process.thread()
        self.processes.append(process)
        if parent is None and program:
            index = len([r for r in self.runs if r["kind"] == "start"])
            self.runs.append({"kind": "start", "t": t, "program": index, "name": file, "pid": pid})
        return process

    def run(self, kind: str, **fields: Any) -> None:
        fields.setdefault("t", self.tick())
        self.runs.append({"kind": kind, **fields})

    def listener(self, process: Proc, local: Any = None, *, family: int = INET) -> Socket:
        """A socket that was bound and listens."""
        local = local if local is not None else ["127.0.0.1", 8000]
        listening = process.socket(family, local=local)
        process.call("bind", listening, asked=process.address(local))
        process.call("listen", listening, asked=5)
        return listening

    def connection(
        self,
        client: Proc,
        server: Proc,
        listening: Socket | None = None,
        *,
        local: Any = None,
        remote: Any = None,
    ) -> tuple[Socket, Socket]:
        """A TCP connection, opened and accepted: the client's socket and the server's."""
        listening = listening or self.listener(server)
        remote = remote or ["127.0.0.1", 8000]
        local = local or ["127.0.0.1", next(self.ports)]
        here = client.socket(local=local, remote=remote)
        client.call("connect", here, asked=client.address(remote))
        there = server.socket(local=remote, remote=local)
        server.call("accept", listening, ret=there.number, aux=server.address(local))
        return here, there

    def items(self) -> Iterator[tuple[Any, ...]]:
        starts = [r for r in self.runs if r["kind"] == "start"]
        words = [{"name": r["name"], "words": [r["name"]]} for r in starts]
        yield ("run", {"kind": "run", "t": 1, "programs": words})
        for run in self.runs:
            yield ("run", run)
        for process in self.processes:
            yield from process.items()

    def ledger(self) -> Ledger:
        return build.build(self.items())
