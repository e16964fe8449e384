"""A browser's connection: the page, an upload, a download, or a WebSocket.

Thin wiring, as link.py; the bytes are web.py, the answers pages.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from plainwire.chat import pages
from plainwire.chat.conversation import Conversation
from plainwire.chat.files import FileStore, Upload
from plainwire.chat.journal import tell
from plainwire.chat.link import StreamLink
from plainwire.chat.protocol import MAX_MESSAGE_BYTES, MAX_TOKEN, Fault, pack_websocket
from plainwire.chat.service import Service
from plainwire.chat.web import Body, Request, WebFraming, is_own_host, is_same_origin
from plainwire.errors import FrameError, TooLarge
from plainwire.hub.hub import Pack
from plainwire.transports.session import Session

CHUNK = 64 * 1024
_STATUS = {"too_large": 413, "no_space": 507}


class BrowserLink(StreamLink):
    """See the module.

    Args:
        service: whose sessions.
        tls: an `ssl.SSLContext`, or None.
        links: all that are open.
        files: where uploads go.
        hosts: names under which the page may be reached.
        connections: counts what is open now.
    """

    packing: Pack = staticmethod(pack_websocket)

    def __init__(
        self, service: Service, tls: Any, links: set[StreamLink], files: FileStore,
        hosts: tuple[str, ...], connections: Callable[[], int],
    ) -> None:  # fmt: skip
        self._framing = WebFraming(MAX_MESSAGE_BYTES)
        self._files, self._hosts, self._connections = files, hosts, connections
        self._scheme = "http" if tls is None else "https"
        self._upload: Upload | None = None
        self._drained: Callable[[], None] | None = None
        super().__init__(service, tls, links)

    def _make_wire(self, fileno: int) -> Session[Any]:
        del fileno
        framing = self._framing
        now = self.service.hub.loop.time()
        return Session(framing, _never, self._limits(), now, out=framing.out, layer=self._layer,
                       name="http")  # fmt: skip

    def begin(self) -> None:
        """Wait for the request; only a WebSocket is a conversation."""

    def data_received(self, data: bytes) -> None:
        """Take bytes; see `StreamLink.data_received`."""
        super().data_received(data)
        self.answer_wire()

    def handle(self, message: Any) -> None:
        """Handle a request, a piece of a body, or a message of the WebSocket."""
        if isinstance(message, Request):
            self._request(message)
        elif isinstance(message, Body):
            self._body(message)
        elif self.talk is not None:
            self.talk.receive(message)

    def _request(self, request: Request) -> None:
        self.service.counts["requests"] += 1
        if not is_own_host(request.fields.get("host", ""), self._hosts):
            self._reply(pages.answer(421, "this server has no such name\n"))
        elif request.wants_websocket:
            self._upgrade(request)
        elif request.method == "POST" and request.path == "/upload":
            self._begin_upload(request)
        elif request.path.startswith("/files/"):
            self._download(request)
        elif request.path == "/metrics":
            self._reply(pages.metrics(self.service, self._connections()))
        elif request.path == "/healthz":
            self.service.spawn(self._health())
        else:
            self._reply(pages.page(request))

    async def _health(self) -> None:
        self._reply(pages.health(await self.service.broker.health()))

    def _reply(self, data: bytes) -> None:
        self.write(data)
        self.end_transport()

    def _upgrade(self, request: Request) -> None:
        if request.path != "/ws" or not is_same_origin(request, self._scheme):
            self.service.counts["refused_origin"] += 1
            tell("refused", remote=self.remote, code="origin", origin=request.fields.get("origin"))
            self._reply(pages.answer(403, "the WebSocket is for this server's own page\n"))
            return
        early = self._framing.accept()
        self.answer_wire()
        if self._framing.error is None:
            self.talk = Conversation(self.service, self)
            for message in early:
                self.handle(message)

    def finish(self, code: str, text: str) -> None:
        """Close the WebSocket with its reason; see `Link.finish`."""
        self._framing.close(1009 if code == "too_large" else 1008, f"{code}: {text}")
        self.answer_wire()
        self.end_transport()

    def fail(self, failure: Exception) -> None:
        """Answer bytes that are no HTTP; for the rest see `StreamLink.fail`."""
        if self.talk is None and isinstance(failure, FrameError):
            self.service.counts["closed_malformed"] += 1
            status = 413 if isinstance(failure, TooLarge) else 400
            self._reply(pages.answer(status, f"{failure.rule}\n"))
            return
        super().fail(failure)

    # Files

    def _begin_upload(self, request: Request) -> None:
        token = request.fields.get("x-token", "")
        if not is_same_origin(request, self._scheme):
            self._reply(pages.answer(403, "uploads are for this server's own page\n"))
        elif len(token) > MAX_TOKEN or not self.service.is_here(token):
            self._reply(pages.answer_json(401, {"code": "no_hello", "text": "join first"}))
        elif "content-length" not in request.fields or not request.length:
            self._reply(pages.answer_json(411, {"code": "malformed", "text": "an empty file"}))
        else:
            name = unquote(request.fields.get("x-name", ""))[:600]
            try:
                self._upload = Upload(self._files, name, request.length)
            except Fault as fault:
                status = _STATUS.get(fault.code, 400)
                self._reply(pages.answer_json(status, {"code": fault.code, "text": fault.text}))

    def _body(self, body: Body) -> None:
        if self._upload is None:
            return
        try:
            self._upload.take(body.data)
            if body.is_last:
                found = self._upload.finish()
                self._upload = None
                self.service.counts["uploads"] += 1
                tell("stored a file", remote=self.remote, url=found["url"], size=found["size"])
                self._reply(pages.answer_json(201, found))
        except OSError as error:
            self._abandon()
            text = f"the file could not be kept: {(error.strerror or 'no reason').lower()}"
            self._reply(pages.answer_json(507, {"code": "no_space", "text": text}))

    def _abandon(self) -> None:
        if self._upload is not None:
            self._upload.abandon()
            self._upload = None

    def _download(self, request: Request) -> None:
        found = self._files.find(request.path)
        if found is None or request.method not in ("GET", "HEAD"):
            self._reply(pages.answer(404, "there is no such file\n"))
            return
        path, name, media = found
        kind = "inline" if media.startswith("image/") else "attachment"
        disposition = f"{kind}; filename*=UTF-8''{quote(name)}"
        self.write(pages.head(200, media, path.stat().st_size, Content_Disposition=disposition,
                              Content_Security_Policy=pages.FILE_POLICY,
                              Cache_Control="private, max-age=31536000, immutable"))  # fmt: skip
        if request.method == "HEAD":
            self.end_transport()
        else:
            self.service.spawn(self._stream(path))

    async def _stream(self, path: Path) -> None:
        loop = self.service.hub.loop
        with path.open("rb") as file:
            while self.transport is not None:
                data = await loop.run_in_executor(None, file.read, CHUNK)
                if not data:
                    break
                if not self.write(data):
                    waiter = loop.create_future()
                    self._drained = lambda w=waiter: w.done() or w.set_result(None)
                    await waiter
        self.end_transport()

    def resume_writing(self) -> None:
        """Go on with a download; see `StreamLink.resume_writing`."""
        super().resume_writing()
        self._drain()

    def _drain(self) -> None:
        if self._drained is not None:
            self._drained()
            self._drained = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Give everything back, an unfinished upload too."""
        self._abandon()
        self._drain()
        super().connection_lost(exc)


def _never(_parts: list[bytes], _message: Any) -> int:
    raise AssertionError("messages of this door are packed before they are written")
