"""J5 and R1-R4: ranges tile the stream exactly, however it was cut."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from plainwire.see import records
from plainwire.see.ledger.model import Direction, Flow, Ledger, Range
from see.items import Proc, Socket, World

SENDING = ("send", "sendmsg", "os.write", "os.writev", "sendfile", "os.sendfile")
RECEIVING = ("recv", "recv_into", "recvmsg", "os.read", "os.readv")
EAGAIN, EPIPE = -11, -32


@dataclass
class Side:
    """One end: the processes that hold it, each by its own number."""

    holders: list[tuple[Proc, Socket]]
    sent: bytearray = field(default_factory=bytearray)
    taken: int = 0  # of the other side's bytes
    ended: bool = False


class Cut:
    """A connection of which every step is chosen at random, and what must come out."""

    def __init__(self) -> None:
        self.world = World()
        server, client = self.world.process(10), self.world.process(20)
        here, there = self.world.connection(client, server)
        self.sides = [Side([(client, here)]), Side([(server, there)])]
        self.pids = 100

    def step(self, side: int, what: str, who: int, size: int, part: int) -> None:
        me, other = self.sides[side], self.sides[1 - side]
        process, socket = me.holders[who % len(me.holders)]
        thread = 1 + who % 3
        name = (SENDING if what in ("send", "partial") else RECEIVING)[part % 5]
        data = bytes((len(me.sent) + i) * 7 % 251 for i in range(size))
        waiting = bytes(other.sent[me.taken :])
        if what in ("send", "partial") and not me.ended:
            moved = data[: part % (size + 1)] if what == "partial" else data
            process.call(name, socket, moved, asked=size, thread=thread)
            me.sent += moved
        elif what == "sendall" and not me.ended:
            process.call("sendall", socket, data, thread=thread)
            me.sent += data
        elif what == "sendall fails" and not me.ended:
            me.sent += data[: part % (size + 1)]
            ret = EPIPE if part % 2 else records.RAISED
            process.call("sendall", socket, ret=ret, asked=size, aux=len(me.sent) + 1,
                         raised=process.raised("TimeoutError", "timed out"))  # fmt: skip
        elif what == "recv":
            got = waiting[:size]
            if got or (other.ended and size):
                process.call(name, socket, got, asked=size, thread=thread)
                me.taken += len(got)
        elif what == "peek" and waiting:
            process.call("recv", socket, waiting[:size], asked=size, flags=records.MSG_PEEK)
        elif what == "urgent" and not me.ended:
            process.call("send", socket, b"!", flags=records.MSG_OOB)
            if part % 2:
                peer, there = other.holders[0]
                peer.call("recv", there, b"!", asked=1, flags=records.MSG_OOB)
        elif what == "would block":
            process.call("recv" if part % 2 else "send", socket, ret=EAGAIN, asked=size)
        elif what in ("fork", "pass on"):
            self._share(what, me, process, socket)
        elif what == "end":
            process.call("shutdown", socket, asked=1)
            me.ended = True

    def _share(self, what: str, me: Side, process: Proc, socket: Socket) -> None:
        self.pids += 1
        if what == "fork":
            me.holders.append((process.fork(self.pids), socket))
        else:  # over a Unix socket, or inherited by exec: another number
            child = self.world.process(self.pids, program=False)
            me.holders.append((child, child.socket(cookie=socket.cookie, inode=socket.inode)))


STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(
            ["send", "send", "partial", "sendall", "sendall fails", "recv", "recv", "recv",
             "peek", "urgent", "would block", "fork", "pass on", "end"]
        ),
        st.integers(0, 7),
        st.integers(0, 40),
        st.integers(0, 41),
    ),
    max_size=60,
)  # fmt: skip


def assert_tiles(ranges: list[Range], base: int, end: int) -> None:
    at = base
    for part in ranges:
        assert part.start == at
        assert part.end > part.start
        at = part.end
    assert at == end


def covered(parts: list[Range], start: int, end: int) -> int:
    """How many bytes of [start, end) the parts share, each byte at most once."""
    at, total = start, 0
    for part in parts:
        low, high = max(part.start, start), min(part.end, end)
        assert low >= at
        assert low < high
        total += high - low
        at = high
    return total


def only_flow(ledger: Ledger) -> Flow:
    assert len(ledger.flows) == 1
    return ledger.flows[0]


def assert_exact(direction: Direction, sent: bytes, taken: int) -> None:
    assert_tiles(direction.writes, 0, len(sent))
    assert_tiles(direction.reads, 0, taken)
    assert (direction.written, direction.read) == (len(sent), taken)
    for part in direction.reads:
        assert part.call.payload == sent[part.start : part.end]
        written_by = list(direction.writers_of(part.start, part.end))
        assert covered(written_by, part.start, part.end) == part.end - part.start
    for part in direction.writes:
        read_by = list(direction.readers_of(part.start, part.end))
        assert covered(read_by, part.start, part.end) == max(0, min(part.end, taken) - part.start)


@given(STEPS)
@settings(deadline=None, max_examples=200)
def test_ranges_tile_the_stream_exactly_however_it_was_cut(
    steps: list[tuple[int, str, int, int, int]],
) -> None:
    """J5: merged, split, partial and unread bytes follow from this and nothing else."""
    cut = Cut()
    for step in steps:
        cut.step(*step)
    flow = only_flow(cut.world.ledger())
    client, server = cut.sides
    assert_exact(flow.there, bytes(client.sent), server.taken)
    assert_exact(flow.back, bytes(server.sent), client.taken)
    assert not flow.there.interleaved
    assert not flow.back.interleaved


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 30), st.integers(1, 9)), min_size=1))
@settings(deadline=None, max_examples=100)
def test_writes_at_the_same_time_tile_and_are_marked(
    writes: list[tuple[int, int, int]],
) -> None:
    """R2: whose bytes came first is open when two threads write at once; the sum is not."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, _ = world.connection(client, server)
    begin = world.tick()
    spans: list[tuple[int, int]] = []
    for thread, (start, length, size) in enumerate(writes):
        span = (begin + start * 10, begin + (start + length) * 10 + 1 + thread % 7)
        spans.append(span)
        client.call("send", here, b"x" * size, thread=thread + 1, t0=span[0], t1=span[1])
    flow = only_flow(world.ledger())
    assert_tiles(flow.there.writes, 0, sum(size for _, _, size in writes))
    returned = [part.call.t1 for part in flow.there.writes]
    assert returned == sorted(returned, key=lambda t: t or 0)
    overlap = any(
        a[0] < b[1] and b[0] < a[1] for number, a in enumerate(spans) for b in spans[number + 1 :]
    )
    assert flow.there.interleaved == overlap


