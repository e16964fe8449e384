"""H1 and H2: which process holds which socket, from when to when."""

from __future__ import annotations

from plainwire.see.ledger import holders
from plainwire.see.ledger.holders import Holding
from see.items import Proc, Socket, World


def of(world: World, socket: Socket) -> dict[int, Holding]:
    """The holdings of one socket by pid."""
    ledger = world.ledger()
    number = next(e.number for e in ledger.endpoints if e.cookie == socket.cookie)
    return {h.process.pid: h for h in holders.holdings(ledger)[number]}


def test_h1_a_child_holds_what_its_parent_held_when_it_forked() -> None:
    """The forgotten copy in a child is why a peer never sees the end."""
    world = World()
    server, client = world.process(10), world.process(20)
    _, there = world.connection(client, server)
    child = server.fork(11)
    found = of(world, there)
    assert set(found) == {10, 11}
    assert found[11].inherited
    assert not found[10].inherited
    assert child.pid == 11


def test_h1_a_child_forked_before_the_accept_does_not_hold_the_connection() -> None:
    """A worker forked early cannot keep a later connection open."""
    world = World()
    server, client = world.process(10), world.process(20)
    listening = world.listener(server)
    server.fork(11)
    _, there = world.connection(client, server, listening)
    assert set(of(world, there)) == {10}
    assert set(of(world, listening)) == {10, 11}


def test_h1_a_child_does_not_hold_what_was_closed_before_its_fork() -> None:
    """A server that closes its copy before it forks again leaks nothing."""
    world = World()
    server, client = world.process(10), world.process(20)
    _, there = world.connection(client, server)
    end = server.call("closed", there)
    server.fork(11)
    found = of(world, there)
    assert set(found) == {10}
    assert found[10].until == end.t0


def test_h1_a_socket_that_was_handed_over_is_held_from_then_on() -> None:
    """A worker that adopts a descriptor did not hold it before."""
    world = World()
    server, client = world.process(10), world.process(20)
    worker = world.process(30)
    _, there = world.connection(client, server)
    before = world.tick()
    worker.socket(cookie=there.cookie, inode=there.inode)
    found = of(world, there)
    assert found[30].since > before
    assert found[10].since < before


def test_h1_a_process_that_ended_holds_nothing_any_more() -> None:
    """The kernel closes an ended process's descriptors without any call."""
    world = World()
    server, client = world.process(10), world.process(20)
    _, there = world.connection(client, server)
    child = server.fork(11)
    t = world.tick()
    child.note("exit", t, 0)
    found = of(world, there)
    assert (found[11].until, found[11].closed) == (t, None)
    assert found[10].until is None


def test_h1_a_duplicate_keeps_the_socket_open_in_the_same_process() -> None:
    """dup() gives a second descriptor: closing one of the two lets go of nothing."""
    world = World()
    server, client = world.process(10), world.process(20)
    _, there = world.connection(client, server)
    copy = server.socket(cookie=there.cookie, inode=there.inode)
    server.call("closed", there)
    assert of(world, there)[10].until is None
    last = server.call("closed", copy)
    assert of(world, there)[10].until == last.t0


def fin_at(world: World, socket: Socket) -> int | None:
    """When the kernel sends FIN, by the holdings."""
    ends = [h.until for h in of(world, socket).values()]
    return None if None in ends else max(end for end in ends if end is not None)


def close_all(world: World, socket: Socket, order: list[Proc]) -> list[int]:
    return [process.call("closed", socket).t0 for process in order]


def test_h2_fin_goes_out_when_the_last_holder_lets_go() -> None:
    """The parent's close after a fork ends nothing while the child lives, and vice versa."""
    world = World()
    server, client = world.process(10), world.process(20)
    _, there = world.connection(client, server)
    child, second = server.fork(11), server.fork(12)
    close_all(world, there, [server, second])
    assert fin_at(world, there) is None
    (last,) = close_all(world, there, [child])
    assert fin_at(world, there) == last
