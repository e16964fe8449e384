"""The bytes of the browser's door: HTTP/1.1 requests, then perhaps a WebSocket.

Pure, a `Framing` of `plainwire.transports.session`. One request per connection, so that no
request can hide in another's body (request smuggling); a body is only taken with a
Content-Length. Rules: RFC 9112, RFC 6455; the WebSocket's grammar is the sans-I/O core of
the `websockets` package.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from websockets.frames import Frame, Opcode
from websockets.http11 import Request as Handshake
from websockets.protocol import State
from websockets.server import ServerProtocol

from plainwire.errors import FrameError, Malformed, TooLarge, Truncated

HEAD_BYTES = 16 * 1024
_NAME = "http"
# What a first line can still become; anything else is refused at its first byte.
_VERB = re.compile(rb"[A-Z]{1,16}(?:$| )")
_LINE = re.compile(rb"([A-Z]{1,16}) (/[\x21-\x7e]{0,4000}) HTTP/1\.[01]")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x20-\x7e\x80-\xff\t]*?)[ \t]*")


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request; field names are in lower case."""

    method: str
    target: str
    fields: dict[str, str] = field(default_factory=dict)
    length: int = 0

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def wants_websocket(self) -> bool:
        """Whether it asks for an upgrade."""
        return self.fields.get("upgrade", "").lower() == "websocket"


@dataclass(frozen=True, slots=True)
class Body:
    """A piece of a request's body."""

    data: bytes
    is_last: bool


