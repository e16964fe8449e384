"""WebSocket (RFC 6455): messages over the sans-I/O core of the `websockets` package.

Pure. A message of the codec is one WebSocket message: text where the codec makes UTF-8
text (`json()`, `text()`), else binary; either kind is accepted. Pings are answered here.
A close frame is the clean end of the stream; a stream that ends without one, or inside
a message, is `Truncated`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, ProtocolError
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from plainwire.address import Address
from plainwire.errors import FrameError, Malformed, TooLarge, Truncated
from plainwire.frames.codec import DEFAULT_MAX_BYTES, Codec, Payload, make_one, parse_one

M = TypeVar("M")

# What a framing may add to a message that is at its own limit.
_FRAME_SLACK = 64 * 1024


class WebSocketFraming(Generic[M]):
    """Both directions of one WebSocket; see `plainwire.transports.session.Framing`.

    Attributes:
        out: where answers and messages are queued, in order.
        error: what ended the conversation, None while it is good.
        waiting: messages that were sent before the handshake was done.
    """

    def __init__(
        self, codec: Codec[M] | Payload[M], *, server: bool, remote: Address | None
    ) -> None:
        self.out: list[bytes] = []
        self.error: FrameError | None = None
        self.marks: list[tuple[int, int]] | None = None
        self._codec = codec
        self._text = codec.name.endswith(("json()", "text()")) or "json(" in codec.name
        limit = getattr(codec, "max_bytes", DEFAULT_MAX_BYTES)
        slack = 0 if isinstance(codec, Payload) else _FRAME_SLACK
        self._max_bytes = limit
        self._protocol: ServerProtocol | ClientProtocol
        self.waiting: list[tuple[bytes, bool]] = []
        self._parts: list[bytes] = []
        self._held = 0
        self._closed_cleanly = False
        self._received = 0
        if server:
            self._protocol = ServerProtocol(max_size=limit + slack)
        else:
            assert remote is not None
            uri = str(remote.connectable)
            self._protocol = client = ClientProtocol(parse_uri(uri), max_size=limit + slack)
            client.send_request(client.connect())
            self._collect()

    @property
    def pending(self) -> int:
        """Bytes held of an unfinished message, the handshake included."""
        if self._protocol.state is State.CONNECTING:
            return self._received
        return self._held

    @property
    def offset(self) -> int:
        """Bytes received so far."""
        return self._received

    def receive_data(self, data: bytes) -> list[M]:
        """Take bytes, return the messages they complete."""
        if self.error is not None:
            return []
        self._received += len(data)
        self._protocol.receive_data(data)
        return self._events()

    def receive_eof(self) -> list[M]:
        """Note the end of the stream: clean only after a close frame."""
        if self.error is not None:
            return []
        if self._protocol.state is not State.CLOSED:
            self._protocol.receive_eof()
        messages = self._events()
        if self.error is None and not self._closed_cleanly:
            rule = "the stream ended without a close frame"
            self.error = Truncated(self._codec.name, rule, self._received)
        return messages

    def _events(self) -> list[M]:
        messages: list[M] = []
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._answer(event)
            elif isinstance(event, Response):
                self._flush_waiting()
            elif isinstance(event, Frame):
                self._take(event, messages)
            if self.error is not None:
                break
        self._judge()
        self._collect()
        return messages

    def _answer(self, request: Request) -> None:
        assert isinstance(self._protocol, ServerProtocol)
        self._protocol.send_response(self._protocol.accept(request))
        self._flush_waiting()

    def _flush_waiting(self) -> None:
        if self._protocol.state is State.OPEN:
            for data, is_text in self.waiting:
                self._write(data, is_text)
            self.waiting.clear()

    def _take(self, frame: Frame, messages: list[M]) -> None:
        if frame.opcode is Opcode.CLOSE:
            self._closed_cleanly = True
            return
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return
        self._parts.append(bytes(frame.data))
        self._held += len(frame.data)
        if not frame.fin:
            # An empty first fragment is a message in progress too.
            self._held = max(1, self._held)
            return
        data = b"".join(self._parts)
        self._parts.clear()
        self._held = 0
        try:
            messages.append(parse_one(self._codec, data))
        except FrameError as error:
            self.error = error
            self._protocol.fail(1007, "message refused")

    def _judge(self) -> None:
        """Turn what the protocol found wrong into our error."""
        cause = self._protocol.handshake_exc or self._protocol.parser_exc
        if self.error is not None or cause is None or self._closed_cleanly:
            return
        name, where, text = self._codec.name, self._received, str(cause).lower()
        if "too big" in text or "exceeds limit" in text or "over size limit" in text:
            rule = "message is over its limit"
            self.error = TooLarge(name, rule, where, allowed=self._max_bytes)
        elif isinstance(cause, EOFError):
            self.error = Truncated(name, "the stream ended inside a message", where)
        elif isinstance(cause, InvalidHandshake | ProtocolError | ValueError):
            self.error = Malformed(name, f"websocket: {text}", where)
        else:
            self.error = Malformed(name, f"websocket: {type(cause).__name__} {text}", where)

    def _collect(self) -> None:
        self.out += [part for part in self._protocol.data_to_send() if part]

    def encode_parts(self, parts: list[bytes], message: M) -> int:
        """Queue one message; `parts` is `out`."""
        data = make_one(self._codec, message)
        before = _size(parts)
        if self._protocol.state is State.CONNECTING:
            self.waiting.append((data, self._text))
            return len(data)
        self._write(data, self._text)
        self._collect()
        return _size(parts) - before

    def _write(self, data: bytes, is_text: bool) -> None:
        if self._protocol.state is not State.OPEN:
            return
        if is_text:
            self._protocol.send_text(data)
        else:
            self._protocol.send_binary(data)

    def send_eof(self) -> bytes:
        """Make our close frame; the peer's may come later."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
        self._collect()
        last = b"".join(self.out)
        self.out.clear()
        return last


def _size(parts: Sequence[Any]) -> int:
    return sum(map(len, parts[-4:]))
