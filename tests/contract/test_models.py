"""L8: one handler and one codec behave the same under every model and transport."""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import handlers
from plainwire import Limits, connect, frames, serve
from plainwire.errors import EndOfMessages, Malformed, PlainwireError, Truncated

MODELS = ["serial", "threads", "processes", "loop", "loop on asyncio"]
SCHEMES = ["tcp", "tcp6", "unix", "tls", "ws", "wss"]
WIDE = Limits(per_address=None, connections=500)


def options_for(scheme: str, tmp_path: Path, tls_files: Any) -> tuple[str, dict[str, Any], Any]:
    """Address, server options and client TLS of a transport."""
    pem, client = tls_files
    secure = {"tls": pem} if scheme in ("tls", "wss") else {}
    if scheme == "unix":
        return f"unix:{tmp_path / 's'}", secure, None
    if scheme == "tcp6":
        return "tcp://[::1]:0", secure, None
    return f"{scheme}://127.0.0.1:0", secure, client if secure else None


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("model", MODELS, indirect=True)
@pytest.mark.parametrize("handler", [handlers.echo, handlers.echo_def], ids=["async", "def"])
def test_the_same_transcript_everywhere(
    model: Any, scheme: str, handler: Any, tmp_path: Path, tls_files: Any
) -> None:
    """Sizes around a read, many at once, half-close: nothing shows which model it was."""
    if model == "processes" and scheme not in ("tcp", "wss"):
        pytest.skip("workers run the other models, which are covered by them")
    address, extra, tls = options_for(scheme, tmp_path, tls_files)
    codec = frames.length(4)
    messages = [b"", b"hi", b"x" * 65_531, b"y" * 200_000, *[b"%d" % i for i in range(200)]]
    with serve(handler, address, codec, model=model, workers=2, background=True, **extra) as server:
        with connect(server.address, codec, tls=tls) as peer:
            for message in messages:
                peer.send(message)
            assert [peer.recv(20) for _ in messages] == messages
            peer.send_eof()
            with pytest.raises(EndOfMessages):
                peer.recv(20)
    assert server.statistics().messages == len(messages)


@pytest.mark.parametrize("model", ["threads", "processes", "loop"], indirect=True)
@pytest.mark.parametrize("handler", [handlers.echo, handlers.echo_def], ids=["async", "def"])
def test_two_hundred_clients_at_once(model: Any, handler: Any) -> None:
    """Every client is served while all the others are connected."""
    if model == "loop" and handler is handlers.echo_def:
        pytest.skip("the pool for def handlers under loop has 64 places by default")
    codec = frames.length(4)
    with serve(
        handler, "tcp://127.0.0.1:0", codec, model=model, limits=WIDE, workers=200 if model ==
        "threads" else 2, background=True,
    ) as server:  # fmt: skip
        peers = [connect(server.address, codec).open() for _ in range(200)]
        try:
            for number, peer in enumerate(peers):
                peer.send(b"%d" % number)
            assert [peer.recv(20) for peer in peers] == [b"%d" % n for n in range(200)]
        finally:
            with ThreadPoolExecutor(20) as pool:
                list(pool.map(lambda p: p.close(), peers))


def test_two_hundred_clients_one_after_the_other() -> None:
    """`serial` serves them all, in turn."""
    codec = frames.length(4)
    with serve(
        handlers.echo, "tcp://127.0.0.1:0", codec, model="serial", limits=WIDE, background=True
    ) as server:
        for number in range(200):
            assert connect(server.address, codec).ask(b"%d" % number) == b"%d" % number


@pytest.mark.parametrize("model", MODELS, indirect=True)
def test_a_client_that_never_sends_is_closed_at_its_deadline(model: Any) -> None:
    """A half-open client must not hold a place for ever (slowloris)."""
    # Long enough for the second client's message on a machine that is busy.
    limits = Limits(first_message_seconds=1.5, linger_seconds=0.1)
    with serve(
        handlers.echo, "tcp://127.0.0.1:0", frames.length(4), model=model, limits=limits,
        workers=1, background=True,
    ) as server:  # fmt: skip
        with socket.create_connection(("127.0.0.1", server.address.port), timeout=10) as sock:
            sock.sendall(b"\0\0")
            assert sock.recv(1) == b""
        assert connect(server.address, frames.length(4)).ask(b"next") == b"next"
    assert server.statistics().failed == 1


