"""Which processes are followed, and that the others are unharmed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.see.transparency.observed import (
    PYTHON,
    check_ok,
    check_same,
    clean_environment,
    new_folder,
    run,
    write,
)

from plainwire.see.diagnosis.model import place_of
from plainwire.see.recorder.programs import INJECT

MULTIPROCESSING = """
import multiprocessing, os, socket
def work(a):
    a.sendall(b"from the child")
if __name__ == "__main__":
    context = multiprocessing.get_context(METHOD)
    a, b = socket.socketpair()
    p = context.Process(target=work, args=(a,))
    p.start()
    a.close()
    got = b""
    while True:
        data = b.recv(100)
        if not data:
            break
        got += data
        if got == b"from the child":
            break
    p.join()
    assert got == b"from the child" and p.exitcode == 0
    print("ok")
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing(tmp_path: Path, method: str) -> None:
    """All three start methods; the child's call is on record, in a process of its own."""
    seen = check_ok(tmp_path, MULTIPROCESSING.replace("METHOD", repr(method)))
    (sent,) = seen.calls("sendall")
    main = next(call.process for call in seen.calls("recv") if call.count == 14)
    assert sent.process.pid != main.pid
    assert sent.count == 14


def test_fork_without_exec_is_a_process_with_a_parent(tmp_path: Path) -> None:
    """Sockets that a child inherits keep the numbers of its parent."""
    seen = check_ok(
        tmp_path,
        """
        import os, socket
        a, b = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            a.send(b"child")
            os._exit(0)
        os.waitpid(pid, 0)
        assert b.recv(10) == b"child"
        print("ok")
        """,
    )
    (sent,) = seen.calls("send")
    (read,) = seen.calls("recv")
    assert sent.process.parent == read.process.key
    flow = seen.ledger.flows[0]
    assert {flow.there.written, flow.there.read} == {5}


def test_subprocesses_shells_and_exec(tmp_path: Path) -> None:
    """A Python anywhere among the descendants, also with an environment made anew."""
    seen = check_ok(
        tmp_path,
        """
        import os, subprocess, sys
        code = "import socket; a, b = socket.socketpair(); a.send(b'%s'); print(b.recv(9).decode())"
        def out(*args, **kw):
            return subprocess.run(*args, stdout=subprocess.PIPE, check=True, **kw).stdout
        assert out([sys.executable, "-c", code % "one"]) == b"one\\n"
        shell = ["sh", "-c", 'exec "$0" -c "$1"', sys.executable, code % "two"]
        assert out(shell) == b"two\\n"
        assert out([sys.executable, "-c", code % "three"], env={"A": "B"}) == b"three\\n"
        pid = os.fork()
        if pid == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.execv(sys.executable, [sys.executable, "-c", code % "four"])
        assert os.waitpid(pid, 0)[1] == 0
        print("ok")
        """,
    )
    assert sorted(call.payload or b"" for call in seen.calls("send")) == [
        b"four", b"one", b"three", b"two",
    ]  # fmt: skip


def test_the_environment_a_program_gave_is_not_changed(tmp_path: Path) -> None:
    """Only the child sees two variables more; the program's own dict stays."""
    check_ok(
        tmp_path,
        """
        import subprocess, sys
        mine = {"A": "B"}
        code = "import os; print(os.environ['A'])"
        got = subprocess.run([sys.executable, "-c", code], env=mine, stdout=subprocess.PIPE)
        assert got.stdout == b"B\\n" and mine == {"A": "B"}
        print("ok")
        """,
    )


@pytest.mark.parametrize("flag", ["-I", "-E", "-S"])
def test_flags_that_keep_the_probe_out(tmp_path: Path, flag: str) -> None:
    """Such a program runs as ever; nothing is on record of it."""
    path = write(
        tmp_path, "import socket\na, b = socket.socketpair()\na.send(b'x')\nprint(b.recv(1))\n"
    )
    folder = new_folder(tmp_path)
    seen = run([PYTHON, flag, path], folder)
    assert seen.same == run([PYTHON, flag, path]).same == (0, "b'x'\n", "")
    assert sorted(entry.name for entry in folder.iterdir()) == ["control"]


