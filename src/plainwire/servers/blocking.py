"""The models `serial` and `threads`: blocking peers, one thread for each being handled.

    serial    the accepting thread handles: one client at a time, the rest wait
    threads   a thread for each client, at most `workers` (default `Limits.connections`)

Invariants:

1. Accepting waits while the bound is reached; clients wait in the kernel's queue.
2. Every thread is joined by `stop`; a handler that outlives the drain gets its
   connection cut, which ends its waits.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import MutableSequence
from typing import Any

from plainwire.address import Address
from plainwire.servers.base import Server, Task, log
from plainwire.servers.drive import run_handler
from plainwire.transports.open import open_peer
from plainwire.transports.peer import Peer
from plainwire.transports.proxy import read_proxy
from plainwire.transports.sockets import address_of, prepare


class BlockingServer(Server):
    """A server whose handlers run in threads, or in the accepting one.

    Args:
        task: what to do.
        bound: most handlers at a time; 1 and no thread of its own for `serial`.
        listener: a socket that listens already and stays the caller's.
        counts: see `Server`.
    """

    def __init__(
        self, task: Task, bound: int, listener: socket.socket | None = None,
        counts: MutableSequence[int] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(task, counts)
        self._bound = bound
        self._given = listener
        self._thread: threading.Thread | None = None
        self._places = threading.Semaphore(bound)
        self._peers: set[Peer[Any]] = set()
        self._threads: set[threading.Thread] = set()
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._wake_read, self._wake_write = os.pipe()

    def start(self) -> None:
        """Bind and begin to accept in a thread of its own."""
        try:
            listener = self._bind(self._given)
        except BaseException:
            self._close_pipe()
            raise
        listener.setblocking(False)
        self._thread = threading.Thread(target=self._accept_all, name="plainwire-accept")
        self._thread.daemon = True
        self._thread.start()

    def _accept_all(self) -> None:
        assert self._listener is not None
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        try:
            while not self._stopping.is_set():
                if not self._places.acquire(timeout=0.1):
                    continue
                self._accept_one(poll)
        finally:
            self._ended.set()

    def _accept_one(self, poll: select.poll) -> None:
        """Wait for a client and hand it on; the place is taken already."""
        assert self._listener is not None
        try:
            poll.poll()
            if self._stopping.is_set():
                raise InterruptedError
            sock, name = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionError):
            self._places.release()
            return
        except OSError as error:
            # Out of descriptors: waiting is all that helps, and a stop ends the wait.
            log.warning("accept %s: %s", self.address, error)
            self._places.release()
            self._stopping.wait(0.1)
            return
        remote = address_of(self.address.scheme, name)
        if not self.admit(remote):
            sock.close()
            self._places.release()
            return
        if self._bound == 1:
            self._handle(sock, remote)
            return
        thread = threading.Thread(target=self._handle, args=(sock, remote), name="plainwire-peer")
        thread.daemon = True
        with self._lock:
            thread.start()
            self._threads.add(thread)

    def _handle(self, sock: socket.socket, remote: Address) -> None:
        messages = 0
        try:
            prepare(sock)
            if self.task.proxy is not None:
                client = read_proxy(sock, self.address.scheme, remote)
                remote = self.identify(remote, client)
            local = address_of(self.address.scheme, sock.getsockname())
            peer = open_peer(sock, local, remote, self.task.codec, self.task.limits,
                             self.task.tls, server=True)  # fmt: skip
            with self._lock:
                self._peers.add(peer)
            if self._stopping.is_set():
                peer.drain()
            try:
                run_handler(self.task.handler, peer)
            except BaseException as error:
                self.report(remote, error)
            finally:
                peer.close()
                messages = peer.received
                with self._lock:
                    self._peers.discard(peer)
        except BaseException as error:
            sock.close()
            self.report(remote, error)
        finally:
            self.release(remote, messages)
            with self._lock:
                self._threads.discard(threading.current_thread())
            self._places.release()

    def stop(self, drain: float | None = None) -> None:
        """Stop accepting, let messages in progress end, then cut what is left."""
        if self._stopping.is_set():
            self.wait()
            return
        deadline = time.monotonic() + (self.task.drain_seconds if drain is None else drain)
        self._stopping.set()
        os.write(self._wake_write, b"x")
        for peer in self._each_peer():
            peer.drain()
        self._join_all(deadline)
        for peer in self._each_peer():
            log.warning("%s: cut %s, which outlived the drain", self.address, peer.remote)
            peer.abort()
        self._join_all(time.monotonic() + 1.0)
        self._ended.wait(1.0)
        self._unbind()
        self._close_pipe()

    def _each_peer(self) -> list[Peer[Any]]:
        with self._lock:
            return list(self._peers)

    def _join_all(self, deadline: float) -> None:
        # The accepting thread first: until it ends there may be more of the others.
        if self._thread is not None:
            self._thread.join(max(0.0, deadline - time.monotonic()))
        for peer in self._each_peer():
            peer.drain()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _close_pipe(self) -> None:
        with self._lock:
            ends = {self._wake_read, self._wake_write} - {-1}
            self._wake_read = self._wake_write = -1
        for end in ends:
            with contextlib.suppress(OSError):
                os.close(end)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until accepting has ended."""
        return self._ended.wait(timeout)
