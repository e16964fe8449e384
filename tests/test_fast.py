"""What is compiled and its twins in Python give the same answers, and leak nothing."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import subprocess
import sys
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plainwire import Limits, connect, frames, serve
from plainwire.errors import EncodeError, EndOfMessages
from plainwire.fast import compiled
from plainwire.frames.length import LengthCodec
from plainwire.transports.async_peer import AsyncPeer
from plainwire.transports.sent import SENT, PythonSent
from plainwire.transports.turn import PythonTurn
from plainwire.transports.waiter import PythonStep, PythonWait

if compiled is None:
    pytest.skip("plainwire.fast was not compiled here", allow_module_level=True)

CODEC = frames.length(4)
TWINS = [
    (compiled.Wait, PythonWait),
    (compiled.Step, PythonStep),
    (compiled.Turn, PythonTurn),
    (type(compiled.SENT), PythonSent),
]


def shapes() -> st.SearchStrategy[LengthCodec]:
    """Codecs of every shape that `length` takes, sensible or not."""
    return st.builds(
        lambda size, order, offset, adjust, strip, most, signed: LengthCodec(
            "any", size, order, (offset, adjust, strip), max_bytes=most, signed=signed
        ),
        st.integers(1, 8), st.sampled_from(["big", "little"]), st.integers(0, 4),
        st.integers(-12, 12), st.integers(0, 12), st.sampled_from([1, 5, 300, 1 << 40, 1 << 62]),
        st.booleans(),
    )  # fmt: skip


@given(shapes(), st.lists(st.binary(max_size=40), max_size=6), st.booleans())
@example(frames.length(4), [b"\0\0\0\1a\0\0\0\1", b"b\0\0\0\2cd\0\0"], True)
@example(frames.length(8), [b"\xff" * 8], False)
def test_any_bytes_are_split_as_in_python(
    codec: LengthCodec, pieces: list[bytes], small: bool
) -> None:
    """Messages, error, offset and what is pending, after every read."""
    if small:
        # Bytes that are mostly small lengths, so that frames are found at all.
        pieces = [bytes(byte % 3 for byte in piece) for piece in pieces]
    fast, slow = codec.decoder(), codec.decoder()
    slow._splitter = None  # type: ignore[attr-defined]
    parse = fast.parser()
    for piece in filter(None, pieces):
        assert parse(piece) == slow.receive_data(piece)
        assert repr(fast.error) == repr(slow.error)
        assert (fast.offset, fast.pending) == (slow.offset, slow.pending)
    assert fast.receive_eof() == slow.receive_eof()
    assert repr(fast.error) == repr(slow.error)


@given(
    st.integers(1, 8),
    st.sampled_from(["big", "little"]),
    st.one_of(st.binary(max_size=600), st.binary(max_size=5).map(bytearray), st.text(max_size=3)),
)
@example(1, "big", b"x" * 256)
@example(4, "little", b"x" * 513)
def test_a_message_is_encoded_as_in_python(size: int, order: Any, message: Any) -> None:
    """The frame, or the refusal that leaves nothing half queued."""
    codec = frames.length(size, order)

    def outcome(encode: Callable[[list[bytes], Any], int]) -> tuple[Any, bytes]:
        parts: list[bytes] = [b"before"]
        try:
            return encode(parts, message), b"".join(parts)
        except EncodeError as error:
            return str(error), b"".join(parts)

    assert outcome(codec.sender()) == outcome(codec._encode_any)


@pytest.mark.parametrize(
    "numbers",
    [
        (0, 0, 4, 4, 0, 9),
        (4, 0, 3, 0, 0, 9),
        (4, 0, 4, 5, 0, 9),
        (4, 0, 4, 4, 9, 8),
        (4, sys.maxsize, 4, 4, 0, 9),
        (4, 0, sys.maxsize, 4, 9, 9),
        (4, 0, -sys.maxsize, 4, 9, 9),
    ],
)
def test_numbers_that_fit_no_frame_are_refused(numbers: tuple[int, ...]) -> None:
    """They would read outside of the bytes that arrived."""
    size, *rest = numbers
    with pytest.raises(ValueError, match="fit no frame"):
        compiled.Splitter(size, False, *rest)


@pytest.mark.parametrize(("fast", "slow"), TWINS)
def test_twins_have_the_same_names_and_words(fast: type, slow: type) -> None:
    """What one has and the other lacks would fail on the other machine only."""
    for name, member in vars(fast).items():
        if name.startswith("__"):
            continue
        assert hasattr(slow, name), f"{slow.__name__} lacks {name}"
        if callable(member) and not name.startswith("_"):
            assert inspect.getdoc(member) == inspect.getdoc(getattr(slow, name)), name
            fast_ones = inspect.signature(member).parameters.values()
            slow_ones = inspect.signature(getattr(slow, name)).parameters.values()
            assert [p.name for p in fast_ones] == [p.name for p in slow_ones], name
            for one, other in zip(fast_ones, slow_ones, strict=True):
                public = one.name not in ("self", "value", "typ", "val", "tb", "waiter")
                assert not public or one.kind == other.kind, f"{name}({one.name})"


def test_what_was_sent_is_a_coroutine_that_has_ended() -> None:
    """By the words of collections.abc, which asyncio asks."""
    assert asyncio.iscoroutine(SENT)
    with pytest.raises(StopIteration):
        SENT.send(None)
    with pytest.raises(StopIteration):
        next(iter(SENT.__await__()))
    for thrown in ((KeyError("x"),), (KeyError,), (KeyError, KeyError("x"), None)):
        with pytest.raises(KeyError):
            SENT.throw(*thrown)  # type: ignore[arg-type]
    SENT.close()


async def talk(handler: Callable[[Any], Any], count: int) -> None:
    """Serve in a loop of our own and exchange messages with the handler."""
    from plainwire import serve_async

    async with serve_async(handler, "tcp://127.0.0.1:0", CODEC) as server:
        async with connect(server.address, CODEC) as peer:
            for number in range(count):
                message = b"%400d" % number
                assert await peer.ask(message, 10) == message


async def echo(peer: Any) -> None:
    async for message in peer:
        await peer.send(message)


@pytest.mark.parametrize("value", [(1, 2), KeyError("x"), b"", None])
def test_any_value_may_be_a_message(value: Any) -> None:
    """A tuple or an exception in a StopIteration would be taken apart."""
    seen: list[Any] = []

    async def look(peer: AsyncPeer[Any]) -> None:
        peer._inbox.extend([value, value])
        seen.append(await anext(peer))
        following = peer.__anext__()
        with pytest.raises(StopIteration) as stop:
            following.send(None)  # type: ignore[attr-defined]
        seen.append(stop.value.value)
        await echo(peer)

    asyncio.run(talk(look, 1))
    assert seen == [value, value]


def test_the_next_message_is_awaited_once_and_may_be_given_up() -> None:
    """As of a coroutine: thrown into, closed, not used again; nothing is lost."""
    done: list[str] = []

    async def look(peer: Any) -> None:
        first, second = peer.__anext__(), peer.__anext__()
        first.close()
        with pytest.raises(KeyError):
            second.throw(KeyError("x"))
        with pytest.raises(RuntimeError, match="already awaited"):
            first.send(None)
        waiting = peer.__anext__()
        assert waiting.send(None) is peer._waiter is peer._message_waiter
        with pytest.raises(KeyError):
            waiting.throw(KeyError("x"))
        assert peer._message_waiter is None
        waiting = peer.__anext__()
        waiting.send(None)
        waiting.close()
        assert peer._message_waiter is None
        waiting = peer.__anext__()
        waiting.send(None)
        del waiting
        await peer.send(await asyncio.wait_for(anext(peer), 10))
        done.append("looked")
        await echo(peer)

    asyncio.run(talk(look, 3))
    assert done == ["looked"]


def test_a_peer_that_was_not_made_says_so() -> None:
    """Rather than to crash the interpreter."""
    peer = AsyncPeer.__new__(AsyncPeer)
    with pytest.raises(RuntimeError, match="not made"):
        peer.send(b"x")
    with pytest.raises(RuntimeError, match="not made"):
        peer.data_received(b"x")
    with pytest.raises(RuntimeError, match="not made"):
        asyncio.run(anext(peer))  # type: ignore[arg-type]
    for make in (compiled.Step, compiled.Turn, compiled.Parser, compiled.Encoder):
        with pytest.raises(TypeError):
            make()
    with pytest.raises(TypeError):
        compiled.Step.__new__(compiled.Step).step(compiled.Wait())


def test_peers_are_freed_when_they_end() -> None:
    """The collector sees through the compiled types."""
    peers: list[weakref.ref[Any]] = []

    async def watch(peer: Any) -> None:
        peers.append(weakref.ref(peer))
        await echo(peer)
        # A circle, which only the collector can undo.
        peer.__anext__()

    for _ in range(3):
        asyncio.run(talk(watch, 3))
    gc.collect()
    assert [peer for peer in peers if peer() is not None] == []


def test_messages_leave_no_reference_behind() -> None:
    """To what lives as long as the peer; one for each message would keep it for ever."""
    counts: list[list[int]] = []

    async def count(peer: Any) -> None:
        async for message in peer:
            kept = [peer, peer._waiter, peer._waiter.driver, peer._inbox, peer._out, SENT]
            kept += [peer._session, peer._session.parse, peer._session.encode_parts, peer._direct]
            kept.append(peer._waiter.driver._coroutine)
            counts.append([sys.getrefcount(one) for one in kept])
            await peer.send(message)

    asyncio.run(talk(count, 400))
    first, last = counts[20], counts[-1]
    assert max(b - a for a, b in zip(first, last, strict=True)) < 100
    assert min(b - a for a, b in zip(first, last, strict=True)) > -100


def test_messages_leave_nothing_behind() -> None:
    """Whatever is made for a message is gone after it."""

    async def exchange() -> int:
        await talk(echo, 50)
        gc.collect()
        before = sys.getallocatedblocks()
        await talk(echo, 3000)
        gc.collect()
        return sys.getallocatedblocks() - before

    asyncio.run(exchange())
    assert asyncio.run(exchange()) < 500


def test_a_refused_message_leaves_the_peer_as_it_was() -> None:
    """The error is the codec's, and the next message is sent."""

    async def handler(peer: Any) -> None:
        async for message in peer:
            with pytest.raises(EncodeError, match="a message is bytes, not str"):
                await peer.send("text")
            with pytest.raises(EncodeError, match="1048577 bytes, 1048576 allowed"):
                await peer.send(bytes((1 << 20) + 1))
            await peer.send(message)

    with serve(handler, "tcp://127.0.0.1:0", CODEC, limits=Limits(), background=True) as server:
        with connect(server.address, CODEC) as peer:
            assert [peer.ask(b"%d" % n, 10) for n in range(3)] == [b"0", b"1", b"2"]
    assert server.statistics().failed == 0


