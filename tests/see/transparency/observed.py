"""Runs a program with and without the probe, and reads what the probe wrote.

The programs of these tests run on any Python from 3.8 on; the interpreter is the one
that runs the tests, or the one that PLAINWIRE_TEST_PYTHON names.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plainwire.see import records
from plainwire.see.ledger import build
from plainwire.see.ledger.model import Call, Ledger
from plainwire.see.recorder import folder as run_folder
from plainwire.see.recorder.programs import INJECT

PYTHON = os.environ.get("PLAINWIRE_TEST_PYTHON", getattr(sys, "_base_executable", sys.executable))
TIMEOUT_SECONDS = 60.0  # of a program; a bound for one that hangs, never waited for


@dataclass
class Seen:
    """How a program ended, and what was recorded of it."""

    status: int
    stdout: str
    stderr: str
    folder: Path | None = None

    @property
    def same(self) -> tuple[int, str, str]:
        """What must not differ between a run with and one without the probe."""
        return self.status, self.stdout, self.stderr

    @property
    def items(self) -> list[tuple[Any, ...]]:
        """Everything the probes wrote."""
        assert self.folder is not None
        return list(run_folder.read(self.folder))

    @property
    def ledger(self) -> Ledger:
        """The items, joined."""
        return build.build(self.items)

    def notes(self, name: str) -> list[list[Any]]:
        """The notes of one name, of all processes."""
        return [item[2] for item in self.items if item[0] == "note" and item[2][0] == name]

    def calls(self, *ops: str) -> list[Call]:
        """The calls of some operations, by time."""
        return [call for call in self.ledger.calls if call.op in ops]

    def faults(self) -> list[str]:
        """What the probe said it could not do."""
        assert self.folder is not None
        return [path.read_text() for path in sorted(self.folder.glob("fault-*.txt"))]


def clean_environment() -> dict[str, str]:
    """Our environment without what leads to a probe, and without a tester's habits."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "PLAINWIRE_RUN") and not name.startswith(("COV_", "PYTEST_"))
    }


def write(folder: Path, program: str) -> Path:
    """Put a program, given as an indented text, into a file."""
    path = folder / "program.py"
    path.write_text(textwrap.dedent(program).lstrip("\n"), encoding="utf-8")
    return path


def run(
    command: Sequence[str | Path],
    run_to: Path | None = None,
    *,
    cwd: Path | None = None,
    environment: dict[str, str] | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> Seen:
    """Run a command to its end; with the probe when there is a run's folder."""
    env = clean_environment()
    env.update(environment or {})
    if run_to is not None:
        theirs = env.get("PYTHONPATH")
        env["PYTHONPATH"] = f"{INJECT}{os.pathsep}{theirs}" if theirs else str(INJECT)
        env["PLAINWIRE_RUN"] = str(run_to)
    done = subprocess.run(
        [str(word) for word in command],
        check=False,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="backslashreplace",
        timeout=timeout,
    )
    return Seen(done.returncode, done.stdout, done.stderr, run_to)


def new_folder(tmp_path: Path, *, payload: bool = True, tls_payload: bool = False) -> Path:
    """A run's folder to record into."""
    return run_folder.create(
        "program", payload=payload, tls_payload=tls_payload, directory=tmp_path / "runs"
    )


def both(
    tmp_path: Path,
    program: str,
    *arguments: str,
    flags: Sequence[str] = (),
    python: str = PYTHON,
    **options: Any,
) -> tuple[Seen, Seen]:
    """Run a program without and with the probe, in the same folder."""
    path = write(tmp_path, program)
    command = [python, *flags, path, *arguments]
    payload = options.pop("payload", True)
    without = run(command, cwd=tmp_path, **options)
    observed = run(command, new_folder(tmp_path, payload=payload), cwd=tmp_path, **options)
    return without, observed


def check_same(tmp_path: Path, program: str, *arguments: str, **options: Any) -> Seen:
    """Hold output and exit status equal with and without the probe; returns the observed run.

    The probe must also have been there: a run that it did not observe proves nothing.
    """
    without, observed = both(tmp_path, program, *arguments, **options)
    assert observed.same == without.same
    assert observed.notes("process"), "the probe was not loaded"
    assert observed.faults() == []
    return observed


def check_ok(tmp_path: Path, program: str, *arguments: str, **options: Any) -> Seen:
    """The same, for programs that assert by themselves and print 'ok' at their end."""
    observed = check_same(tmp_path, program, *arguments, **options)
    assert observed.same == (0, "ok\n", "")
    return observed


def tiles(ledger: Ledger) -> None:
    """Hold the invariant: the ranges of each direction tile its stream exactly."""
    for flow in ledger.flows:
        for direction in (flow.there, flow.back):
            for ranges in (direction.writes, direction.reads):
                at = direction.base
                for part in ranges:
                    assert part.start == at
                    assert part.end > part.start
                    at = part.end


def moved(ledger: Ledger, op_kinds: frozenset[int]) -> int:
    """Bytes moved by all calls of a kind (`records.SENDS` or `records.RECEIVES`)."""
    names = {records.NAMES[number] for number in op_kinds}
    return sum(call.count for call in ledger.calls if call.op in names and not call.flags & 2)
