"""The chat in several processes of one machine.

    supervisor   listens, keeps WORKERS alive, passes hints between them
    worker 1..n  accepts from the listening sockets; its own loop, hub and store thread
    store        one SQLite file, the sequencer of all

Invariants:

1. A worker that dies takes only connections with it: what it acknowledged is in the file,
   and its clients resume at another worker, since the sockets live in the supervisor.
2. A worker whose supervisor dies ends: its standard input reports the end.
3. Hints travel over a Unix socket in `length(4)` frames; one that is lost costs half a
   second, since the file's change counter is looked at.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import msgspec

from plainwire.address import Address
from plainwire.chat.bounds import Settings
from plainwire.chat.journal import tell, write_to
from plainwire.chat.server import ChatServer, Plan
from plainwire.errors import PlainwireError
from plainwire.frames.length import length
from plainwire.servers.serve import serve
from plainwire.transports.connect import connect
from plainwire.transports.limits import Limits
from plainwire.transports.sockets import bound_address, listen

READY_SECONDS = 30.0
BUS_CODEC = length(4)


class Relay:
    """Passes what one worker says to all others."""

    def __init__(self) -> None:
        self._peers: set[Any] = set()

    async def __call__(self, peer: Any) -> None:
        """Handle one worker; see `serve`."""
        self._peers.add(peer)
        try:
            async for message in peer:
                for other in self._peers:
                    if other is not peer:
                        # One that is behind looks at the file instead.
                        other.send_nowait(message)
        finally:
            self._peers.discard(peer)


class UnixBus:
    """A worker's end of the relay; see `plainwire.hub.broker.Bus`."""

    def __init__(self, address: str) -> None:
        self.on_text: Callable[[str], None] = lambda _text: None
        self.connected = False
        self._address = address
        self._peer: Any = None

    async def run(self) -> None:
        """Hear until cancelled."""
        peer = await connect(self._address, BUS_CODEC, retry=10).open_async()
        self._peer, self.connected = peer, True
        try:
            async for message in peer:
                self.on_text(message.decode())
        except PlainwireError as error:
            tell("bus lost", logging.WARNING, reason=str(error))
        finally:
            self.connected = False
            peer.abort()

    def send(self, text: str) -> None:
        """Pass a text to all other nodes."""
        if self.connected:
            self._peer.send_nowait(text.encode())


class Supervisor:
    """See the module; a context manager.

    Args:
        plan: what to serve; its broker is the SQLite file.
        count: of workers.
    """

    def __init__(self, plan: Plan, count: int) -> None:
        self.plan, self._count = plan, count
        self.tcp, self.web = plan.tcp, plan.web
        self._sockets: dict[str, socket.socket] = {}
        self._workers: list[subprocess.Popen[bytes]] = []
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="plainwire-")
        self._bus = f"unix:{self._folder.name}/bus"
        self._relay: Any = None
        self._thread = threading.Thread(target=self._watch, name="plainwire-watch", daemon=True)

    def start(self) -> Self:
        """Bind, start the workers, and return when all of them accept.

        Raises:
            AddressInUse: another socket has an address.
            PlainwireError: a worker cannot start.
        """
        try:
            for name, address in (("tcp", self.plan.tcp), ("web", self.plan.web)):
                if address is not None:
                    self._sockets[name] = listen(address)
                    setattr(self, name, bound_address(address, self._sockets[name]))
            limits = Limits(first_message_seconds=None, per_address=None)
            self._relay = serve(Relay(), self._bus, BUS_CODEC, limits=limits, background=True)
            self._workers = [self._spawn() for _ in range(self._count)]
        except BaseException:
            self._end_all()
            raise
        self._thread.start()
        return self

    def _spawn(self) -> subprocess.Popen[bytes]:
        plan = self.plan
        order = {
            "sockets": {name: sock.fileno() for name, sock in self._sockets.items()},
            "tcp": str(self.tcp or ""), "web": str(self.web or ""), "folder": str(plan.folder),
            "settings": asdict(plan.settings), "bus": self._bus, "log": plan.log,
            "tls": [str(file) for file in plan.tls] if plan.tls else None,
        }  # fmt: skip
        worker = subprocess.Popen(
            [sys.executable, "-m", "plainwire.chat.workers", json.dumps(order)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
            pass_fds=[sock.fileno() for sock in self._sockets.values()],
        )  # fmt: skip
        assert worker.stdout is not None
        line = worker.stdout.readline()
        if line.strip() != b"ready":
            _finish(worker, 5.0)
            raise PlainwireError(f"worker {worker.pid} ended with {worker.returncode} at its start")
        return worker

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the workers that run now."""
        with self._lock:
            return [worker.pid for worker in self._workers]

    def _watch(self) -> None:
        while not self._stopping.wait(0.1):
            for index, worker in enumerate(self._workers):
                if worker.poll() is None:
                    continue
                tell("worker ended", logging.WARNING, pid=worker.pid, status=worker.returncode)
                _finish(worker, 0.0)
                try:
                    fresh = self._spawn()
                except PlainwireError as error:
                    tell("failed", logging.ERROR, reason=str(error))
                    self._stopping.wait(1.0)
                    continue
                with self._lock:
                    self._workers[index] = fresh

    def stop(self) -> None:
        """Let every worker drain, then end those that are left. Idempotent."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._thread.join()
        self._end_all()

    def _end_all(self) -> None:
        for worker in self._workers:
            if worker.stdin is not None:
                worker.stdin.close()
        deadline = time.monotonic() + 15.0
        for worker in self._workers:
            _finish(worker, max(0.0, deadline - time.monotonic()))
        if self._relay is not None:
            self._relay.stop(0.0)
        for sock in self._sockets.values():
            sock.close()
        self._folder.cleanup()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until `stop` was called; False if the timeout passes first."""
        return self._stopping.wait(timeout)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def _finish(worker: subprocess.Popen[bytes], seconds: float) -> None:
    for pipe in (worker.stdin, worker.stdout):
        if pipe is not None:
            pipe.close()
    try:
        worker.wait(seconds)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


class _WorkerServer(ChatServer):
    """A chat server that hears the other workers."""

    def __init__(self, plan: Plan, sockets: dict[str, socket.socket], bus: str) -> None:
        super().__init__(plan, sockets)
        self._bus = UnixBus(bus)

    async def _serve(self) -> None:
        hearing = asyncio.get_running_loop().create_task(self._bus.run())
        try:
            await super()._serve()
        finally:
            hearing.cancel()

    def _broker(self) -> Any:
        from plainwire.hub.sqlite import SqliteBroker

        return SqliteBroker(self.plan.folder / "chat.db", self._bus)


def main(argument: str) -> None:
    """Be a worker until standard input ends."""
    order = json.loads(argument)
    # Ctrl-C reaches the supervisor, which decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = msgspec.convert(order["settings"], Settings)
    sockets = {name: socket.socket(fileno=fd) for name, fd in order["sockets"].items()}
    tcp, web = (Address.parse(order[k]) if order[k] else None for k in ("tcp", "web"))
    tls = tuple(order["tls"]) if order["tls"] else None
    plan = Plan(tcp, web, Path(order["folder"]), settings, tls)
    if order["log"]:
        write_to(order["log"])
    with _WorkerServer(plan, sockets, order["bus"]):
        print("ready", flush=True)
        while os.read(0, 4096):
            pass


if __name__ == "__main__":
    main(sys.argv[1])
