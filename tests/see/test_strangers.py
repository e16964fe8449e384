"""Strangers' programs, healthy and broken, each run as a user would run it.

The rules were not made for these programs: each is somebody's own idea of a server and
a client. See strangers/README.md.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from plainwire.see.ledger import build
from plainwire.see.ledger.model import Ledger
from plainwire.see.recorder import store

from . import invariants

STRANGERS = Path(__file__).parent.parent / "strangers"
PRIVATE = Path(__file__).with_name("in_private_net.py")
CASES = sorted(path.name for path in STRANGERS.iterdir() if path.is_dir())

# Mistakes that the rules do not see, and why that is so.
MISSED = {
    "134-close-inside-the-loop": "the use of one's own closed socket has no rule; what the client"
    " sees of it is chance",
    "206-cut-text-and-reset": "its decoder's error is caught and printed: handled, as far as"
    " can be told",
}


def run_case(name: str, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run one case; returns its case.json and the JSON report."""
    shutil.copytree(STRANGERS / name, folder / name)
    case = json.loads((folder / name / "case.json").read_text())
    words: list[str] = []
    for program in case["programs"]:
        words += ["--", *program] if words else program
    report = folder / "report.json"
    plainwire = [sys.executable, "-m", "plainwire", "run", "--json", str(report)]
    done = subprocess.run(
        [
            *[sys.executable, str(PRIVATE), *plainwire],
            *["--start-wait", "1", "--timeout", str(case["timeout"] + 1), *words],
        ],
        cwd=folder / name,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=case["timeout"] + 60,
        env={**os.environ, "XDG_STATE_HOME": str(folder / "state"), "TMPDIR": str(folder)},
        check=False,
    )
    assert report.exists(), done.stderr
    return case, json.loads(report.read_text())


def recorded(folder: Path) -> Ledger:
    """The ledger of the run's recording."""
    (path,) = (folder / "state" / "plainwire" / "runs").glob("*.plainwire")
    recording = store.Recording(path)
    try:
        return build.build(recording.items())
    finally:
        recording.close()


def said(report: dict[str, Any]) -> str:
    """The findings, for a failing test's message."""
    return "\n".join(
        f"{f['certainty']} {f['rule']}: {f['message']}\n    "
        + "\n    ".join(e["text"] for e in f["evidence"])
        for f in report["findings"]
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_strangers_program_gets_the_right_verdict(name: str, tmp_path: Path) -> None:
    """A false accusation costs trust, and a miss leaves the user where he was."""
    case, report = run_case(name, tmp_path)
    invariants.check(recorded(tmp_path))
    found = {finding["rule"] for finding in report["findings"]}
    if case["verdict"] == "healthy":
        assert not found, said(report)
        return
    assert not found & set(case.get("must_not", [])), said(report)
    if name in MISSED:
        pytest.xfail(MISSED[name])
    if "all_of" in case:
        assert found >= set(case["all_of"]), said(report)
    else:
        assert found & set(case["verdict"]), said(report)
