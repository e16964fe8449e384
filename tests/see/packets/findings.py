"""For each finding that packets prove: a program that has it, and a near one that has not."""

from __future__ import annotations

from dataclasses import dataclass

_HEAD = "import os, select, signal, socket, struct, subprocess, sys, threading, time\n"
_LISTEN = (
    _HEAD
    + "listener = socket.socket()\n"
    + "listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
    + "listener.bind(('127.0.0.1', 9000))\n"
)
_SERVER = _LISTEN + "listener.listen(5)\nconn, address = listener.accept()\n"
_CLIENT = _HEAD + "sk = socket.create_connection(('127.0.0.1', 9000))\n"

# The kernel drops every segment that comes for this socket (SO_ATTACH_FILTER, "return 0").
_FILTER = """\
import ctypes
code = ctypes.create_string_buffer(struct.pack('=HBBI', 0x06, 0, 0, 0))
program = struct.pack('HP', 1, ctypes.addressof(code))
def deaf(sock):
    sock.setsockopt(socket.SOL_SOCKET, 26, program)
def hearing(sock):
    sock.setsockopt(socket.SOL_SOCKET, 27, 0)
"""
_DEAF_LISTENER = (
    "import ctypes, socket, struct, sys, time; l = socket.socket(); l.bind(('127.0.0.1', 9001));"
    "l.listen(); c = ctypes.create_string_buffer(struct.pack('=HBBI', 6, 0, 0, 0));"
    "l.setsockopt(1, 26, struct.pack('HP', 1, ctypes.addressof(c))); print(flush=True);"
    "time.sleep(8)"
)


@dataclass(frozen=True)
class Case:
    rule: str
    server: str
    client: str
    near_server: str
    near_client: str
    lines: tuple[str, ...]  # marks of lines that the finding must name
    certainty: str = "certain"
    timeout: int = 12
    root: bool = False

    def programs(self, near: bool) -> dict[str, str]:
        server, client = (
            (self.near_server, self.near_client) if near else (self.server, self.client)
        )
        return {"server.py": server, "client.py": client}


_ANSWERS = _SERVER + (
    "for _ in range(8):\n    got = b''\n    while len(got) < 8:\n"
    "        part = conn.recv(100)  # @waits\n        got += part\n    conn.sendall(b'ok')\n"
)
_TWO_WRITES = (
    "for _ in range(8):\n    sk.sendall(b'head')  # @first\n    sk.sendall(b'body')  # @second\n"
    "    sk.recv(100)\n"
)

