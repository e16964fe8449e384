"""The matrix: what each exchange must look like on the wire, and which lines it names.

`client` and `server` are bodies; SERVER and CLIENT put the opening around them. Lines
are marked `# @name`. `shape` leaves out acknowledgements alone, whose number is the
kernel's to choose; a pattern in it is a regular expression.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SERVER = """\
import os, signal, socket, struct, time
FAMILY = socket.AF_INET
listener = socket.socket(FAMILY)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((HOST, 9000))
listener.listen(5)  # @listen
conn, address = listener.accept()  # @accept
"""
CLIENT = """\
import os, signal, socket, struct, time
FAMILY = socket.AF_INET
sk = socket.socket(FAMILY)
sk.connect((HOST, 9000))  # @connect
"""
_LINGER = "setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))"

ACTIVE = ["CLOSED", "SYN_SENT", "ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT"]
PASSIVE = ["LISTEN", "SYN_RCVD", "ESTABLISHED", "CLOSE_WAIT", "LAST_ACK", "CLOSED"]
OPEN = "A:S B:SA A:A "

# Ends that must wait for each other outside of the connection do it by empty files.
TOLD = """\
def tell(word):
    open(word, 'w').close()
def told(word, seconds=40):
    until = time.monotonic() + seconds
    while not os.path.exists(word) and time.monotonic() < until:
        time.sleep(0.005)
