"""The page's server: an ASGI application over a `Source`. Reads only; changes nothing.

    GET  /TOKEN/                    the page
    GET  /TOKEN/page.js, page.css   what it is made of
    GET  /TOKEN/api/page            schema.Page
    GET  /TOKEN/api/flows/N?first=M schema.Detail, the window of calls from M on; or ?at=NS,
                                    the window around a moment
    GET  /TOKEN/api/packets/N       schema.Opened
    WS   /TOKEN/live                {"page", "detail"} whenever there is something newer;
                                    {"progress"} in hundredths while a recording is read

Every request passes `guard.refuse` first. Making data is blocking work and is done in a
thread, never on the event loop.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from plainwire import i18n
from plainwire.web import guard, static_files
from plainwire.web.pagedata import encode
from plainwire.web.source import Source

POLL_SECONDS = 0.25
LIVE_CALLS = 4000  # of the flow looked at, in each message of a live page
WINDOW_CALLS = 6000  # of a recording's flow; the page asks for others as they are looked at


def make(source: Source, *, token: str, port: int) -> ASGIApp:
    """The application, guarded."""
    site = _Site(source)
    routes = [
        Route(f"/{token}/", site.document),
        Route(f"/{token}/page.js", site.script),
        Route(f"/{token}/page.css", site.style),
        Route(f"/{token}/api/page", site.page),
        Route(f"/{token}/api/flows/{{number:int}}", site.flow),
        Route(f"/{token}/api/packets/{{number:int}}", site.packet),
        WebSocketRoute(f"/{token}/live", site.live),
    ]
    return Guarded(Starlette(routes=routes), token, port)


class Guarded:
    """Refuses what `guard.refuse` refuses, and adds the headers to the rest."""

    def __init__(self, inner: ASGIApp, token: str, port: int) -> None:
        self._inner, self._token, self._port = inner, token, port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._inner(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        websocket = scope["type"] == "websocket"
        why = guard.refuse(
            scope["path"], headers, token=self._token, port=self._port, websocket=websocket
        )
        if why is None:
            await self._inner(scope, receive, send)
        elif websocket:
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await Response(status_code=404 if why == "token" else 403)(scope, receive, send)


class _Site:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._making = threading.Lock()

    @staticmethod
    def _answer(content: str | bytes, kind: str) -> Response:
        return Response(content, media_type=kind, headers=guard.HEADERS)

    async def document(self, _: Request) -> Response:
        return self._answer(static_files.served(i18n.language()), "text/html")

    async def script(self, _: Request) -> Response:
        return self._answer(static_files.read("page.js"), "text/javascript")

    async def style(self, _: Request) -> Response:
        return self._answer(static_files.read("page.css"), "text/css")

    async def page(self, _: Request) -> Response:
        content = await run_in_threadpool(lambda: encode(self._source.data().page()))
        return self._answer(content, "application/json")

    async def flow(self, request: Request) -> Response:
        number = int(request.path_params["number"])
        first = request.query_params.get("first", "0")
        at = request.query_params.get("at")
        if not first.removeprefix("-").isdigit() or not (at is None or at.isdigit()):
            return Response(status_code=400, headers=guard.HEADERS)
        moment = None if at is None else int(at)
        content = await run_in_threadpool(self._detail, number, int(first), moment)
        if content is None:
            return Response(status_code=404, headers=guard.HEADERS)
        return self._answer(content, "application/json")

    def _detail(self, number: int, first: int, at: int | None) -> bytes | None:
        limit = LIVE_CALLS if self._source.follows else WINDOW_CALLS
        with self._making:  # two at once would only take turns
            detail = self._source.data().detail(number, first=first, limit=limit, at=at)
            return None if detail is None else encode(detail)

    async def packet(self, request: Request) -> Response:
        found = await run_in_threadpool(
            lambda: self._source.data().packet(int(request.path_params["number"]))
        )
        if found is None:
            return Response(status_code=404, headers=guard.HEADERS)
        return self._answer(encode(found), "application/json")

    async def live(self, socket: WebSocket) -> None:
        """Send what is newer, at most every POLL_SECONDS, until the run or the reader ends."""
        await socket.accept()
        looked: dict[str, int] = {"flow": -1}
        reader = asyncio.create_task(_read_looks(socket, looked))
        sent: tuple[int, int] = (-1, -1)
        told = 100
        try:
            while not reader.done():
                # Asked before the version: a run that ends in between still has its last news sent.
                live = self._source.live
                version = await run_in_threadpool(lambda: self._source.version)
                now = (version, looked["flow"])
                if now != sent:
                    sent = now
                    await socket.send_text(await run_in_threadpool(self._news, looked["flow"]))
                progress = int(100 * self._source.progress)
                if live and progress != told:
                    told = progress
                    await socket.send_text(f'{{"progress":{progress}}}')
                if not live:
                    await socket.send_text('{"ended":true}')
                    await socket.close()
                    return
                await asyncio.sleep(POLL_SECONDS)
        except (WebSocketDisconnect, RuntimeError):
            return  # the reader went away between two messages
        finally:
            reader.cancel()

    def _news(self, flow: int) -> str:
        data = self._source.data()
        detail = None
        if flow >= 0 and self._source.follows:
            with self._making:
                detail = data.detail(flow, first=-1, limit=LIVE_CALLS)
        news: dict[str, Any] = {"page": data.page(), "detail": detail}
        return msgspec.json.encode(news).decode()


async def _read_looks(socket: WebSocket, looked: dict[str, int]) -> None:
    """Which flow the reader looks at; anything else he sends is let pass."""
    while True:
        try:
            text = await socket.receive_text()
        except (WebSocketDisconnect, RuntimeError):
            return
        try:
            wish = msgspec.json.decode(text)
        except msgspec.DecodeError:
            continue
        if isinstance(wish, dict) and isinstance(wish.get("flow"), int):
            looked["flow"] = wish["flow"]
