"""`plainwire serve` and `plainwire talk`, as a user runs them."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import pytest

COMMAND = [sys.executable, "-c", "from plainwire.cli.main import main; main()"]


def start(*words: str) -> tuple[subprocess.Popen[str], str]:
    """Start a server and return it with the address it printed."""
    server = subprocess.Popen([*COMMAND, "serve", *words], stderr=subprocess.PIPE, text=True)
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
    ],
    ids=" ".join,
)
def test_a_refusal_is_one_line_and_status_2(words: list[str]) -> None:
    """Never a traceback."""
    done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=30, input="")
    assert done.returncode == 2
    assert done.stderr.startswith("plainwire: ")
    assert done.stderr.count("\n") == 1


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
