"""One room, many subscribers: deliveries per second of server CPU, side by side.

    python bench/fanout.py [--subscribers 1000] [--messages 640] [--rounds 3] [--idle 5000]

Each server runs in a process of its own; the load is one publisher that keeps 64 messages
of 128 bytes outstanding and a reader that counts bytes, in C speed as far as Python allows.
Servers take turns, so that a noisy machine hits all alike. CPU seconds are the server's,
from /proc/PID/stat, kernel time included: the figure that survives a busy machine.

`chat` has everything on: sessions, the SQLite store with synchronous=FULL, acknowledgement
after commit. `asyncio` is the chat everybody writes: a set of writers and a loop.
`websockets` is `websockets.broadcast` without compression. mosquitto (QoS 0) and nats-server
(core, no JetStream) are measured where they are installed; like these two, they store nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

OUTSTANDING = 64
BODY = "x" * 128

ASYNCIO = """
import asyncio
writers = set()
async def serve(reader, writer):
    writers.add(writer)
    try:
        while line := await reader.readline():
            for other in writers:
                other.write(line)
            await writer.drain()
    finally:
        writers.discard(writer)
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

WEBSOCKETS = """
import asyncio, logging
from websockets.asyncio.server import broadcast, serve
logging.disable()
clients = set()
async def talk(client):
    clients.add(client)
    try:
        async for message in client:
            broadcast(clients, message)
    finally:
        clients.discard(client)
async def main():
    async with serve(talk, "127.0.0.1", 0, compression=None, ping_interval=None, backlog=4096) as s:
        print(s.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()
asyncio.run(main())
"""

CHAT = """
import sys, threading
from pathlib import Path
from plainwire import Address
from plainwire.chat.bounds import Settings
from plainwire.chat.server import ChatServer, Plan
settings = Settings(burst=1e9, per_second=1e9, depart_seconds=0)
tcp, web = Address.parse("tcp://127.0.0.1:0"), Address.parse("ws://127.0.0.1:0")
server = ChatServer(Plan(tcp, web, Path(sys.argv[1]), settings)).start()
print(server.web.port if sys.argv[2] == "ws" else server.tcp.port, flush=True)
threading.Event().wait()
"""


def frame(message: dict[str, object]) -> bytes:
    data = json.dumps(message).encode()
    return len(data).to_bytes(4, "big") + data


def masked(data: bytes) -> bytes:
    """A client's WebSocket frame; a mask of zeros leaves the bytes as they are."""
    size = bytes((0x80 | len(data),)) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + data


