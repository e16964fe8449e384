"""Every code has a sentence, and every sentence a code that is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plainwire import i18n
from plainwire.net import lookup, words
from plainwire.net.errors import PathError
from plainwire.net.model import NeighbourState

NET = Path(words.__file__).parent
FAMILIES = (
    "error-", "name-", "source-", "row-", "rule-", "route-", "rules-", "kernel-", "textbook-",
    "agree-", "differ-", "hop-", "neighbour-", "sent-", "port-", "size-", "frame-", "scope-",
)  # fmt: skip


def used() -> set[str]:
    """Codes written anywhere in the package but in the table itself."""
    found: set[str] = set()
    for path in NET.glob("*.py"):
        if path.name != "words.py":
            quoted = re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)+)"', path.read_text(encoding="utf-8"))
            found.update(code for code in quoted if code.startswith(FAMILIES))
    found.update(str(verdict) for verdict in lookup.Verdict)
    found.update(str(verdict) for verdict in lookup.RuleVerdict)
    states = set(NeighbourState) - {NeighbourState.NOARP}
    found.update(f"neighbour-{state.lower()}" for state in states)
    return found


def test_codes_and_sentences_are_the_same_set() -> None:
    assert used() == set(words.SENTENCES)


@pytest.mark.parametrize("code", sorted(words.SENTENCES))
def test_sentences_stand_alone_on_a_line(code: str) -> None:
    sentence = words.SENTENCES[code]
    assert not sentence.endswith(".")
    assert "\n" not in sentence


def test_an_error_speaks_the_selected_language() -> None:
    error = PathError("error-port", text="x:0")
    assert str(error) == "x:0: the port must be a number from 1 to 65535"
    try:
        i18n.select("zh")
        assert str(error) == "x:0：端口必须是 1 到 65535 的数字"
    finally:
        i18n.select("en")
