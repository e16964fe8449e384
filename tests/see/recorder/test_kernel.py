"""What the kernel says: tables of /proc, and what a system call waits for."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from typing import Any

import pytest

from plainwire.see.recorder import kernel

TCP = "0: 0100007F:1F90 0200007F:C350 {state} 00000007:0000000A 00:0 00000000 0 0 4242 1"


@pytest.mark.skipif(sys.byteorder != "little", reason="the tables are in the machine's order")
@pytest.mark.parametrize(
    ("text", "expected"),
    [("0100007F:1F90", ["127.0.0.1", 8080]), ("00000000:0000", ["0.0.0.0", 0]),
     ("00000000000000000000000001000000:0050", ["::1", 80]),
     ("0000000000000000FFFF00000100007F:0050", ["::ffff:127.0.0.1", 80])],
)  # fmt: skip
def test_addresses_of_the_tables(text: str, expected: list[Any]) -> None:
    """Words of the machine's byte order, IPv6 in four of them."""
    assert kernel.address(text) == expected


@pytest.mark.parametrize(
    ("state", "name"), [("01", "ESTABLISHED"), ("06", "TIME_WAIT"), ("0A", "LISTEN")]
)
def test_a_row_of_the_tcp_table(state: str, name: str) -> None:
    """`unsent:unread` in that order: swapped, a hang would look like bytes on their way."""
    row = kernel.describe("tcp", TCP.format(state=state).split())
    assert row == {
        "kind": "tcp", "local": ["127.0.0.1", 8080], "remote": ["127.0.0.2", 50000],
        "state": name, "unread": 10, "unsent": 7, "drops": 0,
    }  # fmt: skip


def test_a_row_of_the_udp_table_has_drops() -> None:
    """The last column is how datagram-lost-in-kernel knows of a full queue."""
    fields = TCP.format(state="07").split()
    row = kernel.describe("udp", [*fields[:11], "0", "33"])
    assert (row["state"], row["drops"]) == ("", 33)


NONE, ENDLESS = 0, 0xFFFFFFFFFFFFFFFF


@pytest.mark.parametrize(
    ("call", "arguments", "wait", "fds", "endless"),
    [("recvfrom", [5, 0, 0, 0, 0, 0], "receive", [5], True),
     ("read", [0, 0, 0, 0, 0, 0], "receive", [0], True),
     ("sendto", [6, 0, 0, 0, 0, 0], "send", [6], True),
     ("accept4", [3, 0, 0, 0, 0, 0], "accept", [3], True),
     ("connect", [3, 0, 0, 0, 0, 0], "connect", [3], False),
     ("poll", [0, 0, ENDLESS, 0, 0, 0], "poll", [], True),
     ("poll", [0, 0, 0xFFFFFFFF, 0, 0, 0], "poll", [], True),
     ("poll", [0, 0, 500, 0, 0, 0], "poll", [], False),
     ("ppoll", [0, 0, NONE, 0, 0, 0], "poll", [], True),
     ("ppoll", [0, 0, 0x7FFE0000, 0, 0, 0], "poll", [], False),
     ("select", [0, 0, 0, 0, NONE, 0], "poll", [], True),
     ("epoll_wait", [99999, 0, 0, 0xFFFFFFFF, 0, 0], "poll", [], True),
     ("epoll_wait", [99999, 0, 0, 100, 0, 0], "poll", [], False),
     ("futex", [0, 0, 0, NONE, 0, 0], "lock", [], True),
     ("futex", [0, 0, 0, 0x7FFE0000, 0, 0], "lock", [], False),
     ("wait4", [0, 0, 0, 0, 0, 0], "child", [], True),
     ("clock_nanosleep", [0, 0, 0, 0, 0, 0], "sleep", [], False),
     ("ioctl", [5, 0, 0, 0, 0, 0], "other", [], False)],
)  # fmt: skip
def test_what_a_system_call_waits_for(
    call: str, arguments: list[int], wait: str, fds: list[int], endless: bool
) -> None:
    """`endless` decides everything: a call with a time-out is never stuck."""
    found = kernel._wait(os.getpid(), call, arguments)
    assert (found["wait"], found["fds"], found["endless"]) == (wait, fds, endless)


@pytest.mark.parametrize(("operation", "shared"), [(0x189, False), (0x109, True)])
def test_a_lock_of_multiprocessing_is_told_from_one_of_threads(
    operation: int, shared: bool
) -> None:
    """FUTEX_PRIVATE_FLAG says that no other process can wake the thread."""
    found = kernel._wait(os.getpid(), "futex", [0, operation, 0, 0, 0, 0])
    assert found["shared"] is shared


