"""What users do to programs under observation: they crash, fork, delete and kill.

Whatever it is, the run ends, says no traceback of ours, and leaves one recording.
"""

from __future__ import annotations

import hashlib
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from see.cli.conftest import LIMIT_SECONDS, Plainwire, line_of

pytestmark = pytest.mark.slow

PAIR = """
import socket
a, b = socket.socketpair()
a.sendall(b"hello")
print("got", b.recv(64).decode())
a.close()
b.close()
"""


def run(plainwire: Plainwire, *words: str, timeout: str = "20") -> subprocess.CompletedProcess[str]:
    """A run with a bound; it may end in any way but with a mistake of ours."""
    done = plainwire("run", "--no-packets", "--timeout", timeout, *words)
    ours = [line for line in done.stderr.splitlines() if " | " not in line]
    assert not [line for line in ours if "Traceback" in line or "fault: " in line], done.stderr
    (recording,) = plainwire.recordings
    assert f"recording: {recording}" in ours
    return done


def show(plainwire: Plainwire, *words: str) -> str:
    """The recording again; the run's folder of working files is gone by then."""
    shown = plainwire("show", *words)
    assert shown.returncode == 0, shown.stderr
    assert shown.stderr == ""
    (recording,) = plainwire.recordings
    assert list(recording.parent.iterdir()) == [recording]
    return shown.stdout


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        ("raise SystemExit(3)", 3, ""),
        ("def f(:", 1, "a.py | SyntaxError: "),
        ("import os; os.abort()", 134, ""),
    ],
    ids=["exits", "syntax", "aborts"],
)
def test_a_program_that_does_not_get_far(
    plainwire: Plainwire, source: str, status: int, said: str
) -> None:
    """Its own status and its own words come through; we only say that no socket spoke."""
    done = run(plainwire, plainwire.write("a.py", source))
    assert done.returncode == status
    assert said in done.stderr
    assert "No program spoke over a socket." in done.stderr
    assert "No program spoke over a socket." in show(plainwire)


DEAF = """
import os, signal
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
print("pid", os.getpid(), flush=True)
while True:
    signal.pause()
"""


def test_a_program_deaf_to_signals_is_ended_all_the_same(
    plainwire: Plainwire, gone: Callable[[int], bool]
) -> None:
    """A run with a bound comes back, and leaves nothing running."""
    done = run(plainwire, plainwire.write("a.py", DEAF), timeout="1")
    assert done.returncode == 0
    (pid,) = re.findall(r"^a\.py \| pid (\d+)$", done.stdout, re.MULTILINE)
    assert gone(int(pid))
    show(plainwire)


@pytest.mark.parametrize(
    ("count", "piece"),
    [(500_000, "'%099d\\n' % n"), (500, "'%0100000d' % n")],
    ids=["lines", "one-line"],
)
def test_fifty_megabytes_of_output_all_arrive(plainwire: Plainwire, count: int, piece: str) -> None:
    """Nothing is dropped or doubled, however long the lines; the recording keeps a part."""
    written = "".join(eval(piece, {"n": n}) for n in range(count))
    assert len(written) == 50_000_000
    source = f"import sys\nfor n in range({count}):\n    sys.stdout.write({piece})\n"
    done = run(plainwire, plainwire.write("a.py", source))
    assert done.returncode == 0
    # A line that paused is one line all the same: its prefix stands at its beginning only.
    arrived = re.sub(r"^a\.py \| ", "", done.stdout, flags=re.MULTILINE)
    if not written.endswith("\n"):
        arrived = arrived.removesuffix("\n")
    # Digests: a diff of 50 MB would take for ever.
    assert len(arrived) == len(written)
    assert hashlib.sha256(arrived.encode()).digest() == hashlib.sha256(written.encode()).digest()
    show(plainwire)
    (recording,) = plainwire.recordings
    assert recording.stat().st_size < 5_000_000


FORKS = """
import os, socket
for n in range(200):
    pid = os.fork()
    if not pid:
        a, b = socket.socketpair()
        a.sendall(b"x")
        b.recv(1)
        a.close()
        b.close()
        os._exit(0)
    os.waitpid(pid, 0)
print("all ended")
"""


def test_two_hundred_children_that_each_speak(plainwire: Plainwire) -> None:
    """Each is a process of its own with a flow of its own; the report is not 200 pages."""
    done = run(plainwire, plainwire.write("a.py", FORKS))
    assert done.returncode == 0
    assert "a.py | all ended\n" in done.stdout
    assert len(done.stderr.splitlines()) < 60
    assert "flow 199 " in show(plainwire, "--flow", "199")
    calls = show(plainwire, "--calls")
    assert len(re.findall(rf"a\.py:{line_of(FORKS, 'b.recv(1)')}\b", calls)) == 200


