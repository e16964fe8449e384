"""W1-W6: who is stuck for good, from one sample of the kernel."""

from __future__ import annotations

import pytest

from plainwire.see.ledger import waits
from see.items import World
from see.samples import Sample

READ, WRITE, ACCEPT = ("receive", [3]), ("send", [3]), ("accept", [4])


def stuck(sample: Sample) -> set[int]:
    return {w.tid for w in waits.analyse(sample.fields).stuck}


def pair(*client: tuple[str, list[int]], server: tuple[str, list[int]] = READ) -> Sample:
    sample = Sample()
    sample.process(20, *(client or (READ,)), sockets={3: 200})
    sample.process(10, server, sockets={3: 100})
    return sample


def test_w1_two_readers_of_one_connection_are_stuck() -> None:
    """The tutorial's hang: both wait, nothing is on its way."""
    sample = pair()
    sample.tcp(200, 100)
    assert stuck(sample) == {10, 20}


@pytest.mark.parametrize(
    ("unread", "unsent", "state"),
    [((5, 0), (0, 0), "ESTABLISHED"), ((0, 0), (0, 5), "ESTABLISHED"),
     ((0, 0), (0, 0), "CLOSE_WAIT"), ((0, 0), (0, 0), "CLOSE")],
)  # fmt: skip
def test_w1_bytes_or_an_end_on_their_way_will_wake_a_reader(
    unread: tuple[int, int], unsent: tuple[int, int], state: str
) -> None:
    """A false alarm about bytes that are just arriving would cost all trust."""
    sample = pair()
    sample.tcp(200, 100, unread=unread, unsent=unsent, state=state)
    assert stuck(sample) == set()


@pytest.mark.parametrize("busy", [("running", []), ("sleep", []), ("receive", [3], False)])
def test_w1_a_peer_that_may_act_by_itself_is_waited_for(busy: tuple[str, list[int], bool]) -> None:
    """Computing, asleep, or with a time-out: it may still answer."""
    sample = Sample()
    sample.process(20, READ, sockets={3: 200})
    sample.process(10, busy, sockets={3: 100})
    sample.tcp(200, 100)
    assert stuck(sample) == set()


def test_w1_every_thread_of_every_holder_may_write() -> None:
    """A second thread of the peer, or a forked child with a copy, may send as well."""
    sample = Sample()
    sample.process(20, READ, sockets={3: 200})
    sample.process(10, READ, sockets={3: 100})
    sample.process(11, ("sleep", []), ppid=10, sockets={3: 100})
    sample.tcp(200, 100)
    assert stuck(sample) == set()
    threads = Sample()
    threads.process(20, READ, sockets={3: 200})
    threads.process(10, READ, ("running", []), sockets={3: 100})
    threads.tcp(200, 100)
    assert stuck(threads) == set()


def test_w1_a_peer_that_was_not_observed_may_do_anything() -> None:
    """curl, or a server elsewhere: nothing is known of it, so nothing is said."""
    sample = Sample()
    sample.process(20, READ, sockets={3: 200})
    sample.tcp(200, 999)
    del sample.fields["sockets"]["999"]
    assert stuck(sample) == set()


def test_w2_two_writers_with_full_windows_are_stuck_and_one_reader_frees_them() -> None:
    """Both send, nobody reads; a thread that will read ends it."""
    sample = pair(WRITE, server=WRITE)
    sample.tcp(200, 100, unread=(9, 9), unsent=(9, 9))
    assert stuck(sample) == {10, 20}
    freed = pair(WRITE, ("sleep", []), server=WRITE)
    freed.tcp(200, 100, unread=(9, 9), unsent=(9, 9))
    assert stuck(freed) == set()


def test_w2_a_loop_that_only_waits_to_write_is_a_writer() -> None:
    """Asyncio's drain waits in epoll: unread bytes at its own end do not wake it."""
    sample = Sample()
    sample.process(20, ("poll", [3]), sockets={3: 200}, out=[3])
    sample.process(10, WRITE, sockets={3: 100})
    sample.tcp(200, 100, unread=(9, 9), unsent=(9, 9))
    assert stuck(sample) == {10, 20}


