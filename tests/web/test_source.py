"""Where the page's data comes from: a long recording by its beginning, a long flow by windows."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from browser import needs_chromium, needs_page, opened

from plainwire.see.recorder import store
from plainwire.web import remembered, source
from plainwire.web.server import Server


class Held(source.Opening):
    """One that reads the rest when it is let go."""

    go = threading.Event()

    def _read(self, path: Path, *, payload: bool) -> None:
        assert self.go.wait(100)
        super()._read(path, payload=payload)


@pytest.fixture
def held(glued: Path, monkeypatch: pytest.MonkeyPatch) -> Held:
    monkeypatch.setattr(source, "BEGINNING", 18)
    remembered.file_of(glued).unlink(missing_ok=True)
    monkeypatch.setattr(Held, "go", threading.Event())
    return Held(glued, payload=True)


def test_a_long_recording_is_shown_by_its_beginning_first(held: Held, glued: Path) -> None:
    """It says that it is not whole; what it has not read may not look like a verdict."""
    page = held.data().page()
    assert (page.reading, held.live, held.version) == (True, True, 1)
    assert page.findings == []
    assert [row.client.name for row in page.flows] == ["glued_client.py"]
    held.go.set()
    assert held.wait(60)
    whole = held.data().page()
    assert (whole.reading, held.live, held.version) == (False, False, 2)
    assert [f.rule for f in whole.findings] == ["glued-messages"]
    assert whole == source.of_file(glued, payload=True).page()


def test_a_short_recording_is_read_whole_at_once(glued: Path) -> None:
    opening = source.Opening(glued, payload=True)
    assert (opening.live, opening.version) == (False, 2)
    assert not opening.data().page().reading


@pytest.mark.parametrize("most", [1, 10, 20, 10_000])
def test_a_beginning_has_all_notes_and_the_first_calls_of_each_process(
    glued: Path, most: int
) -> None:
    recording = store.Recording(glued)
    items, part = list(recording.items()), list(recording.beginning(most))
    size = recording.size()
    recording.close()

    def of(kind: str, found: list[Any]) -> list[Any]:
        return [item for item in found if item[0] == kind]

    assert of("note", part) == of("note", items)
    assert of("run", part) == of("run", items)
    whole = {item[1]: item[3] for item in of("slots", items)}
    for _, key, first, cells in of("slots", part):
        assert (first, whole[key][: len(cells)]) == (0, cells)
    calls = sum(len(item[3]) // 64 for item in of("slots", part))
    assert calls + len(of("packet", part)) <= min(most, size)
    if most > size:
        assert sorted(map(repr, part)) == sorted(map(repr, items))


@pytest.mark.parametrize("size", [1, 3, 7])
def test_windows_tile_a_flow(glued: Path, size: int) -> None:
    """D4: whatever the window, every call and every segment is in exactly one."""
    data = source.of_file(glued, payload=True)
    whole = data.detail(0)
    assert whole is not None
    calls, segments, fins = [], [], []
    for first in range(0, whole.total, size):
        part = data.detail(0, first=first, limit=size)
        assert part is not None
        own = part.calls[first - part.first :]
        calls += own
        segments += [s.packet for s in part.segments or [] if s.packet not in segments]
        fins += [x.packet for x in part.links if x.kind == "fin" and x.packet not in fins]
    assert calls == whole.calls
    assert sorted(segments) == [s.packet for s in whole.segments or []]
    assert fins == [x.packet for x in whole.links if x.kind == "fin"]


def test_a_window_around_a_moment_holds_it(glued: Path) -> None:
    data = source.of_file(glued, payload=True)
    whole = data.detail(0)
    assert whole is not None
    for number, call in enumerate(whole.calls):
        part = data.detail(0, limit=4, at=call.t0)
        assert part is not None
        assert part.first <= number < part.first + 4
        assert call in part.calls


@pytest.mark.browser
@pytest.mark.slow
@needs_page
@needs_chromium
def test_the_page_shows_the_beginning_and_then_the_verdict(held: Held) -> None:
    with Server(held) as server, opened(server.url) as page:
        assert "the verdict follows" in page.locator(".verdict").inner_text()
        assert page.locator(".ladder .mark").count() > 0
        held.go.set()
        page.wait_for_selector(".verdict:not(.reading)")
        page.wait_for_selector(".mark .chips[data-chips='2']", state="attached")
        assert "read 2 messages as one" in page.locator(".verdict").inner_text()


@pytest.mark.browser
@pytest.mark.slow
@needs_page
@needs_chromium
def test_a_long_flow_is_walked_window_by_window(
    glued: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stepping over a window's edge opens the next one, both ways."""
    from plainwire.web import app

    monkeypatch.setattr(app, "WINDOW_CALLS", 4)
    with Server(source.Opening(glued, payload=True)) as server:
        with opened(server.url + "#from=0&step=0") as page:
            assert "calls 1 to 4 of" in page.locator(".window").inner_text()
            page.keyboard.press("End")
            page.keyboard.press("ArrowRight")
            page.locator(".window", has_text="calls 5 to 8").wait_for()
            assert page.locator(".count").inner_text().startswith("step 1 of")
            page.keyboard.press("ArrowLeft")
            page.locator(".window", has_text="calls 1 to 4").wait_for()
            page.locator(".verdict").get_by_role("button", name="show the moment").click()
            page.wait_for_selector(".mark .chips[data-chips='2']", state="attached")


@pytest.fixture
def damaged(glued: Path, tmp_path: Path) -> Path:
    """A copy whose last part is not what was written."""
    path = tmp_path / "damaged.plainwire"
    shutil.copy(glued, path)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "insert into chunk (kind, key, first, count, data) values ('packet', '', 0, 9, x'00')"
        )
    return path


def test_a_damaged_recording_says_so_instead_of_reading_for_ever(
    damaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BEGINNING", 18)
    opening = source.Opening(damaged, payload=True)
    assert opening.wait(60)
    page = opening.data().page()
    assert (page.reading, opening.live, opening.version) == (False, False, 2)
    assert page.findings == []
    assert page.trouble is not None
    assert "damaged or was cut off" in page.trouble.en
    assert "record the run again" in page.trouble.en
    assert "重新记录" in page.trouble.zh
    assert [row.client.name for row in page.flows] == ["glued_client.py"]


def test_a_mistake_of_ours_while_reading_does_not_read_for_ever_either(
    glued: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BEGINNING", 18)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)

    def broken(*_: object, **__: object) -> None:
        raise KeyError("slot")

    monkeypatch.setattr(source.Opening, "_read_whole", broken)
    opening = source.Opening(glued, payload=True)
    assert opening.wait(60)
    trouble = opening.data().page().trouble
    assert trouble is not None
    assert "KeyError" in trouble.en


@pytest.mark.browser
@pytest.mark.slow
@needs_page
@needs_chromium
def test_the_page_of_a_damaged_recording_says_what_to_do(
    damaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BEGINNING", 18)
    with Server(source.Opening(damaged, payload=True)) as server, opened(server.url) as page:
        page.wait_for_selector(".verdict .trouble")
        said = page.locator(".verdict").inner_text()
        assert "record the run again" in said
        assert "Nothing wrong" not in said
        assert "Reading" not in said
        assert page.locator(".ladder .mark").count() > 0
