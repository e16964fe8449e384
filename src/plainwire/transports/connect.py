"""`connect`: a peer of your own, blocking under `with`, asynchronous under `async with`.

    with connect("tcp://127.0.0.1:7000", frames.length(4)) as peer: ...
    async with connect("tcp://127.0.0.1:7000", frames.length(4)) as peer: ...

Nothing is opened before one of the two, or `open()`. For programs that only listen there
is the iteration that outlives its connections:

    for message in connect("tcp://127.0.0.1:7000", frames.lines(), retry=True).messages(): ...
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from plainwire.address import Address
from plainwire.errors import BrokenError
from plainwire.frames.codec import Codec, Payload
from plainwire.transports.limits import CLIENT_LIMITS, Limits
from plainwire.transports.open import make_session, open_peer
from plainwire.transports.peer import Peer
from plainwire.transports.sockets import address_of, dial

if TYPE_CHECKING:
    from plainwire.transports.async_peer import AsyncPeer

M = TypeVar("M")

FIRST_DELAY = 0.1
LONGEST_DELAY = 10.0


def delays(random_source: Callable[[], float] = random.random) -> Iterator[float]:
    """Seconds before each retry: doubling from 0.1 to 10, each a random part of that.

    The randomness keeps clients of a server that restarts from coming all at once.
    """
    longest = FIRST_DELAY
    while True:
        yield longest * (0.5 + random_source() / 2)
        longest = min(LONGEST_DELAY, longest * 2)


class Connection(Generic[M]):
    """A conversation that is about to begin; see `connect`."""

    def __init__(
        self, address: Address, codec: Codec[M] | Payload[M], limits: Limits,
        timeout: float | None, tls: Any, retry_seconds: float,
    ) -> None:  # fmt: skip
        self.address, self._codec, self._limits = address, codec, limits
        self._timeout, self._tls, self._retry = timeout, tls, retry_seconds
        self._blocking: Peer[M] | None = None
        self._asynchronous: AsyncPeer[M] | None = None

    def open(self) -> Peer[M]:
        """Connect and return the blocking peer; the caller closes it.

        Raises:
            BrokenError: refused, unreachable, or no answer in time.
            AddressError: the host is not known, or the codec does not fit the address.
        """
        deadline = time.monotonic() + self._retry
        for delay in delays():
            try:
                sock = dial(self.address, self._timeout)
                break
            except BrokenError:
                if time.monotonic() + delay > deadline:
                    raise
                time.sleep(delay)
        try:
            local = address_of(self.address.scheme, sock.getsockname())
            return open_peer(sock, local, self.address, self._codec, self._limits, self._tls,
                             server=False)  # fmt: skip
        except BaseException:
            sock.close()
            raise

    async def open_async(self) -> AsyncPeer[M]:
        """Connect and return the asynchronous peer; the caller closes it.

        Raises: as `open`.
        """
        from plainwire.transports.buffered import peer_class
        from plainwire.transports.group import PeerGroup

        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._retry
        for delay in delays():
            try:
                sock = await loop.run_in_executor(None, dial, self.address, self._timeout)
                break
            except BrokenError:
                if loop.time() + delay > deadline:
                    raise
                await asyncio.sleep(delay)
        try:
            sock.setblocking(False)
            local = address_of(self.address.scheme, sock.getsockname())
            session = make_session(
                self.address.scheme, self._codec, self._limits, loop.time(), server=False,
                tls=self._tls, remote=self.address, fileno=sock.fileno(),
            )  # fmt: skip
            group = PeerGroup(loop, self._limits)
            made: type[AsyncPeer[M]] = peer_class(loop)
            peer = made(session, self._limits, group, local, self.address, sock)
            await loop.create_connection(lambda: peer, sock=sock)
        except BaseException:
            sock.close()
            raise
        return peer

    def ask(self, message: M, timeout: float | None = 10.0) -> M:
        """Connect, send one message, return the answer and close; errors as of `Peer`."""
        with self as peer:
            return peer.ask(message, timeout)

    def __enter__(self) -> Peer[M]:
        self._blocking = self.open()
        return self._blocking

    def __exit__(self, *_: object) -> None:
        assert self._blocking is not None
        self._blocking.close()

    async def __aenter__(self) -> AsyncPeer[M]:
        self._asynchronous = await self.open_async()
        return self._asynchronous

    async def __aexit__(self, *_: object) -> None:
        assert self._asynchronous is not None
        await self._asynchronous.close()

    def messages(self, greet: Callable[[Peer[M]], object] | None = None) -> Iterator[M]:
        """Every message, over as many connections as it takes.

        A connection that breaks is made again after a random pause, and the iteration
        goes on. What was on its way in either direction when it broke is lost: a protocol
        that minds numbers its messages and lets `greet` ask for those it missed.

        Args:
            greet: called with each new peer, to subscribe or to say where to go on.

        Raises:
            BrokenError: no connection was possible within `retry` seconds.
            FrameError, DeadlineError: as from `Peer.recv`; they are not retried.
        """
        pauses = delays()
        while True:
            try:
                with self as peer:
                    if greet is not None:
                        greet(peer)
                    for message in peer:
                        pauses = delays()
                        yield message
                    return
            except BrokenError:
                if self._is_final(self._blocking):
                    raise
            self._blocking = None
            time.sleep(next(pauses))

    async def messages_async(
        self, greet: Callable[[AsyncPeer[M]], Awaitable[object]] | None = None
    ) -> AsyncIterator[M]:
        """As `messages`, on an event loop; end it early with `contextlib.aclosing`."""
        pauses = delays()
        while True:
            try:
                async with self as peer:
                    if greet is not None:
                        await greet(peer)
                    async for message in peer:
                        pauses = delays()
                        yield message
                    return
            except BrokenError:
                if self._is_final(self._asynchronous):
                    raise
            self._asynchronous = None
            await asyncio.sleep(next(pauses))

    def _is_final(self, peer: object) -> bool:
        """True if nothing was connected within the time, or retrying is off."""
        return peer is None or not self._retry


def connect(
    address: str | Address,
    codec: Codec[M] | Payload[M],
    *,
    limits: Limits = CLIENT_LIMITS,
    timeout: float | None = 10.0,
    tls: Any = None,
    retry: float | bool = False,
) -> Connection[M]:
    """Prepare a conversation with a server.

    Args:
        address: where it listens; a host of its own for `:7000` is this machine.
        codec: what messages are.
        limits: what the server may cost; by default it may be silent for ever.
        timeout: seconds for the connection to be made; 10 by default.
        tls: for `tls://` and `wss://`: an `ssl.SSLContext`, or a PEM file of the roots
            to trust; the system's by default. Names are always verified.
        retry: seconds to go on trying while the server cannot be reached, with growing
            random pauses; True means 60. `messages()` also goes on after a break.

    Raises:
        AddressError: the address cannot be read.
    """
    seconds = 60.0 if retry is True else float(retry)
    return Connection(Address.parse(address), codec, limits, timeout, tls, seconds)
