"""The page of `plainwire path`, as a server's application and as one file.

    GET  /TOKEN/                    the page
    GET  /TOKEN/path.js, path.css   what it is made of
    GET  /TOKEN/api/path            path_schema.PathPage: the command's own question, asked anew
    POST /TOKEN/api/path            path_schema.Question -> path_schema.Asked

Every request passes `guard.refuse` first. The system is asked in a thread, never on the
event loop. Nothing is sent but by a question that says `resolve`, which is a POST.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from plainwire import i18n
from plainwire.net.errors import PathError
from plainwire.net.steps import Explanation
from plainwire.web import guard, path_data, path_words, saved, static_files
from plainwire.web.app import Guarded
from plainwire.web.path_schema import Asked, PathPage, Question
from plainwire.web.speech import code

# No name and no address is longer (RFC 1035: 255 bytes), nor is a question much.
MOST_BYTES = 2048

Ask = Callable[[Question], Explanation]


@dataclass(frozen=True, slots=True)
class Asking:
    """How to ask, and what the command was asked."""

    ask: Ask
    first: Question


def page(asking: Asking) -> PathPage:
    """What a page begins with.

    Raises:
        PathError: the question has no answer.
    """
    found = path_data.path(asking.ask(asking.first))
    return PathPage(i18n.language(), path_words.chinese(), found, None)


def answer(asking: Asking, question: Question) -> Asked:
    """Answer a further question; what the user got wrong is a line of the answer."""
    try:
        return Asked(path_data.path(asking.ask(question)), None)
    except PathError as error:
        return Asked(None, code(error.code, **error.values))


def write(asking: Asking, out: Path) -> None:
    """Write the page as one file that asks for nothing.

    Raises:
        PathError: the question has no answer.
        NotBuiltError: the page is not built.
        OSError: the file cannot be written.
    """
    data = msgspec.json.encode(page(asking))
    saved.write_text(static_files.whole(i18n.language(), data, "path"), out)


def make(asking: Asking, *, token: str, port: int) -> ASGIApp:
    """The application, guarded."""
    site = _Site(asking)
    routes = [
        Route(f"/{token}/", site.document),
        Route(f"/{token}/path.js", site.script),
        Route(f"/{token}/path.css", site.style),
        Route(f"/{token}/api/path", site.first),
        Route(f"/{token}/api/path", site.further, methods=["POST"]),
    ]
    return Guarded(Starlette(routes=routes), token, port)


class _Site:
    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    @staticmethod
    def _answer(content: str | bytes, kind: str) -> Response:
        return Response(content, media_type=kind, headers=guard.HEADERS)

    async def document(self, _: Request) -> Response:
        return self._answer(static_files.served(i18n.language(), "path"), "text/html")

    async def script(self, _: Request) -> Response:
        return self._answer(static_files.read("path.js"), "text/javascript")

    async def style(self, _: Request) -> Response:
        return self._answer(static_files.read("path.css"), "text/css")

    async def first(self, _: Request) -> Response:
        found = await run_in_threadpool(answer, self._asking, self._asking.first)
        shown = PathPage(i18n.language(), path_words.chinese(), found.path, found.error)
        return self._answer(msgspec.json.encode(shown), "application/json")

    async def further(self, request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return Response(status_code=413, headers=guard.HEADERS)
        try:
            question = msgspec.json.decode(body, type=Question)
        except msgspec.MsgspecError:
            return Response(status_code=400, headers=guard.HEADERS)
        found = await run_in_threadpool(answer, self._asking, question)
        return self._answer(msgspec.json.encode(found), "application/json")
