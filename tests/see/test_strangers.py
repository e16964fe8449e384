"""Strangers' programs, healthy and broken, each run as a user would run it.

The rules were not made for these programs: each is somebody's own idea of a server and
a client. See strangers/README.md.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from . import invariants
from .observing import joined, observe, patience

STRANGERS = Path(__file__).parent.parent / "strangers"
CASES = sorted(path.name for path in STRANGERS.iterdir() if path.is_dir())

# Mistakes that the rules do not see, and why that is so.
MISSED = {
    "134-close-inside-the-loop": "the use of one's own closed socket has no rule; what the client"
    " sees of it is chance",
    "206-cut-text-and-reset": "its decoder's error is caught and printed: handled, as far as"
    " can be told",
}


@pytest.mark.observed
@pytest.mark.parametrize("name", CASES)
def test_a_strangers_program_gets_the_right_verdict(name: str, tmp_path: Path) -> None:
    """A false accusation costs trust, and a miss leaves the user where he was."""
    shutil.copytree(STRANGERS / name, tmp_path / name)
    case = json.loads((tmp_path / name / "case.json").read_text())
    words = joined(case["programs"])
    run = observe(
        words,
        cwd=tmp_path / name,
        folder=tmp_path,
        timeout=case["timeout"] + 2,
        start_wait=case.get("start_wait", 2 * patience()),
    )
    invariants.check(run.ledger())
    if case["verdict"] == "healthy":
        assert not run.rules, run.said
        return
    assert not run.rules & set(case.get("must_not", [])), run.said
    if name in MISSED:
        return
    if "all_of" in case:
        assert run.rules >= set(case["all_of"]), run.said
    else:
        assert run.rules & set(case["verdict"]), run.said
    if "fix" in case:
        fixes = [finding["fix"] for finding in run.report["findings"]]
        assert any(case["fix"] in fix for fix in fixes), fixes
