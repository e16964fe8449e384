"""A TCP connection of the chat as an asyncio protocol: `length(4)` frames of JSON.

The conversation's bytes, deadlines and TLS are `plainwire.transports.session`; shared
fan-out writes go past its queue, since their frames are made once for all members.

Invariants:

1. A client that is behind by `Settings.buffer_bytes` gets no live events and is not read
   from; one that takes nothing for `Settings.stall_seconds` is cut.
2. Bytes against the protocol are answered with a `close` message, then the end.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any, cast

from plainwire.chat.conversation import Conversation
from plainwire.chat.journal import tell
from plainwire.chat.protocol import MAX_MESSAGE_BYTES, pack_frames
from plainwire.chat.service import Service
from plainwire.errors import DeadlineError, EndOfMessages, FrameError, TooLarge
from plainwire.frames.length import length
from plainwire.hub.hub import Pack
from plainwire.transports.limits import Limits
from plainwire.transports.session import HOOK_MODULE, Session, open_session

CODEC = length(4, max_bytes=MAX_MESSAGE_BYTES)
LINGER_SECONDS = 2.0
"""How long a connection that ends is read on, so that its last words arrive."""


class StreamLink(asyncio.Protocol):
    """What both doors have in common.

    Args:
        service: whose sessions.
        tls: an `ssl.SSLContext` for an encrypted door, or None.
        links: all that are open; it adds and removes itself.
    """

    __slots__ = ("_closing", "_held", "_layer", "_stalled_since", "_wire", "links", "pack",
                 "remote", "service", "talk", "transport")  # fmt: skip

    packing: Pack = staticmethod(pack_frames)

    def __init__(self, service: Service, tls: Any, links: set[StreamLink]) -> None:
        self.service, self.links = service, links
        self.pack: Pack = type(self).packing
        self.talk: Conversation | None = None
        self.transport: asyncio.Transport | None = None
        self.remote = ""
        self._layer: Any = None
        self._stalled_since: float | None = None
        self._closing = False
        self._held = False
        if tls is not None:
            from plainwire.transports.tls import TlsLayer

            self._layer = TlsLayer(tls, server=True, hostname="")
        self._wire: Session[Any] = self._make_wire(-1)

    def _limits(self) -> Limits:
        return Limits(first_message_seconds=self.service.settings.hello_seconds)

    def _make_wire(self, fileno: int) -> Session[Any]:
        now = self.service.hub.loop.time()
        return open_session(CODEC, self._limits(), now, layer=self._layer, fileno=fileno)

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, or refuse it if there are too many."""
        self.transport = cast("asyncio.Transport", transport)
        name = transport.get_extra_info("peername")
        self.remote = str(name[0]) if isinstance(name, tuple) else "unix"
        settings, counts = self.service.settings, self.service.counts
        crowd = settings.per_address
        from_here = 0
        if crowd is not None:
            from_here = sum(link.remote == self.remote for link in self.links)
        if len(self.links) >= settings.connections or (crowd is not None and from_here >= crowd):
            counts["refused"] += 1
            tell("refused", remote=self.remote, code="crowded", connections=len(self.links))
            self.transport.abort()
            return
        counts["accepted"] += 1
        self.links.add(self)
        self.transport.set_write_buffer_limits(high=settings.buffer_bytes)
        if HOOK_MODULE in sys.modules:
            # An observer names the messages of a socket; fan-out is then per member.
            sock = transport.get_extra_info("socket")
            self._wire = self._make_wire(sock.fileno() if sock is not None else -1)
        self.begin()

    def begin(self) -> None:
        """Start the conversation; a browser's starts with its handshake."""
        self.talk = Conversation(self.service, self)

    def data_received(self, data: bytes) -> None:
        """Take bytes and handle the messages they complete."""
        if self._closing:
            return
        wire = self._wire
        wire.receive_data(data, self.service.hub.loop.time)
        if self._layer is not None:
            self.answer_wire()
        inbox = wire.inbox
        while inbox and not self._closing:
            self.handle(inbox.popleft())
        if wire.failure is not None and not self._closing:
            self.fail(wire.failure)

    def handle(self, message: Any) -> None:
        """Handle one whole message."""
        assert self.talk is not None
        self.talk.receive(message)

    def answer_wire(self) -> None:
        """Write what the protocol below the messages has to say."""
        data = self._wire.data_to_send()
        if data and self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def fail(self, failure: Exception) -> None:
        """Tell the client what was wrong with its bytes, and end."""
        if isinstance(failure, EndOfMessages):
            self.end_transport()
            return
        code = "too_large" if isinstance(failure, TooLarge) else "malformed"
        if isinstance(failure, DeadlineError):
            code = "timeout"
        elif not isinstance(failure, FrameError):
            tell("failed", remote=self.remote, reason=str(failure))
        self.service.counts[f"closed_{code}"] += 1
        if self.talk is None:
            tell("closing", remote=self.remote, code=code)
        if self.talk is not None:
            self.talk.session.close(code, str(failure))
        self.end_transport()

    def eof_received(self) -> bool:
        """Note that the client sends no more; answers in progress still go out."""
        self._wire.receive_eof()
        if self._closing:
            self._close_now()
        elif self._wire.failure is not None:
            self._closing = True
            assert self.transport is not None
            self.service.hub.loop.call_later(0.25, self._close_now)
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Give everything back."""
        self._closing = True
        self.links.discard(self)
        if self.talk is not None:
            self.talk.end()
        self.transport = None

    def pause_writing(self) -> None:
        """Note that the client is behind."""
        self._stalled_since = self.service.hub.loop.time()
        self._read(on=False)

    def resume_writing(self) -> None:
        """Note that the client has room again."""
        self._stalled_since = None
        self._read(on=not self._held)
        if self.talk is not None:
            self.talk.writable()

    def _read(self, *, on: bool) -> None:
        if self.transport is not None and not self.transport.is_closing():
            if on:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()

    def look(self, now: float) -> None:
        """Look at the deadlines; called about once a second."""
        stalled = self._stalled_since
        if stalled is not None and now - stalled > self.service.settings.stall_seconds:
            self.service.counts["closed_stalled"] += 1
            tell("cut", remote=self.remote, code="stalled", seconds=round(now - stalled))
            if self.transport is not None:
                self.transport.abort()
        elif self._wire.handle_timeout(now) and self._wire.failure is not None:
            self.fail(self._wire.failure)

    # Link

    def write(self, data: bytes) -> bool:
        """Write packed messages; see `Link.write`."""
        if self.transport is None or self.transport.is_closing():
            return True
        if data:
            if self._layer is not None:
                data = self._layer.send(data)
            self.transport.write(data)
        return self._stalled_since is None

    def pause(self) -> None:
        """Read no more for now; see `Link.pause`."""
        self._held = True
        self._read(on=False)

    def resume(self) -> None:
        """Read on; see `Link.resume`."""
        if self._held:
            self._held = False
            self._read(on=self._stalled_since is None)

    def finish(self, code: str, text: str) -> None:  # noqa: ARG002
        """Write what waits, then end; see `Link.finish`."""
        self.end_transport()

    def end_transport(self) -> None:
        """Send the end of our stream, read on for a moment, then close.

        Closing with unread bytes would make a reset, which destroys our last words on
        their way (RFC 1122 section 4.2.2.13).
        """
        if self._closing or self.transport is None:
            return
        self._closing = True
        last = self._wire.send_eof()
        if last:
            self.transport.write(last)
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
        self.service.hub.loop.call_later(LINGER_SECONDS, self._close_now)

    def _close_now(self) -> None:
        if self.transport is not None:
            self.transport.close()