@pytest.mark.parametrize("model", MODELS, indirect=True)
def test_a_message_that_trickles_is_closed_at_its_deadline(model: Any) -> None:
    """The deadline is absolute: a byte now and then does not push it out."""
    limits = Limits(message_seconds=0.3, linger_seconds=0.1)
    with serve(
        handlers.echo, "tcp://127.0.0.1:0", frames.length(4), model=model, limits=limits,
        workers=1, background=True,
    ) as server:  # fmt: skip
        with socket.create_connection(("127.0.0.1", server.address.port), timeout=10) as sock:
            sock.sendall(b"\0\0\0\1a")
            assert sock.recv(5, socket.MSG_WAITALL) == b"\0\0\0\1a"
            sock.sendall(b"\0\0\0\xff")
            sock.settimeout(0.05)
            until = time.monotonic() + 10
            while time.monotonic() < until:
                try:
                    if sock.recv(1) == b"":
                        break
                except TimeoutError:
                    sock.send(b"x")
                except ConnectionError:
                    break
            assert time.monotonic() < until
    assert server.statistics().failed == 1


@pytest.mark.parametrize("model", MODELS, indirect=True)
def test_a_bad_frame_and_a_failing_handler_end_only_their_client(model: Any, caplog: Any) -> None:
    """One line for the peer's fault, a traceback for ours, and the next client is served."""
    codec = frames.length(4)
    with serve(
        handlers.broken, "tcp://127.0.0.1:0", codec, model=model, workers=1, background=True
    ) as server:
        where = ("127.0.0.1", server.address.port)
        with socket.create_connection(where, timeout=10) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            sock.shutdown(socket.SHUT_WR)
            assert sock.recv(1) == b""
        with connect(server.address, codec) as peer, pytest.raises(PlainwireError):
            peer.ask(b"fail", 10)
        assert connect(server.address, codec).ask(b"fine") == b"fine"
    assert server.statistics().failed == 2


@pytest.mark.parametrize("model", MODELS, indirect=True)
def test_eof_inside_a_message_is_seen_by_the_handler(model: Any) -> None:
    """L2 through the whole stack: the handler's loop must not end as if all were well."""
    codec = frames.length(4)
    with serve(
        handlers.count_then_end, "tcp://127.0.0.1:0", codec, model=model, workers=1,
        background=True,
    ) as server:  # fmt: skip
        for tail, answer in ((b"", b"\0\0\0\x011"), (b"\0\0", b"")):
            with socket.create_connection(("127.0.0.1", server.address.port), timeout=10) as sock:
                sock.sendall(b"\0\0\0\2hi" + tail)
                sock.shutdown(socket.SHUT_WR)
                got = b""
                while piece := sock.recv(100):
                    got += piece
                assert got == answer


@pytest.mark.parametrize("model", MODELS, indirect=True)
def test_a_stop_lets_a_message_in_progress_end(model: Any) -> None:
    """What was begun before the stop is finished; an idle client does not delay it."""
    codec = frames.length(4)
    server = serve(
        handlers.echo, "tcp://127.0.0.1:0", codec, model=model, workers=2, background=True
    )
    where = ("127.0.0.1", server.address.port)
    with (
        socket.create_connection(where, timeout=10) as sock,
        socket.create_connection(where, timeout=10) as idle,
    ):
        if model != "serial":
            idle.sendall(b"\0\0\0\1i")
            assert idle.recv(5, socket.MSG_WAITALL) == b"\0\0\0\1i"
        sock.sendall(b"\0\0\0\1a" + b"\0\0\0\4ab")
        assert sock.recv(5, socket.MSG_WAITALL) == b"\0\0\0\1a"
        stopper = threading.Thread(target=server.stop)
        stopper.start()
        # The stop has begun when an idle client is sent away; the drain has not ended.
        if model != "serial":
            assert idle.recv(1) == b""
        sock.sendall(b"cd")
        assert sock.recv(8, socket.MSG_WAITALL) == b"\0\0\0\4abcd"
        assert sock.recv(1) == b""
    stopper.join(15)
    assert not stopper.is_alive()


