"""The page's application behind uvicorn on loopback, in a thread of its own.

The main thread belongs to the run (signals, terminal); the server never touches signals.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp

from plainwire.web import app, guard

START_SECONDS = 30.0


class ServerError(Exception):
    """The page's server could not start."""


class Server:
    """Serves one source until it is closed; a context manager.

    Args:
        source: what to show, such as a `Source`.
        port: where to listen on 127.0.0.1; 0 takes a free port.
        make: makes the application from `source`, `token` and `port`.
    """

    def __init__(
        self, source: object, port: int = 0, make: Callable[..., ASGIApp] = app.make
    ) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listener.bind(("127.0.0.1", port))
        except OSError as error:
            self._listener.close()
            reason = (error.strerror or str(error)).lower()
            raise ServerError(f"listen tcp 127.0.0.1:{port}: {reason}") from error
        self.port: int = self._listener.getsockname()[1]
        self.token = guard.new_token()
        config = uvicorn.Config(
            make(source, token=self.token, port=self.port),
            log_level="error",
            access_log=False,
            lifespan="off",
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,
        )
        self._server = _Quiet(config)
        self._thread = threading.Thread(target=self._run, name="plainwire-page", daemon=True)

    @property
    def url(self) -> str:
        """The page's address, with its token."""
        return f"http://127.0.0.1:{self.port}/{self.token}/"

    def start(self) -> Self:
        """Listen; returns when the page can be opened."""
        self._thread.start()
        if not self._server.ready.wait(START_SECONDS):
            raise ServerError("the page's server did not start")
        return self

    def close(self) -> None:
        """Stop serving; open pages keep what they show."""
        self._server.should_exit = True
        self._thread.join(5)
        self._listener.close()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._listener])


class _Quiet(uvicorn.Server):
    """A server that leaves signals alone and tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    def capture_signals(self) -> Any:
        """Signals are the main thread's."""
        import contextlib

        return contextlib.nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell that the page can be opened."""
        await super().startup(sockets)
        self.ready.set()
