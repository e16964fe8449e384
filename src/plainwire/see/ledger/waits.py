"""Who waits for whom, from one sample of the kernel. Pure.

A thread that is blocked without a time-out can only go on when what it waits for
comes. Begin with everybody who may act by himself (running, sleeping, waiting with a
time-out, at a terminal, talking to a party that was not observed); whoever waits for
one of those may act too; repeat until nothing changes. Who is left is stuck for good.

W1  A reader of a connection waits for every thread of every process that holds the
    other end. Unread or travelling bytes, or an end that is closed, will wake him.
W2  A writer whose window is full waits for the same.
W3  A lock waits for the other threads of the process, `wait` for its children. A lock
    in shared memory (multiprocessing's) waits for the threads of every process.
W4  A thread that only accepts is idle: it is woken by a new client. While any observed
    thread may act it may be that client; otherwise only somebody from outside can.
W5  A program may act by itself when it catches a signal that a timer or another program
    sends for that purpose (SIGALRM, SIGUSR1, ...), or SIGCHLD while a child may act:
    Python runs the handler in its main thread, in the middle of the wait.
W6  A read or a send has a time-out that no system call shows when SO_RCVTIMEO or
    SO_SNDTIMEO is set.
W7  Afterwards, when it is known that nothing but the time-out ended a wait, its thread can
    be counted among those that wait without one: who would have been stuck with it?
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from plainwire.see.ledger.model import Call, Endpoint, Ledger, Process
from plainwire.see.ledger.ranges import is_receive, is_send, is_stream_read

# What only the process itself can fill. Not so inotify, timerfd and signalfd.
_INTERNAL = ("anon_inode:[eventfd]", "anon_inode:[eventpoll]", "/dev/null")
# Signals whose handlers do the program's work, by Linux's numbers (signal(7)): USR1,
# USR2, ALRM, URG, VTALRM, PROF, IO and the real-time ones. Those of stopping, reloading,
# job control and faults are left out.
_WORKING = {10, 12, 14, 23, 26, 27, 29, *range(34, 65)}
_SIGCHLD = 17
_SOL_SOCKET = 1
_TIMEOUTS = {"receive": (20, 66), "send": (21, 67)}  # SO_RCVTIMEO, SO_SNDTIMEO, old and new


@dataclass(slots=True)
class Waiter:
    """A thread that is blocked without a time-out."""

    pid: int
    tid: int
    wait: str  # 'receive', 'send', 'accept', 'poll', 'lock', 'child'
    inodes: tuple[str, ...]  # the sockets it waits on
    others: tuple[str, ...]  # what else it waits on
    full: frozenset[str] = frozenset()  # those of `inodes` it only waits to write to
    shared: bool = False  # a lock that other processes may open, too
    process: Process | None = None
    calls: list[Call] = field(default_factory=list)  # the open calls of its line(s)

    def call_on(self, endpoint: Endpoint, wait: str = "receive") -> Call | None:
        """Its open call on one socket, to 'receive' or to 'send': the line that waits."""
        sending = wait == "send"
        for call in self.calls:
            sends = is_send(call) or call.op == "stream.drain"
            if call.endpoint is endpoint and sends == sending:
                return call
        if sending:
            return None
        for call in self.calls:
            if call.op == "select":
                return call
        return None


@dataclass(slots=True)
class Waits:
    """What a sample says: who is stuck, who only accepts, and the sockets' queues."""

    t: int
    blocked: list[Waiter]  # all that are blocked without a time-out
    stuck: list[Waiter]  # those of them that nobody will wake
    acceptors: list[Waiter]  # stuck ones that a new client or a datagram would wake
    sockets: dict[str, dict[str, Any]]
    holders: dict[str, list[int]]  # inode -> pids

    def on(self, endpoint: Endpoint, wait: str) -> list[Waiter]:
        """The stuck threads that wait on an endpoint to 'receive' or to 'send'."""
        inode = str(endpoint.inode)
        return [
            w
            for w in self.stuck
            if inode in w.inodes
            and (w.wait == wait or (w.wait == "poll" and (inode in w.full) == (wait == "send")))
        ]

    def queues(self, endpoint: Endpoint) -> tuple[int, int] | None:
        """(unread, unsent) bytes of an endpoint then; None if it was not there."""
        row = self.sockets.get(str(endpoint.inode))
        return (row["unread"], row["unsent"]) if row else None


