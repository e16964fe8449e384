"""What scenes.py is made of: sockets whose kernel hears nothing, waits, and the recording.

A socket filter of one instruction ("return 0") makes an end deaf: the kernel drops every
segment that comes for it, as a dead host or a firewall would.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from plainwire.see.capture import live, recorded
from plainwire.see.capture.pcapng import PcapngWriter

HOST = "127.0.0.1"
SECONDS = 20.0
_DROP_ALL = array.array("B", struct.pack("=HBBI", 0x06, 0, 0, 0))
_FILTER = struct.pack("HP", 1, _DROP_ALL.buffer_info()[0])
# load a random number (SKF_AD_OFF + SKF_AD_RANDOM); below 3 % of 2**32: 0, else all of it
_DROP_SOME = array.array(
    "B",
    struct.pack("=HBBI", 0x20, 0, 0, 0xFFFFF000 + 56)
    + struct.pack("=HBBI", 0x35, 1, 0, 128_849_018)
    + struct.pack("=HBBI", 0x06, 0, 0, 0)
    + struct.pack("=HBBI", 0x06, 0, 0, 0xFFFFFFFF),
)
LOSSY = struct.pack("HP", 4, _DROP_SOME.buffer_info()[0])

Left = tuple[socket.socket, ...] | None  # sockets to close when the capture has ended
Scene = Callable[[], Left]
SCENES: dict[str, Scene] = {}
BROKEN: dict[str, str] = {}


def broken(rule: str) -> Callable[[Scene], Scene]:
    def add(scene: Scene) -> Scene:
        BROKEN[scene.__name__] = rule
        return healthy(scene)

    return add


def healthy(scene: Scene) -> Scene:
    SCENES[scene.__name__] = scene
    return scene


def deaf(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, 26, _FILTER)  # SO_ATTACH_FILTER


def hearing(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, 27, 0)  # SO_DETACH_FILTER


def listen(host: str = HOST, port: int = 0) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=64)
    listener.settimeout(SECONDS)
    return listener


def connected() -> tuple[socket.socket, socket.socket]:
    """Give (client, server)."""
    with listen() as listener:
        client = socket.create_connection(listener.getsockname(), timeout=SECONDS)
        server, _ = listener.accept()
        server.settimeout(SECONDS)
        return client, server


def linger_zero(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition of the kernel, bounded; there is no event to wait for."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def unacknowledged(sock: socket.socket) -> int:
    return int.from_bytes(fcntl.ioctl(sock, 0x5411, bytes(4)), sys.byteorder)  # SIOCOUTQ


def retransmits(sock: socket.socket) -> int:
    """Retransmissions without an answer: tcpi_retransmits of TCP_INFO (linux/tcp.h)."""
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[2]


def refused(address: tuple[str, int]) -> None:
    with contextlib.suppress(ConnectionRefusedError):
        socket.create_connection(address, timeout=SECONDS).close()


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind((HOST, 0))
        port: int = sock.getsockname()[1]
        return port


def closed(*socks: socket.socket) -> None:
    for sock in socks:
        sock.close()


def play(name: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        capture = live.Capture.start(Path(scratch) / "x")
        left = SCENES[name]()
        time.sleep(0.05)  # what the kernel still answers by itself
        capture.stop()
        for sock in left or ():
            linger_zero(sock)  # or the kernel goes on sending into the next capture
            sock.close()
        with recorded.CaptureFile(Path(scratch) / "x") as file:
            packets = list(file.packets())
    writer = PcapngWriter()
    number, interface = writer.interface(1, name="lo")
    with (folder / f"{name}.pcapng").open("wb") as out:
        out.write(writer.header(application="test") + interface)
        for p in packets:
            out.write(writer.packet(number, p.realtime_ns, p.data, length=p.length))
