"""TLS: the end of one direction, and an end that nobody said, are told apart."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from typing import Any

import pytest

import handlers
from plainwire import connect, frames, serve
from plainwire.errors import BrokenError, DeadlineError, EndOfMessages, PlainwireError, Truncated

CODEC = frames.length(4)


@pytest.mark.parametrize("model", ["threads", "loop"])
def test_a_half_closed_client_still_gets_its_answer(model: Any, tls_files: Any) -> None:
    """close_notify ends one direction (RFC 8446 section 6.1)."""
    pem, client = tls_files
    with serve(
        handlers.count_then_end, "tls://127.0.0.1:0", CODEC, tls=pem, model=model, background=True
    ) as server:
        with connect(server.address, CODEC, tls=client) as peer:
            for _ in range(3):
                peer.send(b"x")
            peer.send_eof()
            assert peer.recv(10) == b"3"
            with pytest.raises(EndOfMessages):
                peer.recv(10)
    assert server.statistics().failed == 0


def test_messages_sent_before_the_handshake_is_done_are_not_lost(tls_files: Any) -> None:
    """Sending, ending and closing wait for it, blocking and on a loop."""
    pem, client = tls_files
    for scheme in ("tls", "ws", "wss"):
        tls = {} if scheme == "ws" else {"tls": pem}
        got: list[bytes] = []

        async def collect(peer: Any, got: list[bytes] = got) -> None:
            got.extend([message async for message in peer])

        async def main(address: Any) -> None:
            async with connect(address, CODEC, tls=client) as peer:
                await peer.send(b"two")

        with serve(collect, f"{scheme}://127.0.0.1:0", CODEC, background=True, **tls) as server:
            with connect(server.address, CODEC, tls=client) as peer:
                peer.send(b"one")
            asyncio.run(main(server.address))
        assert sorted(got) == [b"one", b"two"], scheme


@pytest.mark.parametrize("model", ["threads", "loop"])
def test_plaintext_in_a_tls_stream_is_never_a_message(model: Any, tls_files: Any) -> None:
    """Whoever can write to the connection could send in the client's name otherwise."""
    pem, client = tls_files
    with serve(
        handlers.echo, "tls://127.0.0.1:0", CODEC, tls=pem, model=model, background=True
    ) as server:
        with connect(server.address, CODEC, tls=client) as peer:
            assert [peer.ask(b"%d" % n, 10) for n in range(3)] == [b"0", b"1", b"2"]
            peer._stream.send(CODEC.encode(b"forged"))
            with pytest.raises(PlainwireError) as broken:
                peer.recv(10)
            assert not isinstance(broken.value, DeadlineError)
    assert server.statistics().messages == 3


@pytest.mark.parametrize("model", ["threads", "loop"])
def test_a_tls_record_is_no_frame_even_of_a_codec_of_its_shape(model: Any, tls_files: Any) -> None:
    """A TLS record's length lies behind three bytes, too (RFC 8446 section 5.1)."""
    pem, client = tls_files
    codec = frames.length(2, offset=3)
    messages = [b"abc" + len(body).to_bytes(2, "big") + body for body in (b"", b"x", b"y" * 99)]
    with serve(
        handlers.echo, "tls://127.0.0.1:0", codec, tls=pem, model=model, background=True
    ) as server:
        with connect(server.address, codec, tls=client) as peer:
            assert [peer.ask(message, 10) for message in messages] == messages
    assert server.statistics().failed == 0


def cut_server(pem: str, data: bytes, *, notify: bool) -> tuple[int, threading.Thread]:
    """A TLS server by the standard library that sends bytes and ends, politely or not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with listener, listener.accept()[0] as plain:
            secure = context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=True)
            secure.sendall(data)
            if notify:
                secure.unwrap()
            secure.close()  # of TCP alone: the ssl module says nothing by itself

    def guarded() -> None:
        # The client may answer close_notify by closing.
        with contextlib.suppress(OSError):
            run()

    thread = threading.Thread(target=guarded)
    thread.start()
    return listener.getsockname()[1], thread


@pytest.mark.parametrize("notify", [True, False])
def test_only_close_notify_is_a_clean_end(notify: bool, tls_files: Any) -> None:
    """Whoever cuts the TCP connection could otherwise shorten a list of messages."""
    pem, client = tls_files
    port, thread = cut_server(pem, CODEC.encode(b"one"), notify=notify)
    with connect(f"tls://127.0.0.1:{port}", CODEC, tls=client) as peer:
        assert peer.recv(10) == b"one"
        with pytest.raises(EndOfMessages if notify else Truncated):
            peer.recv(10)
    thread.join(10)


def test_a_cut_inside_a_message_is_truncation_even_with_close_notify(tls_files: Any) -> None:
    """L2: a clean end of TLS is no clean end of a message."""
    pem, client = tls_files
    port, thread = cut_server(pem, CODEC.encode(b"one")[:5], notify=True)
    with connect(f"tls://127.0.0.1:{port}", CODEC, tls=client) as peer:
        with pytest.raises(Truncated, match="inside a frame"):
            peer.recv(10)
    thread.join(10)


@pytest.mark.parametrize("model", ["threads", "loop"])
@pytest.mark.parametrize("blocking", [True, False])
def test_a_refused_certificate_leaves_no_traceback_and_the_server_is_told(
    model: Any, blocking: bool, tls_files: Any, caplog: Any
) -> None:
    """A failed handshake raised once more in the loop's flush; its alert was never sent."""
    pem, _ = tls_files

    async def ask() -> None:
        async with connect(server.address, CODEC) as peer:
            await peer.ask(b"x", 20)

    with serve(
        handlers.echo, "tls://127.0.0.1:0", CODEC, tls=pem, model=model, background=True
    ) as server:
        with pytest.raises(BrokenError, match=r"certificate refused: .*; tls= names"):
            connect(server.address, CODEC).ask(b"x", 20) if blocking else asyncio.run(ask())
    assert server.statistics().failed == 1
    assert "does not trust our certificate" in caplog.text
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert "Traceback" not in caplog.text
