"""Private hosts for tests that need a kernel of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

NOT_PERMITTED = 77


@dataclass
class Plan:
    """Hosts, cables, and what is done on them.

    Cables are (host, interface, host, interface); steps are done in order, host by host;
    commands are (host, arguments of this Python), run without CAP_NET_ADMIN and CAP_NET_RAW
    when `ordinary`.
    """

    hosts: list[str]
    cables: list[tuple[str, str, str, str]]
    steps: dict[str, list[dict[str, Any]]]
    run: list[tuple[str, list[str]]] = field(default_factory=list)
    ordinary: bool = False


@dataclass
class Done:
    status: int
    stdout: str
    stderr: str

    def json(self) -> dict[str, Any]:
        assert self.status == 0, self.stderr
        found: dict[str, Any] = json.loads(self.stdout)
        return found


@pytest.fixture
def in_namespaces() -> Callable[[Plan], list[Done]]:
    """Build a plan's hosts and run its commands; skip with the reason where forbidden."""

    def run(plan: Plan) -> list[Done]:
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("namespace.py"))],
            input=json.dumps(asdict(plan)),
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        if done.returncode == NOT_PERMITTED:
            pytest.skip(f"private namespaces are not permitted: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
        return [Done(**found) for found in json.loads(done.stdout)]

    return run


def path_command(*arguments: str) -> list[str]:
    """Arguments of Python for `plainwire path ...`."""
    return ["-c", "from plainwire.cli.main import main; main()", "path", *arguments]
