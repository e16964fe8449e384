"""A chat server in one process: the framed TCP door and the browser's door on one loop.

Invariants:

1. Both addresses are bound before `start` returns; port 0 lets the system choose.
2. After `stop` no thread, task or descriptor of the server is left, and what clients sent
   and the store accepted is stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from plainwire.address import Address
from plainwire.chat.bounds import Settings
from plainwire.chat.browser import BrowserLink
from plainwire.chat.files import FileStore
from plainwire.chat.journal import tell
from plainwire.chat.link import StreamLink
from plainwire.chat.service import Service
from plainwire.hub.broker import Broker
from plainwire.servers.loop import new_loop
from plainwire.transports.sockets import BACKLOG, bound_address, listen

LOOK_SECONDS = 1.0


@dataclass(slots=True)
class Plan:
    """What to serve and where.

    Attributes:
        tcp: address of the framed door, None for none.
        web: address of the page, `ws://` or `wss://`, None for none.
        folder: where the store and uploads are.
        settings: for all clients.
        tls: certificate and key files for both doors, or an `ssl.SSLContext`, or None.
        log: a file for what happens, `-` for standard error, None for nothing; workers
            of a supervisor write there too.
        make_broker: called on the loop; None for SQLite in `folder`.
    """

    tcp: Address | None
    web: Address | None
    folder: Path
    settings: Settings = field(default_factory=Settings)
    tls: Any = None
    make_broker: Callable[[], Broker] | None = None
    log: str | None = None


class ChatServer:
    """See the module; a context manager.

    Args:
        plan: what to serve.
        sockets: listening already, by `tcp` and `web`; they stay the caller's.
    """

    def __init__(self, plan: Plan, sockets: dict[str, socket.socket] | None = None) -> None:
        self.plan = plan
        self.tcp, self.web = plan.tcp, plan.web
        self.links: set[StreamLink] = set()
        self.service: Service | None = None
        self._given = sockets or {}
        self._sockets: dict[str, socket.socket] = {}
        self._loop = new_loop()
        self._stop_asked: asyncio.Event | None = None
        self._started = threading.Event()
        self._ended = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="plainwire-chat", daemon=True)

    def start(self) -> Self:
        """Bind, open the store and accept, in a thread of its own.

        Raises:
            AddressInUse: another socket has an address.
            BrokerError: the store cannot be used.
        """
        try:
            for name, address in (("tcp", self.plan.tcp), ("web", self.plan.web)):
                if address is not None:
                    self._sockets[name] = self._given.get(name) or listen(address)
                    setattr(self, name, bound_address(address, self._sockets[name]))
        except BaseException:
            self._close_sockets()
            self._loop.close()
            raise
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def _close_sockets(self) -> None:
        for name, sock in self._sockets.items():
            if name not in self._given:
                sock.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:
            self._failure = error
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()
            self._close_sockets()
            self._started.set()
            self._ended.set()

    async def _serve(self) -> None:
        self._stop_asked = asyncio.Event()
        plan = self.plan
        service = self.service = Service(plan.settings, self._broker())
        await service.open()
        tls = self._tls()
        files = FileStore(plan.folder / "files", plan.settings.file_bytes)
        own = socket.gethostname()
        hosts = (*plan.settings.hosts, own, f"{own}.local")
        makers: dict[str, Callable[[], StreamLink]] = {
            "tcp": lambda: StreamLink(service, tls, self.links),
            "web": lambda: BrowserLink(service, tls, self.links, files, hosts, self.links.__len__),
        }
        doors = [
            await self._loop.create_server(makers[name], sock=sock.dup(), backlog=BACKLOG)
            for name, sock in self._sockets.items()
        ]
        watch = self._loop.create_task(self._watch())
        self._started.set()
        tell("started", pid=os.getpid(), tcp=self.tcp, web=self.web)
        await self._stop_asked.wait()
        tell("stopping", pid=os.getpid(), connections=len(self.links))
        for door in doors:
            door.close()
        watch.cancel()
        await self._say_goodbye()
        await service.close()

    def _broker(self) -> Broker:
        if self.plan.make_broker is not None:
            return self.plan.make_broker()
        from plainwire.hub.sqlite import SqliteBroker

        return SqliteBroker(self.plan.folder / "chat.db")

    def _tls(self) -> Any:
        if self.plan.tls is None:
            return None
        from plainwire.transports.tls import server_context

        return server_context(self.plan.tls)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = self._loop.time()
            for link in list(self.links):
                link.look(now)

    async def _say_goodbye(self) -> None:
        """Tell clients to come back, give their last bytes a moment, then cut."""
        for link in list(self.links):
            if link.talk is not None:
                link.talk.session.close("stopping", "the server stops; come back in a moment")
            else:
                link.end_transport()
        deadline = self._loop.time() + 1.0
        while self.links and self._loop.time() < deadline:
            await asyncio.sleep(0.02)
        for link in list(self.links):
            if link.transport is not None:
                link.transport.abort()
        await asyncio.sleep(0)

    def stop(self) -> None:
        """Stop accepting, say goodbye, store what is on its way. Idempotent."""
        if self._thread.is_alive() and self._stop_asked is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop_asked.set)
            self._thread.join(15.0)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the server has ended; False if the timeout passes first."""
        return self._ended.wait(timeout)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