def test_the_users_own_sitecustomize_still_runs(tmp_path: Path) -> None:
    """One on the user's PYTHONPATH, found behind ours, and importable as itself."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "sitecustomize.py").write_text("print('theirs', __name__, __file__)\n")
    seen = check_same(
        tmp_path,
        """
        import sys
        import sitecustomize
        print(sitecustomize.__file__, [p for p in sys.path if "inject" in p])
        """,
        environment={"PYTHONPATH": str(theirs)},
    )
    assert seen.stdout.startswith("theirs sitecustomize " + str(theirs))


def test_a_broken_sitecustomize_of_the_users_breaks_as_it_would(tmp_path: Path) -> None:
    """Its traceback is the interpreter's to print; the program still runs."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "sitecustomize.py").write_text("1/0\n")
    path = write(tmp_path, "print('runs')\n")
    env = {"PYTHONPATH": str(theirs)}
    seen = run([PYTHON, path], new_folder(tmp_path), environment=env)
    bare = run([PYTHON, path], environment=env)
    assert (seen.status, seen.stdout) == (bare.status, bare.stdout) == (0, "runs\n")
    assert "ZeroDivisionError" in seen.stderr


def test_no_run_folder_no_probe(tmp_path: Path) -> None:
    """A folder that is gone, or a variable that is missing: the bare program."""
    path = write(tmp_path, "import socket\nprint(socket.socket.send)\n")
    bare = run([PYTHON, path])
    for folder in (tmp_path / "gone", None):
        env = {"PYTHONPATH": str(INJECT)}
        if folder is not None:
            env["PLAINWIRE_RUN"] = str(folder)
        assert run([PYTHON, path], environment=env).same == bare.same


def test_every_older_interpreter_loads_the_probe(tmp_path: Path) -> None:
    """From 3.8 on; those that this machine has."""
    names = [f"python3.{minor}" for minor in range(8, 15)]
    found = [shutil.which(name) for name in names]
    given = os.environ.get("PLAINWIRE_TEST_PYTHONS", "").split(os.pathsep)
    pythons = [python for python in (*found, *given) if python]
    path = write(
        tmp_path,
        "import os, socket\na, b = socket.socketpair()\n"
        "a.send(b'x'), os.write(a.fileno(), b'yz')\nprint(b.recv(5))\n",
    )
    ran = 0
    for python in pythons:
        if run([python, "-c", ""]).status:
            continue  # a shim for a version that is not there
        folder = new_folder(tmp_path)
        assert run([python, path], folder).same == (0, "b'xyz'\n", "")
        counts = [item[3] for item in run([python, path], folder).items if item[0] == "slots"]
        assert counts, python
        ran += 1
    if not ran:
        pytest.skip("no interpreter of another version on PATH or in PLAINWIRE_TEST_PYTHONS")
    assert clean_environment()


def test_a_close_by_asyncios_loop_has_the_line_that_asked(tmp_path: Path) -> None:
    """The loop closes the socket in a callback; FIN is still w.close()'s doing."""
    seen = check_ok(
        tmp_path,
        """
        import asyncio

        async def answer(reader, writer):
            writer.write(await reader.readline())
            await writer.drain()
            writer.close()

        async def main():
            server = await asyncio.start_server(answer, "127.0.0.1", 0)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hi\\n")
            assert await reader.read() == b"hi\\n"
            writer.close()
            await writer.wait_closed()
            server.close()

        asyncio.run(main())
        print("ok")
        """,
    )
    (flow,) = seen.ledger.flows
    closed = [call for end in flow.ends for call in end.calls if call.op == "closed"]
    places = [place_of(call, "closes") for call in closed]
    assert [place.frame.line for place in places if place is not None] == [13, 6]
