"""Bodies shorter than their Content-Length: told when it is certain, and only then."""

from __future__ import annotations

import pytest

from plainwire.see.diagnosis import unfinished
from plainwire.see.diagnosis.case import Case
from see.items import World

ASK = b"GET /log HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\n"


def via(*functions: str) -> list[list[object]]:
    """The way of a read through http.client."""
    through = [["/usr/lib/python3.11/http/client.py", 450, name] for name in functions]
    return [["/usr/lib/python3.11/socket.py", 706, "readinto"], *through]


def told(*sent: bytes, ask: bytes = ASK, keep: int | None = None) -> tuple[str, str]:
    """What is said, and advised, to a client that waits in getresponse().read()."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    client.call("sendall", here, ask, line=2)
    server.call("recv", there, ask, asked=8192, line=5)
    for line, data in enumerate(sent, 7):
        server.call("sendall", there, data, line=line)
    site = client.site(3, via=via("read", "_safe_read"))
    whole = b"".join(sent)
    client.call("recv_into", here, whole, asked=8192, site=site, keep=keep)
    client.call("recv_into", here, asked=8192, site=site, t1=-1)
    world.run("source", path="/src/p20.py", text="\n\nx = r.read()\n")
    ledger = world.ledger()
    (flow,) = ledger.flows
    assert flow.client is not None
    reader = flow.client.calls[-1]
    found = unfinished.of(Case(ledger), reader, flow.back)
    assert (found is None) or not unfinished.reads_to_the_end(Case(ledger), reader)
    return (str(found.evidence.text), found.fix.english) if found is not None else ("", "")


def test_a_short_body_is_told_with_its_numbers_and_the_line_of_the_header() -> None:
    """`send the length first` was said to a server that had, and wrongly."""
    said, fix = told(OK, b"Content-Length: 43\r\n\r\n", b"first line\n" * 3)
    assert said.startswith("p10.py:8 announced a body of 43 bytes (Content-Length), and 33 came")
    assert said.endswith("p20.py:3 waits for the other 10")
    assert "Content-Length at p10.py:8 is larger" in fix


SHORT = {
    "no body at all": (OK + b"content-length:7\r\n\r\n",),
    "the second message": (OK + b"Content-Length: 2\r\n\r\nhi", OK + b"Content-Length: 3\r\n\r\n"),
    "behind a 100": (b"HTTP/1.1 100 Continue\r\n\r\n", OK + b"Content-Length: 9\r\n\r\nhi"),
    "behind a 304 with a length": (
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 90\r\n\r\n",
        OK + b"Content-Length: 9\r\n\r\nhi",
    ),
    "line ends of LF": (b"HTTP/1.0 200 OK\nContent-Length: 9\n\nhi",),
}  # fmt: skip

NOT_TOLD = {
    "whole": (OK + b"Content-Length: 2\r\n\r\nhi",),
    "more than whole": (OK + b"Content-Length: 2\r\n\r\nhi!",),
    "no length": (OK + b"\r\nhi",),
    "half a head": (OK + b"Content-Length: 2\r\n",),
    "chunked": (OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",),
    "two lengths": (OK + b"Content-Length: 9\r\nContent-Length: 3\r\n\r\nhi",),
    "no number": (OK + b"Content-Length: many\r\n\r\nhi",),
    "204": (b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n",),
    "304": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",),
    "a client that waits for a 100": (
        b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    ),
    "another protocol": (b"OK\r\nContent-Length: 9\r\n\r\nhi",),
    "another header": (OK + b"X-Content-Length: 9\r\nContent-Length: 2\r\n\r\nhi",),
}


@pytest.mark.parametrize("name", SHORT)
def test_a_short_body_is_found(name: str) -> None:
    """Wherever in a kept-alive connection it stands."""
    assert "announced a body of" in told(*SHORT[name])[0]


@pytest.mark.parametrize("name", NOT_TOLD)
def test_what_is_no_short_body(name: str) -> None:
    """A false word about a right header would send its reader astray."""
    assert told(*NOT_TOLD[name]) == ("", "")


def test_the_length_of_an_answer_to_head_is_not_held_against_it() -> None:
    """It says what a GET would bring."""
    ask = ASK.replace(b"GET", b"HEAD")
    assert told(OK + b"Content-Length: 9\r\n\r\n", ask=ask) == ("", "")


def test_a_head_that_was_not_kept_says_nothing() -> None:
    """The recording has its first bytes only."""
    assert told(OK + b"Content-Length: 9\r\n\r\nhi", keep=20) == ("", "")


def test_a_body_that_was_not_kept_is_counted_all_the_same() -> None:
    """Its bytes do not matter."""
    said, _ = told(OK + b"Content-Length: 900\r\n\r\n" + bytes(800), keep=60)
    assert "and 800 came" in said
