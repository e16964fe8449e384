"""Which loops and calls take all of a stream, told from their source."""

from __future__ import annotations

import ast
import textwrap

import pytest

from plainwire.see.diagnosis import diagnose
from plainwire.see.diagnosis.to_the_end import wants_all
from plainwire.see.ledger.model import Frame
from see.items import World
from see.samples import Sample

MARK = "«"  # stands before what the read's frame spans


def verdict(source: str, *, of_file: bool, answered: bool = False) -> bool:
    """What is said of the smallest node that begins at the mark, and of its whole statement."""
    source = textwrap.dedent(source)
    before, _, after = source.partition(MARK)
    source = before + after
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2])
    node = next(
        n
        for n in ast.walk(ast.parse(source))
        if (getattr(n, "lineno", 0), getattr(n, "col_offset", -1)) == (line, column)
        and not isinstance(n, ast.Expr | ast.Assign)
    )
    assert isinstance(node, ast.expr | ast.stmt)
    end = (node.end_lineno or 0, (node.end_col_offset or 0) + 1)
    return wants_all(source, Frame("p.py", line, column + 1, *end, "f"), of_file, answered)


OF_A_FILE = {
    "counted": ("«for line in f:\n    words.update(line.split())", True),
    "counted, of 3.12": ("for line in «f:\n    words.update(line.split())", True),
    "numbered": ("«for n, line in enumerate(f):\n    total += len(line)", True),
    "async": ("async def g():\n    «async for line in reader:\n        lines.append(line)", True),
    "a list": ("lines = «list(f)", True),
    "a list's expression": ("lines = «[line.strip() for line in f]", True),
    "a sum": ("n = sum«(len(line) for line in f)", True),
    "lines": ("lines = «f.readlines()", True),
    "stored": ("with open('x', 'wb') as out:\n    «for line in f:\n        out.write(line)", True),
    "shown, then answered": (
        "def h(f, w):\n    «for line in f:\n        print(line)\n    w.write(b'ok')",
        True,
    ),
    "own harmless function": (
        "def take(x):\n    lines.append(x)\n«for line in f:\n    take(line)",
        True,
    ),
    "some lines": ("lines = «f.readlines(100)", False),
    "one line": ("line = «f.readline()", False),
    "letters of a part": ("for c in «f.read(4):\n    n += 1", False),
    "a break": ("«for line in f:\n    if line == b'.':\n        break", False),
    "a return": ("def g():\n    «for line in f:\n        return line", False),
    "an answer": ("«for line in f:\n    s.sendall(line)", False),
    "an answer by a file": ("«for line in f:\n    print(line, file=f)", False),
    "an answer by a function": (
        "def say(x):\n    w.write(x)\n«for line in f:\n    say(line)",
        False,
    ),
    "an answer by a method of elsewhere": ("«for line in f:\n    self.on_line(line)", False),
    "an answer by another module": (
        "from proto import use\n«for line in f:\n    use(line)",
        False,
    ),
    "handed to another thread": ("«for line in f:\n    inbox.put(line)", False),
    "shown only": ("«for line in f:\n    print(line)", False),
    "yielded to whom": ("def g():\n    «for line in f:\n        yield line", False),
    "yielded to one who stops": (
        "def g():\n    «for line in f:\n        yield line\nfor x in g():\n    break",
        False,
    ),
    "the first few": ("lines = «list(islice(f, 3))", False),
    "any": ("found = any«(b'x' in line for line in f)", False),
}  # fmt: skip

