"""Run a script inside a private network, as root or as an ordinary user.

Namespaces are entered in a child process, since entering cannot be undone. The script
gets its arguments on the command line and prints one JSON value.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from plainwire.see.capture import private_net

ROOT = Path(__file__).parent.parent.parent
NOBODY = 65534
USERS = ("root", "ordinary")


@functools.cache
def interpreter_for(user: str) -> tuple[list[str], str]:
    """Give the command that starts Python as that user, or a reason why there is none."""
    if user == "root":
        reason = "" if os.geteuid() == 0 else "the tests do not run as root"
        return [sys.executable], reason
    if os.geteuid() != 0:
        return [sys.executable], private_net.ability()[1]
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return [], "setpriv is not installed"
    drop = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        command = [*drop, python]
        importing = (
            f"import sys; sys.path[:0] = {_paths()!r}; import msgspec, plainwire, subprocess; "
            "subprocess.run([sys.executable, '-V'], check=True)"
        )
        tried = subprocess.run(
            [*command, "-c", importing], capture_output=True, check=False, timeout=30
        )
        if tried.returncode == 0:
            check = subprocess.run(
                [*command, "-I", "-S", str(private_net.__file__)],
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            )
            return command, check.stderr.strip()
    return [], f"no {version} that an ordinary user may start"


def _paths() -> list[str]:
    return [str(ROOT / "src"), str(Path(msgspec.__file__).parent.parent)]


def run_in_net(user: str, script: str, *arguments: str, timeout: float = 100) -> Any:
    """Run tests/capture/`script` as the user and give what it printed; skip if forbidden."""
    command, reason = interpreter_for(user)
    if reason:
        pytest.skip(reason)
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(_paths())
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    done = subprocess.run(
        [*command, str(Path(__file__).parent / script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        env=environment,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)
