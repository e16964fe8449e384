"""The tutorial's programs, observed: each with the verdict that its text promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from .observing import joined, observe

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "tutorial"

# name: programs, the rules that must be found, the lines they must name
LESSONS: dict[str, tuple[list[list[str]], set[str], set[str]]] = {
    "tcp": ([["tcp_server.py"], ["tcp_client.py"]], set(), set()),
    "udp one to many": (
        [["udp_server.py"], ["udp_client.py", "a", "b"], ["udp_client.py", "c"]],
        set(),
        set(),
    ),
    "glued": (
        [["glued_server.py"], ["glued_client.py"]],
        {"glued-messages"},
        {"glued_server.py:12", "glued_client.py:7", "glued_client.py:8"},
    ),
    "framed": ([["framed_server.py"], ["framed_client.py"]], set(), set()),
    "threads": ([["threading_server.py"], ["threading_client.py"]], set(), set()),
    "chat hangs": (
        [["chat_hangs_server.py"], ["chat_hangs_client.py"]],
        {"mutual-wait"},
        {"chat_hangs_server.py:13", "chat_hangs_client.py:8"},
    ),
    "chat mended": ([["chat_mended_server.py"], ["chat_mended_client.py"]], set(), set()),
}


@pytest.mark.observed
@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_gets_its_verdict(lesson: str, tmp_path: Path) -> None:
    """A learner compares what he sees with what the text says."""
    programs, rules, lines = LESSONS[lesson]
    run = observe(joined(programs), cwd=EXAMPLES, folder=tmp_path, timeout=4)
    assert run.rules == rules, run.said
    named = {
        f"{place['file'].rpartition('/')[2]}:{place['line']}"
        for finding in run.report["findings"]
        for place in finding["places"]
    }
    assert named == lines
    assert all(finding["certainty"] == "certain" for finding in run.report["findings"])


@pytest.mark.observed
def test_the_demo_ends_by_itself_with_the_verdict_of_the_readme(tmp_path: Path) -> None:
    """`make demo` is the first thing that anybody sees."""
    words = joined(LESSONS["chat hangs"][0])
    run = observe(words, cwd=EXAMPLES, folder=tmp_path, timeout=30, options=("--until-finding",))
    assert run.report["end"] == "finding"
    verdict = "(recv) wait for each other; nothing is on its way"
    assert verdict in " ".join(run.stderr.split())
    readme = (EXAMPLES.parent.parent / "README.md").read_text()
    assert verdict in " ".join(readme.split())
    assert "server says: welcome" in run.stdout
