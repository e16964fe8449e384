"""The blocking peer: nothing lost by a timeout, nothing kept back by joining."""

from __future__ import annotations

import time
from typing import Any

import pytest

from plainwire import Limits, connect, frames, serve
from plainwire.errors import ClosedError, DeadlineError
from plainwire.testing import memory_pair
from plainwire.transports.open import open_stream_peer

CODEC = frames.length(4)


def peers(**options: Any) -> Any:
    a, b = memory_pair()
    limits = Limits(**options)
    return (
        open_stream_peer(a, CODEC, limits, server=False),
        open_stream_peer(b, CODEC, limits, server=True),
    )


def test_a_receive_that_times_out_loses_nothing() -> None:
    """L6: half a header must not become a length later."""
    one, two = peers()
    raw = one._stream
    for piece in (b"\0\0", b"\0\5he", b"llo"):
        with pytest.raises(DeadlineError):
            two.recv(0)
        raw.send(piece)
    assert two.recv(5) == b"hello"


def test_a_client_with_messages_to_take_still_sends_at_once() -> None:
    """Joining behind an inbox would keep the last message back while the program waits."""
    one, two = peers()
    two.send_many([b"a", b"b", b"c"])
    assert one.recv(5) == b"a"
    one.send(b"now")
    assert two.recv(5) == b"now"


def test_joined_answers_leave_before_the_handler_waits_for_another_peer() -> None:
    """A proxy's handler waits elsewhere with messages still in its inbox."""
    one, two = peers()
    other, far = peers()
    one.send_many([b"a", b"b"])
    assert two.recv(5) == b"a"
    two.send(b"answer")
    with pytest.raises(DeadlineError):
        other.recv(0)
    assert one.recv(5) == b"answer"
    far.close()


def test_a_peer_that_takes_nothing_is_cut_at_its_deadline() -> None:
    """L7: a slow peer costs its bound, not memory."""
    one, _two = peers(send_seconds=0.05)
    with pytest.raises(DeadlineError):
        for _ in range(100):
            one.send(bytes(100_000))


def test_a_closed_peer_says_so() -> None:
    """ClosedError is our own doing, BrokenError the world's."""
    one, _ = peers(linger_seconds=0.0)
    one.close()
    with pytest.raises(ClosedError):
        one.send(b"x")
    with pytest.raises(ClosedError):
        one.recv(0)


@pytest.mark.parametrize("stalled", [False, True])
def test_async_send_waits_for_a_slow_peer_without_queueing(stalled: bool) -> None:
    """L7 on the loop: what waits for one peer is the limit and one message, whatever is sent."""
    sizes: list[int] = []

    async def flood(peer: Any) -> None:
        await peer.recv()
        for _ in range(200):
            await peer.send(bytes(100_000))
            sizes.append(peer._transport.get_write_buffer_size() + peer._queued)

    limits = Limits(send_seconds=0.3 if stalled else 30.0, linger_seconds=0.05)
    with serve(flood, "tcp://127.0.0.1:0", CODEC, limits=limits, background=True) as server:
        with connect(server.address, CODEC) as peer:
            peer.send(b"go")
            if stalled:
                until = time.monotonic() + 20
                while not server.statistics().failed and time.monotonic() < until:
                    server.wait(0.05)
            else:
                assert sum(len(peer.recv(10)) for _ in range(200)) == 200 * 100_000
    assert max(sizes) <= limits.write_buffer_bytes + 2 * 100_004
    assert server.statistics().failed == int(stalled)
