"""Numbers for lines, sources and processes, the same for the page and all its details.

I1  A ledger gives the same numbers whatever is asked first: all are given at the start,
    from the ledger's calls and findings in order.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterable

from plainwire.see.diagnosis.model import Finding, asked_by
from plainwire.see.ledger.model import Call, Frame, Ledger, Process
from plainwire.web import schema


class Index:
    """Frames, files and processes of a ledger by number."""

    def __init__(self, ledger: Ledger, findings: Iterable[Finding]) -> None:
        self.lines: dict[Frame, int] = {}
        self.sources: dict[str, int] = {}
        self.processes: dict[str, int] = {p.key: n for n, p in enumerate(ledger.processes)}
        self._ledger = ledger
        self._cwd = ledger.processes[0].cwd if ledger.processes else ""
        for path in ledger.sources:
            self.sources.setdefault(path, len(self.sources))
        known: set[int] = set()  # sites by identity: a million calls come from a few
        for call in ledger.calls:
            if id(call.site) in known:
                continue
            if call.site.frame is not None:
                known.add(id(call.site))
            frame = frame_of(call)
            if frame is not None:
                self._add(frame)
        for finding in findings:
            for place in finding.places:
                self._add(place.frame)

    def _add(self, frame: Frame) -> None:
        if frame not in self.lines:
            self.lines[frame] = len(self.lines)
            self.sources.setdefault(frame.file, len(self.sources))

    def line(self, call: Call) -> int | None:
        """The number of the user's line behind a call; None when it is nobody's."""
        frame = frame_of(call)
        return None if frame is None else self.lines.get(frame)

    def process(self, process: Process) -> int:
        """The number of a process."""
        return self.processes[process.key]

    def source_list(self) -> list[schema.Source]:
        """All sources by number, those whose text was not kept with an empty one."""
        prefix = self._cwd.rstrip("/") + "/"
        return [
            schema.Source(
                path.removeprefix(prefix),
                os.path.basename(path),
                self._ledger.sources.get(path, ""),
            )
            for path in self.sources
        ]

    def line_list(self) -> list[schema.Line]:
        """All lines by number."""
        return [
            schema.Line(
                self.sources[f.file], f.line, f.column, f.end_line, f.end_column, f.function
            )
            for f in self.lines
        ]


def frame_of(call: Call) -> Frame | None:
    """The user's line behind a call; of a library's own call, who asked for it."""
    frame = call.site.frame
    if frame is None and call.endpoint is not None:
        frame = asked_by(call, call.endpoint)
    return frame


def lane_of(call: Call) -> str:
    """The thread or task of a call, named as its program names it."""
    process = call.process
    if call.task and call.task in process.tasks:
        return str(process.tasks[call.task]["name"])
    thread = process.threads.get(call.thread)
    return thread[1] if thread else f"thread {call.thread}"


def ended_by_us(call: Call) -> bool:
    """Did it end because the run was ended? The program would still be in it."""
    ending = call.process.ending
    return ending is not None and call.t0 < ending <= (call.t1 or call.t0)
