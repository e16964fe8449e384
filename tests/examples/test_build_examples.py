"""The examples run as their first lines say, and each is short enough to read at once."""

from __future__ import annotations

import contextlib
import importlib.util
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plainwire import bind_udp, connect, frames

FOLDER = Path(__file__).parents[2] / "examples" / "build"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda p: p.name)
def test_an_example_is_under_30_lines(path: Path) -> None:
    """What does not fit on a screen is not read."""
    assert len(path.read_text().splitlines()) < 30


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(name: str, scheme: str, *words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run an example at a port that is free, and wait until it takes connections.

    Another test may take the port between its choice and its use; then it is chosen anew.
    """
    for _ in range(5):
        port = free_port()
        address = f"{scheme}://127.0.0.1:{port}"
        server = start(name, address, *words)
        until = time.monotonic() + 60
        while server.poll() is None and time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=60).close()
                break
            except ConnectionError:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    server.wait(0.05)
        if server.poll() is None:
            break
    try:
        yield address, server
    finally:
        stop(server)


def run(name: str, *words: str) -> str:
    command = [sys.executable, str(FOLDER / name), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def start(name: str, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(FOLDER / name), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def stop(server: subprocess.Popen[str], number: int = signal.SIGTERM) -> None:
    server.send_signal(number)
    server.communicate(timeout=20)


def test_length_first() -> None:
    """Ten messages, whatever the reads were."""
    assert run("length_first.py").splitlines() == [f"MESSAGE {n}" for n in range(10)]


def test_four_models() -> None:
    """The same answer four times."""
    words = ["serial", "threads", "processes", "loop"]
    assert run("four_models.py").splitlines() == [f"{word} HELLO" for word in words]


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_echo(scheme: str, tls_files: Any) -> None:
    """The server answers whole lines and ends at SIGTERM."""
    pem, client = tls_files
    words = [pem] if scheme == "tls" else []
    with serving(f"{scheme}_echo.py", scheme, *words) as (address, server):
        connection = connect(address, frames.lines(), tls=client if scheme == "tls" else None)
        assert connection.ask(b"hello", 30) == b"hello"
    assert server.returncode == 0


def test_process_chat() -> None:
    """Two clients, two processes: one sees what the other says."""
    with serving("process_chat.py", "tcp") as (address, _):
        with (
            connect(address, frames.lines()) as one,
            connect(address, frames.lines()) as two,
        ):
            # The second has joined the room once one of its lines comes through.
            for _ in range(100):
                one.send(b"are you there?")
                two.send(b"hello")
                try:
                    assert one.recv(0.2) == b"hello"
                    break
                except TimeoutError:
                    continue
            one.send(b"good")
            while two.recv(30) != b"good":
                pass


def test_udp_one_to_many() -> None:
    """Every receiver gets every message."""
    spec = importlib.util.spec_from_file_location("one_to_many", FOLDER / "udp_one_to_many.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with (
        bind_udp("udp://127.0.0.1:0", frames.json()) as one,
        bind_udp("udp://127.0.0.1:0", frames.json()) as two,
    ):
        module.tell([one.local, two.local])
        for net in (one, two):
            assert [net.recv(5)[0]["number"] for _ in range(3)] == [0, 1, 2]


def test_multicast() -> None:
    """A message to the group reaches the program that joined it."""
    with bind_udp("udp://239.77.77.8:0", frames.text()) as free:
        group = f"udp://239.77.77.8:{free.local.port}"
    listener = start("multicast.py", group)
    assert listener.stdout is not None
    try:
        with bind_udp(group, frames.text()) as probe:
            # A datagram that we get has been sent to the group; sent until it is joined.
            import select

            for _ in range(100):
                try:
                    run("multicast.py", group, "hi")
                except subprocess.CalledProcessError:
                    pytest.skip("this machine has no route for multicast")
                probe.recv(5)
                if select.select([listener.stdout], [], [], 0.2)[0]:
                    break
            assert listener.stdout.readline().split()[1] == "hi"
    finally:
        stop(listener)
