"""`play` and `everyway`: run a handler against messages, without and with sockets.

    play(echo, [b"a", b"b"]) == [b"a", b"b"]         no socket, no thread, no waiting
    everyway(echo, [b"a"], codec=frames.lines())     all models and unkind networks

`play` uses a clock of its own: a stall of an hour takes no time.
"""

from __future__ import annotations

import random
import re
import socket
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from plainwire.address import Address
from plainwire.errors import BrokenError, PlainwireError
from plainwire.frames.codec import Codec
from plainwire.frames.length import length
from plainwire.servers.drive import run_handler
from plainwire.servers.serve import Model, serve
from plainwire.transports.base import Stream
from plainwire.transports.limits import Limits
from plainwire.transports.open import open_stream_peer
from plainwire.transports.sockets import dial

M = TypeVar("M")

Step = bytes | float | None
"""Bytes that arrive, seconds that pass, or None for a reset."""

NETS = ("whole", "byte-by-byte", "cut@3", "random cuts", "stall 5s", "reset mid-frame")
MODELS: tuple[Model, ...] = ("serial", "threads", "processes", "loop")


class ScriptedStream(Stream):
    """A stream whose incoming side is a script, and whose clock the script moves.

    Attributes:
        sent: everything that was sent.
    """

    def __init__(self, steps: Iterable[Step]) -> None:
        self.local = Address("memory", path="server")
        self.remote = Address("memory", path="client")
        self.sent = bytearray()
        self._steps = list(steps)[::-1]
        self._now = 0.0
        self._reset = False

    def receive(self, wait_seconds: float | None = None) -> bytes | None:
        """Take the next step of the script; the end of it is the end of the stream."""
        if self._reset:
            raise BrokenError("receive memory: reset by peer")
        if not self._steps:
            return b""
        step = self._steps.pop()
        if step is None:
            self._reset = True
            return self.receive()
        if isinstance(step, bytes):
            return step or None
        # Time passes in ticks, as it does for a stream that waits.
        tick = min(step, 0.25 if wait_seconds is None else max(wait_seconds, 0.001))
        self._now += tick
        if step - tick > 1e-9:
            self._steps.append(step - tick)
        return None

    def send(self, data: bytes | memoryview) -> int:
        """Collect what is sent."""
        if self._reset:
            raise BrokenError("send memory: reset by peer")
        self.sent += data
        return len(data)

    def send_eof(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def abort(self) -> None:
        """Do nothing."""

    def clock(self) -> float:
        """The script's clock."""
        return self._now


def play(
    handler: Any,
    messages: Sequence[M],
    *,
    codec: Codec[M] | None = None,
    net: str = "whole",
    seed: int = 0,
    limits: Limits | None = None,
) -> list[M]:
    """Run a handler on these messages and return what it sent; no socket, no thread.

    Args:
        handler: `def` or `async def`.
        messages: what the client sends before it finishes.
        codec: `length(4)` by default.
        net: how the bytes arrive: `whole`, `byte-by-byte`, `cut@N`, `random cuts`,
            `stall Ns` (in virtual time), or `reset mid-frame`.
        seed: of the random cuts.
        limits: `Limits()` by default; a stall longer than they allow raises.

    Raises:
        PlainwireError: as the handler lets it out, for instance at a reset.
        EncodeError: the codec cannot represent a message.
    """
    used: Codec[Any] = codec or length(4)
    stream = ScriptedStream(network(net, b"".join(map(used.encode, messages)), seed))
    peer = open_stream_peer(stream, used, limits or Limits(), server=True)
    run_handler(handler, peer)
    peer.close()
    return used.decode(bytes(stream.sent))


def network(net: str, data: bytes, seed: int = 0) -> list[Step]:
    """Turn bytes into what a named network makes of them.

    Raises:
        ValueError: no network has that name.
    """
    if net == "whole":
        return [data]
    if net == "byte-by-byte":
        return [data[i : i + 1] for i in range(len(data))]
    if net == "random cuts":
        chance = random.Random(seed)
        count = min(len(data), 20)
        edges = sorted(chance.sample(range(len(data) + 1), count)) if data else []
        return [data[a:b] for a, b in zip([0, *edges], [*edges, len(data)], strict=True)]
    if net == "reset mid-frame":
        return [data[: max(0, len(data) - 1)], None]
    if found := re.fullmatch(r"cut@(\d+)", net):
        at = int(found[1])
        return [data[:at], data[at:]]
    if found := re.fullmatch(r"stall (\d+(?:\.\d+)?)s", net):
        half = len(data) // 2
        return [data[:half], float(found[1]), data[half:]]
    raise ValueError(f"net {net!r} is unknown; known: {', '.join(NETS)}")


def everyway(
    handler: Any,
    messages: Sequence[M],
    *,
    codec: Codec[M] | None = None,
    seed: int = 0,
    net: Sequence[str] = NETS,
    models: Sequence[Model] = MODELS,
) -> list[M]:
    """Run a handler in every way and return the transcript that all of them gave.

    First without sockets on each network, then under each model over TCP. A reset must
    end only its own client: another one afterwards gets the whole transcript.

    Args:
        handler: importable by its name if `processes` is among the models.
        messages: what the client sends; the answers must depend on nothing else.
        codec: `length(4)` by default.
        seed: of the random cuts.
        net: networks; see `play`.
        models: concurrency models.

    Raises:
        AssertionError: two ways gave different transcripts; the text names them.
    """
    used: Codec[Any] = codec or length(4)
    expected = play(handler, messages, codec=used)
    data = b"".join(map(used.encode, messages))
    for name in net:
        if name == "reset mid-frame":
            _expect_failure(handler, messages, used)
            continue
        got = play(handler, messages, codec=used, net=name, seed=seed)
        assert got == expected, f"network {name}: {got!r}, not {expected!r}"
    for model in models:
        with serve(
            handler, "tcp://127.0.0.1:0", used, model=model, workers=2, background=True
        ) as server:
            for name in net:
                sent = _converse(server.address, network(name, data, seed))
                if name != "reset mid-frame":
                    got = used.decode(sent)
                    assert got == expected, f"{model}, {name}: {got!r}, not {expected!r}"
            got = used.decode(_converse(server.address, [data]))
            assert got == expected, f"{model} after the others: {got!r}, not {expected!r}"
    return expected


def _expect_failure(handler: Any, messages: Sequence[M], codec: Codec[M]) -> None:
    try:
        play(handler, messages, codec=codec, net="reset mid-frame")
    except PlainwireError:
        return
    raise AssertionError("a reset inside a message looked like a clean end to the handler")


def _converse(address: Address, steps: list[Step]) -> bytes:
    """Send a script over TCP and return all that comes back; stalls take no time here."""
    import threading

    with dial(address, 10.0) as sock:
        sock.settimeout(30.0)
        received = bytearray()

        def read() -> None:
            try:
                while data := sock.recv(65536):
                    received.extend(data)
            except OSError:
                return

        reader = threading.Thread(target=read)
        reader.start()
        try:
            for step in steps:
                if step is None:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    sock.shutdown(socket.SHUT_RD)
                    break
                if isinstance(step, bytes):
                    sock.sendall(step)
            else:
                sock.shutdown(socket.SHUT_WR)
        finally:
            reader.join(30.0)
    return bytes(received)
