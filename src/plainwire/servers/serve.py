"""`serve`: one handler, one address, one codec, and a model that decides who calls it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, cast, overload

from plainwire.address import Address
from plainwire.errors import AddressError
from plainwire.frames.codec import Codec, Payload
from plainwire.servers.base import Handler, Server, Task
from plainwire.servers.drive import is_async
from plainwire.transports.limits import Limits
from plainwire.transports.proxy import trusted

if TYPE_CHECKING:
    from plainwire.servers.datagram import AsyncDatagrams
    from plainwire.servers.loop import LoopServer
    from plainwire.transports.async_peer import AsyncPeer
    from plainwire.transports.peer import Peer
    from plainwire.transports.udp import DatagramSocket

M = TypeVar("M")
# A handler's messages are those of its codec, which a type checker compares.
AsyncHandler: TypeAlias = (
    "Callable[[AsyncPeer[M]], Awaitable[None]] | Callable[[AsyncDatagrams[M]], Awaitable[None]]"
)
HandlerOf: TypeAlias = (
    "AsyncHandler[M] | Callable[[Peer[M]], None] | Callable[[DatagramSocket[M]], None]"
)
Model = Literal["serial", "threads", "processes", "loop"]
MODELS: tuple[Model, ...] = ("serial", "threads", "processes", "loop")


@overload
def serve(
    handler: HandlerOf[M], address: str | Address, codec: Codec[M] | Payload[M], *,
    model: Model = "loop", limits: Limits | None = None, drain: float = 10.0,
    workers: int | None = None, inner: str | None = None, tls: Any = None,
    proxy: str | Sequence[str] | None = None,
    background: Literal[True],
) -> Server: ...  # fmt: skip
@overload
def serve(
    handler: HandlerOf[M], address: str | Address, codec: Codec[M] | Payload[M], *,
    model: Model = "loop", limits: Limits | None = None, drain: float = 10.0,
    workers: int | None = None, inner: str | None = None, tls: Any = None,
    proxy: str | Sequence[str] | None = None,
    background: bool = False,
) -> Server | None: ...  # fmt: skip
def serve(
    handler: HandlerOf[M], address: str | Address, codec: Codec[M] | Payload[M], *,
    model: Model = "loop", limits: Limits | None = None, drain: float = 10.0,
    workers: int | None = None, inner: str | None = None, tls: Any = None,
    proxy: str | Sequence[str] | None = None,
    background: bool = False,
) -> Server | None:  # fmt: skip
    """Serve an address until SIGTERM or SIGINT, or in the background.

    Args:
        handler: called with each peer, `def` or `async def`; over `udp://` once, with
            the socket. Its end closes the peer.
        address: where to listen; port 0 lets the system choose.
        codec: what messages are; over UDP and WebSocket a payload layer is enough.
        model: who calls the handler: `serial`, `threads`, `processes` or `loop`.
        limits: what peers may cost; `Limits()` by default.
        drain: seconds that peers get at the end to finish their messages.
        workers: threads or processes at most; `Limits.connections` threads, one process
            for each CPU by default.
        inner: under `processes`: the model inside each worker; `loop` for `async def`
            handlers and `threads` for others by default.
        tls: for `tls://` and `wss://`: a PEM file with key and certificates, a pair of
            files (certificates, key), or an `ssl.SSLContext`.
        proxy: "required" if a proxy in front says for each connection who its client is
            (PROXY protocol, versions 1 and 2); a network such as 10.0.0.0/8, or several, to
            take connections from those only. `peer.remote` is that client.
        background: return the running server, a context manager, instead of waiting.

    Returns:
        The server if in the background, else None after it has drained.

    Raises:
        AddressError: the address, model or codec cannot be used so.
        AddressInUse: another socket has the address.
        BrokenError: the system refuses the address.
    """
    server = make_server(
        Task(
            cast("Handler", handler), Address.parse(address), codec, limits or Limits(),
            drain_seconds=drain, workers=workers, inner=inner, tls=tls, proxy=trusted(proxy),
        ),
        model,
    )  # fmt: skip
    if background:
        server.start()
        return server
    run_until_signal(server)
    return None


def serve_async(
    handler: AsyncHandler[M], address: str | Address, codec: Codec[M] | Payload[M], *,
    limits: Limits | None = None, drain: float = 10.0, tls: Any = None,
    proxy: str | Sequence[str] | None = None,
) -> LoopServer:  # fmt: skip
    """Serve on the event loop that runs already, for the length of an `async with`.

        async with serve_async(echo, "tcp://:7000", frames.length(4)) as server:
            ...                    # server.address is bound; the end of the block drains

    Signals are the program's own. Args and errors as of `serve`; the handler is
    `async def` and the address a stream's.

    Raises:
        AddressError: the handler is `def`, which would stop the loop, or the address is
            `udp://`.
    """
    task = Task(
        cast("Handler", handler), Address.parse(address), codec, limits or Limits(),
        drain_seconds=drain, tls=tls, proxy=trusted(proxy),
    )  # fmt: skip
    server = make_server(task, "loop")
    from plainwire.servers.loop import LoopServer

    if not isinstance(server, LoopServer):
        raise AddressError(
            f"serve_async {task.address}: needs an async def handler and a stream's address"
        )
    return server


def make_server(task: Task, model: str) -> Server:
    """Make the server that a model names; it is not started."""
    if model not in MODELS:
        raise AddressError(f"model {model!r} is unknown; known: {', '.join(MODELS)}")
    if task.workers is not None and task.workers < 1:
        raise AddressError(f"workers must be at least 1, not {task.workers}")
    scheme = task.address.scheme
    if scheme == "memory":
        raise AddressError(f"serve {task.address}: use plainwire.testing for peers in memory")
    if scheme in ("tls", "wss"):
        from plainwire.transports.tls import server_context

        if model != "processes":
            task.tls = server_context(task.tls)
    elif task.tls is not None:
        raise AddressError(f"serve {task.address}: tls needs an address of tls:// or wss://")
    if isinstance(task.codec, Payload) and scheme in ("tcp", "tls", "unix"):
        name = task.codec.name
        raise AddressError(
            f"{name} does not say where a message ends; over {scheme} put a framing before "
            f"it, such as lines() | {name}"
        )
    if scheme == "udp":
        if task.proxy is not None:
            raise AddressError(f"serve {task.address}: proxy= is for streams")
        from plainwire.servers.datagram import DatagramServer

        return DatagramServer(task, model)
    return _stream_server(task, model)


def _stream_server(task: Task, model: str) -> Server:
    from plainwire.servers.blocking import BlockingServer

    if model == "processes":
        from plainwire.servers.processes import ProcessesServer

        return ProcessesServer(task)
    if model == "serial":
        return BlockingServer(task, 1)
    if model == "threads":
        return BlockingServer(task, min(task.workers or 10**6, task.limits.connections))
    if not is_async(task.handler):
        # A handler that blocks would stop the loop, so it has its pool of threads.
        return BlockingServer(task, max(2, min(task.workers or 64, task.limits.connections)))
    from plainwire.servers.loop import LoopServer

    return LoopServer(task)


def run_until_signal(server: Server, started: Callable[[], object] = bool) -> None:
    """Start a server, wait until SIGTERM or SIGINT, drain; a second signal ends at once.

    Args:
        server: not started yet, so that a signal that comes early is not missed.
        started: called when the server accepts.
    """
    asked = threading.Event()
    stopping = threading.Event()

    def ask(number: int, _frame: Any) -> None:
        if stopping.is_set():
            raise SystemExit(128 + number)
        asked.set()

    previous = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.start()
        started()
        # A wait without end is not interrupted by signals on every platform.
        while not asked.is_set() and not server.wait(0.25):
            pass
        stopping.set()
        server.stop()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
