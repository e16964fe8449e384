"""Lines that wait for each other, in pairs and rings: what rules about hangs share.

patience.py adds the pairs of which one had a time-out, or a loop with timers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from plainwire.see.diagnosis import sharing
from plainwire.see.diagnosis.case import Case
from plainwire.see.ledger.model import SAMPLED_AFTER_NS, Call, Endpoint, Flow
from plainwire.see.ledger.ranges import is_receive, is_send
from plainwire.see.ledger.waits import Waiter, Waits

_EAGAIN = 11


@dataclass(frozen=True, slots=True)
class Pair:
    """Both ends of a flow, each with a thread stuck on it, at the time of one sample."""

    flow: Flow
    waits: Waits
    client: tuple[Waiter, Call | None]
    server: tuple[Waiter, Call | None]
    gave_up: Call | None = None  # the one of the two that a time-out ended
    timers: bool = False  # a loop that waits here has timers, which did nothing about it

    @property
    def waiters(self) -> tuple[Waiter, Waiter]:
        """The threads that wait: the client's and the server's."""
        return self.client[0], self.server[0]

    @property
    def calls(self) -> tuple[Call | None, Call | None]:
        """The lines that wait: the client's and the server's."""
        return self.client[1], self.server[1]


def stuck_pairs(case: Case, wait: str) -> Iterator[Pair]:
    """Flows with both ends stuck in 'receive' or in 'send'; each flow once, earliest first."""
    told: set[int] = set()
    for waits in case.waits:
        if wait == "receive" and not all_had_started(case, waits.t):
            continue
        for flow in case.ledger.flows:
            if flow.number in told or flow.client is None or flow.server is None:
                continue
            client = stuck_on(waits, flow.client, wait)
            server = stuck_on(waits, flow.server, wait)
            if client is None or server is None:
                continue
            if any(went_on(case, call) for _, call in (client, server)):
                continue
            stirred = _stirred_later(case, waits, client[0], server[0])
            if stirred or spoken_later(case, flow, waits.t):
                continue
            told.add(flow.number)
            yield Pair(flow, waits, client, server)


def stuck_on(waits: Waits, end: Endpoint, wait: str) -> tuple[Waiter, Call | None] | None:
    """A thread stuck on one end, with its line if the probe knows it."""
    found = waits.on(end, wait)
    for waiter in found:
        call = waiter.call_on(end, wait)
        if call is not None:
            return waiter, call
    # A loop that waits for many sockets waits for this one too; it is stuck on it only
    # if somebody asked for this one's bytes.
    for waiter in found:
        asked = asked_last(end) if wait == "receive" else None
        if waiter.wait != "poll" or asked is not None:
            return waiter, asked
    return None


def asked_last(end: Endpoint) -> Call | None:
    """Who asked a loop for this endpoint's bytes: its protocol's last read, or a sock_recv().

    Such a call has long returned; it stands for the line that waits.
    """
    reads = [c for c in end.calls if is_receive(c)]
    if end.protocol is not None and end.protocol[1] is not None:
        made = [c for c in end.calls if c.op == "socket"]
        return (reads or made)[-1] if reads or made else None
    if reads and reads[-1].failure is not None and reads[-1].failure.errno == _EAGAIN:
        return reads[-1] if reads[-1].site.frame is not None else None
    return None


def halted_send(case: Case, end: Endpoint, until: int) -> Call | None:
    """A send that the kernel took nothing of, and after which its thread did nothing more.

    So waits a library that has an epoll of its own, which nobody observes.
    """
    calls = [c for c in end.calls if c.t0 < until]
    last = calls[-1] if calls else None
    if last is None or not is_send(last) or last.failure is None:
        return None
    later = any(c.t0 < until for c in case.of_thread(last, (last.t1 or last.t0) + 1))
    return last if last.failure.errno == _EAGAIN and not later else None


def thread_of(call: Call) -> tuple[int, int]:
    """A call's thread as the kernel numbers it: pid and tid."""
    return call.process.pid, call.process.threads.get(call.thread, (0, ""))[0]


def spoken_later(case: Case, flow: Flow, t: int) -> bool:
    """Did somebody send on the connection after that moment, so that it was no hang?"""
    return any(
        is_send(call) and call.t0 > t and call.count > 0 and not case.is_ours(call)
        for end in flow.ends
        for call in reversed(end.calls)
    )


def _stirred_later(case: Case, waits: Waits, *waiters: Waiter) -> bool:
    """Do they still wait at the last sample that has them all, but for somebody who may act?

    A program that came later may bring what they wait for: a second player, an operator.
    """
    keys = {_key(waiter) for waiter in waiters}
    for later in reversed(case.waits):
        if later.t <= waits.t:
            return False
        ours = [w.process for w in waiters if w.process is not None and w.process.ending]
        if any(later.t >= (process.ending or 0) for process in ours):
            continue  # it shows our ending them
        if keys <= {_key(waiter) for waiter in later.blocked}:
            return not keys <= {_key(waiter) for waiter in later.stuck}
    return False


