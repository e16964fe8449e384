"""The table of calls and the unfolded ladder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_ledger import Scene, glued, hanging

from plainwire import i18n
from plainwire.see.report import text
from plainwire.see.report.calls import UnknownFlowError, call_lines, flow_lines


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    i18n.select("en")
    yield
    i18n.select("en")


TABLE = """\
       time program   line        call             bytes   blocked result
      1.000 server.py server.py:4 accept                    9.5 ms 127.0.0.1:8000
     10.000 client.py client.py:4 connect                   0.2 ms 127.0.0.1:8000
     10.300 client.py client.py:5 send                 5    0.1 ms 'hello'
     10.600 server.py server.py:5 recv                 5    0.1 ms 'hello'
     11.000 client.py client.py:7 recv                     waiting
     12.000 server.py server.py:7 recv                     waiting"""


def test_every_call_is_one_line() -> None:
    assert "\n".join(call_lines(hanging().ledger(), width=90)) == TABLE


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_table_keeps_the_width(width: int, lang: str) -> None:
    i18n.select(lang)
    lines = list(call_lines(glued().ledger(), width=width))
    assert len(lines) == 1 + len(glued().calls)
    assert max(map(text.width_of, lines)) <= width


def test_a_failed_call_shows_its_error() -> None:
    scene = Scene()
    scene.call(
        "client", 5, 'sk.send(b"hello")', "send", 20, 21, failure=scene.failed("OSError", 104)
    )
    assert list(call_lines(scene.ledger(), width=100))[1].endswith(
        "ConnectionResetError (ECONNRESET)"
    )


def test_a_flow_is_shown_without_folding_and_as_it_goes() -> None:
    """A flow of a million calls must not be held as text."""
    scene = Scene()
    scene.opened()
    for n in range(100):
        scene.call("client", 5, 'sk.send(b"hello")', "send", 20 + n, 20.1 + n, payload=b"hello")
    lines = flow_lines(scene.ledger(), 0, width=80)
    assert next(lines).startswith("flow 0  TCP")
    assert sum("├─ 5 B 'hello'" in line for line in lines) == 100


def test_a_flow_that_is_not_there_is_refused_at_once() -> None:
    with pytest.raises(UnknownFlowError, match="there is no flow 7; the recording has 1"):
        flow_lines(hanging().ledger(), 7)
