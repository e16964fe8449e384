"""What packets prove: each finding on the program that has it, silence on the near one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .findings import CASES, Case
from .play import Played, run


def played(case: Case, near: bool) -> Played:
    root = os.geteuid() == 0
    if case.root and not root:
        pytest.skip("the kernel lets only root change its range of ports")
    user = "root" if root else "ordinary"
    return run(user, case.programs(near), stop_when="" if near else case.stop_when)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_the_program_that_has_it_gets_the_finding(case: Case) -> None:
    found = played(case, near=False)
    mine = [f for f in found.report["findings"] if f["rule"] == case.rule]
    assert len(mine) == 1, found.text
    finding = mine[0]
    assert finding["certainty"] == case.certainty
    assert finding["evidence"]
    named = {(Path(p["file"]).name, p["line"]) for p in finding["places"]}
    for mark in case.lines:
        assert found.line(mark) in named, found.text


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_the_near_one_is_silent(case: Case) -> None:
    """One false accusation costs trust."""
    found = played(case, near=True)
    assert found.ledger.packets
    new = {c.rule for c in CASES}
    assert not found.rules & new, found.text
