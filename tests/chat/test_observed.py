"""The chat's own server and client, observed by `plainwire run`: named messages, no finding."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import PROGRAM, WAIT_SECONDS, Client

from plainwire import Address


def until_it_says(run: subprocess.Popen[str], word: str) -> str:
    """Read its standard output and error, which are one pipe, up to a line with the word."""
    assert run.stdout is not None
    said, deadline = "", time.monotonic() + WAIT_SECONDS
    while word not in said:
        left = deadline - time.monotonic()
        assert left > 0, said
        if select.select([run.stdout], [], [], left)[0]:
            piece = os.read(run.stdout.fileno(), 65536)
            assert piece, said
            said += piece.decode()
    return said


@pytest.mark.observed
def test_the_chat_under_observation_names_its_messages_and_has_no_finding(tmp_path: Path) -> None:
    """Our own program must pass our own examination, and be shown in its own words."""
    report = tmp_path / "report.json"
    # Bound and never listening: the port is nobody else's, and a server that reuses
    # addresses may have it (socket(7)).
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    port = kept.getsockname()[1]
    command = [
        PROGRAM, "run", "--python", sys.executable, "--json", str(report), "-m", "plainwire",
        "chat", "serve", "--port", str(port), "--web-port", "0", "--data", str(tmp_path / "d"),
        "--", "-m", "plainwire", "chat", "join", f"tcp://127.0.0.1:{port}", "--name", "ci",
    ]  # fmt: skip
    run = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path), "PLAINWIRE_LANG": "en"},
    )  # fmt: skip
    try:
        assert run.stdin is not None
        run.stdin.write("hello\n你好 👋\n")
        run.stdin.close()
        said = until_it_says(run, "still running")
        address = Address.parse(f"tcp://127.0.0.1:{port}")
        with Client(address, "reader") as reader:
            reader.join("lobby")
            for text in ("hello", "你好 👋"):
                assert reader.wait(type="event")["body"]["text"] == text
        run.send_signal(signal.SIGINT)
        said += until_it_says(run, "recording:")
        assert run.wait(WAIT_SECONDS) == 0, said
    finally:
        run.kill()
        run.wait()
        assert run.stdout is not None
        run.stdout.close()
        kept.close()
    found = json.loads(report.read_text())
    assert found["findings"] == [], said
    assert found["faults"] == []
    flows = [flow for flow in found["flows"] if flow["protocol"] == "tcp"]
    pipe = next(flow for flow in flows if flow["client"]["observed"])
    for way, count in (("there", 4), ("back", 6)):
        assert pipe[way]["messages_are"] == "frames"
        assert pipe[way]["messages"] >= count
    assert pipe["there"]["bytes_sent"] == pipe["there"]["bytes_received"]
