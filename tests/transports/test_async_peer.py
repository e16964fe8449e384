"""The asynchronous peer and the handlers that arriving bytes step on."""

from __future__ import annotations

import asyncio
import threading
import time
from contextvars import ContextVar
from typing import Any

import pytest

import handlers
from plainwire import Limits, connect, frames, serve
from plainwire.errors import BrokenError, BusyError, ClosedError, DeadlineError, EndOfMessages

CODEC = frames.length(4)
VALUE: ContextVar[int] = ContextVar("VALUE")


def answers(handler: Any, messages: list[bytes]) -> list[bytes]:
    """What a handler under `loop` answers when each message waits for its answer."""
    with serve(handler, "tcp://127.0.0.1:0", CODEC, background=True) as server:
        with connect(server.address, CODEC) as peer:
            return [peer.ask(message, 10) for message in messages]


def test_task_and_context_are_the_same_at_every_step() -> None:
    """asyncio.timeout, task groups and logging contexts depend on both."""

    async def handler(peer: Any) -> None:
        VALUE.set(0)
        task = asyncio.current_task()
        async for _ in peer:
            same = task is asyncio.current_task()
            VALUE.set(VALUE.get() + 1)
            await peer.send(b"%d %d" % (same, VALUE.get()))
            if VALUE.get() % 2:
                await asyncio.sleep(0)

    assert answers(handler, [b""] * 4) == [b"1 1", b"1 2", b"1 3", b"1 4"]


def test_a_handler_may_wait_for_anything_else_between_messages() -> None:
    """What is no message is waited for by its task, whose results come back in order."""

    async def handler(peer: Any) -> None:
        async for message in peer:
            answer = message
            match message:
                case b"sleep":
                    await asyncio.sleep(0.001)
                case b"future":
                    future = asyncio.get_running_loop().create_future()
                    asyncio.get_running_loop().call_soon(future.set_result, b"of future")
                    answer = await future
                case b"fails":
                    try:
                        async with asyncio.timeout(0):
                            await asyncio.Event().wait()
                    except TimeoutError:
                        answer = b"timed out"
                case b"thread":
                    answer = await asyncio.to_thread(lambda: b"of thread")
            await peer.send(answer)

    got = answers(handler, [b"a", b"sleep", b"future", b"b", b"fails", b"thread", b"c"])
    assert got == [b"a", b"sleep", b"of future", b"b", b"timed out", b"of thread", b"c"]


def test_a_peer_may_be_read_in_turn_by_the_handler_and_its_child_task() -> None:
    """The same waiter serves a driven coroutine and a task of its own."""

    async def child(peer: Any) -> bytes:
        found: bytes = await peer.recv()
        return b"child " + found

    async def iterating(peer: Any) -> bytes:
        async for message in peer:
            return b"loop " + message
        return b"end"

    async def handler(peer: Any) -> None:
        while True:
            await peer.send(await peer.recv())
            for reader in (child, iterating):
                async with asyncio.TaskGroup() as group:
                    task = group.create_task(reader(peer))
                await peer.send(task.result())

    got = answers(handler, [b"1", b"2", b"3", b"4", b"5"])
    assert got == [b"1", b"child 2", b"loop 3", b"4", b"child 5"]


def test_a_cancelled_receive_loses_nothing() -> None:
    """L6: half a message at the cancellation is whole at the next receive."""

    async def handler(peer: Any) -> None:
        await peer.recv()
        session = peer._session
        first = asyncio.create_task(peer.recv())
        await peer.send(b"ready")
        while session.idle:
            await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await peer.send(b"cancelled")
        await peer.send(await peer.recv())

    with serve(handler, "tcp://127.0.0.1:0", CODEC, background=True) as server:
        with connect(server.address, CODEC) as peer:
            assert peer.ask(b"go", 10) == b"ready"
            peer._stream.send(b"\0\0\0\5he")
            assert peer.recv(10) == b"cancelled"
            peer._stream.send(b"llo")
            assert peer.recv(10) == b"hello"


