"""A selection of the interpreter's own tests gives the same results under the probe.

`make transparency` compares a longer list.
"""

from __future__ import annotations

import pytest
from tests.see.transparency.observed import PYTHON
from tests.see.transparency.suite import SHORT, differences, has_tests

pytestmark = [pytest.mark.transparency, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def python() -> str:
    if not has_tests(PYTHON):
        pytest.skip(f"{PYTHON} comes without its own tests (Debian: libpython3-testsuite)")
    return PYTHON


@pytest.mark.parametrize("entry", SHORT, ids=lambda entry: entry.split(":")[0])
def test_same_results_with_and_without_the_probe(python: str, entry: str) -> None:
    """Nobody knows better than these tests what a program may rely on."""
    count, differing = differences(python, entry)
    assert count > 0
    assert differing == {}
