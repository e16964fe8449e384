"""The page from the command line: live beside a run, of a recording, or as one file.

live = serve_live(run)         # before run.execute(); live.url can be opened at once
live.finish(outcome.path)      # the page then shows the finished recording
live.wait()                    # until Ctrl-C

serve_file(path)               # until Ctrl-C
write_html(path, out)

serve_data(data), write_data(data, out)      # of what is no recording: another tool's capture
"""

from __future__ import annotations

import signal
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from plainwire.i18n import gettext as _

if TYPE_CHECKING:
    from plainwire.see.recorder.run import Run
    from plainwire.see.recorder.store import RecordingError
    from plainwire.web.pagedata import PageData
    from plainwire.web.server import Server
    from plainwire.web.source import Running


class Live:
    """The page of a run that goes on."""

    def __init__(self, server: Server, source: Running) -> None:
        self._server, self._source = server, source
        self.url = server.url

    def finish(self, path: Path) -> None:
        """The run has ended and its recording is complete."""
        from plainwire.web import source

        self._source.finish(source.of_file(path, payload=True))

    def wait(self) -> None:
        """Keep serving until Ctrl-C, then stop."""
        wait()
        self.close()

    def close(self) -> None:
        """Stop serving."""
        self._server.close()


def serve_live(run: Run, *, port: int = 0, browser: bool = True) -> Live:
    """Serve the page of a run that is about to start; returns when it can be opened.

    Args:
        run: its `items()` are read from a thread of the server while it goes on.
        port: on 127.0.0.1; 0 takes a free one.
        browser: open the page in the user's browser as well.
    """
    from plainwire.web.source import Running

    source = Running(run.items, run.calls)
    server = _start(source, port)
    tell(server, browser)
    return Live(server, source)


def serve_file(path: Path, *, port: int = 0, browser: bool = True) -> None:
    """Serve the page of a recording until Ctrl-C."""
    from plainwire.see.recorder.store import RecordingError
    from plainwire.web import source

    try:
        opening = source.Opening(path, payload=True)
    except RecordingError as error:
        _refuse_recording(error)
    server = _start(opening, port)
    tell(server, browser)
    wait()
    server.close()


def serve_data(data: PageData, *, port: int = 0, browser: bool = True) -> None:
    """Serve the page of data that is complete, such as a capture's, until Ctrl-C."""
    from plainwire.web import source

    server = _start(source.Finished(data), port)
    tell(server, browser)
    wait()
    server.close()


def write_html(path: Path, out: Path, *, with_payload: bool = False) -> None:
    """Write a recording's page as one file that needs no network.

    Payload stays out unless asked for; the file is readable by its owner's rules alone.
    """
    from plainwire.see.recorder.store import RecordingError
    from plainwire.web import source

    try:
        data = source.of_file(path, payload=with_payload)
    except RecordingError as error:
        _refuse_recording(error)
    write_data(data, out)


def write_data(data: PageData, out: Path) -> None:
    """Write the page of data that is complete as one file that needs no network."""
    from plainwire.web import saved
    from plainwire.web.static_files import NotBuiltError

    try:
        saved.write(data, out)
    except NotBuiltError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"write {out}: {(error.strerror or str(error)).lower()}")


def _start(source: object, port: int) -> Server:
    from plainwire.web import static_files
    from plainwire.web.server import Server, ServerError

    try:
        static_files.read("page.js")
        return Server(source, port).start()
    except (ServerError, static_files.NotBuiltError) as error:
        _refuse(str(error))


def tell(server: Server, browser: bool) -> None:
    """Say the page's address, and open it where somebody sits at a terminal."""
    click.echo(_("page: {url}").format(url=server.url), err=True)
    if browser and sys.stderr.isatty():
        webbrowser.open(server.url)


def wait() -> None:
    """Wait for Ctrl-C."""
    click.echo(_("Ctrl-C ends the page's server"), err=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        click.echo("", err=True)


def _refuse_recording(error: RecordingError) -> NoReturn:
    from plainwire.see.recorder.store import DamagedError

    _refuse(f"{error}; {error.advice}" if isinstance(error, DamagedError) else str(error))


def _refuse(text: str) -> NoReturn:
    click.echo(f"plainwire: {text}", err=True)
    sys.exit(2)