def test_descriptors_closed_behind_our_back(plainwire: Plainwire) -> None:
    """As daemons do; what comes afterwards is seen, and no file of ours is written into."""
    script = plainwire.write("a.py", "import os\nos.closerange(3, 200)" + PAIR)
    done = run(plainwire, script)
    assert done.returncode == 0
    assert done.stdout == "a.py | got hello\n"
    assert "exchanged 1 message" in done.stderr
    assert "hello" in show(plainwire, "--flow", "0")


def test_an_isolated_python_is_seen_from_outside_only(plainwire: Plainwire) -> None:
    """`-I` takes no notice of the environment: nothing is observed, and that is said."""
    done = run(plainwire, sys.executable, "-I", plainwire.write("a.py", PAIR))
    assert done.returncode == 0
    assert "| got hello\n" in done.stdout
    said = "was not observed: no Python in it loaded the probe"
    assert said in done.stderr
    assert said in show(plainwire)


def test_a_program_that_changes_directory_first(plainwire: Plainwire) -> None:
    """The recording stays where it was, and lines are found though the path was relative."""
    source = "import os\nos.mkdir('sub')\nos.chdir('sub')" + PAIR
    done = run(plainwire, plainwire.write("a.py", source))
    assert done.returncode == 0
    assert list((plainwire.folder / "sub").iterdir()) == []
    place = f'{line_of(source, "sendall")} a.sendall(b"hello")'
    assert place in done.stderr
    assert place in show(plainwire)


def test_a_program_that_deletes_its_source(plainwire: Plainwire) -> None:
    """The line is shown as it was when it ran; the recording holds it."""
    source = "import os\nos.remove(__file__)" + PAIR
    script = plainwire.write("a.py", source)
    done = run(plainwire, script)
    assert done.returncode == 0
    assert not (plainwire.folder / script).exists()
    place = f'{line_of(source, "sendall")} a.sendall(b"hello")'
    assert place in done.stderr
    assert place in show(plainwire)


# Each waits for a word of the test's, then answers: so it is known to be alive.
LIVES = """
import os, signal, socket, sys
print("pid", os.getpid(), flush=True)
a, b = socket.socketpair()
a.sendall(b"question")
b.recv(64)
print(sys.argv[1], "has spoken", flush=True)
with open("go" + sys.argv[1]) as file:
    file.readline()
b.sendall(b"answer")
a.recv(64)
with open("alive" + sys.argv[1], "w") as file:
    file.write("alive")
while True:
    signal.pause()
"""


@pytest.fixture
def pipes(tmp_path: Path) -> Iterator[dict[str, int]]:
    """Named pipes, open for both directions: so no open waits for its other side."""
    opened = {}
    for name in ("go1", "go2", "alive1", "alive2"):
        os.mkfifo(tmp_path / name)
        opened[name] = os.open(tmp_path / name, os.O_RDWR | os.O_NONBLOCK)
    yield opened
    for descriptor in opened.values():
        os.close(descriptor)


def test_kill_9_of_the_recorder_leaves_the_programs_and_the_calls(
    plainwire: Plainwire, pipes: dict[str, int], gone: Callable[[int], bool]
) -> None:
    """The programs are the user's; even what they do without us is in the recording."""
    script = plainwire.write("a.py", LIVES)
    running = plainwire.start(
        "run",
        "--no-packets",
        "--timeout",
        "30",
        "--start-wait",
        "0",
        script,
        "1",
        "--",
        script,
        "2",
    )
    pids: list[int] = []
    try:
        for number in ("1", "2"):
            running.wait_text(f"{number} has spoken")
        pids = [int(pid) for pid in re.findall(r"pid (\d+)", "".join(running.out))]
        assert len(pids) == 2
        running.process.kill()
        assert running.wait_end() == -signal.SIGKILL
        for number in ("1", "2"):
            os.write(pipes[f"go{number}"], b"\n")
            answers = pipes[f"alive{number}"]
            assert select.select([answers], [], [], LIMIT_SECONDS)[0], number
            assert os.read(answers, 64) == b"alive"
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
    assert all(gone(pid) for pid in pids)
    shown = plainwire("show")
    assert shown.returncode == 0
    assert shown.stderr.count("\n") == 1
    assert "was broken off; reading what was recorded" in shown.stderr
    assert "fault: " not in shown.stdout
    calls = show(plainwire, "--calls")
    for text in ("a.sendall", "b.recv", "b.sendall", "a.recv"):
        assert len(re.findall(rf"a\.py(?:#2)?:{line_of(LIVES, text)}\b", calls)) == 2, calls
