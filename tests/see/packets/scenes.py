"""Real exchanges, each to be captured into a file of its own, as tcpdump would have.

BROKEN maps a scene to the finding that it must give; all others are healthy, or near
misses, and must give none. record_scenes.py plays them in a private network.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import http.server
import socket
import threading
import time

from tests.see.packets.scene_kit import (
    BROKEN,
    HOST,
    LOSSY,
    SCENES,
    SECONDS,
    Left,
    broken,
    closed,
    connected,
    deaf,
    free_port,
    healthy,
    hearing,
    linger_zero,
    listen,
    refused,
    retransmits,
    unacknowledged,
    until,
)

__all__ = ["BROKEN", "SCENES"]


# -- connecting ----------------------------------------------------------------------------


@broken("syn-unanswered")
def silent_host() -> None:
    with listen() as listener:
        deaf(listener)
        with contextlib.suppress(TimeoutError):
            socket.create_connection(listener.getsockname(), timeout=3.4)


@healthy
def one_syn_lost() -> None:
    with listen() as listener:
        deaf(listener)
        threading.Timer(0.5, hearing, (listener,)).start()
        client = socket.create_connection(listener.getsockname(), timeout=SECONDS)
        closed(listener.accept()[0], client)


@healthy
def gave_up_at_once() -> None:
    """One SYN and no answer: it may have been lost, or its client had changed its mind."""
    with listen() as listener:
        deaf(listener)
        with contextlib.suppress(TimeoutError):
            socket.create_connection(listener.getsockname(), timeout=0.3)


@broken("connect-refused")
def nobody_listens() -> None:
    port = free_port()
    refused((HOST, port))
    time.sleep(0.6)
    refused((HOST, port))


@healthy
def waits_for_its_server() -> None:
    port = free_port()
    refused((HOST, port))
    refused((HOST, port))
    with listen(port=port) as listener:
        client = socket.create_connection((HOST, port))
        closed(listener.accept()[0], client)


@healthy
def happy_eyeballs() -> None:
    """`localhost` is ::1 first, and the server binds 127.0.0.1."""
    with listen() as listener:
        port = listener.getsockname()[1]
        refused(("::1", port))
        client = socket.create_connection((HOST, port))
        closed(listener.accept()[0], client)


@healthy
def port_scan() -> None:
    for port in range(40_000, 40_040):
        refused((HOST, port))


# -- datagrams -----------------------------------------------------------------------------


@broken("icmp-refused-on-udp")
def nobody_bound() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((HOST, 8125))
        for _ in range(3):
            with contextlib.suppress(ConnectionRefusedError):
                sock.send(b"requests:1|c")


@healthy
def names_asked() -> None:
    """Like DNS: a question, an answer, from many sockets; and one that hung up too early."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((HOST, 53))
        server.settimeout(SECONDS)
        for n in range(20):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
                asker.settimeout(SECONDS)
                asker.sendto(b"question %d" % n, server.getsockname())
                _, address = server.recvfrom(100)
                if n == 7:
                    asker.close()
                server.sendto(b"answer %d" % n, address)
                if n != 7:
                    asker.recvfrom(100)


@healthy
def receiver_came_later() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        port = free_port(socket.SOCK_DGRAM)
        sock.connect((HOST, port))
        sock.send(b"is anybody there?")
        with contextlib.suppress(ConnectionRefusedError):
            sock.send(b"hello?")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as late:
            late.bind((HOST, port))
            until(lambda: _answered(sock, late))


def _answered(sock: socket.socket, late: socket.socket) -> bool:
    try:
        sock.send(b"and now?")
    except ConnectionRefusedError:
        return False
    late.settimeout(SECONDS)
    late.sendto(b"here", late.recvfrom(100)[1])
    sock.settimeout(SECONDS)
    return sock.recv(100) == b"here"


@healthy
def traced_route() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for port in range(33_434, 33_440):
            sock.sendto(bytes(32), (HOST, port))


# -- losses --------------------------------------------------------------------------------


@broken("retransmission-stall")
def path_down_for_a_while() -> None:
    client, server = connected()
    deaf(server)
    client.sendall(b"lost for a while")
    until(lambda: retransmits(client) >= 3)
    hearing(server)
    server.recv(100)
    until(lambda: not unacknowledged(client))
    closed(client, server)


@healthy
def little_loss() -> None:
    client, server = connected()
    for _ in range(3):
        deaf(server)
        client.sendall(b"lost once")
        until(lambda: retransmits(client) >= 1)
        hearing(server)
        server.recv(100)
        until(lambda: not unacknowledged(client))
    closed(client, server)


@healthy
def lossy_path() -> None:
    """Three of a hundred segments are lost each way: slow, and nothing is wrong with that."""
    client, server = connected()
    for sock in (client, server):
        sock.setsockopt(socket.SOL_SOCKET, 26, LOSSY)
    reading = threading.Thread(target=_drain, args=(server, 0.0))
    reading.start()
    client.sendall(bytes(1_000_000))
    client.shutdown(socket.SHUT_WR)
    reading.join()
    closed(client, server)