def analyse(
    sample: dict[str, Any],
    ledger: Ledger | None = None,
    patient: frozenset[tuple[int, int]] = frozenset(),
) -> Waits:
    """Find out who is stuck (module's first lines). Without a ledger: pids only, no lines.

    `patient` are threads, by pid and tid, whose time-outs do not count (W7).
    """
    return _Analysis(sample, ledger, patient).result()


class _Analysis:
    def __init__(
        self, sample: dict[str, Any], ledger: Ledger | None, patient: frozenset[tuple[int, int]]
    ) -> None:
        self.sample = sample
        self.patient = patient
        self.sockets: dict[str, dict[str, Any]] = sample["sockets"]
        self.waiters: dict[tuple[int, int], Waiter] = {}
        self.live: set[tuple[int, int]] = set()
        self.threads: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.children: dict[int, list[int]] = defaultdict(list)
        self.holders: dict[str, list[int]] = defaultdict(list)
        self.by_address: dict[Any, str] = {}
        self.peers: dict[str, str | None] = {}
        self.pending: dict[str, str] = {}  # not accepted yet -> the listener
        self.open_calls: dict[tuple[int, int], list[Call]] = defaultdict(list)
        self.processes: dict[int, Process] = {}
        self._read_sample()
        if ledger is not None:
            self._read_ledger(ledger)
        self._read_threads()

    def _read_sample(self) -> None:
        for inode, row in self.sockets.items():
            if row["kind"].startswith("tcp") and row["state"] != "LISTEN":
                self.by_address[_name(row["local"]), _name(row["remote"])] = inode
        for text, process in self.sample["processes"].items():
            pid = int(text)
            self.children[process["ppid"]].append(pid)
            for inode in set(process["sockets"].values()):
                self.holders[inode].append(pid)
            self.threads[pid] = [(pid, int(tid)) for tid in process["threads"]]

    def _read_ledger(self, ledger: Ledger) -> None:
        t = self.sample["t"]
        self.processes = {p.pid: p for p in ledger.processes if p.started <= t}
        for end in ledger.endpoints:
            if end.peer is not None:
                self.peers[str(end.inode)] = str(end.peer.inode)
            elif end.listener is not None and end.role == "client":
                self.pending[str(end.inode)] = str(end.listener.inode)
        for call in ledger.long_calls():
            if call.t0 > t:
                break
            if call.t1 is None or call.t1 > t:
                thread = call.process.threads.get(call.thread)
                if thread is not None:
                    self.open_calls[call.process.pid, thread[0]].append(call)

    def _read_threads(self) -> None:
        for text, process in self.sample["processes"].items():
            pid = int(text)
            for tid, thread in process["threads"].items():
                key = (pid, int(tid))
                calls = [
                    c
                    for c in self.open_calls[key]
                    if is_receive(c) or is_send(c) or is_stream_read(c)
                    or c.op in ("accept", "serve_forever", "select", "stream.drain",
                                "tls.handshake", "tls.read", "tls.write")
                ]  # fmt: skip
                serving = bool(calls) and _serves(calls[-1])
                interrupted = key[0] == key[1] and _WORKING & set(process.get("handlers", ()))
                endless = thread["endless"] or key in self.patient
                if interrupted or (not endless and not serving):
                    self.live.add(key)
                    continue
                held = process["sockets"]
                fds = [str(fd) for fd in thread["fds"]]
                waiter = Waiter(
                    pid,
                    key[1],
                    "accept" if serving else thread["wait"],
                    tuple(held[fd] for fd in fds if fd in held),
                    tuple(process["others"].get(fd, "") for fd in fds if fd not in held),
                    frozenset(held[str(fd)] for fd in thread["out"] if str(fd) in held),
                    bool(thread.get("shared")),
                    self.processes.get(pid),
                    calls,
                )
                self.waiters[key] = waiter
                if _has_timeout(waiter) and key not in self.patient:
                    self.live.add(key)

    # -- the fixed point -----------------------------------------------------------

    def result(self) -> Waits:
        changed = True
        while changed:
            changed = False
            for key, waiter in self.waiters.items():
                if key not in self.live and self._may_go_on(key, waiter):
                    self.live.add(key)
                    changed = True
        stuck = [w for key, w in self.waiters.items() if key not in self.live]
        acceptors = [w for w in stuck if self._accepts(w)]
        blocked = list(self.waiters.values())
        return Waits(self.sample["t"], blocked, stuck, acceptors, self.sockets, dict(self.holders))

    def _accepts(self, waiter: Waiter) -> bool:
        """Would somebody from outside wake it: a new client, or a datagram?"""
        if waiter.wait == "accept":
            return True
        rows = [self.sockets.get(inode, {}) for inode in waiter.inodes]
        if any(str(row.get("kind", "")).startswith("udp") for row in rows):
            return waiter.wait in ("receive", "poll")
        return waiter.wait == "poll" and any(row.get("state") == "LISTEN" for row in rows)

    def _may_go_on(self, key: tuple[int, int], waiter: Waiter) -> bool:
        if self._child_may_interrupt(key):
            return True
        if waiter.wait == "lock":
            return self._anyone(list(self.threads) if waiter.shared else [waiter.pid], key)
        if waiter.wait == "child":
            return self._anyone(self.children[waiter.pid]) or not self.children[waiter.pid]
        if waiter.wait == "accept":
            return bool(self.live)
        if waiter.wait == "send":
            if not waiter.inodes:
                return True  # a pipe or a file: not ours to judge
            return any(self._peer_may_act(inode, key) for inode in waiter.inodes)
        if waiter.wait == "receive" and not waiter.inodes:
            return not waiter.others or self._pipes_may_fill(waiter.others, key)
        return self._something_may_come(key, waiter)

    def _child_may_interrupt(self, key: tuple[int, int]) -> bool:
        pid, tid = key
        handlers = self.sample["processes"][str(pid)].get("handlers", ())
        return pid == tid and _SIGCHLD in handlers and self._anyone(self.children[pid])

    def _something_may_come(self, key: tuple[int, int], waiter: Waiter) -> bool:
        if self._pipes_may_fill(waiter.others, key):
            return True
        if waiter.others and self._anyone([waiter.pid], except_=key):
            return True
        return any(
            self._peer_may_act(inode, key)
            if inode in waiter.full
            else self._readable_later(inode, key)
            for inode in waiter.inodes
        )

    def _pipes_may_fill(self, targets: tuple[str, ...], key: tuple[int, int]) -> bool:
        """A pipe waits for whoever holds it; a terminal, a file, an unknown thing for anybody."""
        for target in targets:
            if target.startswith(_INTERNAL):
                continue
            holders = self.sample.get("pipes", {}).get(target)
            if holders is None or self._anyone(holders, except_=key):
                return True
        return False

    def _readable_later(self, inode: str, key: tuple[int, int]) -> bool:
        row = self.sockets.get(inode)
        if row is None:
            return True
        if row["state"] == "LISTEN":
            return row["unread"] > 0 or bool(self.live)
        if row["kind"].startswith("udp"):
            return row["unread"] > 0 or self._anyone(list(self.threads), except_=key)
        if row["kind"].startswith("tcp"):
            if row["unread"] or row["state"] not in ("ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2"):
                return True
            peer = self._peer(inode)
            if peer is not None and self.sockets.get(peer, {}).get("unsent"):
                return True
        return self._peer_may_act(inode, key)

    def _peer(self, inode: str) -> str | None:
        row = self.sockets.get(inode, {})
        if str(row.get("kind", "")).startswith("tcp"):
            found = self.by_address.get((_name(row["remote"]), _name(row["local"])))
            if found is not None:
                return found
        return self.peers.get(inode)

    def _peer_may_act(self, inode: str, key: tuple[int, int]) -> bool:
        peer = self._peer(inode)
        if peer is None or peer not in self.holders:
            listener = self.pending.get(inode)
            if listener is not None and listener in self.holders:
                return self._anyone(self.holders[listener]) or self._accepting(listener)
            return True  # outside, or gone: the kernel will say so
        return self._anyone(self.holders[peer], except_=key)

    def _accepting(self, listener: str) -> bool:
        return any(w.wait == "accept" and listener in w.inodes for w in self.waiters.values())

    def _anyone(self, pids: list[int], except_: tuple[int, int] | None = None) -> bool:
        return any(
            thread in self.live and thread != except_
            for pid in pids
            for thread in self.threads.get(pid, [])
        )


def _has_timeout(waiter: Waiter) -> bool:
    for call in waiter.calls:
        options = call.endpoint.options if call.endpoint is not None else {}
        for number in _TIMEOUTS.get(waiter.wait, ()):
            value = options.get((_SOL_SOCKET, number))
            if value and value != repr(bytes(16)):  # a struct timeval, as its repr
                return True
    return False


def _serves(call: Call) -> bool:
    """Is this socketserver's accept loop, which looks around twice a second?"""
    return call.op == "serve_forever" or (
        call.op == "select" and any(f == "serve_forever" for _, _, f in call.site.via)
    )


def _name(address: Any) -> tuple[Any, ...]:
    host, port = address
    if host.lower().startswith("::ffff:") and "." in host:
        host = host[7:]
    return (host, port)
