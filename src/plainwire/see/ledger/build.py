"""Items of a recording -> ledger. Pure: reads no file, no clock, no system.

The joins, each an invariant that tests name:

J1  A number below a process's base means what it meant in its parent (records.py).
J2  Sockets with the same kernel cookie are one endpoint, in whatever process.
J3  A TCP connection's two ends mirror each other's addresses, after ::ffff:a.b.c.d is
    taken as a.b.c.d and scope ids are dropped; when a pair of addresses was used again,
    an accepted end belongs to the last connect before its accept returned.
J4  A Unix connection's accepted end belongs to the first unmatched connect to that path
    from the process the kernel names as its peer (the accept queue is first in, first
    out).
J5  Ranges tile their stream (ranges.py R1).
J6  Every endpoint of a stream belongs to at most one flow; a datagram socket has one for
    each socket it spoke with.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property
from operator import attrgetter
from typing import Any

from plainwire.see import records
from plainwire.see.ledger import datagrams, packets, pairing, ranges
from plainwire.see.ledger.addresses import plain
from plainwire.see.ledger.model import (
    NOWHERE,
    Address,
    Call,
    Direction,
    Endpoint,
    Failure,
    Flow,
    Frame,
    Ledger,
    Process,
    Program,
    Site,
    Surfaced,
)
from plainwire.see.ledger.wire import RawPacket

_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
_INTERNAL = {"_make_self_pipe"}
_CLOSERS = {"closed", "shutdown"}
_ROLES = frozenset(
    ("socket", "listen", "bind", "connect", "connect_ex", "accept", "tls.handshake")
)  # calls that say what an endpoint is for
_CALLS_SHARE = 0.6  # of the time of a long recording; its flows take the rest


def build(items: Iterable[tuple[Any, ...]], told: Callable[[float], None] | None = None) -> Ledger:
    """Join the items of a recording (recorder/folder.py says what an item is).

    Args:
        items: of the recording.
        told: is called now and then with how much is done, from 0 to 1.
    """
    # A million small objects that all stay: the cyclic collector would walk them again
    # and again, for a third of the time (bench/ledger.py), and find nothing.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _Builder(items, told).ledger()
    finally:
        if collecting:
            gc.enable()


class _Tables:
    """What the notes of one process say, by number."""

    def __init__(self) -> None:
        self.process: Process | None = None
        self.bases = (0, 0, 0)
        self.sites: dict[int, Site] = {}
        self.addresses: dict[int, Address] = {}
        self.raised: dict[int, tuple[str, str]] = {}
        self.sockets: dict[int, list[Any]] = {}
        self.slots: list[tuple[int, bytes]] = []
        self.payloads: dict[int, tuple[int, bytes]] = {}
        self.later: list[list[Any]] = []  # notes that name sockets; read when those are known


class _Found(dict[int, Any]):
    """Numbers of one process, each looked up once."""

    def __init__(self, look_up: Callable[[int], Any]) -> None:
        super().__init__()
        self._look_up = look_up

    def __missing__(self, number: int) -> Any:
        found = self[number] = self._look_up(number)
        return found


class _Builder:
    def __init__(
        self, items: Iterable[tuple[Any, ...]], told: Callable[[float], None] | None = None
    ) -> None:
        self._told = told or (lambda _: None)
        self.tables: dict[str, _Tables] = defaultdict(_Tables)
        self.runs: list[dict[str, Any]] = []
        self.packets: list[RawPacket] = []
        self.endpoints: list[Endpoint] = []
        self.by_cookie: dict[int, Endpoint] = {}
        self.by_handle: dict[tuple[str, int], Endpoint] = {}
        self.calls: list[Call] = []
        self.remainders: dict[tuple[str, int], tuple[int, bytes]] = {}
        self.surfaced: list[Surfaced] = []
        self.pairs: list[tuple[Endpoint, Endpoint]] = []
        self.messages: dict[int, list[tuple[str, int, int, str, str]]] = defaultdict(list)
        for item in items:
            kind = item[0]
            if kind == "note":
                self._note(item[1], item[2])
            elif kind == "slots":
                self.tables[item[1]].slots.append((item[2], item[3]))
            elif kind == "payload":
                self.tables[item[1]].payloads[item[2]] = (item[3], item[4])
            elif kind == "packet":
                self.packets.append(RawPacket(*item[1:]))
            else:
                self.runs.append(item[1])

    # -- notes -------------------------------------------------------------------

    def _note(self, key: str, note: list[Any]) -> None:
        table = self.tables[key]
        name, *fields = note
        if name == "process":
            self._process(key, table, fields)
        elif name == "site":
            number, frames, via, kind = fields[:4]
            frame = Frame(*frames[0]) if frames else None
            table.sites[number] = Site(kind, frame, tuple(tuple(v) for v in via))
        elif name == "address":
            table.addresses[fields[0]] = plain(fields[1])
        elif name == "raised":
            table.raised[fields[0]] = (fields[1], fields[2])
        elif name == "socket":
            table.sockets[fields[0]] = fields
        else:
            table.later.append(note)

    def _process(self, key: str, table: _Tables, fields: list[Any]) -> None:
        pid, ppid, parent, sockets, sites, addresses, t, argv, cwd, python = fields[:10]
        table.bases = (sockets, sites, addresses)
        table.process = Process(key, pid, ppid, parent, t, argv, cwd, python)

    # -- numbers -----------------------------------------------------------------

    def _owner(self, key: str, number: int, which: int) -> str:
        """The process that gave a number its meaning (J1)."""
        table = self.tables[key]
        while number < table.bases[which] and table.process and table.process.parent:
            key = table.process.parent
            table = self.tables[key]
        return key

    def _site(self, key: str, number: int) -> Site:
        return self.tables[self._owner(key, number, 1)].sites.get(number, NOWHERE)

    def _address(self, key: str, number: int) -> Address:
        return self.tables[self._owner(key, number, 2)].addresses.get(number)

    def _endpoint(self, key: str, number: int) -> Endpoint | None:
        return self.by_handle.get((self._owner(key, number, 0), number)) if number else None

    def _raised(self, key: str | None, number: int) -> tuple[str, str]:
        while key is not None:
            table = self.tables[key]
            if number in table.raised:
                return table.raised[number]
            key = table.process.parent if table.process else None
        return ("Exception", "")

    # -- endpoints and calls -------------------------------------------------------

    def _make_endpoints(self) -> None:
        for key, table in self.tables.items():
            for number, fields in table.sockets.items():
                _, _, family, kind, _, inode, cookie = fields[:7]
                seen = (
                    fields[9] if len(fields) > 9 else table.process.started if table.process else 0
                )
                endpoint = self.by_cookie.get(cookie) if cookie else None
                if endpoint is None:
                    endpoint = Endpoint(
                        len(self.endpoints), _kind(family, kind), cookie, inode, seen
                    )
                    endpoint.process = table.process
                    self.endpoints.append(endpoint)
                    if cookie:
                        self.by_cookie[cookie] = endpoint
                elif seen < endpoint.created:
                    endpoint.created, endpoint.process = seen, table.process
                endpoint.handles[key, number] = seen
                self.by_handle[key, number] = endpoint

    def _make_calls(self) -> None:
        self._made = 0
        self._slots = sum(len(cells) for t in self.tables.values() for _, cells in t.slots)
        for key, table in self.tables.items():
            if table.process is not None:
                self._calls_of(key, table.process, table)
        self.calls.sort(key=attrgetter("t0"))
        for call in self.calls:
            if call.endpoint is not None:
                call.endpoint.calls.append(call)

    def _calls_of(self, key: str, process: Process, table: _Tables) -> None:
        endpoints = _Found(lambda number: self._endpoint(key, number))
        sites = _Found(lambda number: self._site(key, number))
        names, payloads, append = records.NAMES, table.payloads, self.calls.append
        for first, cells in table.slots:
            self._told(_CALLS_SHARE * self._made / max(self._slots, 1))
            self._made += len(cells)
            for slot, cell in enumerate(records.SLOT.iter_unpack(cells), first):
                thread, number, site, op, flags, asked, task, t0, ret, aux, raised, t1 = cell
                if not t0:
                    continue
                failure = None
                if t1 and ret < 0:
                    failure, ret = self._failure(key, op, ret, aux, raised)
                call = Call(
                    process, slot, thread, names.get(op) or str(op), endpoints[number],
                    sites[site], flags, asked, task, t0, t1 or None, ret if t1 else 0, aux, failure,
                )  # fmt: skip
                if slot in payloads:
                    call.whole, call.payload = payloads[slot]
                append(call)

    def _failure(self, key: str, op: int, ret: int, aux: int, raised: int) -> tuple[Failure, int]:
        """How a call with a negative `ret` failed, and how many bytes it moved all the same."""
        if ret == records.RAISED:
            name, text = self._raised(key, raised)
            return Failure(name, None, text), aux if op in records.STREAM_OPS else 0
        return Failure("OSError", -ret, ""), 0

    @cached_property
    def _by_slot(self) -> dict[tuple[str, int], Call]:
        """Made only when a note names a call."""
        return {(call.process.key, call.slot): call for call in self.calls}

    # -- notes that name sockets -----------------------------------------------------

    def _read_later(self) -> None:
        for key, table in self.tables.items():
            for note in table.later:
                reader = getattr(self, f"_on_{note[0]}", None)
                if reader is not None:
                    reader(key, table, note[1:])

    def _on_thread(self, _key: str, table: _Tables, f: list[Any]) -> None:
        if table.process:
            table.process.threads[f[0]] = (f[1], f[2])

    def _on_task(self, _key: str, table: _Tables, f: list[Any]) -> None:
        if table.process:
            table.process.tasks[f[0]] = {
                "name": f[1], "coroutine": f[2], "file": f[3], "line": f[4],
            }  # fmt: skip

    def _on_name(self, key: str, _table: _Tables, f: list[Any]) -> None:
        endpoint = self._endpoint(key, f[0])
        if endpoint is not None:
            endpoint.local = plain(f[1]) or endpoint.local
            endpoint.remote = plain(f[2]) or endpoint.remote

    def _on_peer(self, key: str, _table: _Tables, f: list[Any]) -> None:
        endpoint = self._endpoint(key, f[0])
        if endpoint is not None:
            endpoint.peer_pid = f[1]

    def _on_pair(self, key: str, _table: _Tables, f: list[Any]) -> None:
        a, b = self._endpoint(key, f[0]), self._endpoint(key, f[1])
        if a is not None and b is not None:
            self.pairs.append((a, b))

    def _on_option(self, key: str, _table: _Tables, f: list[Any]) -> None:
        endpoint = self._endpoint(key, f[0])
        if endpoint is not None:
            endpoint.options[f[1], f[2]] = f[3]

    def _on_protocol(self, key: str, _table: _Tables, f: list[Any]) -> None:
        endpoint = self._endpoint(key, f[0])
        if endpoint is not None:
            frame = Frame(f[2][0], f[2][1], -1, f[2][1], -1, f[2][2]) if f[2] else None
            endpoint.protocol = (f[1], frame)

    def _on_eofs(self, key: str, _table: _Tables, f: list[Any]) -> None:
        endpoint = self._endpoint(key, f[0])
        if endpoint is not None:
            endpoint.eofs = max(endpoint.eofs, f[2])

    def _on_drops(self, key: str, _table: _Tables, f: list[Any]) -> None:
        endpoint = self._endpoint(key, f[0])
        if endpoint is not None:
            endpoint.drops = max(endpoint.drops, f[1])

    def _on_info(self, key: str, _table: _Tables, f: list[Any]) -> None:
        endpoint = self._endpoint(key, f[0])
        if endpoint is not None:
            names = ("t", "unread", "state", "sent", "unsent", "acknowledged", "received")
            endpoint.info = dict(zip(names, f[1:8], strict=False))

    def _on_remainder(self, key: str, _table: _Tables, f: list[Any]) -> None:
        self.remainders[key, f[0]] = (f[1], bytes.fromhex(f[2]))

    def _on_message(self, key: str, _table: _Tables, f: list[Any]) -> None:
        endpoint = self._endpoint(key, f[0])
        if endpoint is not None:
            self.messages[endpoint.number].append((f[1], f[2], f[3], f[4], f[5]))

    def _on_unseen(self, _key: str, table: _Tables, f: list[Any]) -> None:
        if table.process:
            table.process.unseen.append((f[0], f[1]))

    def _on_exit(self, _key: str, table: _Tables, f: list[Any]) -> None:
        if table.process and table.process.ended is None:
            table.process.ended = f[0]

    def _on_exception(self, key: str, table: _Tables, f: list[Any]) -> None:
        if table.process is None:
            return
        thread, slot, name, text, how, frames, t = f[:7]
        call = self._by_slot.get((key, slot)) if slot is not None else None
        self.surfaced.append(
            Surfaced(
                table.process, thread, call, name, text, how, tuple(Frame(*x) for x in frames), t
            )
        )

    # -- roles and flows -----------------------------------------------------------

    def _give_roles(self) -> None:
        for call in self.calls:
            endpoint = call.endpoint
            if call.op not in _ROLES or endpoint is None:
                continue
            if call.op == "socket":
                endpoint.created = min(endpoint.created, call.t0) or call.t0
                endpoint.created = call.t0 if not endpoint.opened_by else endpoint.created
                endpoint.opened_by = endpoint.opened_by or call
                via = {function for _, _, function in call.site.via}
                endpoint.internal = endpoint.internal or bool(via & _INTERNAL)
            elif call.op == "listen" and call.failure is None:
                endpoint.role = "listener"
            elif call.op == "bind":
                endpoint.wanted = self._address(call.process.key, call.asked)
            elif call.op in ("connect", "connect_ex"):
                self._connected(call, endpoint)
            elif call.op == "accept" and call.failure is None and call.t1:
                accepted = self._endpoint(call.process.key, call.count)
                if accepted is not None and accepted is not endpoint:
                    accepted.role, accepted.opened_by = "server", call
                    accepted.listener = endpoint
            elif call.op == "tls.handshake":
                endpoint.tls = True

    def _connected(self, call: Call, endpoint: Endpoint) -> None:
        target = self._address(call.process.key, call.asked)
        call.aux = call.asked
        in_progress = call.failure is not None and call.failure.errno == 115
        if call.failure is None or in_progress or call.t1 is None:
            endpoint.opened_by = call
            if endpoint.stream:
                endpoint.role = "client"
        endpoint.remote = endpoint.remote or target

    def _make_flows(self) -> list[Flow]:
        flows: list[Flow] = []

        def join(client: Endpoint | None, server: Endpoint | None, opened: int) -> None:
            end = client or server
            assert end is not None
            if client is not None and server is not None:
                client.peer, server.peer = server, client
            there, back = Direction(client, server), Direction(server, client)
            flows.append(Flow(0, end.kind, client, server, there, back, opened))

        for a, b in self.pairs:
            a.peer, b.peer = b, a
            if not a.internal:
                first = min((c.t0 for c in a.calls), default=a.created)
                a.role = b.role = "pair"
                join(a, b, first)
        for client, server, opened in pairing.connections(self.endpoints):
            join(client, server, opened)
        flows += datagrams.flows(self.endpoints, self._address)
        flows.sort(key=lambda flow: flow.opened)
        for number, flow in enumerate(flows):
            flow.number = number
        return flows

    # -- the whole -----------------------------------------------------------------

    def ledger(self) -> Ledger:
        self._make_endpoints()
        self._make_calls()
        self._read_later()
        self._give_roles()
        flows = self._make_flows()
        for done, flow in enumerate(flows):
            self._told(_CALLS_SHARE + (1 - _CALLS_SHARE) * done / len(flows))
            if flow.kind in ("tcp", "unix"):
                for direction in (flow.there, flow.back):
                    self._fill(direction)
                _mark_asyncio_tls(flow)
                flow.closed = _closed(flow)
        programs = self._programs()
        began = min((r["t"] for r in self.runs if "t" in r), default=0)
        ended = max((r["t"] for r in self.runs if "t" in r), default=0)
        ledger = Ledger(
            programs=programs,
            processes=sorted(
                (t.process for t in self.tables.values() if t.process), key=lambda p: p.started
            ),
            endpoints=self.endpoints,
            flows=flows,
            calls=self.calls,
            surfaced=sorted(self.surfaced, key=lambda s: s.t),
            samples=[r for r in self.runs if r["kind"] == "sample"],
            ports={(r["key"], r["slot"]): r["rows"] for r in self.runs if r["kind"] == "ports"},
            sources={r["path"]: r["text"] for r in self.runs if r["kind"] == "source"},
            remainders=self.remainders,
            outputs=[r for r in self.runs if r["kind"] == "output"],
            faults=[r["text"] for r in self.runs if r["kind"] == "fault"],
            drops={i: n for r in self.runs if r["kind"] == "drops" for i, n in r["rows"].items()},
            began=began,
            ended=max([ended, *(c.t1 or c.t0 for c in self.calls[-1:])]),
            why=next((r["why"] for r in self.runs if r["kind"] == "finished"), ""),
        )
        ledger.index()
        packets.join(ledger, self.packets, self.runs)
        return ledger

    def _fill(self, direction: Direction) -> None:
        if direction.sender is not None:
            direction.write_base = self._lost[direction.sender.number][0]
        if direction.receiver is not None:
            direction.read_base = self._lost[direction.receiver.number][1]
        ranges.fill(direction)
        end = direction.sender
        if end is not None:
            direction.messages = [m[1:] for m in self.messages[end.number] if m[0] == "out"]
        if not direction.messages and direction.receiver is not None:
            end = direction.receiver
            direction.messages = [m[1:] for m in self.messages[end.number] if m[0] == "in"]

    @cached_property
    def _lost(self) -> dict[int, tuple[int, int]]:
        """Endpoint number -> bytes sent and received in calls that were let go."""
        found: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for run in self.runs:
            for key, number, sent, received, _ in run["rows"] if run["kind"] == "lost" else ():
                endpoint = self._endpoint(key, number)
                if endpoint is not None:
                    before = found[endpoint.number]
                    found[endpoint.number] = (before[0] + sent, before[1] + received)
        return found

    def _programs(self) -> list[Program]:
        wanted: list[dict[str, Any]] = next(
            (r["programs"] for r in self.runs if r["kind"] == "run"), []
        )
        programs = [Program(i, w["name"], w["words"]) for i, w in enumerate(wanted)]
        by_pid: dict[int, Program] = {}
        for run in self.runs:
            if run["kind"] == "start":
                program = programs[run["program"]]
                program.pid, program.started = run["pid"], run["t"]
                by_pid[run["pid"]] = program
            elif run["kind"] == "end":
                program = programs[run["program"]]
                program.ended, program.status = run["t"], run["status"]
        self._assign(by_pid)
        return programs

    def _assign(self, by_pid: dict[int, Program]) -> None:
        """Give every process its program, and the time from which its end is our doing."""
        processes = {t.process.pid: t.process for t in self.tables.values() if t.process}
        parents = {pid: p.ppid for pid, p in processes.items()}
        for run in self.runs:
            if run["kind"] == "sample":
                parents.update({int(k): v["ppid"] for k, v in run["processes"].items()})
        for process in processes.values():
            pid, seen = process.pid, set[int]()
            while pid and pid not in by_pid and pid not in seen:
                seen.add(pid)
                pid = parents.get(pid, 0)
            process.program = by_pid.get(pid)
        ending = [r["t"] for r in self.runs if r["kind"] in ("ending", "signal")]
        if ending:
            for process in processes.values():
                if process.ended is None or process.ended >= min(ending):
                    process.ending = min(ending)


def _kind(family: int, kind: int) -> str:
    stream = kind & 0xF == 1
    if family in (_AF_INET, _AF_INET6):
        return "tcp" if stream else "udp" if kind & 0xF == 2 else "other"
    if family == _AF_UNIX:
        return "unix" if stream else "unix-datagram"
    return "other"


def _mark_asyncio_tls(flow: Flow) -> None:
    """TLS under asyncio shows as ciphertext: the first record of both sides is a handshake."""
    for direction in (flow.there, flow.back):
        first = direction.writes[0].call.payload if direction.writes else None
        if first is None or first[:2] != b"\x16\x03":
            return
    for end in flow.ends:
        end.tls = True


def _closed(flow: Flow) -> int | None:
    """When the last observed end was really closed; None while one is open."""
    moments: list[int] = []
    for end in flow.ends:
        closings = [c.t0 for c in end.calls if c.op in ("closed", "dropped")]
        if not closings:
            return None
        moments.append(max(closings))
    return max(moments, default=None)
