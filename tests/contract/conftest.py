"""The models by name; `loop` runs on uvloop where it is installed, and on asyncio too."""

from __future__ import annotations

import sys
from typing import Any

import pytest


@pytest.fixture
def model(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What `serve` takes as model; "loop on asyncio" is `loop` as if uvloop were missing."""
    if request.param != "loop on asyncio":
        return request.param
    monkeypatch.setitem(sys.modules, "uvloop", None)
    return "loop"
