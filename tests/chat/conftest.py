"""What a failed test leaves running is ended before the next one begins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from helpers import TERMINALS


@pytest.fixture(autouse=True)
def terminals_end() -> Iterator[None]:
    """A client still open would be blamed on whichever test runs when it is collected."""
    yield
    while TERMINALS:
        process = TERMINALS.pop().process
        if process.poll() is None:
            process.kill()
            process.wait(10)
