"""`plainwire serve` and `plainwire talk`, as a user runs them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-c", "from plainwire.cli.main import main; main()"]


def start(*words: str) -> tuple[subprocess.Popen[str], str]:
    """Start a server and return it with the address it printed."""
    english = {**os.environ, "PLAINWIRE_LANG": "en"}
    command = [*COMMAND, "serve", *words]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=english)
    assert server.stderr is not None
    line = server.stderr.readline()
    assert " at " in line, line
    return server, line.split(" at ")[1].split()[0]


def stop(server: subprocess.Popen[str]) -> str:
    """Ask a server to drain and return its last words."""
    server.send_signal(signal.SIGTERM)
    _, words = server.communicate(timeout=15)
    assert server.returncode == 0
    return words


def talk(address: str, text: str, *words: str) -> Any:
    return subprocess.run(
        [*COMMAND, "talk", address, *words], input=text, capture_output=True, text=True, timeout=30
    )


@pytest.mark.parametrize(("model", "codec"), [("loop", "lines"), ("processes", "length:4|json")])
def test_talk_through_a_pipe(model: str, codec: str) -> None:
    """A line in, a message out, the answers on stdout; SIGTERM drains."""
    server, address = start(
        "echo", "--at", "tcp://127.0.0.1:0", "--frames", codec, "--model", model
    )
    try:
        done = talk(address, '"hi"\n{"a":1}\n', "--frames", codec)
    finally:
        words = stop(server)
    assert done.returncode == 0, done.stderr
    assert [line.replace(" ", "").strip('"') for line in done.stdout.splitlines()] == [
        "hi",
        '{"a":1}',
    ]
    assert "2 messages" in words


@pytest.mark.parametrize(
    "words",
    [
        ["serve", "echo", "--at", "nonsense"],
        ["serve", "echo", "--frames", "nope"],
        ["serve", "echo", "--frames", "json"],
        ["serve", "nobody"],
        ["serve", "no.such:thing"],
        ["serve", "echo", "--at", "tls://127.0.0.1:0"],
        ["talk", "tcp://127.0.0.1:1"],
        ["talk", "what"],
        ["talk", "udp://127.0.0.1:9"],
        ["talk", "tcp://host.invalid:7000"],
        ["talk", "unix:/no/such/folder/s"],
        ["talk", "tcp://127.0.0.1:1", "--frames", "lengt:4"],
        ["serve", "echo", "--at", "unix:/no/such/folder/s"],
        ["serve", "echo", "--at", "tcp://127.0.0.1:65536"],
        ["serve", "echo", "--at", "tls://127.0.0.1:0", "--tls", __file__],
        ["serve", "echo", "--at", "udp://127.0.0.1:0", "--model", "processes"],
    ],
    ids=" ".join,
)
def test_a_refusal_is_one_line_and_status_2(words: list[str]) -> None:
    """Never a traceback."""
    done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=30, input="")
    assert done.returncode == 2
    assert done.stderr.startswith("plainwire: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("source", "words"),
    [("def f(peer: 1", "line 1"), ("1 / 0", "ZeroDivisionError"), ("", "no attribute 'f'")],
)
def test_a_module_that_cannot_be_imported_is_one_line(
    source: str, words: str, tmp_path: Path
) -> None:
    """Its place is named; the stack of the import is the command's own and helps nobody."""
    (tmp_path / "wrong.py").write_text(source)
    done = subprocess.run(
        [*COMMAND, "serve", "wrong:f"], capture_output=True, text=True, timeout=30, cwd=tmp_path
    )
    assert done.returncode == 2
    assert done.stderr.startswith("plainwire: ")
    assert done.stderr.count("\n") == 1
    assert "wrong" in done.stderr
    assert words in done.stderr


def test_a_line_that_is_no_json_is_named_by_its_number() -> None:
    """`talk` in a pipe: which of a thousand lines was it?"""
    server, address = start("echo", "--at", "tcp://127.0.0.1:0", "--frames", "lines|json")
    try:
        done = talk(address, "1\n{oops\n", "--frames", "lines|json")
    finally:
        stop(server)
    assert done.returncode == 2
    assert done.stderr.startswith("plainwire: line 2 of the input: ")


def test_the_chinese_user_reads_chinese() -> None:
    """The words of `serve` come from the catalogue."""
    done = subprocess.run(
        [*COMMAND, "serve", "nobody"], capture_output=True, text=True, timeout=30,
        env={**os.environ, "PLAINWIRE_LANG": "zh_CN"},
    )  # fmt: skip
    assert done.returncode == 2
    assert "处理函数" in done.stderr


def test_a_busy_port_is_one_line_and_status_2() -> None:
    """The commonest mistake of all."""
    server, address = start("time", "--at", "tcp://127.0.0.1:0")
    try:
        done = subprocess.run(
            [*COMMAND, "serve", "echo", "--at", address], capture_output=True, text=True, timeout=30
        )
    finally:
        stop(server)
    assert done.returncode == 2
    assert "another program is bound there" in done.stderr