def test_a_wait_that_is_dropped_leaves_the_peer_free() -> None:
    """`recv` said that another task was receiving."""

    async def look(peer: Any) -> None:
        waiting = peer.__anext__()
        waiting.send(None)
        del waiting
        await peer.send(await peer.recv(10))
        default = anext(peer, b"").__await__()
        next(default)
        del default
        await peer.send(await peer.recv(10))

    asyncio.run(talk(look, 2))


def test_a_size_that_no_frame_has_is_an_error() -> None:
    """What a codec of one's own returns is looked at, rather than believed."""

    class Lying(LengthCodec):
        answer: Any = -1

        def sender(self) -> Any:
            return lambda *_: self.answer

    codec = Lying("lying", 4, "big", (0, 0, 4))
    seen: list[BaseException] = []

    async def handler(peer: Any) -> None:
        await peer.recv()
        for answer in (-1, 1 << 70, "many"):
            codec.answer = answer
            try:
                await peer.send(b"x")
            except (ValueError, OverflowError, TypeError) as error:
                seen.append(error)

    with serve(handler, "tcp://127.0.0.1:0", codec, background=True) as server:
        with connect(server.address, CODEC) as peer:
            peer.send(b"go")
            assert list(peer) == []
    assert [type(error) for error in seen] == [ValueError, OverflowError, TypeError]


