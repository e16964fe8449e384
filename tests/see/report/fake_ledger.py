"""Small ledgers written by hand: two programs, a few calls, times in milliseconds."""

from __future__ import annotations

from plainwire.see.ledger.model import (
    Call,
    Datagram,
    Direction,
    Endpoint,
    Failure,
    Flow,
    Frame,
    Ledger,
    Process,
    Program,
    Range,
    Site,
)

CLIENT_SOURCE = """import socket

sk = socket.socket()
sk.connect(("127.0.0.1", 8000))
sk.send(b"hello")
sk.send(b"world")
print(sk.recv(1024).decode())
sk.close()
"""
SERVER_SOURCE = """import socket

server = socket.create_server(("127.0.0.1", 8000))
conn, address = server.accept()
data = conn.recv(1024)
conn.sendall(data)
conn.recv(1024)
conn.close()
"""
FOLDER = "/home/user/chat"


class Scene:
    """Two programs and one flow; `client` and `server` add calls to their ends."""

    def __init__(self, kind: str = "tcp") -> None:
        self.sources = {
            f"{FOLDER}/client.py": CLIENT_SOURCE,
            f"{FOLDER}/server.py": SERVER_SOURCE,
        }
        self.programs = [
            Program(0, "server.py", ["server.py"], pid=100, started=0),
            Program(1, "client.py", ["client.py"], pid=200, started=0),
        ]
        self.processes = [self._process(0, 100), self._process(1, 200)]
        self.slot = 0
        self.calls: list[Call] = []
        self.ends = {
            "server": self._end(1, kind, ("127.0.0.1", 8000), ("127.0.0.1", 50000), 0),
            "client": self._end(2, kind, ("127.0.0.1", 50000), ("127.0.0.1", 8000), 1),
        }
        client, server = self.ends["client"], self.ends["server"]
        client.peer, server.peer = server, client
        self.flow = Flow(
            0, kind, client, server, Direction(client, server), Direction(server, client), ms(10)
        )

    def _process(self, program: int, pid: int) -> Process:
        name = self.programs[program].name
        process = Process(f"{pid}-0", pid, 1, None, 0, [name], FOLDER, "3.11.7")
        process.program = self.programs[program]
        process.threads = {1: (pid, "MainThread")}
        return process

    def _end(self, number, kind, local, remote, process) -> Endpoint:
        end = Endpoint(number, kind, number, 1000 + number, 0, local, remote)
        end.process = self.processes[process]
        return end

    def call(self, side: str, line: int, code: str, op: str, t0: float, t1: float | None, **more):
        """One call; `code` must stand on that line of the side's source."""
        end = self.ends[side]
        assert end.process is not None
        file = f"{FOLDER}/{side}.py"
        text = self.sources[file].split("\n")[line - 1] if file in self.sources else code
        column = text.index(code) + 1
        frame = Frame(file, line, column, line, column + len(code), "<module>")
        payload = more.pop("payload", None)
        call = Call(
            process=end.process,
            slot=self.slot,
            thread=1,
            op=op,
            endpoint=end,
            site=Site("user", frame),
            flags=more.pop("flags", 0),
            asked=more.pop("asked", len(payload) if payload is not None else 1024),
            task=0,
            t0=ms(t0),
            t1=ms(t1) if t1 is not None else None,
            count=more.pop("count", len(payload) if payload is not None else 0),
            aux=more.pop("aux", 0),
            failure=more.pop("failure", None),
            payload=payload,
            whole=len(payload) if payload is not None else 0,
        )
        assert not more, more
        self.slot += 1
        self.calls.append(call)
        end.calls.append(call)
        return call

    def opened(self) -> None:
        """The connect at 10 ms, the accept that returned at 10.5 ms."""
        connect = self.call(
            "client", 4, 'sk.connect(("127.0.0.1", 8000))', "connect", 10, 10.2, asked=0
        )
        accept = self.call("server", 4, "server.accept()", "accept", 1, 10.5, asked=0)
        self.ends["client"].role, self.ends["client"].opened_by = "client", connect
        self.ends["server"].role, self.ends["server"].opened_by = "server", accept
        self.ends["server"].calls.remove(accept)  # it is a call on the listener

    def failed(self, name: str, errno: int | None = None, text: str = "") -> Failure:
        return Failure(name, errno, text)

    def ledger(self, ended: float = 3000, why: str = "ended") -> Ledger:
        """Everything joined; ranges are laid as the calls moved bytes."""
        flow = self.flow
        if flow.kind in ("tcp", "unix"):
            for direction in (flow.there, flow.back):
                assert direction.sender is not None
                assert direction.receiver is not None
                direction.writes = direction.asked_writes = tile(direction.sender, "send")
                direction.reads = direction.asked_reads = tile(direction.receiver, "recv")
        ledger = Ledger(
            programs=self.programs,
            processes=self.processes,
            endpoints=list(self.ends.values()),
            flows=[flow],
            calls=sorted(self.calls, key=lambda call: call.t0),
            surfaced=[],
            samples=[],
            ports={},
            sources=self.sources,
            remainders={},
            outputs=[],
            faults=[],
            began=0,
            ended=ms(ended),
            why=why,
        )
        ledger.index()
        return ledger


