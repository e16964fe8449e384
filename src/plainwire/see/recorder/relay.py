"""The programs' output, passed on line by line with the program's name in front.

Bytes are passed on as they are: what a program wrote to stdout goes to ours, stderr to
stderr. A line without its end is shown after a moment (it may be a prompt), and
finished by a newline of ours only if another program has something to say.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from dataclasses import dataclass, field

PATIENCE_SECONDS = 0.05  # how long a line may lack its end before it is shown
_LONGEST = 64 * 1024  # bytes of one line before it is passed on in pieces


@dataclass
class Source:
    """One output of one program."""

    prefix: bytes
    target: int  # our descriptor it goes to
    pending: bytearray = field(default_factory=bytearray)
    since: float = 0.0  # when the first byte of `pending` came


class Relay:
    """Joins the outputs of several programs on two descriptors of ours."""

    def __init__(self, write: Callable[[int, bytes], None] | None = None) -> None:
        self._write = write or _write_all
        self._unfinished: dict[int, Source] = {}  # target -> who left its line open

    def receive(self, source: Source, data: bytes, now: float) -> None:
        """Take what a program wrote; pass on its whole lines."""
        if not source.pending:
            source.since = now
        source.pending += data
        end = source.pending.rfind(b"\n") + 1
        if end == 0 and len(source.pending) < _LONGEST:
            return
        end = end or len(source.pending)
        whole = bytes(source.pending[:end])
        del source.pending[:end]
        source.since = now
        self._emit(source, whole)

    def tick(self, source: Source, now: float) -> None:
        """Show a line that has waited long enough for its end."""
        if source.pending and now - source.since >= PATIENCE_SECONDS:
            self.finish(source)

    def finish(self, source: Source) -> None:
        """Pass on what is left; the program has ended, or is waiting at a prompt."""
        if source.pending:
            whole = bytes(source.pending)
            source.pending.clear()
            self._emit(source, whole)

    def _emit(self, source: Source, data: bytes) -> None:
        open_line = self._unfinished.get(source.target)
        out = bytearray()
        begins = True
        if open_line is not None:
            if open_line is source:
                begins = False
            else:
                out += b"\n"
        lines = data.split(b"\n")
        for number, line in enumerate(lines[:-1]):
            out += (source.prefix if number or begins else b"") + line + b"\n"
        if lines[-1]:
            out += (source.prefix if len(lines) > 1 or begins else b"") + lines[-1]
            self._unfinished[source.target] = source
        elif len(lines) > 1:
            self._unfinished.pop(source.target, None)
        self._write(source.target, bytes(out))

    def clear_line(self, target: int) -> None:
        """Before we say something ourselves: end a line that a program left open."""
        if self._unfinished.pop(target, None) is not None:
            self._write(target, b"\n")


def _write_all(target: int, data: bytes) -> None:
    """Write everything; when nobody reads any more, go on in silence."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(target, view) :]
        except BlockingIOError:
            # A program that shares our terminal may have made it non-blocking.
            select.select([], [target], [])
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, target)
            os.close(nowhere)
            return