def test_a_look_and_urgent_data_are_not_in_the_stream() -> None:
    """R3: counting a peeked byte twice would shift every later offset."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    client.call("send", here, b"abc")
    client.call("send", here, b"!", flags=records.MSG_OOB)
    server.call("recv", there, b"ab", asked=2, flags=records.MSG_PEEK)
    server.call("recv", there, b"!", asked=1, flags=records.MSG_OOB)
    server.call("recv", there, b"abc", asked=9)
    flow = only_flow(world.ledger())
    assert [(r.start, r.end) for r in flow.there.writes] == [(0, 3)]
    assert [(r.start, r.end) for r in flow.there.reads] == [(0, 3)]


def test_a_failed_sendall_is_given_the_bytes_the_kernel_had_taken() -> None:
    """Bytes of a sendall that timed out half-way are read by the peer like any others."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    client.call("send", here, b"head")
    client.call("sendall", here, ret=records.RAISED, asked=100, aux=1 + 4 + 60)
    server.call("recv", there, b"head" + b"x" * 60, asked=4096)
    direction = only_flow(world.ledger()).there
    assert [(r.start, r.end) for r in direction.writes] == [(0, 4), (4, 64)]
    assert direction.read == 64


def test_an_open_call_has_moved_nothing_yet() -> None:
    """A recv that still waits must not be counted as an empty read, or as the end."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, _there = world.connection(client, server)
    client.call("recv", here, asked=1024, t1=-1)
    direction = only_flow(world.ledger()).back
    assert direction.reads == []
    assert direction.fin_seen is None


def test_the_end_is_a_read_of_nothing_that_asked_for_something() -> None:
    """recv(0) gives b'' on an open connection; taking it for the end would invent a close."""
    world = World()
    server, client = world.process(10), world.process(20)
    _here, there = world.connection(client, server)
    server.call("recv", there, b"", asked=0)
    assert only_flow(world.ledger()).there.fin_seen is None
    end = server.call("recv", there, b"", asked=10)
    seen = only_flow(world.ledger()).there.fin_seen
    assert seen is not None
    assert seen.t0 == end.t0


def asyncio_pair() -> tuple[World, Proc, Socket, Proc, Socket, int]:
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    loop = client.site(0, kind="loop")
    return world, client, here, server, there, loop


def test_queued_writes_of_asyncio_belong_to_the_lines_that_asked() -> None:
    """R4: the loop's callbacks send in other pieces, and are nobody's lines."""
    world, client, here, server, there, loop = asyncio_pair()
    # 10 bytes at once; of 100, 30 at once and 70 queued; 50 more queued behind them.
    client.call("send", here, b"a" * 10, line=1)
    client.call("send", here, b"b" * 30, asked=100, line=2)
    client.call("stream.queue", here, asked=70, ret=0, aux=70, line=2)
    client.call("stream.queue", here, asked=50, ret=0, aux=120, line=3)
    client.call("send", here, b"b" * 60, asked=70, site=loop)
    client.call("sendmsg", here, b"b" * 10 + b"c" * 50, site=loop)
    server.call("recv", there, b"?" * 160, asked=200)
    direction = only_flow(world.ledger()).there
    assert_tiles(direction.writes, 0, 160)
    asked = [(r.start, r.end, r.call.site.frame and r.call.site.frame.line)
             for r in direction.asked_writes]  # fmt: skip
    assert asked == [(0, 10, 1), (10, 110, 2), (110, 160, 3)]


def test_a_queued_write_that_could_not_begin_is_counted_once() -> None:
    """R4: the send that would have blocked and the queue are one write of the program."""
    world, client, here, _, _, loop = asyncio_pair()
    client.call("send", here, ret=EAGAIN, asked=20, line=1)
    client.call("stream.queue", here, asked=20, ret=0, aux=20, line=1)
    client.call("send", here, b"x" * 20, site=loop)
    client.call("send", here, b"y" * 5, line=2)
    direction = only_flow(world.ledger()).there
    assert [(r.start, r.end) for r in direction.asked_writes] == [(0, 20), (20, 25)]
    assert direction.written == 25


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20), st.integers(0, 50), st.data())
@settings(deadline=None, max_examples=100)
def test_asked_and_kernel_writes_compose_to_the_same_stream(
    sizes: list[int], first: int, data: st.DataObject
) -> None:
    """R4: the same bytes in the same offsets, by the program's cuts and by the loop's."""
    world, client, here, _, _, loop = asyncio_pair()
    total, at_once = sum(sizes), min(first, sizes[0])
    client.call("send", here, b"x" * at_once, asked=sizes[0], line=1)
    if at_once < sizes[0]:
        client.call("stream.queue", here, asked=sizes[0] - at_once, ret=0, line=1)
    left = total - at_once
    for line, size in enumerate(sizes[1:], 2):
        client.call("stream.queue", here, asked=size, ret=0, line=line)
    while left:
        piece = data.draw(st.integers(1, left))
        client.call("send", here, b"x" * piece, site=loop)
        left -= piece
    direction = only_flow(world.ledger()).there
    assert_tiles(direction.writes, 0, total)
    assert_tiles(direction.asked_writes, 0, total)
    assert [r.end - r.start for r in direction.asked_writes] == sizes


def test_reads_of_a_stream_reader_lie_on_the_same_offsets_as_the_kernels() -> None:
    """R4: readline's line and the loop's recv are two cuts of one stream."""
    world, client, here, server, there, _ = asyncio_pair()
    loop = server.site(0, kind="loop")
    client.call("send", here, b"one\ntwo\nthr")
    server.call("recv", there, b"one\ntwo\nthr", asked=65536, site=loop)
    server.call("stream.readline", there, ret=4, line=5)
    server.call("stream.readline", there, ret=4, line=5)
    server.call("stream.readexactly", there, asked=9, t1=-1, line=6)
    direction = only_flow(world.ledger()).there
    assert [(r.start, r.end) for r in direction.reads] == [(0, 11)]
    assert [(r.start, r.end) for r in direction.asked_reads] == [(0, 4), (4, 8)]


def test_tls_plaintext_is_the_stream_when_the_socket_below_was_not_read_by_the_program() -> None:
    """The ssl module reads the descriptor itself: the program's plaintext is the stream."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    client.call("tls.handshake", here)
    client.call("tls.write", here, b"secret")
    server.call("tls.read", there, b"sec", asked=3)
    flow = only_flow(world.ledger())
    assert (flow.there.written, flow.there.read) == (6, 3)
    assert all(end.tls for end in flow.ends)


