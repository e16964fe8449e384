"""The README's program runs as printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_program_in_the_readme_runs_as_printed(tmp_path: Path) -> None:
    """Server, client and test in under 20 lines."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    programs = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    program = next(p for p in programs if "serve(echo" in p)
    assert len(program.splitlines()) < 20
    path = tmp_path / "test_readme.py"
    path.write_text(program)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.returncode) == ("b'hello'\n", 0)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)]
    tested = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert "1 passed" in tested.stdout
