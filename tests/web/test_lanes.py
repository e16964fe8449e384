"""Who waits for whom, between the lanes of a run."""

from __future__ import annotations

from pathlib import Path

from plainwire.web import schema, source


def named(page: schema.Page, lane: int) -> str:
    return page.processes[page.lanes[lane].process].name.split("[", maxsplit=1)[0]


def test_two_ends_that_wait_for_each_other_are_two_waits_without_end(chat: Path) -> None:
    """A2: the deadlock is a circle in the picture."""
    page = source.of_file(chat, payload=False).page()
    stuck = {(named(page, w.lane), named(page, w.by)) for w in page.waits if w.t1 < 0}
    assert stuck == {
        ("chat_hangs_client.py", "chat_hangs_server.py"),
        ("chat_hangs_server.py", "chat_hangs_client.py"),
    }


def test_a_wait_that_ended_names_the_call_that_ended_it(chat: Path) -> None:
    """The accept was woken by the connect, the first recv by the send; each in its wait."""
    page = source.of_file(chat, payload=False).page()
    woken = [w for w in page.waits if w.t1 >= 0]
    assert woken
    for wait in woken:
        assert wait.t0 <= wait.at <= wait.t1
        span = next(s for s in page.lanes[wait.lane].spans if s[0] == wait.t0)
        waker = next(s for s in page.lanes[wait.by].spans if s[0] == wait.at)
        assert (span[2], waker[2]) in {("accept", "connect"), ("recv", "send")}


def test_the_story_counts_in_words(glued: Path) -> None:
    data = source.of_file(glued, payload=False)
    data.findings.clear()
    assert data.page().story.en == (
        "1 conversation with glued_server.py over TCP, 2 messages; every connection was closed."
    )
    assert data.page().story.zh.startswith("与 glued_server.py 有 1 个会话")
