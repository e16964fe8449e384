"""Programs: from the words of a command line to running processes, and their end.

A PROGRAM is a Python file, `-m module`, `-c code`, or any command. What runs in the
end is decided by the program itself: a Python among its descendants is observed
because the environment tells it to load the probe.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from plainwire.see import probe
from plainwire.see.recorder import kernel

INJECT = Path(probe.__file__).parent / "inject"


class ProgramError(Exception):
    """A program that cannot be started; the text says which, why, and what to do."""


@dataclass
class Program:
    """One program of a run."""

    index: int
    name: str  # shown in front of its output: `server.py`, or `client.py#2`
    command: list[str]  # what is executed
    words: list[str]  # what the user wrote
    process: subprocess.Popen[bytes] | None = None
    status: int | None = None  # exit status, or minus the signal that ended it
    ended_by_us: bool = False
    ports: list[int] = field(default_factory=list)

    @property
    def running(self) -> bool:
        """Has it been started and not ended yet?"""
        return self.process is not None and self.status is None

    @property
    def pid(self) -> int:
        """The process started for it."""
        assert self.process is not None
        return self.process.pid


def interpreter() -> str:
    """The Python for programs given as files: the active environment's, else `python3`.

    Not necessarily the one that runs Plainwire: the observed program needs its own
    packages, and nothing of ours.
    """
    environment = os.environ.get("VIRTUAL_ENV")
    if environment:
        candidate = Path(environment) / "bin" / "python"
        if candidate.exists():
            return str(candidate)
    return shutil.which("python3") or sys.executable


def split(words: Sequence[str]) -> list[list[str]]:
    """`a x -- b y` -> [[a, x], [b, y]]; empty parts are errors of the caller."""
    parts: list[list[str]] = [[]]
    for word in words:
        if word == "--":
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def parse(words: Sequence[str], python: str | None = None) -> list[Program]:
    """Make programs of the words after the options.

    Raises:
        ProgramError: no program, an empty one, or one that does not exist.
    """
    programs: list[Program] = []
    for index, part in enumerate(split(words)):
        if not part:
            raise ProgramError("run: a program is missing before or after `--`")
        name, command = _command(part, python)
        programs.append(Program(index, name, command, part))
    for program in programs:
        same = [other for other in programs if other.name == program.name]
        if len(same) > 1:
            for number, other in enumerate(same[1:], 2):
                other.name = f"{other.name}#{number}"
    return programs


def _command(part: list[str], python: str | None) -> tuple[str, list[str]]:
    first = part[0]
    if first in ("-m", "-c"):
        if len(part) < 2:
            raise ProgramError(f"run {first}: the module or the code is missing")
        name = part[1] if first == "-m" else "-c"
        return name, [python or interpreter(), *part]
    path = Path(first)
    if first.endswith((".py", ".pyw")):
        if not path.exists():
            raise ProgramError(f"run {first}: no such file in {Path.cwd()}")
        if path.is_dir():
            raise ProgramError(f"run {first}: this is a folder, not a program")
        if not os.access(path, os.R_OK):
            raise ProgramError(
                f"run {first}: permission denied; make it readable: chmod +r {first}"
            )
        return path.name, [python or interpreter(), *part]
    found = shutil.which(first)
    if found is None:
        if path.is_dir():
            raise ProgramError(f"run {first}: this is a folder, not a program")
        if path.exists():
            raise ProgramError(
                f"run {first}: not executable; make it so with `chmod +x {first}`,"
                " or name its interpreter before it"
            )
        raise ProgramError(f"run {first}: no such program, in this folder or on PATH")
    return path.name, part


def environment(folder: Path, more: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """The environment of the programs: theirs, the way to the probe, and `more`."""
    env = dict(os.environ)
    theirs = env.get("PYTHONPATH")
    env["PYTHONPATH"] = f"{INJECT}{os.pathsep}{theirs}" if theirs else str(INJECT)
    env["PLAINWIRE_RUN"] = str(folder)
    env.update(more)
    return env


def start(
    program: Program,
    folder: Path,
    *,
    stdin: int | None,
    stdout: int,
    stderr: int,
    own_group: bool,
    more: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Execute a program.

    Args:
        program: what to start; its `process` is set.
        folder: the run's folder, for the probe.
        stdin: a descriptor, None for ours, or subprocess.DEVNULL.
        stdout: a descriptor to write its output to.
        stderr: likewise.
        own_group: put it into a process group of its own.
        more: variables to add to its environment.

    Raises:
        ProgramError: the system refused to execute it.
    """
    try:
        program.process = subprocess.Popen(
            program.command,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=environment(folder, more),
            process_group=0 if own_group else None,
            bufsize=0,
        )
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = ""
        if error.errno == 8:  # ENOEXEC
            hint = "; its first line must name its interpreter, as in `#!/bin/sh`"
        raise ProgramError(f"run {program.words[0]}: {reason}{hint}") from error


def send_signal(programs: Sequence[Program], number: signal.Signals) -> None:
    """Send a signal to programs and to all processes they started, as a terminal would."""
    roots = [program.pid for program in programs if program.running]
    for pid in kernel.family(roots):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
        except PermissionError:
            continue
