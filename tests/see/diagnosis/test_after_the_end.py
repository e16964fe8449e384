"""write-after-close and datagram-lost: what came after what, and what makes them silent."""

from __future__ import annotations

from plainwire.see.diagnosis import diagnose
from plainwire.see.diagnosis.model import Finding
from see.items import DATAGRAM, INET, Proc, Slot, Socket, World

ECONNRESET, EPIPE = 104, 32


class Left:
    """A client whose server closes the connection."""

    def __init__(self) -> None:
        self.world = World()
        self.server, self.client = self.world.process(10), self.world.process(20)
        self.here, self.there = self.world.connection(self.client, self.server)

    def close(self) -> None:
        self.server.call("closed", self.there, line=9)

    def fail(self, op: str, errno: int, line: int) -> None:
        """A call of the client's that raised, and that nobody caught."""
        self.client.call(op, self.here, ret=-errno, asked=10, line=line)
        slot = len(self.client.slots) - 1
        frames = [["/src/p20.py", line, 1, line, 2, "<module>"]]
        name = {ECONNRESET: "ConnectionResetError", EPIPE: "BrokenPipeError"}[errno]
        self.client.note("exception", 1, slot, name, "", "thread", frames, self.world.tick())

    def findings(self) -> list[Finding]:
        return diagnose(self.world.ledger(), ("write-after-close",))


def test_a_send_after_the_close_that_seemed_to_work_is_named() -> None:
    """It drew the reset; the line that failed is only where it showed."""
    left = Left()
    left.close()
    left.client.call("send", left.here, b"too late", line=5)
    left.fail("recv", ECONNRESET, line=6)
    (finding,) = left.findings()
    assert [(p.short, p.role) for p in finding.places] == [
        ("p20.py:5", "sends"), ("p20.py:6", "fails"), ("p10.py:9", "closes"),
    ]  # fmt: skip
    assert "p20.py:5 wrote to a connection" in finding.message.english


def test_a_send_that_failed_by_itself_is_named_once() -> None:
    """BrokenPipeError: the line that wrote and the line that failed are one."""
    left = Left()
    left.close()
    left.client.call("send", left.here, b"too late", line=5)
    left.fail("send", EPIPE, line=5)
    (finding,) = left.findings()
    assert [p.short for p in finding.places if p.role == "sends"] == ["p20.py:5"]


def test_a_read_that_was_reset_has_written_nothing() -> None:
    """A peer with a linger time of 0 resets a reader that did nothing wrong."""
    left = Left()
    left.client.call("send", left.here, b"get", line=3)
    left.close()
    left.fail("recv", ECONNRESET, line=6)
    assert left.findings() == []


def test_a_send_under_way_when_the_peer_left_is_no_write_after_its_close() -> None:
    """A large sendall() cannot know of an end that comes while it waits."""
    left = Left()
    begun = left.world.tick()
    left.close()
    left.client.call("sendall", left.here, ret=-ECONNRESET, asked=10, line=5, t0=begun)
    frames = [["/src/p20.py", 5, 1, 5, 2, "<module>"]]
    slot = len(left.client.slots) - 1
    left.client.note(
        "exception", 1, slot, "ConnectionResetError", "", "thread", frames, left.world.tick()
    )
    assert left.findings() == []


def drain_raises(left: Left, line: int = 7) -> None:
    """Asyncio's own exception: it belongs to no call."""
    left.world.run("source", path="/src/p20.py", text="")
    at = [["/src/p20.py", line, 1, line, 9, "main"],
          ["/lib/asyncio/streams.py", 389, 1, 389, 9, "StreamWriter.drain"]]  # fmt: skip
    note = ("ConnectionResetError", "Connection lost", "uncaught", at, left.world.tick())
    left.client.note("exception", 1, None, *note)


def test_a_connection_that_asyncio_calls_lost_is_found() -> None:
    """The send's own error is caught by the transport, and drain() raises another one."""
    left = Left()
    left.close()
    left.client.call("send", left.here, b"too late", line=5)
    left.client.call("send", left.here, ret=-EPIPE, asked=8, line=6)
    drain_raises(left)
    (finding,) = left.findings()
    assert [(p.short, p.role) for p in finding.places] == [
        ("p20.py:5", "sends"), ("p20.py:7", "fails"), ("p10.py:9", "closes"),
    ]  # fmt: skip


def test_a_lost_connection_that_no_late_send_explains_is_nobodys_fault() -> None:
    """The program closed it itself, or it has two that broke: which one is not known."""
    own = Left()
    own.close()
    own.client.call("closed", own.here, line=6)
    drain_raises(own)
    assert own.findings() == []
    two = Left()
    here, there = two.world.connection(two.client, two.server, local=["127.0.0.1", 7])
    two.close()
    two.server.call("closed", there, line=9)
    for socket in (two.here, here):
        two.client.call("send", socket, ret=-EPIPE, asked=8, line=6)
    drain_raises(two)
    assert two.findings() == []


SERVER = ["127.0.0.1", 9000]


class Flood:
    """A sender whose datagrams the kernel partly drops."""

    def __init__(self) -> None:
        self.world = World()
        self.server, self.client = self.world.process(10), self.world.process(20)
        self.there = self.bound(self.server)
        self.here = self.client.socket(INET, DATAGRAM, local=["0.0.0.0", 5000])
        self.world.run("drops", rows={str(self.there.inode): 2})

    @staticmethod
    def bound(process: Proc) -> Socket:
        made = process.socket(INET, DATAGRAM, local=SERVER)
        process.call("bind", made, asked=process.address(SERVER))
        return made

    def send(self, data: bytes) -> Slot:
        return self.client.call("sendto", self.here, data, aux=self.client.address(SERVER), line=4)

    def receive(self, data: bytes) -> Slot:
        source = self.server.address(["127.0.0.1", 5000])
        return self.server.call("recvfrom", self.there, data, asked=2048, aux=source, line=7)

    def rules(self) -> list[str]:
        return [f.rule for f in diagnose(self.world.ledger(), ("datagram-lost-in-kernel",))]


def test_lost_datagrams_that_are_all_alike_are_lost_all_the_same() -> None:
    """A flood of equal blocks: none of them is another one sent again."""
    flood = Flood()
    for _ in range(4):
        flood.send(b"block")
    for _ in range(2):
        flood.receive(b"block")
    assert flood.rules() == ["datagram-lost-in-kernel"]


def test_a_sender_that_listens_and_asks_again_has_lost_nothing() -> None:
    """Stop and wait: the loss is part of its protocol."""
    flood = Flood()
    flood.world.run("drops", rows={str(flood.there.inode): 1})
    flood.send(b"ask 1")
    flood.client.call("recvfrom", flood.here, ret=-11, asked=100)
    flood.send(b"ask 1")
    flood.receive(b"ask 1")
    assert flood.rules() == []
