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


def untold(source: str, came: list[bytes], *, taken: int = 0, asked_first: bytes = b"") -> str:
    """What is said to a reader at the last line of a source, which is `x = READ`.

    Args:
        source: of the program that reads.
        came: what each of the kernel's reads brought.
        taken: for a StreamReader, how much of it the program has got.
        asked_first: what the reader's side sent before anything came.
    """
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    if asked_first:
        server.call("sendall", there, asked_first)
        client.call("recv", here, asked_first)
    client.call("sendall", here, b"".join(came), line=7)
    text = source.splitlines()[-1]
    span = (text.index("= ") + 3, len(text) + 1)
    line = len(source.splitlines())
    streams = "readuntil" in text
    below = server.site(0, kind="loop") if streams else server.site(1, via=FILE_VIA)
    for data in came:
        server.call("recv" if streams else "recv_into", there, data, asked=8192, site=below)
    site = server.site(line, span=span, via=[] if streams else FILE_VIA)
    if taken:
        server.call("stream.readuntil", there, b"".join(came)[:taken], site=site)
    server.call("stream.readuntil" if streams else "recv_into", there, asked=8192, site=site, t1=-1)
    world.run("source", path="/src/p10.py", text=source)
    ledger = world.ledger()
    (flow,) = ledger.flows
    assert flow.server is not None
    found = unfinished.of(Case(ledger), flow.server.calls[-1], flow.there)
    return f"{found.evidence.text}; {found.fix.english}" if found is not None else ""


READUNTIL = 'SEP = b"\\r\\n"\nx = await r.readuntil(SEP)'


def test_a_separator_that_did_not_come_is_named() -> None:
    """`one side must send first` was said to a client that had, with another line end."""
    said = untold(READUNTIL, [b"score ann\n"])
    assert "waits for '\\r\\n': it is not in the 10 bytes 'score ann\\n' that came" in said
    assert "end each message with '\\r\\n': p20.py:7 sends none, and p10.py:2" in said


SEPARATED = {
    "in place": ('x = r.readuntil(b"END")', [b"sco", b"re"], 0, True),
    "by keyword": ('x = r.readuntil(separator=b"END")', [b"score"], 0, True),
    "by default": ("x = r.readuntil()", [b"score"], 0, True),
    "behind a whole one": (READUNTIL, [b"a\r\nb\n"], 3, True),
    "half of it": (READUNTIL, [b"a\r"], 0, True),
    "all taken": (READUNTIL, [b"a\r\n"], 3, False),
    "there, and not taken yet": (READUNTIL, [b"a\r\n"], 0, False),
    "not known": ("x = r.readuntil(self.end)", [b"score"], 0, False),
    "of two values": ('S = b"a"\nS = b"b"\nx = r.readuntil(S)', [b"score"], 0, False),
    "a parameter": ("def f(r, sep):\n    x = r.readuntil(sep)", [b"score"], 0, False),
}


@pytest.mark.parametrize("name", SEPARATED)
def test_when_a_separator_is_said_to_lack(name: str) -> None:
    """Who waits for the next message, having taken the last, lacks no separator."""
    source, came, taken, expected = SEPARATED[name]
    assert bool(untold(source, came, taken=taken)) is expected


BY_LINE = "n = int(f.readline())\nx = f.read(n)"
IN_BINARY = '(n,) = unpack("!I", f.read(4))\nx = f.read(n)'
IN_A_HEAD = 'n = int(h["Size"])\nx = f.read(n)'


def test_a_file_that_is_short_of_a_told_length_gets_the_advice_of_a_recv_loop() -> None:
    """`one side must send first` was said where the length counted other line ends."""
    said = untold(BY_LINE, [b"63", b"0\nsoup\nbread\n"], asked_first=b"menu\n")
    assert "p10.py:2 waits until it has as many bytes as it was told (n)" in said
    assert "announce the length of what is sent, in bytes" in said


TOLD = {
    "in a line": (BY_LINE, [b"63\n", b"soup\n"], True),
    "in binary": (IN_BINARY, [b"\0\0\0\x09", b"soup and bread"[:5]], True),
    "in a head": (IN_A_HEAD, [b"Size: 9\r\nX: y\r\n\r\nsoup"], True),
    "in place": ("x = f.read(int(f.readline()))", [b"9\nsoup"], True),
    "the line only": (BY_LINE, [b"63\n"], False),
    "the binary number only": (IN_BINARY, [b"\0\0\0\x09"], False),
    "the head only": (IN_A_HEAD, [b"Size: 9\r\nX: y\r\n\r\n"], False),
    "a number that nobody told": ("N = 80\nx = f.read(N)", [b"63\nsoup"], False),
    "the size of a struct": ("x = f.read(HEAD.size)", [b"\0\0\0\x01soup and bread"], False),
    "a parameter": ("def g(f, n):\n    x = f.read(n)", [b"63\nsoup"], False),
    "a number that is counted down": (
        "n = int(f.readline())\nn -= 4\nx = f.read(n)", [b"63\nsoup"], False,
    ),
    "letters": ('f = s.makefile("r")\n' + BY_LINE, [b"63\nsoup"], False),
    "no buffer": ('f = s.makefile("rb", 0)\n' + BY_LINE, [b"63\nsoup"], False),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_when_a_file_is_said_to_be_short(name: str) -> None:
    """Who has the number only may wait for the other side's turn; a head may not be owed."""
    source, came, expected = TOLD[name]
    assert bool(untold(source, came, asked_first=b"menu\n")) is expected


def test_a_servers_file_that_is_short_of_an_http_body_is_told_the_header() -> None:
    """rfile.read(int(headers[...])) of a request, as of an answer."""
    source = 'n = int(h["Content-Length"])\nx = f.read(n)'
    said = untold(source, [b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n", b"soup"])
    assert "p20.py:7 announced a body of 9 bytes (Content-Length), and 4 came" in said
