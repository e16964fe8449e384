"""Scripted exchanges on loopback inside a private network, captured for real.

Run as a script: enters the network, plays every exchange of EXCHANGES with both ends in
this process (or a killed child), and writes one capture file in a new folder. Each
exchange has a server port of its own; the printed JSON gives the file, the port of each
and what the programs saw.
"""

from __future__ import annotations

import array
import json
import os
import select
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tracepoint import Trace

from plainwire.see.capture import counters, live, private_net

HOST = "127.0.0.1"
SECONDS = 10.0
# A socket filter of one instruction, "return 0": every segment is dropped.
DROP_ALL = array.array("B", struct.pack("=HBBI", 0x06, 0, 0, 0))
Pair = tuple[socket.socket, socket.socket, socket.socket]
EXCHANGES: dict[str, Callable[[], dict[str, Any]]] = {}


def exchange(function: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    EXCHANGES[function.__name__] = function
    return function


def listen(host: str = HOST, backlog: int = 16) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family, backlog=backlog)
    listener.settimeout(SECONDS)
    return listener


def connected(host: str = HOST) -> Pair:
    """Give (listener, client, server), all with bounded waits."""
    listener = listen(host)
    client = socket.create_connection(listener.getsockname()[:2], timeout=SECONDS)
    server, _ = listener.accept()
    server.settimeout(SECONDS)
    return listener, client, server


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


def state_of(connection: socket.socket) -> int:
    """The kernel's own word: first byte of TCP_INFO (tcp_states.h)."""
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[0]


