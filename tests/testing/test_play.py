"""What users test their handlers with must itself find the faults it is for."""

from __future__ import annotations

import socket
from typing import Any

import pytest

import handlers
from plainwire import Limits, frames, serve
from plainwire.address import Address
from plainwire.errors import BrokenError, DeadlineError, EncodeError
from plainwire.testing import check_codec, check_server, check_stream, everyway, memory_pair, play
from plainwire.transports.sockets import SocketStream


@pytest.mark.parametrize("handler", [handlers.echo, handlers.echo_def])
def test_play_runs_a_handler_without_sockets(handler: Any) -> None:
    """The shortest test a handler can have."""
    assert play(handler, [b"a", b"b"]) == [b"a", b"b"]
    assert play(handler, ["ä"], codec=frames.lines() | frames.text()) == ["ä"]


def test_a_stall_passes_in_virtual_time() -> None:
    """9 s of silence before the first message are allowed, 11 s are not; neither is waited for."""
    assert play(handlers.echo, [b"abc"], net="stall 9s") == [b"abc"]
    with pytest.raises(DeadlineError):
        play(handlers.echo, [b"abc"], net="stall 11s")
    assert play(handlers.echo, [b"abc"], net="stall 31s", limits=Limits(
        first_message_seconds=None, message_seconds=None)) == [b"abc"]  # fmt: skip


def test_a_reset_reaches_the_handler() -> None:
    """It must not look like a clean end."""
    with pytest.raises(BrokenError):
        play(handlers.echo, [b"abc"], net="reset mid-frame")


@pytest.mark.parametrize("handler", [handlers.echo, handlers.echo_def])
def test_everyway_agrees_on_an_echo(handler: Any) -> None:
    """L8, as a user would state it."""
    messages = [b"x" * 70_000, b"", b"abc"]
    assert everyway(handler, messages, seed=1) == messages


def test_everyway_finds_a_handler_that_depends_on_the_model() -> None:
    """A suite that cannot fail is none."""
    import threading

    def fickle(peer: Any) -> None:
        for _ in peer:
            peer.send(threading.current_thread().name.encode())

    with pytest.raises(AssertionError, match="threads"):
        everyway(fickle, [b"x"], models=["threads"], net=["whole"])


class _Liar(frames.Codec[bytes]):
    """Writes the length of a frame modulo 256, as a careless encoder does."""

    name, max_bytes = "liar", 1 << 20

    def decoder(self) -> Any:
        return frames.length(1).decoder()

    def encode_parts(self, parts: list[bytes], message: bytes) -> int:
        parts.append(bytes([len(message) & 0xFF]) + message)
        return len(message) + 1


def test_check_codec_finds_an_encoder_that_lies() -> None:
    """L3 is the law that desynchronises in silence."""
    check_codec(_Liar(), [b"short"])
    with pytest.raises((AssertionError, EncodeError)):
        check_codec(_Liar(), [b"x" * 300])


def _sockets() -> tuple[SocketStream, SocketStream]:
    name = Address("unix", path="pair")
    one, two = socket.socketpair()
    return SocketStream(one, name, name), SocketStream(two, name, name)


def _tcp() -> tuple[SocketStream, SocketStream]:
    name = Address("tcp", "127.0.0.1", 1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname())
        two, _ = listener.accept()
    return SocketStream(one, name, name), SocketStream(two, name, name)


@pytest.mark.parametrize("make", [memory_pair, _sockets, _tcp])
def test_every_stream_keeps_its_contract(make: Any) -> None:
    """A new transport is tested the day it is written."""
    check_stream(make)


@pytest.mark.parametrize("model", ["serial", "threads", "processes", "loop"])
def test_every_model_keeps_its_contract(model: Any) -> None:
    """One suite over all models; `serial` has one client at a time, so it is given two."""
    if model == "serial":
        pytest.skip("the suite talks to two clients at once, which serial does not do")

    def start(handler: Any) -> Any:
        return serve(
            handler, "tcp://127.0.0.1:0", frames.length(4), model=model, workers=2, background=True
        )

    check_server(start)