UPGRADE = (
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Contender:
    """How one server is started, joined and spoken to."""

    def __init__(self, name: str, program: str, arguments: list[str], websocket: bool, chat: bool):
        self.name, self.program, self.arguments = name, program, arguments
        self.websocket, self.chat = websocket, chat

    def start(self, folder: Path) -> tuple[subprocess.Popen[str], int]:
        server = subprocess.Popen(
            [sys.executable, "-c", self.program, str(folder), *self.arguments],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert server.stdout is not None
        return server, int(server.stdout.readline())

    def pack(self, message: dict[str, object]) -> bytes:
        if self.websocket:
            return masked(json.dumps(message).encode())
        return frame(message)

    def join(self, port: int, number: int) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", port), 30)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.websocket:
            sock.sendall(UPGRADE.format(port=port).encode())
            read_until(sock, b"\r\n\r\n")
        if self.chat:
            sock.sendall(self.pack({"type": "hello", "v": 1, "name": f"c{number}"}))
            read_until(sock, b'"limits"')
            sock.sendall(self.pack({"type": "join", "room": "lobby", "limit": 0}))
            read_until(sock, b'"joined"')
        return sock

    def message(self, number: int) -> bytes:
        """One message to the room."""
        if self.chat:
            return self.pack({"type": "send", "room": "lobby", "id": f"m{number}", "text": BODY})
        line = f"{number:08d}<m>{BODY}\n".encode()
        return masked(line) if self.websocket else line

    @property
    def mark(self) -> bytes:
        """What every delivery has exactly once."""
        return b'"event"' if self.chat else b"<m>"


class Broker(Contender):
    """A message broker of Debian, spoken to in its own protocol, nothing stored."""

    def __init__(
        self,
        name: str,
        hello: bytes,
        hello_answer: bytes,
        publish: Callable[[bytes], bytes],
        config: str,
    ):
        super().__init__(name, "", [], False, False)
        self.hello, self.hello_answer, self.publish = hello, hello_answer, publish
        self.config = config

    def start(self, folder: Path) -> tuple[subprocess.Popen[str], int]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        config = folder / "config"
        config.write_text(self.config.format(port=port))
        server = subprocess.Popen([str(shutil.which(self.name)), "-c", str(config)], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        return server, port

    def join(self, port: int, number: int) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", port), 30)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(self.hello.replace(b"NUMBER__", b"%08d" % number))
        read_until(sock, self.hello_answer)
        return sock

    def message(self, number: int) -> bytes:
        return self.publish(f"{number:08d}<m>{BODY}".encode())


def mqtt(kind: int, body: bytes) -> bytes:
    """An MQTT 3.1.1 packet; sizes here need two bytes at most."""
    size = len(body)
    return bytes((kind, size) if size < 128 else (kind, size % 128 | 128, size // 128)) + body


# CONNECT with a clean session and no keep alive, and SUBSCRIBE to "room" with QoS 0.
MQTT_HELLO = mqtt(0x10, b"\0\4MQTT\4\2\0\0\0\10NUMBER__") + mqtt(0x82, b"\0\1\0\4room\0")
NATS_HELLO = b'CONNECT {"verbose":false,"echo":true}\r\nSUB room 1\r\nPING\r\n'
BROKERS = [
    Broker("mosquitto", MQTT_HELLO, b"\x90\x03\0\1\0", lambda text: mqtt(0x30, b"\0\4room" + text),
           "listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"),
    Broker("nats-server", NATS_HELLO, b"PONG\r\n",
           lambda text: b"PUB room %d\r\n%b\r\n" % (len(text), text),
           'host: "127.0.0.1"\nport: {port}\n'),
]  # fmt: skip


def read_until(sock: socket.socket, what: bytes) -> None:
    data = b""
    while what not in data:
        piece = sock.recv(65536)
        if not piece:
            raise SystemExit(f"the server closed: {data[-300:]!r}")
        data += piece


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def settle(sockets: list[socket.socket], seconds: float) -> None:
    """Read until nothing has come for a while: greetings, presence."""
    with selectors.DefaultSelector() as ready:
        for sock in sockets:
            ready.register(sock, selectors.EVENT_READ)
        while found := ready.select(seconds):
            for key, _ in found:
                key.fileobj.recv(1 << 20)  # type: ignore[union-attr]


def measure(contender: Contender, subscribers: int, messages: int) -> dict[str, float]:
    """One run: deliveries per second and per CPU second, and the latency at the publisher."""
    with tempfile.TemporaryDirectory() as folder:
        server, port = contender.start(Path(folder))
        sockets: list[socket.socket] = []
        try:
            sockets = [contender.join(port, n) for n in range(subscribers)]
            settle(sockets, 1.5)
            return load(contender, server.pid, sockets, messages)
        finally:
            for sock in sockets:
                sock.close()
            server.kill()
            server.wait()
            assert server.stdout is not None
            server.stdout.close()


def load(
    contender: Contender, pid: int, sockets: list[socket.socket], messages: int
) -> dict[str, float]:
    publisher, mark = sockets[0], contender.mark
    wanted = messages * len(sockets)
    got, sent, heard = 0, 0, 0
    sent_at: list[float] = []
    delays: list[float] = []
    tails: dict[int, bytes] = {}
    with selectors.DefaultSelector() as ready:
        for sock in sockets:
            ready.register(sock, selectors.EVENT_READ)
        cpu, start = cpu_seconds(pid), time.perf_counter()
        deadline = start + 120
        while got < wanted and time.perf_counter() < deadline:
            while sent < messages and sent - heard < OUTSTANDING:
                publisher.sendall(contender.message(sent))
                sent_at.append(time.perf_counter())
                sent += 1
            for key, _ in ready.select(1.0):
                sock: socket.socket = key.fileobj  # type: ignore[assignment]
                data = tails.get(key.fd, b"") + sock.recv(1 << 20)
                count = data.count(mark)
                # A mark may be cut; one byte less of it is kept.
                tails[key.fd] = data[len(data) - len(mark) + 1 :] if len(mark) > 1 else b""
                got += count
                if sock is publisher:
                    now = time.perf_counter()
                    delays += [now - at for at in sent_at[heard : heard + count]]
                    heard += count
        wall, used = time.perf_counter() - start, cpu_seconds(pid) - cpu
    delays.sort()
    return {
        "per_second": got / wall, "per_cpu_second": got / max(used, 0.01),
        "p50_ms": delays[len(delays) // 2] * 1000,
        "p99_ms": delays[int(len(delays) * 0.99) - 1] * 1000,
        "lost": wanted - got,
    }  # fmt: skip


def idle_bytes(contender: Contender, count: int) -> float:
    """Resident memory per connection that has joined and says nothing."""
    with tempfile.TemporaryDirectory() as folder:
        server, port = contender.start(Path(folder))
        sockets: list[socket.socket] = []
        try:
            sockets = [contender.join(port, n) for n in range(10)]
            before = resident(server.pid)
            sockets += [contender.join(port, n) for n in range(10, count)]
            settle(sockets, 2.0)
            return (resident(server.pid) - before) / (count - 10)
        finally:
            for sock in sockets:
                sock.close()
            server.kill()
            server.wait()
            assert server.stdout is not None
            server.stdout.close()


CONTENDERS = [
    Contender("chat tcp", CHAT, ["tcp"], False, True),
    Contender("chat websocket", CHAT, ["ws"], True, True),
    Contender("asyncio", ASYNCIO, [], False, False),
    Contender("websockets", WEBSOCKETS, [], True, False),
]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--messages", type=int, default=640)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", type=int, default=0)
    options = parser.parse_args()
    contenders = list(CONTENDERS)
    for broker in BROKERS:
        if shutil.which(broker.name):
            contenders.append(broker)
        else:
            print(f"{broker.name} is not installed and not measured", file=sys.stderr)
    found: dict[str, list[dict[str, float]]] = {one.name: [] for one in contenders}
    for _ in range(options.rounds):
        for contender in contenders:
            found[contender.name].append(measure(contender, options.subscribers, options.messages))
    for name, runs in found.items():
        row = {key: round(statistics.median(run[key] for run in runs), 1) for key in runs[0]}
        print(json.dumps({"server": name, "runs": len(runs), **row}), flush=True)
    for contender in CONTENDERS[:2] if options.idle else ():
        size = idle_bytes(contender, options.idle)
        print(json.dumps({"server": contender.name, "idle": options.idle, "bytes": round(size)}))


if __name__ == "__main__":
    main()
