"""What a stuck reader still lacks: told when it is certain, and only then."""

from __future__ import annotations

import pytest

from plainwire.see.diagnosis import unfinished
from plainwire.see.diagnosis.case import Case
from see.items import World

SOURCE = """\
line = f.readline()
part = s.recv(n - len(data))
data = s.recv(1024)
"""
FILE_VIA = [["/usr/lib/python3.11/socket.py", 706, "SocketIO.readinto"]]


def lack(came: bytes, line: int, *, asked: int = 8192) -> str:
    """The fix for a reader at a line of SOURCE that got these bytes and waits for more."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    client.call("sendall", here, came, line=7)
    text = SOURCE.splitlines()[line - 1]
    begin = text.index("= ") + 3
    site = server.site(
        line, span=(begin, len(text) + 1), via=FILE_VIA if "readline" in text else []
    )
    op = "recv_into" if "readline" in text else "recv"
    server.call(op, there, came, asked=asked, site=site)
    server.call(op, there, asked=asked, site=site, t1=-1)
    world.run("source", path="/src/p10.py", text=SOURCE)
    ledger = world.ledger()
    (flow,) = ledger.flows
    assert flow.server is not None
    found = unfinished.of(Case(ledger), flow.server.calls[-1], flow.there)
    return found.fix.english if found is not None else ""


@pytest.mark.parametrize(
    ("came", "expected"), [(b"Guest", True), (b"one\ntwo", True), (b"one\n", False)]
)
def test_a_line_without_an_end_is_named(came: bytes, expected: bool) -> None:
    """readline() returns at a line end only: the most common hang of a file object."""
    found = lack(came, 1)
    assert ("end each message with" in found) is expected
    assert ("p20.py:7 sends none" in found) is expected


def test_bytes_missing_of_a_length_are_counted() -> None:
    """The length counted characters, or was never reached."""
    assert "p10.py:2 wants more bytes than p20.py:7 sent" in lack(b"12345678", 2, asked=4)


def test_a_plain_recv_says_nothing_of_what_it_wants() -> None:
    """recv(1024) is content with one byte."""
    assert lack(b"12345678", 3, asked=1024) == ""