def _key(waiter: Waiter) -> tuple[int, int, tuple[str, ...]]:
    return waiter.pid, waiter.tid, waiter.inodes


def all_had_started(case: Case, t: int) -> bool:
    """Were all programs of the command line there? One that is still to come may be the cure."""
    return all(p.started is not None and p.started <= t for p in case.ledger.programs)


def went_on(case: Case, call: Call | None) -> bool:
    """Did the call return later by itself, so that the hang was none?"""
    return (
        call is not None
        and call.t1 is not None
        and call.failure is None
        and call.blocked_ns > SAMPLED_AFTER_NS
        and not case.is_ours(call)
    )


@dataclass(frozen=True, slots=True)
class Link:
    """One end of a flow with a thread stuck in a read of it, and the line that reads."""

    flow: Flow
    end: Endpoint
    waiter: Waiter
    call: Call


@dataclass(frozen=True, slots=True)
class Ring:
    """Stuck readers over several flows; each waits for the next, the last for the first."""

    waits: Waits
    links: tuple[Link, ...]


def stuck_rings(case: Case) -> Iterator[Ring]:
    """Rings over two flows or more, each flow in one ring; earliest first.

    Two ends of one flow that wait for each other are a `Pair`, and in no ring.
    """
    told: set[int] = set()
    for waits in case.waits:
        if not all_had_started(case, waits.t):
            continue
        links = [link for link in _links(case, waits) if link.flow.number not in told]
        for link in links:
            if link.flow.number not in told:
                ring = _ring_through(link, links, waits)
                if ring and not _stirred_later(case, waits, *(each.waiter for each in ring)):
                    told |= {other.flow.number for other in ring}
                    yield Ring(waits, ring)


def _links(case: Case, waits: Waits) -> list[Link]:
    """The stuck readers of flows that have one such end; in the order of their flows."""
    found: list[Link] = []
    for flow in case.ledger.flows:
        if flow.client is None or flow.server is None:
            continue
        stuck = [(end, stuck_on(waits, end, "receive")) for end in flow.ends]
        ends = [(end, *who) for end, who in stuck if who is not None]
        if len(ends) == 1:
            end, waiter, call = ends[0]
            if call is not None and not went_on(case, call):
                found.append(Link(flow, end, waiter, call))
    return found


def _ring_through(first: Link, links: list[Link], waits: Waits) -> tuple[Link, ...]:
    """The shortest ring that begins with a link; empty when there is none."""
    paths: list[tuple[Link, ...]] = [(first,)]
    seen = {first.flow.number}
    for path in paths:  # breadth first: the list grows while it is walked
        for link in _waited_for(path[-1], links, waits):
            if link is first:
                return path
            if link.flow.number not in seen:
                seen.add(link.flow.number)
                paths.append((*path, link))
    return ()


def _waited_for(link: Link, links: list[Link], waits: Waits) -> list[Link]:
    """What the processes that hold the other end of a link's flow are stuck on."""
    peer = link.flow.server if link.end is link.flow.client else link.flow.client
    holders = waits.holders.get(str(peer.inode), []) if peer is not None else []
    return [other for other in links if other is not link and other.waiter.pid in holders]


def could_be_woken(waits: Waits, waiters: Iterable[Waiter]) -> bool:
    """Might a new client make one of these processes write to another?

    A process of threads or an event loop that also accepts may speak to this client
    when somebody else comes. A forked child does not accept.
    """
    accepting = {waiter.pid for waiter in waits.acceptors}
    return bool(accepting & {waiter.pid for waiter in waiters})


def new_client_could_wake(waits: Waits, waiters: Iterable[Waiter]) -> bool:
    """Is it a new client that might, and not only a datagram? A UDP socket accepts nobody."""
    pids = {waiter.pid for waiter in waiters}
    rows = (
        waits.sockets.get(inode, {})
        for acceptor in waits.acceptors
        if acceptor.pid in pids
        for inode in acceptor.inodes
    )
    serving = any(a.wait == "accept" and a.pid in pids for a in waits.acceptors)
    return serving or any(row.get("state") == "LISTEN" for row in rows)


def waits_for_news(case: Case, waits: Waits, waiters: Iterable[Waiter]) -> bool:
    """Does one of these processes accept clients, and write to one what another brings?"""
    accepting = {waiter.pid for waiter in waits.acceptors}
    return any(
        waiter.pid in accepting
        and (
            waiter.process is None
            or any(map(sharing.writes_to_others, case.sources_of(waiter.process)))
        )
        for waiter in waiters
    )
