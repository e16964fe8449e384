"""The probe under conditions that harm it: it falls silent, the program does not notice."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.see.transparency.observed import (
    PYTHON,
    check_ok,
    moved,
    new_folder,
    run,
    tiles,
    write,
)

from plainwire.see import records

TRAFFIC = """
import os, socket
a, b = socket.socketpair()
for number in range(N):
    assert a.send(b"%06d" % number) == 6
    assert b.recv(6) == b"%06d" % number
print("ok")
"""


def test_exceptions_of_signal_handlers_come_out(tmp_path: Path) -> None:
    """A handler may raise at any moment, also inside of the probe; none may be swallowed.

    Bytes may be lost with the exception, as without the probe; the journal goes on.
    """
    seen = check_ok(
        tmp_path,
        """
        import os, signal, socket
        class Tick(Exception):
            pass
        raised = caught = 0
        def handler(number, frame):
            global raised
            raised += 1
            raise Tick
        signal.signal(signal.SIGALRM, handler)
        a, b = socket.socketpair()
        a.setblocking(False)
        b.setblocking(False)
        def ping():
            for _ in range(50):
                try:
                    a.send(b"x" * 100)
                    a.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    b.recv(1000)
                    socket.socket().close()
                except BlockingIOError:
                    pass
        while raised < 400:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0005)
                while True:
                    ping()
            except Tick:
                caught += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert caught == raised, (caught, raised)
        try:
            b.recv(100000)
        except BlockingIOError:
            pass
        a.sendall(b"the last")
        assert b.recv(100) == b"the last"
        print("ok")
        """,
    )
    last = [item for item in seen.items if item[0] == "payload" and item[4] == b"the last"]
    assert len(last) == 2, "the journal stopped at a signal"


def test_a_handler_may_use_sockets_itself(tmp_path: Path) -> None:
    """Calls inside a handler that interrupts the probe find no lock taken."""
    check_ok(
        tmp_path,
        """
        import signal, socket
        a, b = socket.socketpair()
        c, d = socket.socketpair()
        ticks, armed = 0, -1
        def handler(number, frame):
            global ticks
            ticks += 1
            c.send(b"tick")
            assert d.recv(4) == b"tick"
            c.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        signal.signal(signal.SIGALRM, handler)
        while ticks < 500:
            if armed != ticks:
                armed = ticks
                signal.setitimer(signal.ITIMER_REAL, 0.0003)
            a.send(b"x" * 50)
            assert b.recv(50) == b"x" * 50
        signal.setitimer(signal.ITIMER_REAL, 0)
        print("ok")
        """,
    )


def test_no_room_for_descriptors(tmp_path: Path) -> None:
    """RLIMIT_NOFILE at what is open: the probe cannot open its next file and says so."""
    seen = check_ok(
        tmp_path,
        "import resource, socket\nkept = socket.socketpair(), socket.socketpair()\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5))\na, b = kept[0]\n"
        + TRAFFIC.replace("a, b = socket.socketpair()", "").replace("N)", "3000)"),
    )
    assert ["unseen", "calls", "the disk was full"] in seen.notes("unseen")


def test_all_descriptors_closed(tmp_path: Path) -> None:
    """A daemon closes everything it did not open; new sockets are seen again."""
    seen = check_ok(
        tmp_path,
        """
        import os, socket
        a, b = socket.socketpair()
        a.send(b"before")
        os.closerange(3, 1000)
        try:
            a.send(b"on a closed one")
        except OSError as error:
            assert error.errno == 9
        c, d = socket.socketpair()
        c.send(b"after")
        assert d.recv(10) == b"after"
        a.detach(), b.detach()
        print("ok")
        """,
    )
    assert seen.calls("send")[-1].payload == b"after"


def test_a_folder_that_cannot_be_written_any_more(tmp_path: Path) -> None:
    """The program changes its root or its user: what follows is lost, nothing else."""
    if os.geteuid() != 0:
        pytest.skip("only root may change its root directory")
    seen = check_ok(
        tmp_path,
        "import os, socket, sys, tempfile, encodings.idna\na, b = socket.socketpair()\n"
        "os.chroot(tempfile.mkdtemp())\nos.chdir('/')\npid = os.fork()\n"
        + TRAFFIC.replace("a, b = socket.socketpair()", "")
        .replace("N)", "3000)")
        .replace('print("ok")', "os.waitpid(pid, 0) if pid else os._exit(0)\nprint('ok')")
        .replace("import os, socket\n", "if not pid: a, b = socket.socketpair()\n"),
    )
    assert seen.calls("send")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    at = tmp_path / "small"
    at.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "plainwire-test", str(at)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small tmpfs is not permitted here")
    yield at
    subprocess.run(["umount", "-l", str(at)], check=True)


def test_a_full_disk_does_not_kill_the_program(tmp_path: Path, small_disk: Path) -> None:
    """Touching a mapping that the disk cannot back would be SIGBUS; the program goes on."""
    path = write(tmp_path, TRAFFIC.replace("N)", "20000)"))
    folder = new_folder(small_disk)
    seen = run([PYTHON, path], folder)
    assert seen.same == (0, "ok\n", "")
    assert seen.calls("send")
    assert ["unseen", "calls", "the disk was full"] in seen.notes("unseen")
    tiles(seen.ledger)


def test_a_disk_full_from_the_start(tmp_path: Path, small_disk: Path) -> None:
    """Not even the first files can be made."""
    folder = new_folder(small_disk)
    (small_disk / "filler").write_bytes(b"")
    with (small_disk / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    path = write(tmp_path, TRAFFIC.replace("N)", "100)"))
    assert run([PYTHON, path], folder).same == (0, "ok\n", "")


def test_every_byte_of_many_threads_and_sockets(tmp_path: Path) -> None:
    """Totals of the ledger are those of the program, and ranges tile, in all threads."""
    seen = check_ok(
        tmp_path,
        """
        import random, socket, threading
        def send(sock, seed):
            chance = random.Random(seed)
            for _ in range(400):
                sock.sendall(bytes(chance.randrange(1, 300)))
            sock.shutdown(socket.SHUT_WR)
        def receive(sock, seed, totals):
            chance = random.Random(-seed)
            while True:
                data = sock.recv(chance.randrange(1, 500))
                if not data:
                    break
                totals[seed] += len(data)
        totals = [0] * 12
        threads = []
        server = socket.create_server(("127.0.0.1", 0))
        pairs = [socket.socketpair() for _ in range(6)]
        for _ in range(6):
            client = socket.create_connection(server.getsockname())
            pairs.append((client, server.accept()[0]))
        for seed, (a, b) in enumerate(pairs):
            threads.append(threading.Thread(target=send, args=(a, seed)))
            threads.append(threading.Thread(target=receive, args=(b, seed, totals)))
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for a, b in pairs:
            a.close(), b.close()
        assert all(totals)
        with open("total", "w") as file:
            file.write(str(sum(totals)))
        print("ok")
        """,
    )
    total = int((tmp_path / "total").read_text())
    ledger = seen.ledger
    assert moved(ledger, records.SENDS) == moved(ledger, records.RECEIVES) == total
    assert len(ledger.flows) == 12
    assert sum(flow.there.written + flow.back.written for flow in ledger.flows) == total
    assert sum(flow.there.read + flow.back.read for flow in ledger.flows) == total
    assert all(call.t1 for call in ledger.calls)
    tiles(ledger)


def test_payload_of_many_threads_is_whole(tmp_path: Path) -> None:
    """Bytes of several threads do not run into each other, in cells or in the journal."""
    seen = check_ok(
        tmp_path,
        """
        import socket, sys, threading
        sys.setswitchinterval(1e-6)
        def work(letter):
            a, b = socket.socketpair()
            for number in range(1500):
                a.send(letter * (number % 230 + 1))
                assert b.recv(300) == letter * (number % 230 + 1)
        threads = [threading.Thread(target=work, args=(bytes([65 + n]),)) for n in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        print("ok")
        """,
    )
    payloads = [item for item in seen.items if item[0] == "payload"]
    assert len(payloads) == 6 * 1500 * 2
    assert {len(item[4]) for item in payloads} == set(range(1, 231))
    assert all(len(data) == total and len(set(data)) == 1 for _, _, _, total, data in payloads)
    assert len({(key, slot) for _, key, slot, _, _ in payloads}) == len(payloads)


@pytest.mark.slow
def test_five_hundred_forked_children(tmp_path: Path) -> None:
    """Each with a record of its own, in a folder that stays small."""
    seen = check_ok(
        tmp_path,
        """
        import os, socket
        a, b = socket.socketpair()
        pids, got = [], b""
        for number in range(500):
            pid = os.fork()
            if pid == 0:
                a.send(b"%03d" % number)
                os._exit(0)
            pids.append(pid)
            if len(pids) == 20:
                for pid in pids:
                    assert os.waitpid(pid, 0)[1] == 0
                    got += b.recv(3)
                pids = []
        assert sorted(int(got[i : i + 3]) for i in range(0, 1500, 3)) == list(range(500))
        print("ok")
        """,
    )
    assert len(seen.ledger.processes) == 501
    assert len(seen.calls("send")) == 500
    assert seen.folder is not None
    assert sum(entry.stat().st_size for entry in seen.folder.iterdir()) < 64 * 1024 * 1024