def ms(value: float) -> int:
    return round(value * 1_000_000)


def tile(end: Endpoint, verb: str) -> list[Range]:
    ranges, at = [], 0
    moved = [c for c in end.calls if c.op.startswith(verb) and c.count > 0 and c.t1 and not c.flags]
    for call in sorted(moved, key=lambda c: c.t1 or 0):
        ranges.append(Range(at, at + call.count, call))
        at += call.count
    return ranges


def hanging() -> Scene:
    """Client and server wait for each other after a greeting of the client."""
    scene = Scene()
    scene.opened()
    scene.call("client", 5, 'sk.send(b"hello")', "send", 10.3, 10.4, payload=b"hello")
    scene.call("server", 5, "conn.recv(1024)", "recv", 10.6, 10.7, payload=b"hello")
    scene.call("client", 7, "sk.recv(1024)", "recv", 11, None)
    scene.call("server", 7, "conn.recv(1024)", "recv", 12, None)
    return scene


def glued() -> Scene:
    """Two sends arrive in one read; then everybody closes."""
    scene = Scene()
    scene.opened()
    scene.call("client", 5, 'sk.send(b"hello")', "send", 10.3, 10.4, payload=b"hello")
    scene.call("client", 6, 'sk.send(b"world")', "send", 10.5, 10.6, payload=b"world")
    scene.call("server", 5, "conn.recv(1024)", "recv", 10.6, 11, payload=b"helloworld")
    scene.call("server", 6, "conn.sendall(data)", "sendall", 11.1, 11.2, payload=b"helloworld")
    scene.call("client", 7, "sk.recv(1024)", "recv", 10.7, 11.5, payload=b"helloworld")
    close = scene.call("client", 8, "sk.close()", "closed", 12, 12.1, asked=0)
    scene.call("server", 7, "conn.recv(1024)", "recv", 11.3, 512.5, count=0)
    scene.call("server", 8, "conn.close()", "closed", 513, 513.1, asked=0)
    scene.flow.there.fin_sent = close
    scene.flow.closed = ms(513)
    return scene


def datagrams() -> Scene:
    """Two datagrams, the second one lost."""
    scene = Scene("udp")
    first = scene.call("client", 5, 'sk.send(b"hello")', "send", 10, 10.1, payload=b"hello")
    got = scene.call("server", 5, "conn.recv(1024)", "recv", 9, 10.4, payload=b"hello")
    second = scene.call("client", 6, 'sk.send(b"world")', "send", 11, 11.1, payload=b"world")
    client, server = scene.ends["client"], scene.ends["server"]
    scene.flow.datagrams = [
        Datagram(client, server, first, got, client.local, server.local),
        Datagram(client, None, second, None, client.local, server.local),
    ]
    return scene
