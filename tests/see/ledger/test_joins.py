"""J1-J4 and J6: whose number it is, which sockets are one, which ends are one flow."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from plainwire.see.ledger.model import Flow, Ledger
from see.items import DATAGRAM, INET6, STREAM, UNIX, Proc, Socket, World

HERE = ["127.0.0.1", 8000]


def ends(flow: Flow) -> tuple[int | None, int | None]:
    """The pids at both ends, the client's first."""
    pids = [end.process.pid if end and end.process else None for end in (flow.client, flow.server)]
    return pids[0], pids[1]


def test_j1_a_childs_number_below_its_base_is_its_parents() -> None:
    """A forked child goes on using its parent's sockets, lines and addresses by number."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, _there = world.connection(client, server)
    client.call("send", here, b"before", line=7)
    child = client.fork(21)
    child.call("send", here, b"after", site=client.site(7))
    flow = world.ledger().flows[0]
    assert [r.call.process.pid for r in flow.there.writes] == [20, 21]
    lines = [r.call.site.frame and (r.call.site.frame.file, r.call.site.frame.line)
             for r in flow.there.writes]  # fmt: skip
    assert lines == [("/src/p20.py", 7)] * 2


def test_j1_numbers_given_after_the_fork_are_each_processes_own() -> None:
    """Parent and child both go on counting: the same number then means two sockets."""
    world = World()
    parent = world.process(10)
    child = parent.fork(11)
    mine, its = parent.socket(), child.socket()
    assert mine.number == its.number
    parent.call("close", mine, line=1)
    child.call("close", its, line=2)
    calls = world.ledger().calls
    assert calls[0].endpoint is not calls[1].endpoint
    assert {c.site.frame.file for c in calls if c.site.frame} == {"/src/p10.py", "/src/p11.py"}


def test_j1_a_grandchilds_number_goes_back_to_whoever_gave_it() -> None:
    """Servers fork workers that fork again; the listener is still the first one's."""
    world = World()
    first = world.process(10)
    listening = world.listener(first)
    second = first.fork(11)
    second.socket()
    third = second.fork(12)
    third.call("accept", listening, t1=-1)
    ledger = world.ledger()
    waiting = next(c for c in ledger.calls if c.op == "accept")
    assert waiting.endpoint is not None
    assert waiting.endpoint.role == "listener"
    assert [p.program.name if p.program else "" for p in ledger.processes] == ["p10.py"] * 3


def test_j1_an_exception_of_a_childs_call_is_named_by_its_own_notes() -> None:
    """A time-out must be told by its name: it decides whether a wait was given up."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, _ = world.connection(client, server)
    child = client.fork(21)
    child.call("recv", here, ret=-(1 << 32), raised=child.raised("TimeoutError", "timed out"))
    failure = world.ledger().calls[-1].failure
    assert failure is not None
    assert (failure.name, failure.text, failure.errno) == ("TimeoutError", "timed out", None)


def test_j2_the_same_cookie_is_one_endpoint_in_whatever_process() -> None:
    """A socket handed to another process keeps its stream: two endpoints would halve it."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    worker = world.process(30, program=False)
    handed = worker.socket(cookie=there.cookie, inode=there.inode)
    client.call("send", here, b"abcd")
    server.call("recv", there, b"ab", asked=2)
    worker.call("recv", handed, b"cd", asked=2)
    ledger = world.ledger()
    assert len(ledger.flows) == 1
    assert [r.call.process.pid for r in ledger.flows[0].there.reads] == [10, 30]
    assert ledger.flows[0].server is not None
    assert len(ledger.flows[0].server.handles) == 2


def test_j2_no_cookie_joins_nothing() -> None:
    """An old kernel gives 0 for every socket; they are not all one."""
    world = World()
    process = world.process(10)
    process.socket(cookie=0)
    process.socket(cookie=0)
    assert len(world.ledger().endpoints) == 2