def lost(world: World, rows: list[tuple[str, int, int, int, int]]) -> None:
    world.run("lost", rows=rows)


def test_a_bounded_recording_begins_at_the_bytes_it_let_go() -> None:
    """Offsets that began at 0 again would join old sends to new reads."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    client.call("send", here, b"new!")
    server.call("recv", there, b"ne", asked=2)
    lost(world, [(client.key, here.number, 1000, 0, 8), (server.key, there.number, 5, 1000, 9)])
    flow = only_flow(world.ledger())
    assert flow.there.base == 1000
    assert_tiles(flow.there.writes, 1000, 1004)
    assert_tiles(flow.there.reads, 1000, 1002)
    assert flow.back.base == 5


def test_bytes_that_several_holders_lost_are_added_up() -> None:
    """A forked child's sends are part of the same stream as its parent's."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    child = client.fork(21)
    child.call("send", here, b"abc")
    server.call("recv", there, b"abc", asked=10)
    lost(world, [(client.key, here.number, 100, 0, 1), (child.key, here.number, 20, 0, 1),
                 (server.key, there.number, 0, 120, 1)])  # fmt: skip
    direction = only_flow(world.ledger()).there
    assert direction.base == 120
    assert_tiles(direction.writes, 120, 123)


def test_ends_that_lost_different_amounts_still_join() -> None:
    """A process's calls are dropped in blocks: one end may lack more than the other."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    client.call("send", here, b"x" * 40)
    server.call("recv", there, b"x" * 100, asked=100)
    lost(world, [(client.key, here.number, 60, 0, 1)])
    direction = only_flow(world.ledger()).there
    assert (direction.written, direction.read) == (100, 100)
    assert_tiles(direction.writes, 60, 100)
    assert_tiles(direction.reads, 0, 100)