class WebFraming:
    """See the module.

    Attributes:
        out: answers of the protocol itself.
        error: what ended the conversation, None while it is good.
    """

    def __init__(self, max_bytes: int) -> None:
        self.out: list[bytes] = []
        self.error: FrameError | None = None
        self._max_bytes = max_bytes
        self._head = bytearray()
        self._left = 0
        self._state = "head"
        self._socket: ServerProtocol | None = None
        self._parts: list[bytes] = []
        self._offset = 0

    @property
    def pending(self) -> int:
        """Bytes held of an unfinished head or message."""
        return len(self._head) or sum(map(len, self._parts))

    @property
    def is_open(self) -> bool:
        """Whether this is a WebSocket that is open."""
        return self._socket is not None and self._socket.state is State.OPEN

    def receive_data(self, data: bytes) -> list[object]:
        """Take bytes; return requests, pieces of a body, and messages as bytes."""
        found: list[object] = []
        if self.error is not None:
            return found
        self._offset += len(data)
        if self._state == "head":
            data = self._take_head(data, found)
        if self._state == "body" and data:
            piece, data = data[: self._left], data[self._left :]
            self._left -= len(piece)
            found.append(Body(piece, not self._left))
            if not self._left:
                self._state = "done"
        elif self._state == "socket" and data:
            self._feed(data, found)
        elif self._state == "asked":
            # Bytes after the head of an upgrade wait for our answer to it.
            self._head += data
        return found

    def _take_head(self, data: bytes, found: list[object]) -> bytes:
        start = max(0, len(self._head) - 3)
        self._head += data
        end = self._head.find(b"\r\n\r\n", start)
        if end < 0 or end > HEAD_BYTES:
            if len(self._head) > HEAD_BYTES:
                rule = "the head of the request is over its limit"
                self.error = TooLarge(_NAME, rule, 0, allowed=HEAD_BYTES, head=bytes(self._head))
            elif not _VERB.match(self._head):
                self.error = Malformed(_NAME, "no HTTP request", 0, head=bytes(self._head))
            return b""
        head, rest = bytes(self._head[:end]), bytes(self._head[end + 4 :])
        request = self._parse(head)
        if request is None:
            return b""
        found.append(request)
        if request.wants_websocket:
            self._state = "asked"
            self._head = bytearray(rest)
            self._socket = ServerProtocol(max_size=self._max_bytes)
            self._socket.receive_data(head + b"\r\n\r\n")
            return b""
        self._head.clear()
        self._left = request.length
        self._state = "body" if request.length else "done"
        return rest

    def _parse(self, head: bytes) -> Request | None:
        lines = head.split(b"\r\n")
        first = _LINE.fullmatch(lines[0])
        fields: dict[str, str] = {}
        rule = "" if first else "no HTTP request"
        for line in lines[1:]:
            match = _FIELD.fullmatch(line)
            if match is None:
                rule = rule or "a field line is malformed"
                break
            name = match[1].decode().lower()
            if name in fields and name in ("content-length", "host", "transfer-encoding"):
                rule = rule or f"{name} is given twice"
            fields[name] = match[2].decode("latin-1")
        size = fields.get("content-length", "0")
        if not (size.isascii() and size.isdigit() and len(size) < 16):
            rule = rule or "content-length is no number"
        if "transfer-encoding" in fields:
            rule = rule or "a body needs a content-length"
        if rule or first is None:
            self.error = Malformed(_NAME, rule, 0, head=head)
            return None
        return Request(first[1].decode(), first[2].decode(), fields, int(size))

    def accept(self) -> list[object]:
        """Answer an upgrade; return messages that came with it."""
        assert self._socket is not None
        for event in self._socket.events_received():
            if isinstance(event, Handshake):
                self._socket.send_response(self._socket.accept(event))
        self._state = "socket"
        found: list[object] = []
        rest = bytes(self._head)
        self._head.clear()
        self._collect()
        if self._socket.handshake_exc is not None:
            self._fail(Malformed(_NAME, "the WebSocket handshake is malformed", 0))
        elif rest:
            self._feed(rest, found)
        return found

    def _feed(self, data: bytes, found: list[object]) -> None:
        assert self._socket is not None
        self._socket.receive_data(data)
        for event in self._socket.events_received():
            if isinstance(event, Frame) and event.opcode in (
                Opcode.TEXT, Opcode.BINARY, Opcode.CONT,
            ):  # fmt: skip
                self._parts.append(bytes(event.data))
                if event.fin:
                    found.append(b"".join(self._parts))
                    self._parts.clear()
        self._collect()
        cause = self._socket.parser_exc
        if cause is not None and not isinstance(cause, EOFError):
            text = str(cause).lower()
            if "too big" in text or "limit" in text:
                rule = "a message is over its limit"
                self._fail(TooLarge(_NAME, rule, self._offset, allowed=self._max_bytes))
            else:
                self._fail(Malformed(_NAME, f"websocket: {text}", self._offset))

    def _fail(self, error: FrameError) -> None:
        self.error = self.error or error

    def _collect(self) -> None:
        assert self._socket is not None
        self.out += [part for part in self._socket.data_to_send() if part]

    def receive_eof(self) -> list[object]:
        """Note the end of the stream; in the middle of something it is a truncation."""
        if self.error is None and (self.pending or self._left):
            self._fail(Truncated(_NAME, "the stream ended inside a message", self._offset))
        return []

    def close(self, code: int, reason: str) -> None:
        """Queue a close frame."""
        if self.is_open:
            assert self._socket is not None
            cut = reason.encode()[:120].decode("utf-8", "ignore")
            self._socket.send_close(code, cut)
            self._collect()

    def send_eof(self) -> bytes:
        """What is still queued; a close frame if there was none."""
        self.close(1000, "")
        last = b"".join(self.out)
        self.out.clear()
        return last


def is_own_host(host: str, names: tuple[str, ...]) -> bool:
    """Whether a Host field names this server.

    An address always does. A name must be known: otherwise a page of any site could let
    its name point here and be of the same origin (DNS rebinding).
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        known = {"localhost", *(other.lower() for other in names)}
        return name in known
    return True


def is_same_origin(request: Request, scheme: str) -> bool:
    """Whether a browser's page came from this server; programs send no Origin."""
    origin = request.fields.get("origin")
    return (
        origin is None or origin.lower() == f"{scheme}://{request.fields.get('host', '')}".lower()
    )