CASES = [
    Case(
        "nagle-delayed-ack-stall",
        _ANSWERS,
        _CLIENT + _TWO_WRITES,
        _ANSWERS,
        _CLIENT + "sk.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)\n" + _TWO_WRITES,
        ("second", "waits"),
    ),
    Case(
        "backlog-overflow",
        _LISTEN + "listener.listen(0)  # @listen\ntime.sleep(4)\n",
        _HEAD
        + "held = []\nfor _ in range(3):\n    sk = socket.socket()\n    sk.settimeout(1.6)\n"
        + "    sk.connect(('127.0.0.1', 9000))  # @connect\n    held.append(sk)\n",
        _LISTEN + "listener.listen(5)\ntime.sleep(1)\nfor _ in range(3):\n    listener.accept()\n",
        _HEAD
        + "held = []\nfor _ in range(3):\n    sk = socket.socket()\n    sk.settimeout(1.6)\n"
        + "    sk.connect(('127.0.0.1', 9000))\n    held.append(sk)\ntime.sleep(1)\n",
        ("listen", "connect"),
    ),
    Case(
        "slow-reader",
        _SERVER + "conn.recv(10)  # @last\ntime.sleep(5)\n",
        _CLIENT + "sk.settimeout(2)\nsk.sendall(bytes(20_000_000))  # @stuck\n",
        _SERVER + "conn.recv(10)\ntime.sleep(1.5)\nwhile conn.recv(1 << 20): pass\n",
        _CLIENT + "sk.settimeout(8)\nsk.sendall(bytes(20_000_000))\nsk.close()\n",
        ("stuck", "last"),
    ),
    Case(
        "reset-without-fin",
        _SERVER
        + "conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))\n"
        + "conn.close()  # @cut\n",
        _CLIENT + "time.sleep(0.3)\nsk.recv(10)  # @fails\n",
        _SERVER
        + "conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))\n"
        + "conn.close()\n",
        _CLIENT
        + "time.sleep(0.3)\ntry:\n    sk.recv(10)\n"
        + "except ConnectionResetError:\n    print('cut')\n",
        ("cut", "fails"),
    ),
    Case(
        "syn-unanswered",
        _HEAD + f'child = subprocess.Popen([sys.executable, "-I", "-c", """{_DEAF_LISTENER}"""],'
        " stdout=subprocess.PIPE)\nchild.stdout.readline()\n"
        "held = socket.create_server(('127.0.0.1', 9000))\ntime.sleep(3)\nchild.kill()\n",
        _HEAD + "socket.create_connection(('127.0.0.1', 9001), timeout=1.5)  # @connect\n",
        _HEAD + "held = socket.create_server(('127.0.0.1', 9000))\ntime.sleep(1)\n",
        _HEAD + "socket.create_connection(('127.0.0.1', 9001), timeout=1.5)\n",
        ("connect",),
    ),
    Case(
        "retransmission-stall",
        _SERVER
        + _FILTER
        + "conn.recv(5)\ndeaf(conn)\nconn.send(b'go')\n"
        + "threading.Timer(1.3, hearing, (conn,)).start()\n"
        + "conn.recv(100)  # @waits\n",
        _CLIENT + "sk.sendall(b'first')\nsk.recv(2)\nsk.sendall(b'lost')  # @sends\nsk.recv(1)\n",
        _SERVER
        + _FILTER
        + "conn.recv(5)\ndeaf(conn)\nconn.send(b'go')\n"
        + "threading.Timer(0.1, hearing, (conn,)).start()\nconn.recv(100)\n",
        _CLIENT + "sk.sendall(b'first')\nsk.recv(2)\nsk.sendall(b'lost')\nsk.recv(1)\n",
        ("waits", "sends"),
        "likely",
    ),
    Case(
        "half-open-peer",
        _SERVER
        + _FILTER
        + "conn.recv(5)\nconn.send(b'go')\ntime.sleep(0.3)\ndeaf(conn)\ntime.sleep(9)\n",
        _CLIENT
        + "sk.sendall(b'first')\nsk.recv(2)\ntime.sleep(0.8)\n"
        + "sk.sendall(b'lost')\nsk.recv(1)  # @waits\n",
        _SERVER + "conn.recv(5)\nconn.send(b'go')\ntime.sleep(4)\n",
        _CLIENT
        + "sk.sendall(b'first')\nsk.recv(2)\n"
        + "sk.settimeout(3)\nsk.sendall(b'read late')\ntime.sleep(3)\n",
        ("waits",),
        "likely",
        timeout=7,
    ),
    Case(
        "icmp-refused-on-udp",
        _HEAD + "sk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "sk.bind(('127.0.0.1', 9000))\n",
        _HEAD
        + "sk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nsk.settimeout(2)\n"
        + "sk.connect(('127.0.0.1', 9002))\nsk.send(b'anyone?')  # @sends\n"
        + "sk.recv(100)  # @fails\n",
        _HEAD + "sk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "sk.bind(('127.0.0.1', 9000))\n",
        _HEAD
        + "sk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nsk.settimeout(2)\n"
        + "sk.connect(('127.0.0.1', 9002))\nsk.send(b'anyone?')\n"
        + "try:\n    sk.recv(100)\nexcept ConnectionRefusedError:\n    print('nobody')\n",
        ("sends", "fails"),
    ),
    Case(
        "time-wait-on-server",
        _HEAD
        + "listener = socket.socket()\nlistener.bind(('127.0.0.1', 9000))\nlistener.listen()\n"
        + "conn, address = listener.accept()\nconn.close()  # @closes\ntime.sleep(0.5)\n"
        + "listener.close()\nagain = socket.socket()\n"
        + "again.bind(('127.0.0.1', 9000))  # @binds\n",
        _CLIENT + "sk.recv(1)\nsk.close()\n",
        _LISTEN
        + "listener.listen()\nconn, address = listener.accept()\nconn.close()\ntime.sleep(0.5)\n"
        + "listener.close()\nagain = socket.socket()\n"
        + "again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
        + "again.bind(('127.0.0.1', 9000))\n",
        _CLIENT + "sk.recv(1)\nsk.close()\n",
        ("closes", "binds"),
        "likely",
    ),
    Case(
        "connection-per-request",
        _LISTEN
        + "open('/proc/sys/net/ipv4/ip_local_port_range', 'w').write('40000 40019')\n"
        + "listener.listen(50)\nwhile True:\n    conn, address = listener.accept()\n"
        + "    conn.recv(10)\n    conn.recv(10)\n    conn.close()\n",
        _HEAD
        + "for n in range(40):\n    sk = socket.socket()\n"
        + "    sk.connect(('127.0.0.1', 9000))  # @connect\n    sk.sendall(b'request')\n"
        + "    sk.close()  # @closes\n    time.sleep(0.01)\n",
        _LISTEN
        + "listener.listen(50)\nwhile True:\n    conn, address = listener.accept()\n"
        + "    conn.recv(10)\n    conn.recv(10)\n    conn.close()\n",
        _HEAD
        + "for n in range(40):\n    sk = socket.socket()\n"
        + "    sk.connect(('127.0.0.1', 9000))\n    sk.sendall(b'request')\n"
        + "    sk.close()\n    time.sleep(0.01)\n",
        ("connect", "closes"),
        "likely",
        timeout=8,
        root=True,
    ),
]
