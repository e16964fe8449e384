"""`SENT`, what `AsyncPeer.send` returns for a message that is queued already.

To be awaited a million times a second, so it is one object without state. It is a coroutine
by its methods (collections.abc.Coroutine), hence `asyncio.wait_for`, `gather` and
`create_task` take it as they take what `send` returns while the peer is behind. A finished
Future would be awaited a little faster and belong to one loop. Its twin is in
`plainwire.fast`.
"""

from __future__ import annotations

import itertools
from collections.abc import Coroutine
from typing import Any

from plainwire.fast import compiled


class PythonSent(Coroutine[Any, Any, None]):
    """Nothing left to wait for."""

    __slots__ = ()

    # The same exhausted iterator each time; a method in Python would cost as much as the send.
    __await__ = itertools.repeat(iter(())).__next__  # type: ignore[assignment]

    def send(self, value: Any) -> Any:  # noqa: ARG002 - as of every coroutine
        """End."""
        raise StopIteration

    def throw(self, typ: Any, val: Any = None, tb: Any = None) -> Any:  # noqa: ARG002
        """Raise what is thrown; there is nothing to undo."""
        raise typ if val is None else val

    def close(self) -> None:
        """Nothing is held."""


SENT: Coroutine[Any, Any, None] = PythonSent() if compiled is None else compiled.SENT