def test_w2_a_write_to_a_pipe_is_not_ours_to_judge() -> None:
    """`python server.py | less` blocks in print as long as the reader looks at it."""
    sample = Sample()
    sample.process(20, ("send", [1]), others={1: "pipe:[5]"})
    assert stuck(sample) == set()


def test_w3_a_lock_waits_for_the_other_threads() -> None:
    """join() of a thread that reads for ever is stuck with it; of one that works, not."""
    sample = Sample()
    sample.process(20, ("lock", []), READ, sockets={3: 200})
    sample.process(10, READ, sockets={3: 100})
    sample.tcp(200, 100)
    assert stuck(sample) == {10, 20, 21}
    working = Sample()
    working.process(20, ("lock", []), ("running", []))
    assert stuck(working) == set()


def test_w3_a_lock_in_shared_memory_waits_for_every_process() -> None:
    """A thread in multiprocessing.Event.wait() was taken for stuck while a sibling worked."""
    sample = Sample()
    sample.process(20, ("lock", []), READ, sockets={3: 200})
    sample.process(10, READ, sockets={3: 100})
    sample.process(30, ("sleep", []))
    sample.tcp(200, 100)
    assert stuck(sample) == {10, 20, 21}
    sample.fields["processes"]["20"]["threads"]["20"]["shared"] = True
    assert stuck(sample) == set()


def test_w3_wait_waits_for_children() -> None:
    """Process.join() ends when the child does: stuck only if the child is."""
    sample = pair()
    sample.process(9, ("child", []))
    sample.fields["processes"]["10"]["ppid"] = 9
    sample.tcp(200, 100)
    assert stuck(sample) == {9, 10, 20}
    sample.fields["processes"]["10"]["ppid"] = 1
    sample.process(11, ("sleep", []), ppid=9)
    assert stuck(sample) == {10, 20}


def test_w3_a_lock_with_a_time_out_acts_by_itself() -> None:
    """queue.get(timeout=1) comes back whatever the others do."""
    sample = pair(READ, ("lock", [], False))  # type: ignore[arg-type]
    sample.tcp(200, 100)
    assert stuck(sample) == set()


def test_w4_a_fork_server_accepts_while_its_child_and_the_client_hang() -> None:
    """The parent that only accepts is no reason to think the child might answer."""
    sample = Sample()
    sample.process(9, ACCEPT, sockets={4: 90, 3: 100})
    sample.process(10, READ, ppid=9, sockets={3: 100, 4: 90})
    sample.process(20, READ, sockets={3: 200})
    sample.listener(90)
    sample.tcp(200, 100)
    found = waits.analyse(sample.fields)
    assert {w.tid for w in found.stuck} == {9, 10, 20}
    assert [w.tid for w in found.acceptors] == [9]


def test_w4_threads_with_an_accepting_main_thread_are_acceptors() -> None:
    """A new client could make a thread of the same process speak to this one: likely only."""
    sample = Sample()
    sample.process(10, ACCEPT, READ, sockets={4: 90, 3: 100})
    sample.process(20, READ, sockets={3: 200})
    sample.listener(90)
    sample.tcp(200, 100)
    found = waits.analyse(sample.fields)
    assert {w.tid for w in found.stuck} == {10, 11, 20}
    assert [w.pid for w in found.acceptors] == [10]


def test_w4_anybody_who_may_act_may_be_the_new_client() -> None:
    """While a third program still works, it may connect and set all in motion."""
    sample = Sample()
    sample.process(10, ACCEPT, READ, sockets={4: 90, 3: 100})
    sample.process(20, READ, sockets={3: 200})
    sample.process(30, ("sleep", []))
    sample.listener(90)
    sample.tcp(200, 100)
    assert stuck(sample) == set()