@broken("half-open-peer")
def peer_gone() -> Left:
    client, server = connected()
    client.sendall(b"hello")
    server.recv(100)
    server.sendall(b"hello")
    client.recv(100)
    deaf(server)
    client.sendall(b"are you there?")
    until(lambda: retransmits(client) >= 4)
    return client, server  # what the kernel says of them at the close is not for the capture


@healthy
def kept_alive() -> None:
    client, server = connected()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    time.sleep(2.3)
    closed(client, server)


# -- readers -------------------------------------------------------------------------------


def _filled(client: socket.socket, seconds: float) -> None:
    """Send until the reader's window is zero and has been probed for so long."""
    client.setblocking(False)
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        with contextlib.suppress(BlockingIOError):
            client.send(bytes(65536))
        time.sleep(0.005)
    client.settimeout(SECONDS)


@broken("slow-reader")
def never_reads() -> None:
    client, server = connected()
    _filled(client, 2.0)
    linger_zero(client)  # the sender gives up
    closed(client)
    closed(server)


@healthy
def slow_reader_recovers() -> None:
    client, server = connected()
    reading = threading.Thread(target=_drain, args=(server, 2.0))
    reading.start()
    client.sendall(bytes(20_000_000))
    client.shutdown(socket.SHUT_WR)
    reading.join()
    closed(client, server)


def _drain(server: socket.socket, after: float) -> None:
    time.sleep(after)
    while server.recv(1 << 20):
        pass


@healthy
def download_cancelled_while_paused() -> None:
    """A film that was stopped: its reader closes the window, and then the connection."""
    client, server = connected()
    _filled(server, 2.0)
    closed(client)
    closed(server)


# -- resets --------------------------------------------------------------------------------


@broken("reset-without-fin")
def request_lost() -> None:
    client, server = connected()
    deaf(server)
    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    linger_zero(server)
    closed(server, client)


@healthy
def health_check() -> None:
    for _ in range(5):
        client, server = connected()
        linger_zero(client)
        closed(client, server)


@healthy
def download_cancelled() -> None:
    client, server = connected()
    sending = threading.Thread(target=_send_all, args=(server, bytes(5_000_000)))
    sending.start()
    client.recv(100_000)
    closed(client)
    sending.join()
    closed(server)


def _send_all(sock: socket.socket, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        sock.sendall(data)


@healthy
def reset_after_the_answer() -> None:
    client, server = connected()
    client.sendall(b"question")
    server.recv(100)
    server.sendall(b"answer")
    client.recv(100)
    linger_zero(server)
    closed(server, client)


# -- small writes --------------------------------------------------------------------------


def _asked(times: int, *parts: bytes, nodelay: bool = False, pause: float = 0.0) -> None:
    client, server = connected()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(nodelay))
    size = sum(map(len, parts))
    for _ in range(times):
        for part in parts:
            client.sendall(part)
            time.sleep(pause)
        got = 0
        while got < size:
            got += len(server.recv(100))
        server.sendall(b"ok")
        client.recv(100)
    closed(client, server)


@broken("nagle-delayed-ack-stall")
def head_then_body() -> None:
    _asked(8, b"head", b"body")


@healthy
def head_and_body_at_once() -> None:
    _asked(8, b"headbody")


@healthy
def without_nagle() -> None:
    _asked(8, b"head", b"body", nodelay=True)


@healthy
def frames_at_their_own_pace() -> None:
    """25 pictures a second: each 40 ms after the other, like a delayed acknowledgement."""
    client, server = connected()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    began = time.monotonic()
    for n in range(50):
        client.sendall(b"picture")
        server.recv(100)
        time.sleep(max(0.0, began + 0.04 * (n + 1) - time.monotonic()))
    closed(client, server)


# -- nothing wrong at all --------------------------------------------------------------------


class _Quiet(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are two writes: with Nagle's rule this server really stalls.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        body = b"x" * 200_000 if self.path == "/big" else b"hello"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _http(handler: type[http.server.BaseHTTPRequestHandler]) -> None:
    with http.server.ThreadingHTTPServer((HOST, 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for _ in range(5):
            client = http.client.HTTPConnection(HOST, server.server_address[1], timeout=SECONDS)
            for path in ("/", "/big", "/"):
                client.request("GET", path)
                client.getresponse().read()
            client.close()
        server.shutdown()


@healthy
def http_exchanges() -> None:
    _http(_Quiet)


@broken("nagle-delayed-ack-stall")
def http_in_two_writes() -> None:
    """Python's own http.server on kept connections: 40 ms for each small answer."""
    _http(type("Stalls", (_Quiet,), {"disable_nagle_algorithm": False}))


@healthy
def asyncio_with_fifty_clients() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def ask(port: int) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        for n in range(10):
            writer.write(b"%d" % n * 50)
            await reader.readexactly(50)
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        async with await asyncio.start_server(echo, HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
            await asyncio.gather(*(ask(port) for _ in range(50)))

    asyncio.run(main())
