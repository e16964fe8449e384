"""Programs to observe, and a `plainwire` whose recordings go to a folder of the test."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

LIMIT_SECONDS = 40  # of any one command; a loaded CI machine is slow

# The port is 0; the server says the one it got through a named pipe, where each side
# waits for the other.
SERVER = """
import socket
server = socket.create_server(("127.0.0.1", 0))
with open("port", "w") as file:
    file.write(str(server.getsockname()[1]))
print("server is ready", flush=True)
connection, _ = server.accept()
data = connection.recv(1024)
print("server got", data.decode(), flush=True)
connection.sendall(b"welcome")
connection.recv(64)
connection.close()
"""
CLIENT = """
import socket, sys
sock = socket.create_connection(("127.0.0.1", int(open("port").read())))
sock.sendall(b"hello")
print("client got", sock.recv(1024).decode(), flush=True)
sock.close()
"""
HANGS = CLIENT.replace("sock.close()", "sock.recv(64)\nsock.close()")


def line_of(source: str, text: str) -> int:
    """The number of the first line that holds a text."""
    return next(n for n, line in enumerate(source.splitlines(), 1) if text in line)


class Running:
    """A plainwire that runs; its stderr is read line by line as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[tuple[float, str]] = []
        self.out: list[str] = []
        self._news = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read_errors, daemon=True),
            threading.Thread(target=self._read_output, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self.lines.append((time.monotonic(), line))
                self._news.notify_all()

    def _read_output(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.out.append(line)
                self._news.notify_all()

    def wait_text(self, text: str) -> float:
        """When a line with this text was seen, on either stream."""

        def seen() -> list[float]:
            now = [time.monotonic() for line in self.out if text in line]
            return [t for t, line in self.lines if text in line] + now

        with self._news:
            assert self._news.wait_for(seen, LIMIT_SECONDS), (text, self.out, self.lines)
            return seen()[0]

    @property
    def errors(self) -> str:
        return "".join(line for _, line in self.lines)

    def wait_end(self) -> int:
        status = self.process.wait(LIMIT_SECONDS)
        for reader in self._readers:
            reader.join(LIMIT_SECONDS)
        return status


class Plainwire:
    """Runs the command in a folder with its own state directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "LC_ALL": "C.UTF-8"}
        for name in ("NO_COLOR", "VIRTUAL_ENV", "PLAINWIRE_RUN", "LANGUAGE"):
            self.env.pop(name, None)

    def write(self, name: str, source: str) -> str:
        (self.folder / name).write_text(source, encoding="utf-8")
        return name

    def pair(self, client: str = CLIENT) -> list[str]:
        """The words of a server and a client."""
        if not (self.folder / "port").exists():
            os.mkfifo(self.folder / "port")
        server = self.write("server.py", SERVER)
        return [server, "--", self.write("client.py", client)]

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "plainwire", *words]

    def __call__(
        self, *words: str, stdin: str = "", **env: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words), cwd=self.folder, env={**self.env, **env}, input=stdin,
            capture_output=True, text=True, encoding="utf-8", timeout=LIMIT_SECONDS, check=False,
        )  # fmt: skip

    def start(self, *words: str) -> Running:
        process = subprocess.Popen(
            self.command(*words), cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        self.started.append(process)
        return Running(process)

    started: list[subprocess.Popen[str]]

    @property
    def recordings(self) -> list[Path]:
        return sorted((self.folder / "state" / "plainwire" / "runs").glob("*.plainwire"))


@pytest.fixture
def plainwire(tmp_path: Path) -> Iterator[Plainwire]:
    made = Plainwire(tmp_path)
    made.started = []
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
        process.wait(LIMIT_SECONDS)
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


@pytest.fixture
def gone() -> Callable[[int], bool]:
    """Has a process ended within the limit?"""

    def ended(pid: int) -> bool:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return True
        import select

        try:
            return bool(select.select([descriptor], [], [], LIMIT_SECONDS)[0])
        finally:
            os.close(descriptor)

    return ended