def test_a_killed_worker_loses_only_its_own_clients() -> None:
    """Kill -9 of one worker: its clients see a reset, others go on, and it is replaced."""
    codec = frames.length(4)
    with serve(
        handlers.pid, "tcp://127.0.0.1:0", codec, model="processes", workers=2, limits=WIDE,
        background=True,
    ) as server:  # fmt: skip
        peers = [connect(server.address, codec).open() for _ in range(40)]
        try:
            homes = [int(peer.ask(b"?", 10)) for peer in peers]
            victim = homes[0]
            assert set(homes) <= set(server.worker_pids)
            os.kill(victim, signal.SIGKILL)
            for peer, home in zip(peers, homes, strict=True):
                if home == victim:
                    with pytest.raises(PlainwireError):
                        peer.ask(b"?", 10)
                else:
                    assert int(peer.ask(b"?", 10)) == home
            until = time.monotonic() + 20
            while victim in server.worker_pids and time.monotonic() < until:
                connect(server.address, codec).ask(b"?")
            assert victim not in server.worker_pids
        finally:
            for peer in peers:
                peer.abort()


@pytest.mark.parametrize("model", ["serial", "threads", "loop"], indirect=True)
def test_connections_leave_nothing_behind(model: Any) -> None:
    """1,000 connects and disconnects: no descriptor and no thread stays."""
    codec = frames.length(4)
    gc.collect()
    before = len(os.listdir("/proc/self/fd")), threading.active_count()
    with serve(
        handlers.echo, "tcp://127.0.0.1:0", codec, model=model, limits=WIDE, background=True
    ) as server:
        where = ("127.0.0.1", server.address.port)
        for number in range(1000):
            with socket.create_connection(where, timeout=10) as sock:
                if number % 3 == 0:
                    sock.sendall(b"\0\0\0\1a")
        # An exchange behind the last of them shows that the queue has been taken.
        assert connect(server.address, codec).ask(b"last") == b"last"
    assert len(os.listdir("/proc/self/fd")) <= before[0]
    assert threading.active_count() <= before[1]


def test_one_address_cannot_take_all_places() -> None:
    """Connections over `per_address` are closed at once and counted."""
    codec = frames.length(4)
    limits = Limits(per_address=2)
    with serve(handlers.echo, "tcp://127.0.0.1:0", codec, limits=limits, background=True) as server:
        with connect(server.address, codec) as a, connect(server.address, codec) as b:
            assert (a.ask(b"a", 5), b.ask(b"b", 5)) == (b"a", b"b")
            with pytest.raises(PlainwireError):
                connect(server.address, codec).ask(b"c", 5)
        assert server.statistics().refused == 1


@pytest.mark.parametrize("model", ["threads", "processes", "loop"], indirect=True)
def test_clients_over_the_limit_wait_until_one_leaves(model: Any) -> None:
    """`Limits.connections`: those over it stay in the kernel's queue and lose nothing."""
    codec = frames.length(4)
    with serve(
        handlers.echo, "tcp://127.0.0.1:0", codec, model=model, limits=Limits(connections=2),
        workers=None if model == "threads" else 1, background=True,
    ) as server:  # fmt: skip
        first, second, third = (connect(server.address, codec).open() for _ in range(3))
        try:
            assert (first.ask(b"1", 20), second.ask(b"2", 20)) == (b"1", b"2")
            third.send(b"3")
            with pytest.raises(TimeoutError):
                third.recv(0.2)
            assert server.statistics().active == 2
            first.close()
            assert third.recv(20) == b"3"
        finally:
            for peer in (first, second, third):
                peer.abort()


