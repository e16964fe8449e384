"""The programs of `plainwire explain`, observed: before the cure the finding, after it none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from plainwire.see.diagnosis import RULES
from plainwire.see.diagnosis import explain as texts

from .observing import observe

FOLDER = Path(texts.__file__).parent


def rules_found(program: str, folder: Path) -> set[str]:
    """Observe one program of the explanations."""
    folder.mkdir()
    shutil.copy(FOLDER / program, folder / "program.py")
    return observe(["program.py"], cwd=folder, folder=folder, timeout=4).rules


@pytest.mark.observed
@pytest.mark.parametrize("rule", RULES)
def test_the_program_before_is_found_and_the_one_after_is_not(rule: str, tmp_path: Path) -> None:
    """Whoever reads the explanation must be able to see both verdicts himself."""
    assert rule in rules_found(f"{rule}.before.txt", tmp_path / "before")
    assert rules_found(f"{rule}.after.txt", tmp_path / "after") == set()
