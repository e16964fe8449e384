"""The verdict kept beside a long recording: used when it fits, and only then."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from browser import needs_chromium, needs_page, opened

from plainwire.see import diagnosis
from plainwire.see.recorder import store
from plainwire.web import remembered, source
from plainwire.web.server import Server


class Held(source.Opening):
    """One that does not read the rest: only what is kept can be known of it."""

    def _read(self, path: Path, *, payload: bool) -> None:
        pass


@pytest.fixture
def recording(glued: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recording of its own that counts as long."""
    monkeypatch.setattr(source, "BEGINNING", 18)
    path = tmp_path / "one.plainwire"
    path.write_bytes(glued.read_bytes())
    return path


def read_whole(path: Path) -> source.Opening:
    opening = source.Opening(path, payload=True)
    assert opening.wait(60)
    return opening


@pytest.fixture
def kept(recording: Path) -> Path:
    """It was opened once."""
    read_whole(recording)
    return recording


def test_a_second_opening_shows_the_verdict_at_once(kept: Path) -> None:
    first = source.of_file(kept, payload=True).page()
    page = Held(kept, payload=True).data().page()
    assert (page.reading, page.judged) == (True, True)
    assert page.story == first.story
    assert [f.rule for f in page.findings] == ["glued-messages"]
    for name in ("message", "fix", "evidence", "patch", "certainty", "t"):
        assert getattr(page.findings[0], name) == getattr(first.findings[0], name)


def test_places_and_flow_of_a_kept_finding_are_numbered_as_the_page_that_shows_it(
    kept: Path,
) -> None:
    """The beginning of a recording may number its lines and flows otherwise."""
    first = source.of_file(kept, payload=True).page()
    page = Held(kept, payload=True).data().page()

    def told(one: Any) -> list[tuple[str, int, str]]:
        lines = [(one.lines[p.line], p.role) for p in one.findings[0].places]
        return [(one.sources[line.source].path, line.line, role) for line, role in lines]

    assert told(page) == told(first)
    assert page.findings[0].flow == page.flows[0].number
    assert page.flows[0].findings == [0]


def test_the_rules_are_not_asked_again(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = source.of_file(kept, payload=True).page()
    monkeypatch.setattr(diagnosis, "diagnose", lambda *_, **__: pytest.fail("asked again"))
    page = read_whole(kept).data().page()
    assert page == whole


def test_it_is_its_owners_alone_and_nothing_else_is_left(kept: Path) -> None:
    file = remembered.file_of(kept)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(p.name for p in kept.parent.iterdir()) == [kept.name, file.name]


@pytest.mark.parametrize("change", ["time", "size", "version", "code", "format"])
def test_one_that_does_not_fit_any_more_is_dropped(
    kept: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if change == "time":
        os.utime(kept, ns=(1, 1))
    elif change == "size":
        before = kept.stat()
        with kept.open("ab") as file:
            file.write(b"\0" * 4096)
        os.utime(kept, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "version":
        monkeypatch.setattr(remembered.plainwire, "__version__", "0.0.0")
    elif change == "code":
        monkeypatch.setattr(remembered, "_code", lambda: "other rules")
    else:
        monkeypatch.setattr(store, "FORMAT", 2)
    page = Held(kept, payload=True).data().page()
    assert (page.judged, page.findings) == (False, [])
    assert not remembered.file_of(kept).exists()


def damaged(content: bytes, how: str) -> bytes:
    middle = len(content) // 2
    return {
        "empty": b"",
        "short": content[:middle],
        "one bit": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
        "long": content + b" " * remembered.MOST_BYTES,
        "noise": b"\xff" * len(content),
    }[how]


@pytest.mark.parametrize("how", ["empty", "short", "one bit", "long", "noise"])
def test_a_damaged_one_is_dropped_and_made_again(kept: Path, how: str) -> None:
    file = remembered.file_of(kept)
    whole = file.read_bytes()
    file.write_bytes(damaged(whole, how))
    assert remembered.read(kept) is None
    assert not file.exists()
    assert read_whole(kept).data().page().findings
    assert file.read_bytes() == whole


def test_a_link_in_its_place_is_not_followed(kept: Path, tmp_path: Path) -> None:
    file, other = remembered.file_of(kept), tmp_path / "other"
    file.rename(other)
    file.symlink_to(other)
    assert remembered.read(kept) is None
    assert other.exists()


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_the_reading(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(remembered.tempfile, "mkstemp", refuse)
    assert read_whole(recording).data().page().findings
    assert [p.name for p in recording.parent.iterdir()] == [recording.name]
    assert not Held(recording, payload=True).data().page().judged


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_write_permission_costs_nothing_but_the_reading(recording: Path) -> None:
    recording.parent.chmod(0o500)
    try:
        assert read_whole(recording).data().page().findings
    finally:
        recording.parent.chmod(0o700)
    assert [p.name for p in recording.parent.iterdir()] == [recording.name]


def test_a_writing_that_breaks_off_leaves_nothing(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(remembered.os, "replace", full)
    read_whole(recording)
    assert [p.name for p in recording.parent.iterdir()] == [recording.name]


def test_a_recording_that_changed_while_it_was_read_keeps_no_verdict(recording: Path) -> None:
    data = source.of_file(recording, payload=True)
    made_of = remembered.identity(recording)
    os.utime(recording, ns=(1, 1))
    story = remembered.Text("x")
    assert not remembered.write(recording, made_of, data.findings, story, data.ledger)
    recording.with_name(recording.name + "-wal").touch()  # a run still writes to it
    assert remembered.identity(recording) is None


@pytest.mark.parametrize("value", [b"bytes", (1, 2), "\udc80"])
def test_what_would_not_come_back_as_it_is_keeps_no_verdict(recording: Path, value: Any) -> None:
    data = source.of_file(recording, payload=True)
    story = remembered.Text("{value}", {"value": value})
    made_of = remembered.identity(recording)
    assert not remembered.write(recording, made_of, data.findings, story, data.ledger)
    assert [p.name for p in recording.parent.iterdir()] == [recording.name]


def test_progress_grows_while_a_recording_is_read(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    told = source.Opening._told

    def watched(self: source.Opening, begin: float, end: float) -> Any:
        inner = told(self, begin, end)

        def tell(done: float) -> None:
            inner(done)
            seen.append(self.progress)

        return tell

    monkeypatch.setattr(source.Opening, "_told", watched)
    opening = read_whole(recording)
    assert len(seen) > 30
    assert seen == sorted(seen)
    assert 0 <= seen[0] < seen[-1] < 1 == opening.progress


@pytest.mark.browser
@pytest.mark.slow
@needs_page
@needs_chromium
def test_the_page_shows_a_kept_verdict_and_that_the_rest_is_read(kept: Path) -> None:
    opening = Held(kept, payload=True)
    opening._progress = 0.42
    with Server(opening) as server, opened(server.url) as page:
        verdict = page.locator(".verdict")
        assert "read 2 messages as one" in verdict.inner_text()
        page.locator(".verdict .rest", has_text="42 %").wait_for()
        assert page.locator(".verdict progress").get_attribute("value") == "42"
        assert page.locator(".ladder .mark").count() > 0