@pytest.mark.parametrize("model", ["threads", "loop"], indirect=True)
def test_an_address_without_a_host_takes_both_versions_of_ip(model: Any) -> None:
    """`tcp://:0` is every interface, IPv4 and IPv6, by one socket."""
    codec = frames.length(4)
    with serve(handlers.echo, "tcp://:0", codec, model=model, background=True) as server:
        for host in ("127.0.0.1", "[::1]"):
            with connect(f"tcp://{host}:{server.address.port}", codec) as peer:
                assert peer.ask(b"x", 20) == b"x"


def test_awaiting_the_event_loop_under_threads_is_refused_with_its_place(caplog: Any) -> None:
    """A hang would be the alternative."""
    import asyncio

    async def wrong(peer: Any) -> None:
        await peer.recv()
        await asyncio.sleep(1)

    codec = frames.length(4)
    with serve(wrong, "tcp://127.0.0.1:0", codec, model="threads", background=True) as server:
        with connect(server.address, codec) as peer, pytest.raises(PlainwireError):
            peer.ask(b"x", 10)
    assert "test_models.py:" in caplog.text
    assert "plainwire.sleep" in caplog.text


def test_tls_without_close_notify_is_truncation(tls_files: Any) -> None:
    """An attacker who cuts the stream must not look like a clean end."""
    pem, client = tls_files
    from plainwire.transports.open import open_stream_peer
    from plainwire.transports.sockets import SocketStream, dial

    codec = frames.length(4)
    with serve(handlers.echo, "tls://127.0.0.1:0", codec, tls=pem, background=True) as server:
        stream = SocketStream(dial(server.address, 5), server.address, server.address)
        peer = open_stream_peer(stream, codec, Limits(), client, server=False)
        assert peer.ask(b"x", 5) == b"x"
        stream.send_eof()  # TCP ends without a word of TLS
        with pytest.raises(EndOfMessages):
            peer.recv(5)
        peer.close()
    assert server.statistics().failed == 1


def test_a_plain_client_of_a_tls_server_is_an_error_of_that_client(tls_files: Any) -> None:
    """And the message says so."""
    codec = frames.length(4)
    with (
        serve(
            handlers.echo, "tls://127.0.0.1:0", codec, tls=tls_files[0], background=True
        ) as server,
        socket.create_connection(("127.0.0.1", server.address.port), timeout=5) as sock,
    ):
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while sock.recv(100):
            pass
    assert server.statistics().failed == 1


def test_json_over_websocket_needs_no_framing() -> None:
    """The same handler, messages kept whole by the transport."""
    with (
        serve(
            handlers.echo, "ws://127.0.0.1:0", frames.json(), model="threads", background=True
        ) as server,
        connect(server.address, frames.json()) as peer,
    ):
        assert peer.ask({"a": [1, "é"]}, 5) == {"a": [1, "é"]}


def test_a_standard_websocket_client_understands_us() -> None:
    """Interoperation with another implementation of the handshake and close."""
    from websockets.sync.client import connect as other

    with serve(handlers.echo, "ws://127.0.0.1:0", frames.text(), background=True) as server:
        with other(f"ws://127.0.0.1:{server.address.port}/") as socket_:
            socket_.send("网络")
            assert socket_.recv(5) == "网络"


def test_a_message_that_is_no_json_is_malformed_at_the_client() -> None:
    """The payload layer's fault carries the bytes."""
    with serve(handlers.echo, "tcp://127.0.0.1:0", frames.lines(), background=True) as server:
        with connect(server.address, frames.lines()) as peer:
            peer.send(b"{oops")
            assert peer.recv(5) == b"{oops"
        codec = frames.lines() | frames.json()
        with socket.create_connection(("127.0.0.1", server.address.port)) as sock:
            sock.sendall(b"x\n")
        with pytest.raises(Malformed, match="oops"):
            codec.decode(b"{oops\n")
        assert isinstance(Truncated("a", "b", 0), PlainwireError)