def test_j2_cookies_across_forked_processes_are_one_endpoint() -> None:
    """Multiprocessing sends a socket by its descriptor: both numbers, one conversation."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    child = server.fork(11)
    again = child.socket(cookie=there.cookie, inode=there.inode)
    child.call("send", again, b"from the child")
    server.call("send", there, b"!")
    client.call("recv", here, b"from the child!", asked=99)
    flow = world.ledger().flows[0]
    assert flow.back.written == flow.back.read == 15


def accepted(
    world: World, client: Proc, server: Proc, listening: Socket, local: Any, remote: Any,
    seen_local: Any, seen_remote: Any,
) -> tuple[Socket, Socket]:  # fmt: skip
    """A connection of which each end writes the addresses in its own way."""
    here = client.socket(local=local, remote=remote)
    client.call("connect", here, asked=client.address(remote))
    there = server.socket(INET6, local=seen_local, remote=seen_remote)
    server.call("accept", listening, ret=there.number)
    return here, there


def test_j3_an_ipv4_client_of_an_ipv6_listener_is_the_same_connection() -> None:
    """A dual-stack server sees ::ffff:127.0.0.1 where the client sees 127.0.0.1."""
    world = World()
    server, client = world.process(10), world.process(20)
    listening = world.listener(server, ["::", 8000, 0, 0], family=INET6)
    accepted(
        world, client, server, listening,
        ["127.0.0.1", 40000], ["127.0.0.1", 8000],
        ["::ffff:127.0.0.1", 8000, 0, 0], ["::FFFF:127.0.0.1", 40000, 0, 0],
    )  # fmt: skip
    (flow,) = world.ledger().flows
    assert ends(flow) == (20, 10)


def test_j3_scope_ids_do_not_part_two_ends() -> None:
    """A link-local address carries the interface at one end and may not at the other."""
    world = World()
    server, client = world.process(10), world.process(20)
    listening = world.listener(server, ["::", 8000, 0, 0], family=INET6)
    accepted(
        world, client, server, listening,
        ["fe80::1%eth0", 40000, 0, 2], ["fe80::2%eth0", 8000, 0, 2],
        ["fe80::2", 8000, 0, 0], ["fe80::1", 40000, 0, 2],
    )  # fmt: skip
    (flow,) = world.ledger().flows
    assert ends(flow) == (20, 10)


def test_j3_a_reused_pair_of_addresses_is_joined_by_time() -> None:
    """A client that binds its port reuses the 4-tuple; the second talk is not the first."""
    world = World()
    server, client = world.process(10), world.process(20)
    listening = world.listener(server)
    for text in (b"first", b"second!"):
        here, there = world.connection(client, server, listening, local=["127.0.0.1", 5555])
        client.call("send", here, text)
        server.call("recv", there, text, asked=99)
        client.call("closed", here)
        server.call("closed", there)
    ledger = world.ledger()
    assert [(f.there.written, f.there.read) for f in ledger.flows] == [(5, 5), (7, 7)]
    assert all(f.closed for f in ledger.flows)


def test_j3_a_connect_that_nobody_accepted_does_not_take_the_next_ones_end() -> None:
    """Reset in the queue, connected again from the same port: the accept is the second's."""
    world = World()
    server, client = world.process(10), world.process(20)
    listening = world.listener(server)
    lost = client.socket(local=["127.0.0.1", 5555], remote=HERE)
    client.call("connect", lost, asked=client.address(HERE))
    client.call("closed", lost)
    here, there = world.connection(client, server, listening, local=["127.0.0.1", 5555])
    ledger = world.ledger()
    by_client = {f.client.cookie: f for f in ledger.flows if f.client}
    assert by_client[here.cookie].server is not None
    assert by_client[here.cookie].server.cookie == there.cookie
    assert by_client[lost.cookie].server is None
    assert by_client[lost.cookie].client.listener is not None


def test_j3_an_end_that_was_not_observed_leaves_the_other_alone() -> None:
    """Curl against our server: the flow has one end, and says so."""
    world = World()
    server = world.process(10)
    listening = world.listener(server)
    there = server.socket(local=HERE, remote=["127.0.0.1", 50001])
    server.call("accept", listening, ret=there.number)
    server.call("recv", there, b"GET /", asked=99)
    (flow,) = world.ledger().flows
    assert ends(flow) == (None, 10)
    assert (flow.there.read, flow.there.writes) == (5, [])


