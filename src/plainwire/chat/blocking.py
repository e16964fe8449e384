"""The same chat for the toolkit's blocking models: a handler for `serve`.

    with Hall(settings, MemoryBroker) as hall:
        serve(hall.talk, "tcp://127.0.0.1:7070", CODEC, model="threads")

    peer --recv--> talk (the model's thread) --call_soon_threadsafe--> Conversation
    peer <-send--- writer (one thread a client) <--queue-- Conversation.link

Sessions, hub and store are those of `ChatServer`, on one loop in a thread of its own; only
who waits for a client differs. `threads` gives each client two threads. `serial` serves
one client at a time: the next one waits until it leaves, so people talk through history
and never at once. `processes` is `workers.py`, since its processes must hear each other.

Invariants, as in link.py: one that is behind by `Settings.buffer_bytes` gets no live
events, and nobody waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Self

from plainwire.chat.bounds import Settings
from plainwire.chat.conversation import Conversation
from plainwire.chat.link import LINGER_SECONDS
from plainwire.chat.protocol import pack_frames
from plainwire.chat.service import Service
from plainwire.errors import PlainwireError
from plainwire.hub.broker import Broker
from plainwire.hub.hub import Pack


def unpack_frames(data: bytes) -> list[bytes]:
    """The messages of `pack_frames`; a peer makes frames of its own kind of them."""
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return found


class _BlockingLink:
    """A `Link` over a blocking peer; all but `run_writer` is called on the loop."""

    def __init__(self, peer: Any, settings: Settings, writable: Callable[[], None]) -> None:
        self.pack: Pack = pack_frames
        self.remote = peer.remote.host
        self.may_read = threading.Event()
        self.may_read.set()
        self.left = threading.Event()
        self._peer, self._writable, self._most = peer, writable, settings.buffer_bytes
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._queued = 0
        self._behind = False

    def write(self, data: bytes) -> bool:
        """Queue packed messages; False if the client is behind."""
        with self._lock:
            if data:
                self._queued += len(data)
                self._queue.put(data)
            self._behind = self._behind or self._queued > self._most
            return not self._behind

    def pause(self) -> None:
        """Read no more for now."""
        self.may_read.clear()

    def resume(self) -> None:
        """Read on."""
        self.may_read.set()

    def finish(self, code: str, text: str) -> None:  # noqa: ARG002 - said by a message already
        """Write what waits, then end."""
        self.end()

    def end(self) -> None:
        """Let the writer end after what is queued."""
        self._queue.put(None)

    def run_writer(self, is_text: bool) -> None:
        """Send what is queued until the end, or until the client is gone."""
        with contextlib.suppress(PlainwireError):
            while (data := self._queue.get()) is not None:
                messages = unpack_frames(data)
                self._peer.send_many([m.decode() for m in messages] if is_text else messages)
                with self._lock:
                    self._queued -= len(data)
                    caught_up = self._behind and self._queued <= self._most // 2
                    self._behind = self._behind and not caught_up
                if caught_up:
                    self._writable()
            self._peer.send_eof()
        self.may_read.set()
        if not self.left.wait(LINGER_SECONDS):
            self._peer.abort()


class Hall:
    """Sessions for blocking handlers; a context manager.

    Args:
        settings: for all clients.
        make_broker: called on the loop.
    """

    def __init__(self, settings: Settings, make_broker: Callable[[], Broker]) -> None:
        self._settings, self._make_broker = settings, make_broker
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="plainwire-hall",
                                        daemon=True)  # fmt: skip
        self._service: Any = None

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def __enter__(self) -> Self:
        self._thread.start()

        async def begin() -> Service:
            service = Service(self._settings, self._make_broker())
            await service.open()
            return service

        self._service = self._run(begin())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._service.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def talk(self, peer: Any) -> None:
        """Serve one client until it leaves: a handler for `serve` with frames of bytes."""
        self._talk(peer, is_text=False)

    def talk_text(self, peer: Any) -> None:
        """The same for messages of text, as WebSocket has them."""
        self._talk(peer, is_text=True)

    def _talk(self, peer: Any, *, is_text: bool) -> None:
        call = self._loop.call_soon_threadsafe
        link, talk = self._run(self._begin(peer))
        writer = threading.Thread(target=link.run_writer, args=(is_text,), daemon=True)
        writer.start()
        try:
            with contextlib.suppress(PlainwireError):
                for message in peer:
                    link.may_read.wait()
                    call(talk.receive, message.encode() if is_text else message)
        finally:
            link.left.set()
            self._run(self._leave(talk))
            link.end()
            writer.join()

    async def _begin(self, peer: Any) -> tuple[_BlockingLink, Conversation]:
        def writable() -> None:
            self._loop.call_soon_threadsafe(talk.writable)

        link = _BlockingLink(peer, self._settings, writable)
        talk = Conversation(self._service, link)
        return link, talk

    async def _leave(self, talk: Conversation) -> None:
        talk.end()
