"""What must hold however long a server runs and whenever it is stopped."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import handlers
from plainwire import Limits, connect, frames, serve
from plainwire.errors import PlainwireError

MODELS = ["serial", "threads", "processes", "loop"]
WIDE = Limits(per_address=None, connections=500)
CODEC = frames.length(4)


def held(pid: int | str) -> tuple[int, int]:
    """Descriptors and threads of a process."""
    return len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task"))


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_ten_thousand_connections_leave_nothing_behind(model: Any) -> None:
    """No descriptor, thread or process stays, in the server's process or a worker's."""
    options: Any = {"workers": 2} if model == "processes" else {}
    # The first server brings what stays for good: a pipe of libuv, multiprocessing's tracker.
    with serve(handlers.echo, "tcp://127.0.0.1:0", CODEC, model=model, background=True, **options):
        pass
    gc.collect()
    files, threads = held("self")[0], threading.active_count()
    children = len(multiprocessing.active_children())
    with serve(
        handlers.echo, "tcp://127.0.0.1:0", CODEC, model=model, limits=WIDE, background=True,
        **options,
    ) as server:  # fmt: skip
        where = ("127.0.0.1", server.address.port)
        pids = getattr(server, "worker_pids", [])

        def come_and_go(first: int) -> None:
            for number in range(first, 10_000, 4):
                with socket.create_connection(where, timeout=30) as sock:
                    if number % 3 == 0:
                        sock.sendall(b"\0\0\0\1a")

        come_and_go(9_996)
        # What one client of each worker has brought into being may stay.
        loaded = [held(pid) for pid in pids]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(come_and_go, range(4)))
        # An exchange behind the last of them shows that the queue has been taken.
        assert connect(server.address, CODEC).ask(b"last", 30) == b"last"
        settled = time.monotonic() + 30
        while server.statistics().active and time.monotonic() < settled:
            server.wait(0.01)
        assert server.statistics().accepted == 10_002
        assert getattr(server, "worker_pids", []) == pids
        for pid, (most, _) in zip(pids, loaded, strict=True):
            assert held(pid)[0] <= most + 1
    gc.collect()
    assert held("self")[0] <= files
    assert threading.active_count() <= threads
    assert len(multiprocessing.active_children()) == children


@pytest.mark.parametrize("model", MODELS)
def test_a_drain_under_load_loses_no_answer(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the handler answered arrives, and every client sees a clean end."""
    answered = tmp_path / "answered"
    answered.touch()
    monkeypatch.setenv("PLAINWIRE_RECORD", str(answered))
    server = serve(
        handlers.record, "tcp://127.0.0.1:0", CODEC, model=model, limits=WIDE, background=True,
        workers=2 if model == "processes" else None,
    )  # fmt: skip
    clients = 1 if model == "serial" else 8
    busy = [threading.Event() for _ in range(clients)]
    received: list[bytes] = []
    ends: list[BaseException | None] = []

    def talk(client: int) -> None:
        """Keep 16 messages in flight until the server ends the conversation."""
        try:
            with socket.create_connection(("127.0.0.1", server.address.port), timeout=30) as sock:
                decoder, number = CODEC.decoder(), 0
                window = 16
                while True:
                    try:
                        for _ in range(window):
                            sock.sendall(CODEC.encode(b"%d-%d" % (client, number)))
                            number += 1
                    except BrokenPipeError:
                        pass  # the server is gone; its answers are still to be read
                    data = sock.recv(65536)
                    if not data:
                        break
                    got = decoder.receive_data(data)
                    window = len(got)
                    received.extend(got)
                    if number > 64:
                        busy[client].set()
                assert not decoder.pending
            ends.append(None)
        except BaseException as error:
            ends.append(error)

    threads = [threading.Thread(target=talk, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    assert all(event.wait(30) for event in busy)
    server.stop()
    for thread in threads:
        thread.join(30)
    assert ends == [None] * clients
    assert sorted(received) == sorted(answered.read_bytes().split())


def test_statistics_hold_after_a_worker_was_replaced() -> None:
    """What a killed worker had counted is still counted, and none of its clients active."""
    with serve(
        handlers.pid, "tcp://127.0.0.1:0", CODEC, model="processes", workers=1, limits=WIDE,
        background=True,
    ) as server:  # fmt: skip
        for _ in range(5):
            assert connect(server.address, CODEC).ask(b"?", 10)
        (victim,) = server.worker_pids  # type: ignore[attr-defined]
        with connect(server.address, CODEC) as peer:
            assert int(peer.ask(b"?", 10)) == victim
            os.kill(victim, signal.SIGKILL)
            with pytest.raises(PlainwireError):
                peer.recv(10)
        assert int(connect(server.address, CODEC).ask(b"?", 30)) != victim
    counts = server.statistics()
    assert (counts.accepted, counts.messages, counts.active) == (7, 6, 0)


def test_a_live_unix_path_is_never_stolen(tmp_path: Path) -> None:
    """The second server is refused, the first goes on; a dead path is taken over."""
    address = f"unix:{tmp_path / 's'}"
    with serve(handlers.echo, address, CODEC, background=True):
        for model in MODELS:
            with pytest.raises(PlainwireError, match="in use"):
                serve(handlers.echo, address, CODEC, model=model, background=True)  # type: ignore[arg-type]
        assert connect(address, CODEC).ask(b"first") == b"first"
    assert not (tmp_path / "s").exists()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
    with serve(handlers.echo, address, CODEC, background=True):
        assert connect(address, CODEC).ask(b"second") == b"second"
    (tmp_path / "s").write_text("a file, not a socket")
    with pytest.raises(PlainwireError, match="in use"):
        serve(handlers.echo, address, CODEC, background=True)
    assert (tmp_path / "s").read_text() == "a file, not a socket"


@pytest.mark.parametrize("workers", [None, 200])
def test_def_handlers_under_loop_have_a_bounded_pool(workers: int | None) -> None:
    """64 places by default: 200 clients are served, the others when a place is free."""
    with serve(
        handlers.echo_def, "tcp://127.0.0.1:0", CODEC, limits=WIDE, workers=workers,
        background=True,
    ) as server:  # fmt: skip
        before = threading.active_count()
        peers = [connect(server.address, CODEC).open() for _ in range(200)]
        for number, peer in enumerate(peers):
            peer.send(b"%d" % number)
        most = 0
        for number, peer in enumerate(peers):
            assert peer.recv(20) == b"%d" % number
            most = max(most, threading.active_count() - before)
            peer.close()
        assert most <= (workers or 64)
        assert server.statistics().accepted == 200
