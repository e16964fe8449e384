"""The programs of `plainwire explain`, observed: before the cure the finding, after it none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from plainwire.see.diagnosis import RULES
from plainwire.see.diagnosis import explain as texts

PRIVATE = Path(__file__).with_name("in_private_net.py")


def findings(program: Path, folder: Path) -> dict[str, str]:
    """Run one program under observation: rule -> message."""
    (folder / "program.py").write_text(program.read_text())
    done = subprocess.run(
        [
            *[sys.executable, str(PRIVATE), sys.executable, "-m", "plainwire", "run"],
            *["--timeout", "4", "--json", "report.json", "program.py"],
        ],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "XDG_STATE_HOME": str(folder)},
        check=False,
    )
    report = folder / "report.json"
    assert report.exists(), done.stderr
    return {f["rule"]: f["message"] for f in json.loads(report.read_text())["findings"]}


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_the_program_before_is_found_and_the_one_after_is_not(rule: str, tmp_path: Path) -> None:
    """Whoever reads the explanation must be able to see both verdicts himself."""
    folder = Path(texts.__file__).parent
    assert rule in findings(folder / f"{rule}.before.txt", tmp_path)
    assert findings(folder / f"{rule}.after.txt", tmp_path) == {}
