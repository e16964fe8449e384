"""An observer is told every message with its place in the stream, and cannot break it."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from plainwire import Limits, frames
from plainwire.testing import memory_pair
from plainwire.transports.open import open_stream_peer


@pytest.mark.parametrize("faulty", [False, True])
def test_an_observer_is_told_the_boundaries(monkeypatch: Any, faulty: bool) -> None:
    """A codec tells the ledger where its messages begin and end."""
    told: list[Any] = []

    def message(*data: Any) -> None:
        told.append(data)
        if faulty:
            raise RuntimeError("the observer's own fault")

    hook = types.SimpleNamespace(message=message)
    monkeypatch.setitem(sys.modules, "plainwire_probe_hook", hook)
    a, b = memory_pair()
    codec = frames.length(4) | frames.text()
    one = open_stream_peer(a, codec, Limits(), server=False)
    two = open_stream_peer(b, codec, Limits(), server=True)
    for text in ("hi", "there"):
        one.send(text)
        assert two.recv(5) == text
    name = "length(4) | text()"
    assert told == [
        (-1, "out", 0, 6, name, "'hi'"),
        (-1, "in", 0, 6, name, "'hi'"),
        (-1, "out", 6, 15, name, "'there'"),
        (-1, "in", 6, 15, name, "'there'"),
    ]
