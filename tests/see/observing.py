"""Runs programs under `plainwire run`, in a network of their own, and reads the report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plainwire.see.ledger import build
from plainwire.see.ledger.model import Ledger
from plainwire.see.recorder import store

PRIVATE = Path(__file__).with_name("in_private_net.py")
PATIENCE_SECONDS = 60  # beyond the run's own time-out, for a busy machine


@dataclass(frozen=True)
class Observed:
    """What one run gave."""

    report: dict[str, Any]
    status: int
    stdout: str
    stderr: str
    recordings: Path

    @property
    def rules(self) -> set[str]:
        """The rules of its findings."""
        return {finding["rule"] for finding in self.report["findings"]}

    @property
    def said(self) -> str:
        """Its findings with their evidence, for the message of a failing test."""
        return "\n".join(
            f"{f['certainty']} {f['rule']}: {f['message']}\n    "
            + "\n    ".join(e["text"] for e in f["evidence"])
            for f in self.report["findings"]
        )

    def ledger(self) -> Ledger:
        """The ledger of its recording."""
        (path,) = self.recordings.glob("*.plainwire")
        recording = store.Recording(path)
        try:
            return build.build(recording.items())
        finally:
            recording.close()


def patience() -> float:
    """How many times more time a program needs than on a machine that runs these tests alone.

    A start takes a second there that takes five beside ten busy programs, and a verdict
    that came after the time-out would count as missed.
    """
    busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(max(1.0, busy / 2), 5.0)  # the tests themselves keep a load of two a processor


def observe(
    words: list[str],
    *,
    cwd: Path,
    folder: Path,
    timeout: float,
    start_wait: float = 5,
    options: tuple[str, ...] = (),
) -> Observed:
    """Run programs from `cwd`; what is written goes below `folder`.

    Args:
        words: programs as on the command line, `--` between them.
        cwd: where they run.
        folder: a folder of the test's own.
        timeout: seconds after which the run is ended, on a machine that has them to spare.
        start_wait: seconds that a program may take to listen; taken as it is, because a
            client may be meant to start first.
        options: further options of `plainwire run`.
    """
    report = folder / "report.json"
    timeout *= patience()
    done = subprocess.run(
        [
            *[sys.executable, str(PRIVATE), sys.executable, "-m", "plainwire", "run"],
            *["--json", str(report), "--start-wait", str(start_wait), "--timeout", str(timeout)],
            *options,
            *words,
        ],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout + PATIENCE_SECONDS,
        env={
            **os.environ,
            "XDG_STATE_HOME": str(folder / "state"),
            "TMPDIR": str(folder),
            "PLAINWIRE_LANG": "en",
        },
        check=False,
    )
    assert report.exists(), done.stderr
    return Observed(
        json.loads(report.read_text()),
        done.returncode,
        done.stdout,
        done.stderr,
        folder / "state" / "plainwire" / "runs",
    )


def joined(programs: list[list[str]]) -> list[str]:
    """Programs as one command line."""
    words: list[str] = []
    for program in programs:
        words += ["--", *program] if words else program
    return words
