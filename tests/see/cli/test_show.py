"""`plainwire show`: the same report again, and what it was made from."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from see.cli.conftest import CLIENT, SERVER, Plainwire, line_of

pytestmark = pytest.mark.slow


@pytest.fixture
def recorded(plainwire: Plainwire) -> Plainwire:
    assert plainwire("run", *plainwire.pair()).returncode == 0
    return plainwire


def test_show_last_gives_the_report_again(recorded: Plainwire) -> None:
    """The terminal scrolled away; the recording did not."""
    (path,) = recorded.recordings
    shown = recorded("show", "last")
    assert shown.returncode == 0
    assert "flow 0" in shown.stdout
    assert shown.stdout == recorded("show").stdout == recorded("show", str(path)).stdout
    assert "\x1b" not in shown.stdout


def test_last_is_the_newest(recorded: Plainwire) -> None:
    """The run one has just seen, not the one with the greater name."""
    recorded("run", recorded.write("aaa.py", "pass"))
    assert "aaa.py" in recorded("show", "--json", "-").stdout


def test_calls_are_listed_with_lines(recorded: Plainwire) -> None:
    """Every observed call, for whoever does not trust the summary."""
    shown = recorded("show", "--calls").stdout
    for name, source, text in (
        ("server.py", SERVER, "accept()"),
        ("server.py", SERVER, "sendall"),
        ("client.py", CLIENT, "create_connection"),
        ("client.py", CLIENT, "recv(1024)"),
    ):
        assert f"{name}:{line_of(source, text)}" in shown
    assert "sendall" in shown


def test_one_flow_is_shown_and_a_wrong_number_refused(recorded: Plainwire) -> None:
    """Nothing folded; and a number that is not there is said, not an empty page."""
    shown = recorded("show", "--flow", "0")
    assert shown.returncode == 0
    assert "hello" in shown.stdout
    wrong = recorded("show", "--flow", "7")
    assert wrong.returncode == 2
    assert wrong.stderr == "plainwire: show --flow 7: this recording has 1 flows, from 0 on\n"


def test_records_are_one_json_array_a_line(recorded: Plainwire) -> None:
    """The raw items, for other tools and for reports of mistakes in ours."""
    items = [json.loads(line) for line in recorded("show", "--records").stdout.splitlines()]
    assert {item[0] for item in items} - {"packet"} == {"run", "note", "payload", "slots"}
    assert all(bytes.fromhex(item[3]) for item in items if item[0] == "slots")


def test_json_again_is_the_same_report(recorded: Plainwire) -> None:
    """What CI kept and what is asked later must agree."""
    shown = json.loads(recorded("show", "--json", "-").stdout)
    recorded("show", "--json", "again.json")
    assert json.loads((recorded.folder / "again.json").read_text(encoding="utf-8")) == shown
    assert b"welcome".hex() not in json.dumps(shown)
    assert b"welcome".hex() in recorded("show", "--json", "-", "--with-payload").stdout


def test_a_run_that_was_broken_off_is_finished_and_shown(recorded: Plainwire) -> None:
    """Kill -9 of the recorder leaves the folder; what it holds is not lost."""
    (path,) = recorded.recordings
    script = recorded.write("b.py", "import signal; print('up', flush=True); signal.pause()")
    run = recorded.start("run", script)
    run.wait_text("up")
    run.process.kill()
    run.wait_end()
    (folder,) = path.parent.glob("*.plainwire.d")
    pid = next(
        json.loads(line)["pid"]
        for line in (folder / "run.jsonl").read_text().splitlines()
        if json.loads(line)["kind"] == "start"
    )
    shown = recorded("show")
    assert "was broken off" in shown.stderr
    assert shown.returncode == 0
    assert not folder.exists()
    assert Path(str(folder).removesuffix(".d")) in recorded.recordings
    os.kill(pid, signal.SIGKILL)