def test_w4_a_poll_of_a_listener_is_an_accept_and_a_waiting_client_wakes_it() -> None:
    """Asyncio's server waits in epoll for its listener and all its clients at once."""
    sample = Sample()
    sample.process(10, ("poll", [4, 3]), sockets={4: 90, 3: 100})
    sample.process(20, READ, sockets={3: 200})
    sample.listener(90)
    sample.tcp(200, 100)
    found = waits.analyse(sample.fields)
    assert {w.tid for w in found.stuck} == {10, 20}
    assert [w.pid for w in found.acceptors] == [10]
    sample.listener(90, unread=1)
    assert stuck(sample) == set()


def test_w4_serve_forever_is_an_accept_although_it_polls_with_a_time_out() -> None:
    """Socketserver looks twice a second; that is no life of its own."""
    world = World()
    server, client = world.process(10), world.process(20)
    listening = world.listener(server)
    here, there = world.connection(client, server, listening)
    server.call("serve_forever", listening, t1=-1)
    server.thread(2, 11)
    server.call("recv", there, asked=99, thread=2, t1=-1)
    client.call("recv", here, asked=99, t1=-1)
    sample = Sample(world.tick())
    sample.process(10, ("poll", [4], False), READ, sockets={4: listening, 3: there})  # type: ignore[arg-type]
    sample.process(20, READ, sockets={3: here})
    sample.listener(listening)
    sample.tcp(here, there)
    found = waits.analyse(sample.fields, world.ledger())
    assert {w.tid for w in found.stuck} == {10, 11, 20}
    assert [(w.tid, w.wait) for w in found.acceptors] == [(10, "accept")]


@pytest.mark.parametrize(
    ("handlers", "expected"), [([14], set()), ([10], set()), ([2], {10, 20}), ([15, 17], {10, 20})]
)
def test_w5_a_timer_or_another_program_may_call_a_handler(
    handlers: list[int], expected: set[int]
) -> None:
    """signal.alarm(20) and a handler that sends: its recv() is interrupted, not stuck."""
    sample = Sample()
    sample.process(20, READ, sockets={3: 200})
    sample.process(10, READ, sockets={3: 100}, handlers=handlers)
    sample.tcp(200, 100)
    assert stuck(sample) == expected


@pytest.mark.parametrize(("child", "expected"), [("sleep", set()), ("receive", {10, 20, 30})])
def test_w5_a_child_that_may_end_calls_the_handler_of_its_parent(
    child: str, expected: set[int]
) -> None:
    """SIGCHLD comes when a child ends; one that is stuck itself does not."""
    sample = Sample()
    sample.process(20, READ, sockets={3: 200})
    sample.process(10, READ, sockets={3: 100}, handlers=[17])
    sample.process(30, (child, [3]), ppid=10, sockets={3: 100})
    sample.tcp(200, 100)
    assert stuck(sample) == expected


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [(20, b"\2" + bytes(15), set()), (20, bytes(16), {10, 20}), (21, b"\2" + bytes(15), {10, 20})],
)  # fmt: skip
def test_w6_a_time_out_that_only_the_kernel_knows(
    option: int, value: bytes, expected: set[int]
) -> None:
    """setsockopt(SO_RCVTIMEO): the recv() returns after two seconds."""
    world = World()
    client, server = world.process(20), world.process(10)
    here, there = world.connection(client, server)
    client.call("recv", here, asked=10, line=3, t1=-1)
    client.note("option", here.number, 1, option, repr(value), 1)
    server.call("recv", there, asked=10, line=4, t1=-1)
    sample = Sample(world.tick())
    sample.process(20, READ, sockets={3: here})
    sample.process(10, READ, sockets={3: there})
    sample.tcp(here, there)
    assert {w.pid for w in waits.analyse(sample.fields, world.ledger()).stuck} == expected