def test_a_message_that_arrives_with_the_cancellation_is_not_lost() -> None:
    """L6 in the same turn of the loop: woken and cancelled before it ran."""

    async def main() -> tuple[bool, bytes]:
        connection = connect(server.address, CODEC)
        async with connection as peer:
            task = asyncio.create_task(peer.recv())
            await asyncio.sleep(0)
            peer.data_received(b"\0\0\0\1x")
            task.cancel()
            try:
                return False, await task
            except asyncio.CancelledError:
                return True, await peer.recv(0)

    async def silent(peer: Any) -> None:
        async for _ in peer:
            pass

    with serve(silent, "tcp://127.0.0.1:0", CODEC, background=True) as server:
        assert asyncio.run(main())[1] == b"x"


def test_a_timed_out_receive_in_a_handler_goes_on_with_the_next() -> None:
    """The timeout resumes a driven handler too."""

    async def handler(peer: Any) -> None:
        async for message in peer:
            with pytest.raises(DeadlineError):
                await peer.recv(0.001)
            await peer.send(message)

    assert answers(handler, [b"a", b"b"]) == [b"a", b"b"]


def test_a_handler_that_waits_is_cancelled_at_the_end_of_the_drain() -> None:
    """Its cleanup runs, and the thread of the loop ends."""
    cleaned = threading.Event()

    async def handler(peer: Any) -> None:
        try:
            async for message in peer:
                await peer.send(message)
                await asyncio.Event().wait()
        finally:
            cleaned.set()

    server = serve(handler, "tcp://127.0.0.1:0", CODEC, background=True, drain=0.01)
    with connect(server.address, CODEC) as peer:
        assert peer.ask(b"x", 10) == b"x"
        server.stop()
    assert cleaned.is_set()
    assert server.wait(5)


def test_two_tasks_that_receive_are_told_apart_by_an_error() -> None:
    """Otherwise each would get an arbitrary half of the messages."""

    async def handler(peer: Any) -> None:
        await peer.recv()
        first = asyncio.create_task(peer.recv())
        await asyncio.sleep(0)
        for use in (peer.recv(), anext(aiter(peer))):
            with pytest.raises(BusyError, match="another task"):
                await use
        await peer.send(b"busy")
        await peer.send(await first)

    with serve(handler, "tcp://127.0.0.1:0", CODEC, background=True) as server:
        with connect(server.address, CODEC) as peer:
            assert peer.ask(b"go", 10) == b"busy"
            assert peer.ask(b"for the first", 10) == b"for the first"


def test_two_threads_that_receive_are_told_apart_by_an_error() -> None:
    """As for tasks; the thread that waits already is not disturbed."""
    entered, go_on = threading.Event(), threading.Event()
    found: list[bytes] = []

    async def slow(peer: Any) -> None:
        async for message in peer:
            await peer.send(message)

    with serve(slow, "tcp://127.0.0.1:0", CODEC, background=True) as server:
        with connect(server.address, CODEC) as peer:
            receive = peer._stream.receive

            def noted(wait_seconds: float | None = None) -> bytes | None:
                entered.set()
                go_on.wait(10)
                return receive(wait_seconds)

            peer._stream.receive = noted  # type: ignore[method-assign]
            thread = threading.Thread(target=lambda: found.append(peer.recv(10)))
            thread.start()
            assert entered.wait(10)
            with pytest.raises(BusyError, match="another thread"):
                peer.recv(0)
            go_on.set()
            peer.send(b"x")
            thread.join(10)
    assert found == [b"x"]


def test_a_timeout_that_expires_as_a_message_arrives_cancels_no_later_wait() -> None:
    """The message must not resume the handler before the cancellation that is on its way.

    It would leave the `asyncio.timeout` block by then, and be cancelled outside of it.
    """

    async def handler(peer: Any) -> None:
        loop = asyncio.get_running_loop()
        await peer.send(await peer.recv())
        try:
            async with asyncio.timeout(None) as limit:
                # Both in one turn, the expiry first, as when both were due.
                loop.call_soon(limit.reschedule, 0.0)
                loop.call_soon(lambda: loop.call_soon(peer.data_received, b"\0\0\0\1x"))
                first = await anext(aiter(peer))
        except TimeoutError:
            first = b"late " + await peer.recv()
        await asyncio.sleep(0)
        await peer.send(first)

    with serve(handler, "tcp://127.0.0.1:0", CODEC, background=True) as server:
        with connect(server.address, CODEC) as peer:
            assert peer.ask(b"go", 10) == b"go"
            assert peer.recv(10) == b"late x"
    assert server.statistics().failed == 0


