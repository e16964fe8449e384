"""glued-messages from calls and sources: what proves it, and what makes it silent.

The reader's program is written out here, because what it does with the bytes decides.
"""

from __future__ import annotations

import textwrap

from plainwire.see.diagnosis import diagnose
from plainwire.see.diagnosis.model import Finding
from see.items import World


def read_at_once(source: str, *sends: bytes, raises: str = "", line: int = 1) -> list[Finding]:
    """Sends that came in the one read of `source` that stands in `line`; `raises`: uncaught."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    world.run("source", path="/src/p20.py", text=textwrap.dedent(source))
    for number, data in enumerate(sends):
        server.call("send", there, data, line=number + 1)
    client.call("recv", here, b"".join(sends), asked=1024, line=line)
    if raises:
        frames = [["/src/p20.py", line, 1, line, 2, "<module>"]]
        client.note("exception", 1, None, raises, "", "uncaught", frames, world.tick())
    return diagnose(world.ledger(), ("glued-messages",))


def test_a_size_as_text_and_the_file_behind_it_in_one_int_are_found() -> None:
    r"""`int(sock.recv(1024))` raised a ValueError on b'604\x89PNG', and nothing was said."""
    for source in ("size = int(sock.recv(1024))", "n = sock.recv(1024)\nsize = int(n.decode())"):
        (finding,) = read_at_once(source, b"604", b"\x89PNG" + bytes(600), raises="ValueError")
        assert finding.certainty == "certain"
        assert [p.short for p in finding.places] == ["p20.py:1", "p10.py:1", "p10.py:2"]


def test_lines_that_one_parser_got_together_are_found_when_it_failed() -> None:
    """The sender marks its messages; the reader never looked for the mark."""
    found = read_at_once(
        "x = json.loads(sock.recv(1024))", b'{"a": 1}\n', b'{"b": 2}\n', raises="JSONDecodeError"
    )
    assert [f.rule for f in found] == ["glued-messages"]


def test_a_size_and_its_body_in_one_read_prove_nothing_by_themselves() -> None:
    """The number was taken out of them, the error was caught, or it is about something else."""
    both = (b"604", b"\x89PNG" + bytes(600))
    assert not read_at_once("data = sock.recv(99)\nsize = int(data[:3])", *both)
    assert not read_at_once("size = int(sock.recv(99))", *both)
    caught = "try:\n    size = int(sock.recv(99))\nexcept ValueError:\n    size = 0\n"
    assert not read_at_once(caught, *both, raises="ValueError", line=2)
    # Neither send is a number: that they came together did no harm.
    other = (b"size\n", b"body\n")
    assert not read_at_once("size = int(sock.recv(99))", *other, raises="ValueError")
