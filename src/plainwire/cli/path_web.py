"""The page of `plainwire path`: served until Ctrl-C, or written as one file.

Only wiring; the page's data and application are in `plainwire.web.path_app`. What goes wrong
is one line and status 2, a `PathError` as for the text.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

import click

from plainwire.cli import web

if TYPE_CHECKING:
    from pathlib import Path

    from plainwire.net.steps import Explanation
    from plainwire.web.path_app import Asking
    from plainwire.web.path_schema import Question


def serve(asking: Asking, *, browser: bool = True) -> None:
    """Serve the page on loopback until Ctrl-C; the first question is asked before.

    Raises:
        PathError: the first question has no answer.
    """
    from plainwire.web import path_app, static_files
    from plainwire.web.server import Server, ServerError

    first = path_app.page(asking)
    del first  # a question without an answer ends the command before a page is promised
    try:
        static_files.read("path.js")
        server = Server(asking, make=path_app.make).start()
    except (ServerError, static_files.NotBuiltError) as error:
        _refuse(str(error))
    web.tell(server, browser)
    web.wait()
    server.close()


def write_html(asking: Asking, out: Path) -> None:
    """Write the page as one file that needs no network.

    Raises:
        PathError: the question has no answer.
    """
    from plainwire.web import path_app, static_files

    try:
        path_app.write(asking, out)
    except static_files.NotBuiltError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"write {out}: {(error.strerror or str(error)).lower()}")


def asking(destination: str, *, protocol: str | None, family: int | None, resolve: bool) -> Asking:
    """Wrap the command's question, and how to ask another from the page."""
    from plainwire.net.ask import explain_destination
    from plainwire.web import path_app, path_schema

    def ask(question: Question) -> Explanation:
        return explain_destination(
            question.to,
            protocol=question.protocol,
            family=family if question.to == destination else None,
            resolve_neighbour=question.resolve,
        )

    first = path_schema.Question(destination, protocol, resolve)  # type: ignore[arg-type]
    return path_app.Asking(ask, first)


def _refuse(text: str) -> NoReturn:
    click.echo(f"plainwire path: {text}", err=True)
    sys.exit(2)