def test_messages_keep_their_order_when_the_socket_takes_only_a_part() -> None:
    """What the socket refuses waits in the transport, and what comes later must not overtake."""
    sizes = [1, 70_000, 3, 300_000, 5, 1_000_000, 7]
    expected = [bytes([number]) * size for number, size in enumerate(sizes)]

    async def handler(peer: Any) -> None:
        async for _ in peer:
            for message in expected:
                await peer.send(message)

    with serve(handler, "tcp://127.0.0.1:0", CODEC, background=True) as server:
        with connect(server.address, CODEC) as peer:
            for _ in range(3):
                peer.send(b"all")
                assert [peer.recv(30) for _ in expected] == expected


def test_nothing_that_was_queued_is_sent_after_an_abort() -> None:
    """The socket's number may be another connection's by the end of the turn."""

    async def handler(peer: Any) -> None:
        await peer.recv()
        await asyncio.sleep(0)  # from here on nothing flushes but the end of the turn
        await peer.send(b"too late")
        peer.abort()
        with pytest.raises(ClosedError):
            await peer.send(b"later still")

    with serve(handler, "tcp://127.0.0.1:0", CODEC, background=True) as server:
        with connect(server.address, CODEC) as peer:
            peer.send(b"go")
            with pytest.raises((BrokenError, EndOfMessages)):
                peer.recv(10)
    assert server.statistics().failed == 0


def test_a_message_that_arrives_after_a_close_is_not_handed_out() -> None:
    """Whoever waits for messages while another task closes the peer learns of the close."""
    got: list[bytes] = []
    arrived = threading.Event()

    async def handler(peer: Any) -> None:
        await peer.send(await peer.recv())
        closing = asyncio.create_task(peer.close())

        def arrive() -> None:
            # Behind the close's first steps, while the client still holds the connection.
            if peer._session.failure is None:
                asyncio.get_running_loop().call_soon(arrive)
                return
            peer.data_received(b"\0\0\0\1x")
            arrived.set()

        asyncio.get_running_loop().call_soon(arrive)
        try:
            got.append(await anext(aiter(peer)))
        except ClosedError:
            got.append(b"closed")
        await closing

    limits = Limits(linger_seconds=30.0)
    with serve(handler, "tcp://127.0.0.1:0", CODEC, limits=limits, background=True) as server:
        with connect(server.address, CODEC) as peer:
            assert peer.ask(b"go", 10) == b"go"
            assert arrived.wait(20)
            with pytest.raises(EndOfMessages):
                peer.recv(10)
    assert got == [b"closed"]
    assert server.statistics().failed == 0


@pytest.mark.parametrize("way", ["wait_for", "gather", "task", "shield", "timeout"])
def test_a_send_may_be_awaited_in_every_way_that_asyncio_has(way: str) -> None:
    """`asyncio.wait_for(peer.send(...), 1)` was refused: it belonged to another loop."""

    async def send(peer: Any, message: bytes) -> None:
        match way:
            case "wait_for":
                await asyncio.wait_for(peer.send(message), 10)
            case "gather":
                await asyncio.gather(peer.send(message), peer.send(message))
            case "task":
                async with asyncio.TaskGroup() as group:
                    group.create_task(peer.send(message))
            case "shield":
                await asyncio.shield(peer.send(message))
            case "timeout":
                async with asyncio.timeout(10):
                    await peer.send(message)

    async def handler(peer: Any) -> None:
        async for message in peer:
            await send(peer, message)

    assert answers(handler, [b"one", b"two"])[0] == b"one"


@pytest.mark.parametrize("model", ["threads", "loop"])
def test_a_reset_is_told_in_one_line_that_names_each_address_once(
    model: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It said `tcp://A <- tcp://B: tcp://A <-> tcp://B: [errno 104] connection reset by peer`."""
    with serve(handlers.echo, "tcp://127.0.0.1:0", CODEC, model=model, background=True) as server:
        with connect(server.address, CODEC) as peer:
            assert peer.ask(b"x", 10) == b"x"
            local = str(peer.local)
            peer.abort()
        until = time.monotonic() + 20
        while not server.statistics().failed and time.monotonic() < until:
            server.wait(0.01)
    (line,) = [record.getMessage() for record in caplog.records if local in record.getMessage()]
    assert line.endswith(": connection reset by peer")
    assert line.count(local) == line.count(str(server.address)) == 1