def test_poll_and_select_sets_are_read_out_of_memory() -> None:
    """Which descriptors a loop watches, and which of them only for writing."""
    import ctypes

    polled = ctypes.create_string_buffer(struct.pack("<iHHiHHiHH", 4, 1, 0, 5, 4, 0, -1, 1, 0))
    found = kernel._poll_set(os.getpid(), ctypes.addressof(polled), 3)
    assert found == {"fds": [4, 5], "out": [5]}
    reads = ctypes.create_string_buffer(struct.pack("<Q", 1 << 3 | 1 << 9))
    writes = ctypes.create_string_buffer(struct.pack("<Q", 1 << 9 | 1 << 11))
    addresses = [ctypes.addressof(reads), ctypes.addressof(writes), 0]
    found = kernel._select_set(os.getpid(), [12, *addresses, 0, 0])
    assert found == {"fds": [3, 9, 11], "out": [11]}


def test_an_epoll_set_is_read_from_proc() -> None:
    """Asyncio and selectors wait in epoll; its members are in fdinfo."""
    import select

    a, b = socket.socketpair()
    with a, b, select.epoll() as epoll:
        epoll.register(a, select.EPOLLIN)
        epoll.register(b, select.EPOLLOUT)
        found = kernel._epoll_set(os.getpid(), epoll.fileno())
        assert found["fds"] == sorted([a.fileno(), b.fileno()])
        assert found["out"] == [b.fileno()]


def test_memory_that_is_not_there_is_empty() -> None:
    """The thread went on, or the process ended, while we looked."""
    assert kernel._memory(os.getpid(), 0, 8) == b""
    assert kernel._memory(1 << 22, 0, 8) == b""


def test_a_sample_of_ourselves_shows_a_thread_that_waits_in_recv() -> None:
    """The whole way, on a real thread: call, descriptor, socket, queues."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = socket.create_connection(server.getsockname())
        there, _ = server.accept()
        with here, there:
            reader = threading.Thread(target=here.recv, args=(10,))
            reader.start()
            tid = str(reader.native_id)
            try:
                for _ in range(10_000):
                    sample = kernel.sample([os.getpid()])
                    thread = sample["processes"][str(os.getpid())]["threads"][tid]
                    if thread["wait"] == "receive":
                        break
            finally:
                there.send(b"x")
                reader.join(10)
            assert (thread["fds"], thread["endless"]) == ([here.fileno()], True)
            inode = sample["processes"][str(os.getpid())]["sockets"][str(here.fileno())]
            row = sample["sockets"][inode]
            assert row["local"] == list(here.getsockname())
            assert (row["state"], row["unread"], row["unsent"]) == ("ESTABLISHED", 0, 0)


def test_a_pipe_belongs_to_whoever_can_write_to_it() -> None:
    """A child writes its output to a pipe that is its descriptor 1; its parent only reads."""
    reading, writing = os.pipe()
    pipe = os.readlink(f"/proc/self/fd/{reading}")
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=writing)
    os.close(writing)
    try:
        for _ in range(10_000):
            sample = kernel.sample([os.getpid(), child.pid])
            if sample["pipes"].get(pipe) == [child.pid]:
                break
        assert sample["pipes"][pipe] == [child.pid]
    finally:
        assert child.stdin is not None
        child.stdin.close()
        child.wait(10)
        os.close(reading)


def test_a_full_queue_counts_what_it_drops() -> None:
    """The count is the only witness of what never reached a recvfrom()."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here,
    ):
        there.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        there.bind(("127.0.0.1", 0))
        inode = str(os.fstat(there.fileno()).st_ino)
        assert inode not in kernel.drops([os.getpid()])
        for _ in range(100):
            here.sendto(bytes(1000), there.getsockname())
        assert 50 < kernel.drops([os.getpid()])[inode] < 100


def test_the_signals_that_a_process_catches() -> None:
    """Python catches SIGINT by itself, and whatever the program asks it to."""
    old = signal.signal(signal.SIGUSR2, lambda *_: None)
    try:
        caught = kernel.sample([os.getpid()])["processes"][str(os.getpid())]["handlers"]
    finally:
        signal.signal(signal.SIGUSR2, old)
    assert {signal.SIGINT, signal.SIGUSR2} <= set(caught)
    assert signal.SIGUSR1 not in caught


def test_a_process_that_has_ended_is_left_out() -> None:
    """Programs end while they are looked at."""
    assert kernel.sample([1 << 22])["processes"] == {}
    assert kernel.family([1 << 22]) == []
    assert kernel.children(1 << 22) == []


@pytest.mark.parametrize("name", ["python", "a) b", "((", "x y z", ") R 1 2"])
def test_a_process_name_may_hold_any_character(name: str) -> None:
    """A program called `a) R 1` must not shift the fields behind it."""
    assert kernel._name_and_fields(f"12 ({name}) S 34 5") == (name, ["S", "34", "5"])