def segments_in(connection: socket.socket) -> int:
    """Segments that came for a socket: tcpi_segs_in of TCP_INFO (linux/tcp.h)."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 144)
    return int.from_bytes(info[140:144], sys.byteorder)


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition of the kernel, bounded; there is no event to wait for."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.001)


def linger_zero(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def eof(connection: socket.socket) -> bool:
    return connection.recv(1) == b""


@exchange
def close_by_client() -> dict[str, Any]:
    listener, client, server = connected()
    client.sendall(b"question")
    server.recv(100)
    server.sendall(b"answer")
    client.recv(100)
    client.close()
    seen = eof(server)
    server.close()
    return {"port": port_of(listener), "eof": seen}


@exchange
def close_by_server() -> dict[str, Any]:
    listener, client, server = connected()
    server.sendall(b"greeting")
    client.recv(100)
    server.close()
    seen = eof(client)
    client.close()
    return {"port": port_of(listener), "eof": seen}


@exchange
def half_close() -> dict[str, Any]:
    listener, client, server = connected()
    client.sendall(b"all I have")
    client.shutdown(socket.SHUT_WR)
    server.recv(100)
    assert eof(server)
    server.sendall(b"still talking")
    got = client.recv(100).decode()
    server.close()
    assert eof(client)
    client.close()
    return {"port": port_of(listener), "got": got}


@exchange
def reset_by_linger() -> dict[str, Any]:
    listener, client, server = connected()
    linger_zero(client)
    client.close()
    error = error_of(lambda: server.recv(1))
    server.close()
    return {"port": port_of(listener), "error": error}


@exchange
def reset_by_unread() -> dict[str, Any]:
    listener, client, server = connected()
    client.sendall(b"never read")
    select.select([server], [], [], SECONDS)
    server.close()
    error = error_of(lambda: client.recv(1))
    client.close()
    return {"port": port_of(listener), "error": error}


def error_of(call: Callable[[], object]) -> str:
    try:
        call()
    except OSError as error:
        return type(error).__name__
    return ""


@exchange
def refused() -> dict[str, Any]:
    listener = listen()
    address = listener.getsockname()
    listener.close()
    error = error_of(lambda: socket.create_connection(address, timeout=SECONDS))
    return {"port": address[1], "error": error}


@exchange
def full_backlog() -> dict[str, Any]:
    listener = listen(backlog=0)
    first = socket.create_connection(listener.getsockname(), timeout=SECONDS)
    second = socket.socket()
    second.settimeout(1.6)  # the first retry comes after one second (RFC 6298 section 2)
    error = error_of(lambda: second.connect(listener.getsockname()))
    port = second.getsockname()[1]
    second.close()
    server, _ = listener.accept()
    first.close()
    eof(server)
    server.close()
    return {"port": port_of(listener), "error": error, "client_port": port}


def killed_end(*, kill_client: bool) -> dict[str, Any]:
    listener = listen()
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        if kill_client:
            mine = socket.create_connection(listener.getsockname(), timeout=SECONDS)
        else:
            mine, _ = listener.accept()
        listener.close()
        mine.sendall(b"alive")
        os.write(tell, b"x")
        signal.pause()
        os._exit(0)
    if kill_client:
        other, _ = listener.accept()
    else:
        other = socket.create_connection(listener.getsockname(), timeout=SECONDS)
    other.settimeout(SECONDS)
    port = port_of(listener)
    got = other.recv(100)
    os.read(told, 1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    seen = eof(other)
    other.close()
    listener.close()
    os.close(told)
    os.close(tell)
    return {"port": port, "got": got.decode(), "eof": seen}


@exchange
def client_killed() -> dict[str, Any]:
    return killed_end(kill_client=True)


@exchange
def server_killed() -> dict[str, Any]:
    return killed_end(kill_client=False)


@exchange
def keep_alive() -> dict[str, Any]:
    listener, client, server = connected()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    client.sendall(b"then silence")
    server.recv(100)
    # Not until the probe has been *sent*: it could be overtaken by the FIN of close(), if
    # the timer's processor is busy.
    before = segments_in(server)
    until(lambda: segments_in(server) > before, "a keep-alive probe arrives")
    client.close()
    eof(server)
    server.close()
    return {"port": port_of(listener)}


@exchange
def urgent_data() -> dict[str, Any]:
    listener, client, server = connected()
    client.sendall(b"plain")
    client.send(b"!", socket.MSG_OOB)
    _, _, exceptional = select.select([], [], [server], SECONDS)
    urgent = server.recv(1, socket.MSG_OOB) if exceptional else b""
    plain = server.recv(100)
    client.close()
    eof(server)
    server.close()
    return {"port": port_of(listener), "urgent": urgent.decode(), "plain": plain.decode()}


def transfer(client: socket.socket, server: socket.socket, pieces: list[bytes]) -> int:
    def send() -> None:
        for piece in pieces:
            client.sendall(piece)
        client.close()

    sender = threading.Thread(target=send)
    sender.start()
    received = 0
    while piece := server.recv(1 << 16):
        received += len(piece)
    sender.join(SECONDS)
    server.close()
    return received


@exchange
def mss_writes() -> dict[str, Any]:
    listener, client, server = connected()
    size = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
    count = 20
    received = transfer(client, server, [bytes([n]) * size for n in range(count)])
    return {"port": port_of(listener), "received": received, "size": size, "count": count}


@exchange
def one_megabyte() -> dict[str, Any]:
    listener, client, server = connected()
    received = transfer(client, server, [os.urandom(1 << 20)])
    return {"port": port_of(listener), "received": received}


@exchange
def over_ipv6() -> dict[str, Any]:
    listener, client, server = connected("::1")
    client.sendall(b"six")
    server.recv(100)
    client.close()
    eof(server)
    server.close()
    return {"port": port_of(listener)}


@exchange
def slow_reader() -> dict[str, Any]:
    """The receiver reads nothing until the sender has probed its closed window."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind((HOST, 0))
    listener.listen()
    client = socket.create_connection(listener.getsockname(), timeout=SECONDS)
    server, _ = listener.accept()
    server.settimeout(SECONDS)
    before = counters.snapshot()
    data = bytes(300_000)
    sender = threading.Thread(target=lambda: (client.sendall(data), client.close()))
    sender.start()
    until(
        lambda: counters.moved(before, counters.snapshot()).get("TcpExt.TCPWinProbe", 0) > 1,
        "no window probe",
    )
    received = 0
    while piece := server.recv(1 << 16):
        received += len(piece)
    sender.join(SECONDS)
    server.close()
    return {"port": port_of(listener), "received": received}


@exchange
def small_writes() -> dict[str, Any]:
    """Write, write, read: the second write waits for a delayed ACK."""
    listener, client, server = connected()

    def serve() -> None:
        for _ in range(5):
            got = b""
            while len(got) < 8:
                got += server.recv(100)
            server.sendall(b"reply")

    serving = threading.Thread(target=serve)
    serving.start()
    longest = 0.0
    for _ in range(5):
        start = time.monotonic()
        client.sendall(b"head")
        client.sendall(b"body")
        client.recv(100)
        longest = max(longest, time.monotonic() - start)
    serving.join(SECONDS)
    client.close()
    eof(server)
    server.close()
    return {"port": port_of(listener), "longest_seconds": longest}