"""


@dataclass(frozen=True)
class Exchange:
    server: str
    client: str
    shape: str
    client_states: list[str]
    server_states: list[str]
    ends: dict[str, tuple[str, str]] = field(default_factory=dict)  # "A:F" -> (by, why)
    host: str = "127.0.0.1"

    @property
    def programs(self) -> dict[str, str]:
        found = {}
        for name, head, body in (
            ("server.py", SERVER, self.server),
            ("client.py", CLIENT, self.client),
        ):
            text = (head + body).replace("HOST", repr(self.host))
            if ":" in self.host:
                text = text.replace("AF_INET\n", "AF_INET6\n")
            found[name] = text
        return found


def by(states: list[str], opener: str) -> list[str]:
    """The same states for an end that opened the other way."""
    return [*(["CLOSED", "SYN_SENT"] if opener == "A" else ["LISTEN", "SYN_RCVD"]), *states[2:]]


EXCHANGES = {
    "close_by_client": Exchange(
        "conn.recv(100)\nconn.sendall(b'answer')\nconn.recv(1)  # @eof\nconn.close()  # @finB\n",
        "sk.sendall(b'question')\nsk.recv(100)\nsk.close()  # @finA\n",
        OPEN + "A:PA8 B:PA6 A:FA B:FA",
        ACTIVE,
        PASSIVE,
        {"A:F": ("call", "close"), "B:F": ("call", "close")},
    ),
    "close_by_server": Exchange(
        "conn.sendall(b'hello')\nconn.close()  # @finB\n",
        "sk.recv(100)\nsk.recv(1)  # @eof\nsk.close()  # @finA\n",
        OPEN + "B:PA5 B:FA A:FA",
        by(PASSIVE, "A"),
        by(ACTIVE, "B"),
        {"B:F": ("call", "close"), "A:F": ("call", "close")},
    ),
    "half_close": Exchange(
        "while conn.recv(100): pass\nconn.sendall(b'still talking')\nconn.close()  # @finB\n",
        "sk.sendall(b'all')\nsk.shutdown(socket.SHUT_WR)  # @finA\n"
        "sk.recv(100)\nsk.recv(1)  # @eof\nsk.close()\n",
        OPEN + "A:PA3 A:FA B:PA13 B:FA",
        ACTIVE,
        PASSIVE,
        {"A:F": ("call", "shutdown"), "B:F": ("call", "close")},
    ),
    # The client's FIN waits behind bytes for which the server has no room when the server's
    # FIN comes. (Both FINs on their way at once cannot be had on loopback with two real
    # sockets: tests/capture scripts one end for that.)
    "simultaneous_close": Exchange(
        TOLD + "told('full')\nconn.shutdown(socket.SHUT_WR)  # @finB\ntell('shut')\n"
        "told('closing')\nwhile conn.recv(65536): pass\nconn.close()\n",
        TOLD + "sk.setblocking(False)\n"
        "try:\n    while True: sk.send(bytes(20_000))\nexcept BlockingIOError:\n    pass\n"
        "sk.setblocking(True)\nsk.shutdown(socket.SHUT_WR)  # @finA\ntell('full')\n"
        "told('shut')\nsk.recv(1)  # @eof\n"
        "assert sk.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[0] == 11  # CLOSING\n"
        "tell('closing')\nsk.close()\n",
        OPEN + r"(A:P?A\d+ )+B:FA( A:F?P?A\d*)+",
        ["CLOSED", "SYN_SENT", "ESTABLISHED", "FIN_WAIT1", "CLOSING", "TIME_WAIT"],
        by(ACTIVE, "B"),
        {"A:F": ("call", "shutdown"), "B:F": ("call", "shutdown")},
    ),
    "reset_by_linger": Exchange(
        "try:\n    conn.recv(1)  # @fail\nexcept ConnectionResetError:\n    pass\n",
        f"sk.{_LINGER}\nsk.close()  # @rst\n",
        OPEN + "A:RA",
        ["CLOSED", "SYN_SENT", "ESTABLISHED", "CLOSED"],
        ["LISTEN", "SYN_RCVD", "ESTABLISHED", "CLOSED"],
        {"A:R": ("call", "linger")},
    ),
    "reset_by_unread": Exchange(
        "conn.recv(1, socket.MSG_PEEK)\nconn.close()  # @rst\n",
        "sk.sendall(b'never read')\ntry:\n    sk.recv(1)  # @fail\n"
        "except ConnectionResetError:\n    pass\n",
        OPEN + "A:PA10 B:RA",
        ["CLOSED", "SYN_SENT", "ESTABLISHED", "CLOSED"],
        ["LISTEN", "SYN_RCVD", "ESTABLISHED", "CLOSED"],
        {"B:R": ("call", "unread")},
    ),
    "client_killed": Exchange(
        "conn.recv(5)\nconn.recv(1)  # @eof\nconn.close()  # @finB\n",
        "sk.sendall(b'alive')\nos.kill(os.getpid(), signal.SIGKILL)\n",
        OPEN + "A:PA5 A:FA B:FA",
        ACTIVE,
        PASSIVE,
        {"A:F": ("exit", "exit"), "B:F": ("call", "close")},
    ),
    "server_killed": Exchange(
        "conn.sendall(b'alive')\nos.kill(os.getpid(), signal.SIGKILL)\n",
        "sk.recv(5)\nsk.recv(1)  # @eof\nsk.close()  # @finA\n",
        OPEN + "B:PA5 B:FA A:FA",
        by(PASSIVE, "A"),
        by(ACTIVE, "B"),
        {"B:F": ("exit", "exit"), "A:F": ("call", "close")},
    ),
    "keep_alive": Exchange(
        "conn.recv(100)\nconn.recv(1)  # @eof\nconn.close()  # @finB\n",
        "sk.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)\n"
        "sk.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)\n"
        "sk.sendall(b'quiet')\ntime.sleep(1.5)\nsk.close()  # @finA\n",
        OPEN + "A:PA5 A:FA B:FA",
        ACTIVE,
        PASSIVE,
        {"A:F": ("call", "close")},
    ),
    "urgent_data": Exchange(
        "import select\nselect.select([], [], [conn], 5)\nconn.recv(1, socket.MSG_OOB)\n"
        "got = b''\nwhile len(got) < 9:\n    got += conn.recv(100)\n"
        "conn.recv(1)  # @eof\nconn.close()  # @finB\n",
        "sk.sendall(b'plain')\nsk.send(b'!', socket.MSG_OOB)\nsk.sendall(b'more')\n"
        "time.sleep(0.2)\nsk.close()  # @finA\n",
        OPEN + "A:PA5 A:PAU1 A:PA4 A:FA B:FA",
        ACTIVE,
        PASSIVE,
        {"A:F": ("call", "close")},
    ),
    "one_megabyte": Exchange(
        "got = 0\nwhile data := conn.recv(65536):  # @eof\n    got += len(data)\n"
        "assert got == 1 << 20\nconn.close()  # @finB\n",
        "sk.sendall(bytes(range(256)) * 4096)\nsk.close()  # @finA\n",
        OPEN + r"(A:F?P?A\d* )+B:FA",
        ACTIVE,
        PASSIVE,
        {"A:F": ("call", "close"), "B:F": ("call", "close")},
    ),
    "mss_writes": Exchange(
        "while conn.recv(65536):  # @eof\n    pass\nconn.close()  # @finB\n",
        "size = sk.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)\n"
        "for n in range(8):\n    sk.sendall(bytes([n]) * size)\nsk.close()  # @finA\n",
        OPEN + r"(A:F?P?A\d* )+B:FA",
        ACTIVE,
        PASSIVE,
        {"A:F": ("call", "close")},
    ),
    "over_ipv6": Exchange(
        "conn.recv(100)\nconn.recv(1)  # @eof\nconn.close()  # @finB\n",
        "sk.sendall(b'six')\nsk.close()  # @finA\n",
        OPEN + "A:PA3 A:FA B:FA",
        ACTIVE,
        PASSIVE,
        {"A:F": ("call", "close"), "B:F": ("call", "close")},
        host="::1",
    ),
}
