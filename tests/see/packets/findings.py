"""For each finding that packets prove: a program that has it, and a near one that has not.

Ends that must wait for each other outside of the connection do it by empty files (`tell`,
`told`): how long a busy machine takes to start a program must not decide what happens.
"""

from __future__ import annotations

from dataclasses import dataclass

_HEAD = """\
import atexit, fcntl, os, select, signal, socket, struct, subprocess, sys, threading, time
def tell(word):
    open(word, 'w').close()
def told(word, seconds=40):
    until = time.monotonic() + seconds
    while not os.path.exists(word) and time.monotonic() < until:
        time.sleep(0.005)
"""
_GOES = "atexit.register(tell, 'gone')\n"  # also after an exception that nobody caught
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
def acknowledged(sock):
    until = time.monotonic() + 40
    while fcntl.ioctl(sock, 0x5411, bytes(4)) != bytes(4) and time.monotonic() < until:
        time.sleep(0.005)
"""
_DEAF_LISTENER = (
    "import ctypes, socket, struct, sys, time; l = socket.socket(); l.bind(('127.0.0.1', 9001));"
    "l.listen(); c = ctypes.create_string_buffer(struct.pack('=HBBI', 6, 0, 0, 0));"
    "l.setsockopt(1, 26, struct.pack('HP', 1, ctypes.addressof(c))); print(flush=True);"
    "time.sleep(60)"
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
    root: bool = False
    stop_when: str = ""  # a word that was told: nothing else ends it

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
# A queue of 4,096 bytes holds a few datagrams of 1,000; 100,000 hold all fifty.
_RECEIVER = (
    _HEAD
    + "sk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    + "sk.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)\nsk.bind(('127.0.0.1', 9000))\n"
)
_READS = "while (data := sk.recv(2000)) != b'end':  # @reads\n    pass\n"
_FLOODS = (
    "sk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ntold('bound')\n"
    "sk.connect(('127.0.0.1', 9000))\nfor n in range(50):\n"
    "    sk.send(b'%02d' % n + bytes(1000))  # @sends\ntell('sent')\n"
    "for n in range(20):  # the end mark may be lost like the others\n"
    "    time.sleep(0.1)\n    try:\n        sk.send(b'end')\n"
    "    except ConnectionRefusedError:\n        break\n"
)
_SERVES = (
    "listener.listen(50)\nn = 0\nwhile not os.path.exists('gone'):\n"
    "    if not select.select([listener], [], [], 0.05)[0]:\n        continue\n"
    "    conn, address = listener.accept()\n    conn.recv(10)\n    conn.recv(10)\n"
    "    conn.close()\n    tell(f'served{n}')\n    n += 1\n"
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
        _LISTEN + "listener.listen(0)  # @listen\ntold('gone')\n",
        _HEAD
        + _GOES
        + "held = []\nfor _ in range(3):\n    sk = socket.socket()\n    sk.settimeout(1.6)\n"
        + "    sk.connect(('127.0.0.1', 9000))  # @connect\n    held.append(sk)\n",
        _LISTEN
        + "listener.listen(5)\ntold('connected')\nfor _ in range(3):\n    listener.accept()\n",
        _HEAD
        + "held = []\nfor _ in range(3):\n    sk = socket.socket()\n    sk.settimeout(1.6)\n"
        + "    sk.connect(('127.0.0.1', 9000))\n    held.append(sk)\ntell('connected')\n",
        ("listen", "connect"),
    ),
    Case(
        "slow-reader",
        _SERVER + "conn.recv(10)  # @last\nconn.send(b'go')\ntold('gone')\n",
        _CLIENT
        + _GOES
        + "sk.sendall(bytes(10))\nsk.recv(2)\nsk.settimeout(4)\n"
        + "sk.sendall(bytes(20_000_000))  # @stuck\n",
        _SERVER
        + "conn.recv(10)\nconn.send(b'go')\ntime.sleep(1.5)\nwhile conn.recv(1 << 20): pass\n",
        _CLIENT
        + "sk.sendall(bytes(10))\nsk.recv(2)\nsk.settimeout(40)\n"
        + "sk.sendall(bytes(20_000_000))\nsk.close()\n",
        ("stuck", "last"),
    ),
    Case(
        "reset-without-fin",
        _SERVER
        + "conn.recv(1)\n"  # a reset must not come before connect() has returned
        + "conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))\n"
        + "conn.close()  # @cut\n",
        _CLIENT + "sk.send(b'x')\ntime.sleep(0.3)\nsk.recv(10)  # @fails\n",
        _SERVER
        + "conn.recv(1)\n"  # a reset must not come before connect() has returned
        + "conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))\n"
        + "conn.close()\n",
        _CLIENT
        + "sk.send(b'x')\ntime.sleep(0.3)\ntry:\n    sk.recv(10)\n"
        + "except ConnectionResetError:\n    print('cut')\n",
        ("cut", "fails"),
    ),
    Case(
        "syn-unanswered",
        _HEAD + f'child = subprocess.Popen([sys.executable, "-I", "-c", """{_DEAF_LISTENER}"""],'
        " stdout=subprocess.PIPE)\nchild.stdout.readline()\n"
        "held = socket.create_server(('127.0.0.1', 9000))\ntold('gone')\nchild.kill()\n"
        "child.wait()\n",
        _HEAD + _GOES + "socket.create_connection(('127.0.0.1', 9001), timeout=1.5)  # @connect\n",
        _HEAD + "held = socket.create_server(('127.0.0.1', 9000))\ntime.sleep(1)\n",
        _HEAD + "socket.create_connection(('127.0.0.1', 9001), timeout=1.5)\n",
        ("connect",),
    ),
    Case(
        "retransmission-stall",
        _SERVER
        + _FILTER
        + "conn.recv(5)\ndeaf(conn)\nconn.send(b'go')\n"
        + "def later():\n    told('lost')\n    time.sleep(1)\n    hearing(conn)\n"
        + "threading.Thread(target=later).start()\n"
        + "conn.recv(100)  # @waits\n",
        _CLIENT
        + "sk.sendall(b'first')\nsk.recv(2)\nsk.sendall(b'lost')  # @sends\ntell('lost')\n"
        + "sk.recv(1)\n",
        _SERVER
        + _FILTER
        + "conn.recv(5)\ndeaf(conn)\nconn.send(b'go')\n"
        + "def later():\n    told('lost')\n    hearing(conn)\n"
        + "threading.Thread(target=later).start()\nconn.recv(100)\n",
        _CLIENT
        + "sk.sendall(b'first')\nsk.recv(2)\nsk.sendall(b'lost')\ntell('lost')\nsk.recv(1)\n",
        ("waits", "sends"),
        "likely",
    ),
    Case(
        "half-open-peer",
        _SERVER
        + _FILTER
        + "conn.recv(5)\nconn.send(b'go')\nacknowledged(conn)\ndeaf(conn)\ntell('deaf')\n"
        + "time.sleep(60)\n",
        _CLIENT
        + "def watch():\n    tries = 0\n    while tries < 3:  # tcpi_retransmits\n"
        + "        tries = sk.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[2]\n"
        + "        time.sleep(0.01)\n    tell('stuck')\n"
        + "sk.sendall(b'first')\nsk.recv(2)\ntold('deaf')\nsk.sendall(b'lost')\n"
        + "threading.Thread(target=watch, daemon=True).start()\nsk.recv(1)  # @waits\n",
        _SERVER + "conn.recv(5)\nconn.send(b'go')\ntime.sleep(4)\n",
        _CLIENT
        + "sk.sendall(b'first')\nsk.recv(2)\n"
        + "sk.settimeout(3)\nsk.sendall(b'read late')\ntime.sleep(3)\n",
        ("waits",),
        "likely",
        stop_when="stuck",
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
        "datagram-lost-in-kernel",
        _RECEIVER + "tell('bound')\ntold('sent')\n" + _READS,
        _HEAD + _FLOODS,
        _RECEIVER.replace("4096", "100_000") + "tell('bound')\ntold('sent')\n" + _READS,
        _HEAD + _FLOODS,
        ("reads", "sends"),
    ),
    Case(
        "time-wait-on-server",
        _HEAD
        + "listener = socket.socket()\nlistener.bind(('127.0.0.1', 9000))\nlistener.listen()\n"
        + "conn, address = listener.accept()\nconn.close()  # @closes\ntold('closed')\n"
        + "listener.close()\nagain = socket.socket()\n"
        + "again.bind(('127.0.0.1', 9000))  # @binds\n",
        _CLIENT + "sk.recv(1)\nsk.close()\ntell('closed')\n",
        _LISTEN
        + "listener.listen()\nconn, address = listener.accept()\nconn.close()\ntold('closed')\n"
        + "listener.close()\nagain = socket.socket()\n"
        + "again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
        + "again.bind(('127.0.0.1', 9000))\n",
        _CLIENT + "sk.recv(1)\nsk.close()\ntell('closed')\n",
        ("closes", "binds"),
        "likely",
    ),
    Case(
        "connection-per-request",
        _LISTEN
        + "open('/proc/sys/net/ipv4/ip_local_port_range', 'w').write('40000 40019')\n"
        + _SERVES,
        _HEAD
        + _GOES
        + "for n in range(40):\n    sk = socket.socket()\n"
        + "    sk.connect(('127.0.0.1', 9000))  # @connect\n    sk.sendall(b'request')\n"
        + "    sk.close()  # @closes\n    told(f'served{n}')\n",
        _LISTEN + _SERVES,
        _HEAD
        + _GOES
        + "for n in range(40):\n    sk = socket.socket()\n"
        + "    sk.connect(('127.0.0.1', 9000))\n    sk.sendall(b'request')\n"
        + "    sk.close()\n    told(f'served{n}')\n",
        ("connect", "closes"),
        "likely",
        root=True,
    ),
]
