"""The page from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import needs_page
from click.testing import CliRunner

from plainwire.cli import web
from plainwire.cli.show import show


@needs_page
def test_a_recording_becomes_one_file(chat: Path, tmp_path: Path) -> None:
    out = tmp_path / "chat.html"
    web.write_html(chat, out)
    text = out.read_text(encoding="utf-8")
    assert "mutual-wait" in text
    assert "(payload not saved)" in text


def test_what_is_no_recording_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "x.plainwire"
    wrong.write_text("no recording")
    with pytest.raises(SystemExit) as refused:
        web.write_html(wrong, tmp_path / "x.html")
    assert refused.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "x.html").exists()


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95, 0.9999])
@pytest.mark.parametrize("page", [True, False])
def test_a_recording_that_was_cut_off_is_refused_in_one_line_with_what_to_do(
    chat: Path, tmp_path: Path, kept: float, page: bool
) -> None:
    """As a copy that ended too early leaves it."""
    whole = chat.read_bytes()
    cut = tmp_path / "cut.plainwire"
    cut.write_bytes(whole[: int(len(whole) * kept)])
    out = ["--html", str(tmp_path / "x.html")] if page else []
    done = CliRunner().invoke(show, [str(cut), "--lang", "en", *out])
    assert done.exit_code == 2, done.output
    (line,) = done.stderr.splitlines()
    assert line.startswith("plainwire: ")
    assert "cut.plainwire" in line
    assert "copy it once more" in line
    assert not (tmp_path / "x.html").exists()


@needs_page
def test_a_folder_that_is_not_there_is_refused(
    chat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        web.write_html(chat, tmp_path / "none" / "x.html")
    assert "no such file" in capsys.readouterr().err