OF_A_SOCKET = {
    "lambda": ("for part in iter(lambda: «s.recv(99), b''):\n    parts.append(part)", True),
    "lambda, joined": ("data = b''.join(iter(lambda: «s.recv(99), b''))", True),
    "partial": ("«for part in iter(partial(s.recv, 99), b''):\n    parts.append(part)", True),
    "partial, joined": ("data = «b''.join(iter(partial(s.recv, 99), b''))", True),
    "through a generator": (
        "def g(s):\n    yield from iter(lambda: «s.recv(99), b'')\ndata = b''.join(g(s))",
        True,
    ),
    "through a generator that shows": (
        "def g(s):\n    yield from iter(lambda: «s.recv(99), b'')\nfor x in g(s):\n    print(x)",
        False,
    ),
    "through a generator that is handed on": (
        "def g(s):\n    yield from iter(lambda: «s.recv(99), b'')\nserve(g)",
        False,
    ),
    "until a word": ("for x in iter(lambda: «s.recv(99), b'bye'):\n    parts.append(x)", False),
    "echo": ("for x in iter(lambda: «s.recv(99), b''):\n    s.sendall(x)", False),
    "one read": ("for letter in «s.recv(99):\n    n += letter", False),
    "a name": ("«for part in parts:\n    use(part)", False),
    "a lambda of its own": ("read = lambda: «s.recv(99)", False),
}


@pytest.mark.parametrize("name", OF_A_FILE)
def test_what_takes_all_of_a_file(name: str) -> None:
    """`for line in f` to the end was told `one side must send first`."""
    source, expected = OF_A_FILE[name]
    assert verdict(source, of_file=True) is expected


@pytest.mark.parametrize("name", OF_A_SOCKET)
def test_what_takes_all_that_a_call_brings(name: str) -> None:
    """iter(callable, b"") ends where the stream does."""
    source, expected = OF_A_SOCKET[name]
    assert verdict(source, of_file=False) is expected


def test_what_collects_is_not_held_to_an_answer_that_nobody_promised() -> None:
    """A log's server reads on; a client that looks for news for half a second is not hung."""
    collects = "def handle(f, w):\n    «for line in f:\n        lines.append(line)\n"
    assert verdict(collects, of_file=True)
    assert not verdict(collects, of_file=True, answered=True)
    assert verdict(collects + "    w.write(b'stored')", of_file=True, answered=True)


VIA = [["/usr/lib/python3.11/socket.py", 706, "SocketIO.readinto"]]
WAIT = ("receive", [3])


def rules(came: bytes, *, line_sent: bytes = b"one\n", answers: bool = False) -> list[str]:
    """What is found when p10 waits in a loop over a file, and p20 in readline(), having `came`."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    loop = server.site(1, span=(13, 14), via=VIA)
    line = client.site(1, span=(5, 17), via=VIA)
    server.call("sendall", there, came, line=9)
    client.call("recv_into", here, came, asked=8192, site=line)
    client.call("sendall", here, line_sent, line=8)
    server.call("recv_into", there, line_sent, asked=8192, site=loop)
    if answers:
        server.call("sendall", there, b"1\n", line=9)
        client.call("recv_into", here, b"1\n", asked=8192, site=line)
    client.call("recv_into", here, asked=8192, site=line, t1=-1)
    server.call("recv_into", there, asked=8192, site=loop, t1=-1)
    world.run("source", path="/src/p10.py", text="for line in f: lines.append(line)\n")
    world.run("source", path="/src/p20.py", text="x = f.readline()\n")
    sample = Sample(world.tick())
    sample.process(20, WAIT, sockets={3: here})
    sample.process(10, WAIT, sockets={3: there})
    sample.tcp(here, there)
    world.run("sample", **sample.fields)
    return [f.rule for f in diagnose(world.ledger(), ("eof-never-comes", "mutual-wait"))]


def test_a_loop_over_a_file_waits_for_the_end_that_nobody_sends() -> None:
    """Said to be a mutual wait in which one side must send first."""
    assert rules(b"welcome\n") == ["eof-never-comes"]


def test_who_holds_half_a_line_does_not_wait_for_an_answer() -> None:
    """The other half is missing: its sender reads on, but that is not the cause."""
    assert rules(b"welcome") == ["mutual-wait"]


def test_a_loop_whose_side_answered_in_between_goes_turn_by_turn() -> None:
    """Another thread, or a callback that the source does not show, sent the answers."""
    assert rules(b"welcome\n", answers=True) == ["mutual-wait"]


def test_a_loop_that_collects_and_holds_half_a_line_is_not_said_to_want_the_end() -> None:
    """What it keeps may be answered elsewhere, once the line is whole."""
    assert rules(b"welcome\n", line_sent=b"one") == ["mutual-wait"]
