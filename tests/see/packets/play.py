"""Run programs under `plainwire run`, as root or as an ordinary user, and read the ledger.

Programs are given as text; a line's comment `# @name` marks it, so that a test can say
which line it expects. They run in a private network, so their ports are fixed.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.capture.in_net import ROOT, _paths, interpreter_for

from plainwire.see.ledger import build
from plainwire.see.ledger.model import Call, Flow, Ledger
from plainwire.see.ledger.wire import Behind, Segment, Wire
from plainwire.see.recorder import store

USERS = ("root", "ordinary")
PORT = 9000
SECONDS = 50  # bounds a run; none should need more than a few


@dataclass
class Played:
    """What a run left: its ledger, its JSON report, and what it printed."""

    ledger: Ledger
    report: dict[str, Any]
    text: str
    path: Path
    sources: dict[str, str]

    @property
    def rules(self) -> set[str]:
        return {finding["rule"] for finding in self.report["findings"]}

    def flow(self, number: int = 0) -> Flow:
        return self.ledger.flows[number]

    def wire(self, number: int = 0) -> Wire:
        found = self.flow(number).wire
        assert found is not None, self.text
        return found

    def line(self, mark: str) -> tuple[str, int]:
        """(file name, line) of a mark."""
        for name, text in self.sources.items():
            for number, line in enumerate(text.splitlines(), 1):
                if re.search(rf"# (@\w+ )*@{mark}\b", line):
                    return name, number
        raise AssertionError(f"no line is marked @{mark}")


def place(call: Call | None) -> tuple[str, int] | None:
    if call is None or call.site.frame is None:
        return None
    return Path(call.site.frame.file).name, call.site.frame.line


def behind(found: Behind | None) -> tuple[str, str, tuple[str, int] | None]:
    assert found is not None
    return found.by, found.why, place(found.call)


def shape(wire: Wire) -> str:
    """`A:S B:SA A:A A:PA8`: who, flags, bytes; ACKs alone after the handshake left out."""
    words = []
    for s in wire.segments:
        if s.plain and s.cause is None:
            continue
        letters = "".join(letter for bit, letter in enumerate("FSRPAU") if s.flags >> bit & 1)
        words.append(f"{'AB'[s.end]}:{letters}{s.size or ''}")
    return " ".join(words)


def states(wire: Wire, end: int) -> list[str]:
    moves = [c for c in wire.states if c.end == end]
    return [moves[0].before, *(c.after for c in moves)] if moves else []


def first(wire: Wire, end: int, flag: int) -> Segment:
    return next(s for s in wire.segments if s.end == end and s.flags & flag)


def run(
    user: str,
    programs: dict[str, str],
    *options: str,
    private: bool = True,
    stop_when: str = "",
) -> Played:
    """Run programs by name and text, in the order given; skips where it is forbidden.

    `stop_when`: interrupt the run (as Ctrl-C does) when a program has made this file.
    """
    command, reason = interpreter_for(user)
    if reason:
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="plainwire-packets-"))
    folder.chmod(0o777)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    words: list[str] = []
    for name, text in programs.items():
        (folder / name).write_text(text, encoding="utf-8")
        words += ["--", name] if words else [name]
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(_paths())
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    environment["XDG_STATE_HOME"] = str(folder / "state")
    environment["HOME"] = str(folder)
    environment["COLUMNS"] = "120"
    report = folder / "report.json"
    process = subprocess.Popen(
        [
            *[*command, "-m", "plainwire", "run", "--json", str(report), "--lang", "en"],
            *(["--private-net"] if private else []),
            # A busy machine may take many seconds to start an interpreter.
            *["--start-wait", "60", "--timeout", str(SECONDS), *options, *words],
        ],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if stop_when:
            _until(lambda: (folder / stop_when).exists() or process.poll() is not None)
            process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=SECONDS + 45)
    finally:
        process.kill()
        process.wait()
    assert report.exists(), said[-3000:]
    path = next((folder / "state" / "plainwire" / "runs").glob("*.plainwire"))
    recording = store.Recording(path)
    ledger = build.build(recording.items())
    recording.close()
    return Played(ledger, json.loads(report.read_text()), said, path, programs)


def _until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does, bounded; there is no event to wait for."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


__all__ = ["PORT", "ROOT", "USERS", "Played", "behind", "first", "place", "run", "shape", "states"]
