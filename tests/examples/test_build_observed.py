"""The two halves meet: a program built here, under `plainwire run`, shows its messages by name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.see.observing import Observed, observe

from plainwire.servers.loop import new_loop

FOLDER = Path(__file__).parents[2] / "examples" / "build"
pytestmark = pytest.mark.observed


def run(folder: Path, *words: str) -> Observed:
    options = ("--python", sys.executable)
    seen = observe(list(words), cwd=FOLDER, folder=folder, timeout=30, options=options)
    assert seen.status == 0, seen.stderr
    assert seen.rules == set(), seen.said
    return seen


def test_length_first_shows_ten_messages_in_each_direction(tmp_path: Path) -> None:
    """Ten sends arrive in fewer reads, and are told apart all the same: the codec says where."""
    seen = run(tmp_path, "length_first.py")
    (flow,) = seen.report["flows"]
    for way in ("there", "back"):
        assert (flow[way]["messages"], flow[way]["messages_are"]) == (10, "frames")
    (joined,) = seen.ledger().flows
    size = 4 + len("message 0")
    assert joined.there.messages == [
        (n * size, (n + 1) * size, "length(4)", repr(b"message %d" % n)) for n in range(10)
    ]
    assert [m[2:] for m in joined.back.messages] == [
        ("length(4)", repr(b"MESSAGE %d" % n)) for n in range(10)
    ]


def test_four_models_show_their_messages_under_each_model(tmp_path: Path) -> None:
    """Threads, worker processes and the loop alike; the loop is one that can be observed."""
    seen = run(tmp_path, "four_models.py")
    flows = [flow for flow in seen.ledger().flows if flow.there.messages]
    assert [flow.there.messages for flow in flows] == [[(0, 6, "lines()", "b'hello'")]] * 4
    assert [flow.back.messages for flow in flows] == [[(0, 6, "lines()", "b'HELLO'")]] * 4


def test_an_observed_program_gets_a_loop_that_can_be_observed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Uvloop makes its calls where the probe does not see them."""
    uvloop = pytest.importorskip("uvloop")
    monkeypatch.setitem(sys.modules, "plainwire_probe_hook", object())
    loop = new_loop()
    loop.close()
    assert not isinstance(loop, uvloop.Loop)
