"""A command line -> programs: what each is called, what is executed, what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from plainwire.see.recorder import programs
from plainwire.see.recorder.programs import ProgramError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    (tmp_path / "server.py").write_text("pass")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "client.py").write_text("pass")
    (tmp_path / "start.sh").write_text("#!/bin/sh\n")
    (tmp_path / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "run.sh").chmod(0o755)
    return tmp_path


def parsed(*words: str, python: str | None = "PY") -> list[tuple[str, list[str]]]:
    return [(p.name, p.command) for p in programs.parse(words, python)]


def test_each_kind_of_program() -> None:
    """Files and modules get the interpreter, commands are executed as they stand."""
    assert parsed(
        "server.py", "-x", "--", "-m", "http.server", "0", "--", "-c", "pass", "--", "./run.sh"
    ) == [
        ("server.py", ["PY", "server.py", "-x"]),
        ("http.server", ["PY", "-m", "http.server", "0"]),
        ("-c", ["PY", "-c", "pass"]),
        ("run.sh", ["./run.sh"]),
    ]


def test_a_name_is_the_files_and_equal_ones_are_numbered() -> None:
    """Two clients of the same file must be told apart in the output."""
    names = [name for name, _ in parsed("sub/client.py", "--", "server.py", "--", "sub/client.py",
                                        "--", "sub/client.py")]  # fmt: skip
    assert names == ["client.py", "server.py", "client.py#2", "client.py#3"]


@pytest.mark.parametrize(
    ("words", "said"),
    [((), "missing"), (("--", "server.py"), "missing"), (("server.py", "--"), "missing"),
     (("gone.py",), "no such file"), (("-m",), "missing"), (("-c",), "missing"),
     (("./start.sh",), r"chmod \+x"), (("sub",), "this is a folder|no such program"),
     (("no-such-program-at-all",), "on PATH")],
)  # fmt: skip
def test_what_cannot_be_started_is_refused_before_anything_starts(
    words: tuple[str, ...], said: str
) -> None:
    """The first program must not run while the second one is a typing mistake."""
    with pytest.raises(ProgramError, match=said):
        programs.parse(words)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read anything")
def test_a_file_that_may_not_be_read_is_refused(folder: Path) -> None:
    """Python would say so too, but as if it had been started."""
    (folder / "server.py").chmod(0)
    with pytest.raises(ProgramError, match=r"chmod \+r"):
        programs.parse(["server.py"])


def test_the_active_environments_python_is_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program needs its own packages, wherever Plainwire is installed."""
    (folder / "venv" / "bin").mkdir(parents=True)
    (folder / "venv" / "bin" / "python").write_text("")
    monkeypatch.setenv("VIRTUAL_ENV", str(folder / "venv"))
    assert parsed("server.py", python=None)[0][1][0] == str(folder / "venv" / "bin" / "python")


def test_the_way_to_the_probe_goes_before_the_users_own_path(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PYTHONPATH of the user stays, behind ours; nothing else of his is changed."""
    monkeypatch.setenv("PYTHONPATH", "/mine")
    env = programs.environment(folder)
    assert env["PYTHONPATH"] == f"{programs.INJECT}{os.pathsep}/mine"
    changed = {k for k in env if env[k] != os.environ.get(k)}
    assert changed == {"PYTHONPATH", "PLAINWIRE_RUN"}
