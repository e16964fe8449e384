"""What a message costs, part by part: `python bench/costs.py`.

No network in between but for the last two tables: a transport that throws its writes away
shows what the library itself takes. Each figure is the best of many short runs in processor
time, since anything else that runs only adds. Every cost that a docstring or docs/build.md
names is measured here.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from servers import BareProtocol, echo

from plainwire import Address, Limits, frames
from plainwire.transports.async_peer import AsyncPeer
from plainwire.transports.group import PeerGroup
from plainwire.transports.open import make_session
from plainwire.transports.waiter import Driven

MESSAGE = b"x" * 64
FRAME = b"\0\0\0\x40" + MESSAGE
CODEC = frames.length(4)


def best(call: Callable[[], object], count: int, runs: int = 100) -> float:
    """Least microseconds of one call."""
    least = float("inf")
    for _ in range(runs):
        start = time.process_time()
        for _ in range(count):
            call()
        least = min(least, time.process_time() - start)
    return least / count * 1e6


def show(name: str, micros: float) -> None:
    print(f"{name:58}{micros:8.3f} us")


class Nowhere(asyncio.Transport):
    """A transport that throws away what is written."""

    def write(self, data: Any) -> None: ...

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False


class Taker(socket.socket):
    """A socket that takes everything and keeps nothing."""

    def send(self, data: Any, _flags: int = 0) -> int:
        return len(data)


async def handler_cost(batch: int, *, driven: bool) -> float:
    """From data_received to write, for each message."""
    loop, limits, address = asyncio.get_running_loop(), Limits(), Address("tcp", "x", 1)
    session = make_session("tcp", CODEC, limits, loop.time(), server=True)
    group, taker = PeerGroup(loop, limits), Taker()
    peer: AsyncPeer[bytes] = AsyncPeer(session, limits, group, address, address, taker)
    peer.connection_made(Nowhere())
    context = copy_context()

    async def handle() -> None:
        await (Driven(echo(peer), context) if driven else echo(peer))

    task = loop.create_task(handle(), context=context)
    await asyncio.sleep(0)
    measured: asyncio.Future[float] = loop.create_future()
    data = FRAME * batch
    count = 2000 // batch + 1
    # From a callback, as a transport calls: no task is running.
    loop.call_soon(
        lambda: measured.set_result(best(lambda: peer.data_received(data), count) / batch)
    )
    found = await measured
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    peer.connection_lost(None)
    taker.close()
    return found


def decode(data: bytes) -> Callable[[], object]:
    parse = CODEC.decoder().parser()
    return lambda: parse(data)


def parts() -> None:
    print("one message of 64 bytes behind a 4-byte length")
    show("split: alone in its read", best(decode(FRAME), 2000))
    parse = CODEC.decoder().parser()

    def halves() -> None:
        parse(FRAME[:30])
        parse(FRAME[30:])

    show("split: in two reads", best(halves, 2000))
    show("split: 64 in one read, all of one size", best(decode(FRAME * 64), 40) / 64)
    mixed = b"".join(CODEC.encode(b"x" * (32 + n)) for n in range(64))
    show("split: 64 in one read, of mixed sizes", best(decode(mixed), 40) / 64)
    encode, out = CODEC.sender(), []  # type: ignore[var-annotated]

    def joined() -> None:
        for _ in range(64):
            encode(out, MESSAGE)
        b"".join(out)
        out.clear()

    show("encode and join: 64 of them", best(joined, 40) / 64)


def handlers() -> None:
    import uvloop

    print("\nfrom data_received to write, without any socket")
    bare = BareProtocol()
    bare.connection_made(Nowhere())
    for batch in (1, 64):
        count = 2000 // batch + 1
        data = FRAME * batch
        show(f"{batch} in a read: bare protocol, no handler",
             best(lambda d=data: bare.data_received(d), count) / batch)  # fmt: skip
        for driven in (True, False):
            name = "stepped by its bytes" if driven else "a task that waits"
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                show(f"{batch} in a read: handler, {name}",
                     runner.run(handler_cost(batch, driven=driven)))  # fmt: skip


def writes() -> None:
    """64 messages to a TCP socket in 64 writes or in one; wall time, loopback."""
    print("\n64 messages to a socket, for each")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname())
        other, _ = listener.accept()

    def sink() -> None:
        while other.recv(1 << 20):
            pass

    thread = threading.Thread(target=sink)
    thread.start()
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    pieces = [FRAME] * 64

    def singly() -> None:
        for piece in pieces:
            one.send(piece)

    for name, call in (("64 writes", singly), ("one", lambda: one.sendall(b"".join(pieces)))):
        show(f"joined in {name}" if name == "one" else name, wall(call) / 64)
    one.shutdown(socket.SHUT_WR)
    thread.join()
    one.close()
    other.close()


def wall(call: Callable[[], object]) -> float:
    least = float("inf")
    for _ in range(300):
        start = time.perf_counter()
        call()
        least = min(least, time.perf_counter() - start)
    return least * 1e6


def reads() -> None:
    """64 MiB through a socket pair by reads of several sizes; wall time."""
    print("\na MiB read by reads of")
    for kib in (4, 16, 64, 256, 1024):
        left, right = socket.socketpair()
        chunk = bytes(1 << 20)

        def feed(left: socket.socket = left, chunk: bytes = chunk) -> None:
            for _ in range(64):
                left.sendall(chunk)
            left.close()

        thread = threading.Thread(target=feed)
        start = time.perf_counter()
        thread.start()
        while right.recv(kib * 1024):
            pass
        took = time.perf_counter() - start
        thread.join()
        right.close()
        show(f"{kib} KiB", took / 64 * 1e6)


if __name__ == "__main__":
    parts()
    handlers()
    writes()
    reads()