def test_a_datagram_from_outside_wakes_a_reader_of_udp() -> None:
    """A control port: whoever sends to it is like a new client."""
    sample = Sample()
    sample.process(10, ("receive", [5]), sockets={5: 500})
    sample.other(500, "udp")
    assert [w.pid for w in waits.analyse(sample.fields).acceptors] == [10]


def test_a_pipe_waits_for_whoever_holds_it_and_a_terminal_for_the_user() -> None:
    """input() may be answered at any time; multiprocessing's pipe only by its other end."""
    sample = Sample()
    sample.process(20, ("receive", [0]), others={0: "/dev/pts/1"})
    assert stuck(sample) == set()
    piped = Sample()
    piped.process(20, ("receive", [5]), others={5: "pipe:[7]"})
    piped.process(21, ("receive", [6]), ppid=20, others={6: "pipe:[8]"})
    piped.pipe("pipe:[7]", 20, 21)
    piped.pipe("pipe:[8]", 20, 21)
    assert stuck(piped) == {20, 21}
    piped.process(22, ("running", []))
    piped.pipe("pipe:[7]", 20, 21, 22)
    assert stuck(piped) == set()


def test_datagrams_may_come_from_anybody_who_acts() -> None:
    """A UDP socket has no peer: any live thread may send to it, none of the stuck can."""
    sample = Sample()
    sample.process(10, READ, sockets={3: 100})
    sample.process(20, READ, sockets={3: 200})
    sample.other(100, "udp")
    sample.other(200, "udp")
    assert stuck(sample) == {10, 20}
    sample.other(200, "udp", unread=40)
    assert stuck(sample) == set()


def test_a_ring_of_three_is_stuck_together_and_freed_together() -> None:
    """Each waits for the next: looking at one connection alone would clear all three."""
    sample = Sample()
    for number, pid in enumerate((10, 20, 30)):
        here, there = 100 + number, 200 + (number + 1) % 3
        sample.process(pid, READ, sockets={3: here, 5: 200 + number})
        sample.tcp(here, there, port=number)
    assert stuck(sample) == {10, 20, 30}
    sample.process(30, READ, ("running", []), sockets={3: 102, 5: 202})
    assert stuck(sample) == set()


def test_a_client_in_the_queue_waits_for_whoever_may_accept_it() -> None:
    """Connected by the kernel, accepted by nobody: the server is busy with another client."""
    world = World()
    server, one, two = world.process(10), world.process(20), world.process(30)
    listening = world.listener(server)
    first, there = world.connection(one, server, listening)
    second = two.socket(local=["127.0.0.1", 49999], remote=["127.0.0.1", 8000])
    two.call("connect", second, asked=two.address(["127.0.0.1", 8000]))
    sample = Sample(world.tick())
    sample.process(10, READ, sockets={3: there, 4: listening})
    sample.process(20, READ, sockets={3: first})
    sample.process(30, READ, sockets={3: second})
    sample.tcp(first, there)
    sample.listener(listening, unread=1)
    sample.other(second, "unix")  # its other end has no socket that anybody holds
    found = waits.analyse(sample.fields, world.ledger())
    assert {w.tid for w in found.stuck} == {10, 20, 30}


def test_a_call_is_the_line_that_waits_on_that_socket() -> None:
    """The verdict names this line, so it must not be another socket's or the other way round."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    client.call("recv", here, asked=9, line=8, t1=-1)
    server.call("recv", there, asked=9, line=13, t1=-1)
    sample = Sample(world.tick())
    sample.process(10, READ, sockets={3: there})
    sample.process(20, READ, sockets={3: here})
    sample.tcp(here, there)
    ledger = world.ledger()
    found = waits.analyse(sample.fields, ledger)
    (flow,) = ledger.flows
    lines = []
    for end in flow.ends:
        (waiter,) = found.on(end, "receive")
        call = waiter.call_on(end)
        assert call is not None
        assert waiter.call_on(end, "send") is None
        lines.append(call.site.frame and call.site.frame.line)
        assert found.queues(end) == (0, 0)
        assert found.on(end, "send") == []
    assert lines == [8, 13]