def test_j3_a_refused_connect_is_no_flow_and_one_in_progress_is_when_bytes_moved() -> None:
    """Asyncio connects without blocking: EINPROGRESS is neither a refusal nor a success."""
    world = World()
    client = world.process(20)
    refused = client.socket(local=["127.0.0.1", 1], remote=HERE)
    client.call("connect", refused, ret=-111, asked=client.address(HERE))
    waiting = client.socket(local=["127.0.0.1", 2], remote=HERE)
    client.call("connect", waiting, ret=-115, asked=client.address(HERE))
    assert world.ledger().flows == []
    client.call("send", waiting, b"hello")
    (flow,) = world.ledger().flows
    assert flow.client is not None
    assert flow.client.cookie == waiting.cookie


def unix_client(world: World, client: Proc, path: str) -> Socket:
    here = client.socket(UNIX, STREAM, remote=path)
    client.call("connect", here, asked=client.address(path))
    return here


def unix_accept(server: Proc, listening: Socket, path: str, peer: int | None) -> Socket:
    there = server.socket(UNIX, STREAM, local=path)
    server.call("accept", listening, ret=there.number)
    if peer is not None:
        server.note("peer", there.number, peer)
    return there


def unix_listener(server: Proc, path: str) -> Socket:
    listening = server.socket(UNIX, STREAM, local=path)
    server.call("bind", listening, asked=server.address(path))
    server.call("listen", listening)
    return listening


def test_j4_unix_ends_are_paired_by_the_peer_the_kernel_names() -> None:
    """Unix clients have no address of their own; the wrong pair would swap two talks."""
    world = World()
    server, one, two = world.process(10), world.process(20), world.process(30)
    listening = unix_listener(server, "/tmp/s")
    unix_client(world, one, "/tmp/s")
    unix_client(world, two, "/tmp/s")
    unix_accept(server, listening, "/tmp/s", 30)
    unix_accept(server, listening, "/tmp/s", 20)
    ledger = world.ledger()
    named = {f.client.process.pid: f.server.peer_pid for f in ledger.flows}  # type: ignore[union-attr]
    assert named == {20: 20, 30: 30}


def test_j4_connects_of_one_process_are_accepted_first_in_first_out() -> None:
    """The accept queue keeps its order, so the first accepted is the first connected."""
    world = World()
    server, client = world.process(10), world.process(20)
    listening = unix_listener(server, "/tmp/s")
    first, second = unix_client(world, client, "/tmp/s"), unix_client(world, client, "/tmp/s")
    a = unix_accept(server, listening, "/tmp/s", 20)
    b = unix_accept(server, listening, "/tmp/s", 20)
    pairs = {f.client.cookie: f.server.cookie for f in world.ledger().flows}  # type: ignore[union-attr]
    assert pairs == {first.cookie: a.cookie, second.cookie: b.cookie}


def test_j4_paths_do_not_mix() -> None:
    """Two services in one machine: a client belongs to the path that it named."""
    world = World()
    server, client = world.process(10), world.process(20)
    a, b = unix_listener(server, "/tmp/a"), unix_listener(server, "/tmp/b")
    to_b, to_a = unix_client(world, client, "/tmp/b"), unix_client(world, client, "/tmp/a")
    at_a = unix_accept(server, a, "/tmp/a", 20)
    at_b = unix_accept(server, b, "/tmp/b", 20)
    pairs = {f.client.cookie: f.server.cookie for f in world.ledger().flows}  # type: ignore[union-attr]
    assert pairs == {to_b.cookie: at_b.cookie, to_a.cookie: at_a.cookie}


def test_a_socketpair_is_one_flow_of_two_ends() -> None:
    """Parent and child often talk over one; each side's bytes go to the other."""
    world = World()
    parent = world.process(10)
    a, b = parent.socket(UNIX, STREAM), parent.socket(UNIX, STREAM)
    parent.note("pair", a.number, b.number)
    child = parent.fork(11)
    parent.call("send", a, b"question")
    child.call("recv", b, b"question", asked=99)
    child.call("send", b, b"ok")
    (flow,) = world.ledger().flows
    assert (flow.there.written, flow.there.read, flow.back.written) == (8, 8, 2)
    assert [end.role for end in flow.ends] == ["pair", "pair"]


