"""The model `processes`: worker processes that accept from one listening socket.

    supervisor   binds, listens, watches; handles nobody
    worker 1..n  inherits the listening socket and runs the inner model over it

Invariants:

1. The listening socket lives in the supervisor, so the clients that wait in its queue
   are lost with no worker.
2. A worker that dies takes only its own clients with it, and is replaced.
3. A worker whose supervisor dies ends: its control pipe reports the end.
4. Workers are spawned, not forked, since a fork copies locks that other threads hold.
   So handler and codec travel by pickle, which finds functions by their import name.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import multiprocessing
import os
import pickle
import signal
import socket
import threading
import time
from collections.abc import MutableSequence
from multiprocessing.connection import Connection, wait
from typing import Any

from plainwire.errors import AddressError, LocalProtocolError
from plainwire.servers.base import ACTIVE, Server, Statistics, Task, log
from plainwire.servers.drive import is_async
from plainwire.transports.sockets import bound_address, forget_unix, listen

RESTART_SECONDS = 0.5
"""Pause before a worker that died within this time of its start is replaced."""


class ProcessesServer(Server):
    """A supervisor with its workers."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        workers = task.workers or os.cpu_count() or 1
        inner = task.inner or ("loop" if is_async(task.handler) else "threads")
        if inner not in ("serial", "threads", "loop"):
            raise AddressError(f"inner model {inner!r} is unknown; known: serial, threads, loop")
        share = max(1, -(-task.limits.connections // workers))
        limits = dataclasses.replace(task.limits, connections=share)
        self._inner = inner
        self._work = dataclasses.replace(task, limits=limits, workers=None)
        self._count = workers
        self._listener: socket.socket | None = None
        self._file: tuple[int, int] | None = None
        self._workers: list[_Worker] = []
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        # One for each worker there ever was: what it counted outlives it.
        self._counted: list[MutableSequence[int]] = []

    def start(self) -> None:
        """Bind, spawn the workers and return when all of them accept.

        Raises:
            LocalProtocolError: the handler or codec cannot be found by a new process,
                or `serve` runs again in a worker because it is not guarded by
                `if __name__ == "__main__"`.
        """
        if getattr(multiprocessing.current_process(), "_inheriting", False):
            raise LocalProtocolError(
                "serve() runs in a worker that imports your program; put it under "
                'if __name__ == "__main__":'
            )
        try:
            pickle.dumps(self._work)
        except Exception as error:
            raise LocalProtocolError(
                f"handler and codec must be importable by worker processes: {error}"
            ) from error
        self._listener = listen(self.task.address)
        self.address = bound_address(self.task.address, self._listener)
        if self.address.scheme == "unix" and not self.address.path.startswith("@"):
            found = os.stat(self.address.path)
            self._file = (found.st_dev, found.st_ino)
        self._workers = [self._spawn() for _ in range(self._count)]
        for worker in self._workers:
            worker.wait_ready()
        self._thread = threading.Thread(target=self._watch, name="plainwire-watch", daemon=True)
        self._thread.start()

    def _spawn(self) -> _Worker:
        assert self._listener is not None
        counts: Any = multiprocessing.get_context("spawn").RawArray(ctypes.c_int64, 5)
        worker = _Worker(self._work, self._inner, self._listener, counts)
        self._counted.append(counts)
        return worker

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the workers that run now."""
        with self._lock:
            return [worker.pid for worker in self._workers]

    def _watch(self) -> None:
        """Replace workers that die, until the server stops."""
        while not self._stopping.is_set():
            with self._lock:
                sentinels = {worker.process.sentinel: worker for worker in self._workers}
            for sentinel in wait(list(sentinels), timeout=0.1):
                if self._stopping.is_set():
                    return
                assert isinstance(sentinel, int)
                self._replace(sentinels[sentinel])

    def _replace(self, dead: _Worker) -> None:
        log.warning("%s: worker %d ended with %s", self.address, dead.pid, dead.process.exitcode)
        dead.finish(0)
        dead.counts[ACTIVE] = 0
        if time.monotonic() - dead.started < RESTART_SECONDS:
            self._stopping.wait(RESTART_SECONDS)
        if self._stopping.is_set():
            return
        fresh = self._spawn()
        with contextlib.suppress(EOFError, OSError):
            fresh.wait_ready()
        with self._lock:
            self._workers[self._workers.index(dead)] = fresh

    def statistics(self) -> Statistics:
        """Counts of all workers, those that died included."""
        return Statistics(*map(sum, zip([0] * 5, *self._counted, strict=True)))

    def stop(self, drain: float | None = None) -> None:
        """Let every worker drain, then end those that are left."""
        if self._stopping.is_set():
            self._ended.wait()
            return
        self._stopping.set()
        seconds = self.task.drain_seconds if drain is None else drain
        if self._thread is not None:
            self._thread.join()
        deadline = time.monotonic() + seconds + 3.0
        for worker in self._workers:
            worker.ask_stop(seconds)
        for worker in self._workers:
            worker.finish(max(0.0, deadline - time.monotonic()))
            worker.counts[ACTIVE] = 0
        self._workers = []
        if self._listener is not None:
            self._listener.close()
            forget_unix(self.address, self._file)
        self._ended.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the server was stopped."""
        return self._ended.wait(timeout)


class _Worker:
    """One worker process, as its supervisor sees it."""

    def __init__(
        self, task: Task, inner: str, listener: socket.socket, counts: MutableSequence[int]
    ) -> None:
        self.counts = counts
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self.started = time.monotonic()
        self.process = context.Process(
            target=_work,
            args=(task, inner, listener, theirs, counts),
            name="plainwire-worker",
            daemon=True,
        )
        self.process.start()
        theirs.close()
        self.pid: int = self.process.pid or -1

    def wait_ready(self) -> None:
        """Wait until the worker accepts."""
        if not self._pipe.poll(30):
            raise TimeoutError(f"worker {self.pid} did not start within 30 s")
        try:
            self._pipe.recv()
        except EOFError:
            self.process.join(5)
            text = f"worker {self.pid} ended with {self.process.exitcode} while starting"
            raise LocalProtocolError(text) from None

    def ask_stop(self, drain: float) -> None:
        """Ask the worker to drain and end."""
        with contextlib.suppress(OSError):
            self._pipe.send(drain)

    def finish(self, seconds: float) -> None:
        """Wait for the end and force it when the time has passed."""
        self.process.join(seconds)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.process.close()
        self._pipe.close()


def _work(
    task: Task, inner: str, listener: socket.socket, pipe: Connection[Any, Any],
    counts: MutableSequence[int],
) -> None:  # fmt: skip
    """Be a worker: run the inner model until told to stop or the supervisor is gone."""
    # Ctrl-C reaches the whole group of processes; the supervisor decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    server = _inner_server(task, inner, listener, counts)
    server.start()
    pipe.send("ready")
    drain = task.drain_seconds
    while not asked.is_set() and not server.wait(0):
        try:
            if not pipe.poll(0.25):
                continue
            drain = pipe.recv()
        except (EOFError, OSError):
            pass
        break
    server.stop(drain)
    pipe.close()


def _inner_server(
    task: Task, inner: str, listener: socket.socket, counts: MutableSequence[int]
) -> Server:
    from plainwire.servers.blocking import BlockingServer
    from plainwire.servers.loop import LoopServer

    if task.address.scheme in ("tls", "wss"):
        from plainwire.transports.tls import server_context

        task.tls = server_context(task.tls)
    if inner == "loop" and is_async(task.handler):
        return LoopServer(task, listener, counts)
    bound = 1 if inner == "serial" else task.limits.connections
    return BlockingServer(task, bound, listener, counts)