@exchange
def udp_both_ways() -> dict[str, Any]:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((HOST, 0))
    server.settimeout(SECONDS)
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(SECONDS)
    client.sendto(b"ping", server.getsockname())
    _, peer = server.recvfrom(100)
    server.sendto(b"pong!", peer)
    got = client.recv(100)
    return {"port": server.getsockname()[1], "got": got.decode()}


@exchange
def udp_refused() -> dict[str, Any]:
    closed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    closed.bind((HOST, 0))
    address = closed.getsockname()
    closed.close()
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(SECONDS)
    client.connect(address)
    client.send(b"anyone?")
    return {"port": address[1], "error": error_of(lambda: client.recv(1))}


@exchange
def simultaneous_close() -> dict[str, Any]:
    """Both FINs cross; once more where the script was too slow and the kernel repeated its FIN."""
    for _ in range(20):
        before = counters.snapshot()
        played = closed_at_once()
        if not counters.moved(before, counters.snapshot()).get("Tcp.RetransSegs"):
            break
    return played


def closed_at_once() -> dict[str, Any]:
    """One end is the kernel's; the other, scripted, sends its FIN before seeing the kernel's.

    A real socket that drops everything sits on the scripted port, so that the kernel
    does not answer for it.
    """
    listener = listen()
    silent = socket.socket()
    silent.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HP", 1, DROP_ALL.buffer_info()[0]))
    silent.bind(("127.0.0.2", 0))
    silent.listen()
    script = ScriptedPeer(silent.getsockname(), listener.getsockname())
    script.send(0x02)
    script.expect(0x12)
    script.send(0x10)
    server, _ = listener.accept()
    server.settimeout(SECONDS)
    server.shutdown(socket.SHUT_WR)
    until(lambda: state_of(server) == 4, "FIN_WAIT1")
    script.send(0x11)
    until(lambda: state_of(server) == 11, "CLOSING")
    script.expect(0x11)
    script.send(0x10)
    until(lambda: state_of(server) == 7, "the kernel's socket is replaced by TIME_WAIT")
    server.close()
    silent.close()
    return {"port": port_of(listener)}


class ScriptedPeer:
    """A TCP end made by hand over a raw socket (ip(7), RFC 9293 section 3.1)."""

    def __init__(self, here: tuple[str, int], there: tuple[str, int]) -> None:
        self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
        self.raw.bind((here[0], 0))
        self.raw.settimeout(SECONDS)
        self.here, self.there = here, there
        self.next = 5000
        self.acknowledged = 0

    def send(self, flags: int) -> None:
        header = struct.pack(
            "!HHIIBBHHH",
            self.here[1],
            self.there[1],
            self.next,
            self.acknowledged if flags & 0x10 else 0,
            0x50,
            flags,
            65535,
            0,
            0,
        )
        pseudo = socket.inet_aton(self.here[0]) + socket.inet_aton(self.there[0])
        pseudo += struct.pack("!BBH", 0, 6, len(header))
        words = struct.unpack(f"!{len(pseudo + header) // 2}H", pseudo + header)
        total = sum(words)
        total = (total & 0xFFFF) + (total >> 16)
        checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
        segment = header[:16] + struct.pack("!H", checksum) + header[18:]
        self.raw.sendto(segment, self.there)
        self.next += flags & 1 | flags >> 1 & 1

    def expect(self, flags: int) -> None:
        """Read segments until one with these flags, and acknowledge it from then on."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            packet = self.raw.recv(1 << 16)
            source, target, sequence, _, _, seen = struct.unpack_from("!HHIIBB", packet, 20)
            if (source, target) == (self.there[1], self.here[1]) and seen == flags:
                self.acknowledged = sequence + 1
                return
        raise TimeoutError(f"no segment with flags {flags:#x}")


def main() -> None:
    private_net.enter()
    try:
        trace = Trace()
    except OSError:
        trace = None
    before = counters.snapshot()
    output = Path(tempfile.mkdtemp()) / "exchanges.pwcap"
    capture = live.Capture.start(output)
    results: dict[str, Any] = {}
    for name, play in EXCHANGES.items():
        results[name] = play()
    result = capture.stop()
    json.dump(
        {
            "file": str(output),
            "exchanges": results,
            "dropped": result.dropped,
            "reason": result.reason,
            "trace": trace.stop() if trace else None,
            "moved": counters.moved(before, counters.snapshot()),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