def test_a_librarys_own_pair_is_no_flow() -> None:
    """Asyncio wakes its loop through a socketpair; showing it would bury the program's."""
    world = World()
    process = world.process(10)
    plumbing = process.site(
        3, via=[["/usr/lib/python3.11/asyncio/selector_events.py", 1, "_make_self_pipe"]]
    )
    a, b = process.socket(UNIX, STREAM), process.socket(UNIX, STREAM)
    process.call("socket", a, site=plumbing)
    process.call("socket", b, site=plumbing)
    process.note("pair", a.number, b.number)
    assert world.ledger().flows == []


def membership(ledger: Ledger) -> list[int]:
    found = [end.number for flow in ledger.flows for end in flow.ends if end.stream]
    return sorted(found)


@given(st.lists(st.tuples(st.sampled_from("cxdau"), st.integers(0, 3)), max_size=25))
@settings(deadline=None, max_examples=100)
def test_j6_every_endpoint_of_a_stream_belongs_to_at_most_one_flow(
    steps: list[tuple[str, int]],
) -> None:
    """An end in two flows would have its bytes counted twice."""
    world = World()
    server, client = world.process(10), world.process(20)
    listening, path = world.listener(server), unix_listener(server, "/tmp/s")
    unaccepted: list[tuple[Socket, Any]] = []
    for what, port in steps:
        local = ["127.0.0.1", 6000 + port]
        if what == "c":
            world.connection(client, server, listening, local=local)
        elif what == "x":  # connected, not accepted yet
            here = client.socket(local=local, remote=HERE)
            client.call("connect", here, asked=client.address(HERE))
            unaccepted.append((here, local))
        elif what == "d" and unaccepted:
            _, local = unaccepted.pop(0)
            there = server.socket(local=HERE, remote=local)
            server.call("accept", listening, ret=there.number)
        elif what == "a":
            unix_client(world, client, "/tmp/s")
            unix_accept(server, path, "/tmp/s", 20 if port else None)
        elif what == "u":
            speaker = client.socket(2, DATAGRAM, local=local)
            client.call("sendto", speaker, b"x", aux=client.address(HERE))
    ledger = world.ledger()
    members = membership(ledger)
    assert len(members) == len(set(members))
    connected = [e for e in ledger.endpoints if e.role in ("client", "server")]
    assert len(members) == len(connected)
    for flow in ledger.flows:
        for end in flow.ends:
            assert not end.stream or ledger.flow_of(end) is flow


def test_a_flow_is_closed_when_its_last_end_was_really_closed() -> None:
    """close() with a makefile still open closes nothing yet."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    client.call("close", here, asked=1)
    assert world.ledger().flows[0].closed is None
    client.call("closed", here)
    assert world.ledger().flows[0].closed is None
    last = server.call("dropped", there)
    assert world.ledger().flows[0].closed == last.t0


def test_what_happened_after_the_run_was_ended_is_marked_as_our_doing() -> None:
    """A reset that our own kill caused is no mistake of the program."""
    world = World()
    server, _client = world.process(10), world.process(20)
    server.note("exit", world.tick(), 0)
    ended = world.tick()
    world.run("ending", t=ended, pids=[20])
    by_pid = {p.pid: p for p in world.ledger().processes}
    assert by_pid[20].ending == ended
    assert by_pid[10].ending is None


def test_processes_belong_to_the_program_that_started_them() -> None:
    """A shell between the program and its Python has no notes; the kernel's sample has."""
    world = World()
    shell = world.process(10)
    del shell
    python = world.process(12, program=False)
    python.notes[0][2] = 11  # its parent is a process that nobody observed
    world.run("sample", processes={"11": {"ppid": 10}, "12": {"ppid": 11}}, sockets={})
    process = next(p for p in world.ledger().processes if p.pid == 12)
    assert process.program is not None
    assert process.name == "p10.py[12]"