def test_a_collector_that_ends_the_wait_while_bytes_are_parsed_is_survived() -> None:
    """On 3.11 it runs wherever something is allocated, and its finalizers do what they like."""

    class Finalized:
        def __init__(self, call: Callable[[], None]) -> None:
            self.me, self.call = self, call

        def __del__(self) -> None:
            self.call()

    class Gate:
        """Hides the coroutine, so that its end is seen only when it is stepped."""

        def __init__(self, coroutine: Any) -> None:
            self.coroutine = coroutine

        def __await__(self) -> Any:
            return (yield from self.coroutine.__await__())

    ended: list[str] = []

    async def handler(peer: Any) -> None:
        async def following() -> bytes:
            message: bytes = await anext(peer)
            return message

        await peer.send(await following())
        waiting = following()
        kept: list[Any] = []

        def receive() -> None:
            gc.disable()
            # So that the next list is allocated, and the collector asked.
            kept.extend([] for _ in range(300))
            Finalized(waiting.close)
            gc.enable()
            gc.set_threshold(1)
            peer.data_received(b"\0\0\0\1x")

        asyncio.get_running_loop().call_soon(receive)
        try:
            await Gate(waiting)
        except RuntimeError as error:
            ended.append(str(error))

    before = gc.get_threshold()
    try:
        with contextlib.suppress(EndOfMessages):
            asyncio.run(talk(handler, 1))
    finally:
        gc.set_threshold(*before)
    # Nothing where the collector waits for the end of a bytecode, which is 3.12 and newer.
    assert ended in ([], ["cannot reuse already awaited coroutine"])


def test_a_second_interpreter_goes_on_in_python() -> None:
    """What is compiled keeps objects that belong to one interpreter."""
    program = """
import sys
import plainwire.fast
assert plainwire.fast.compiled is not None
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
one = interpreters.create(*(["legacy"] if sys.version_info >= (3, 13) else []),
                          **({"isolated": False} if sys.version_info < (3, 13) else {}))
code = "import plainwire.fast; assert plainwire.fast.compiled is None"
failed = interpreters.run_string(one, code)
assert not failed, failed
interpreters.destroy(one)
print("two")
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.strip() == "two", run.stderr
