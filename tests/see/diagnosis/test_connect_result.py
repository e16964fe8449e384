"""connect-result-ignored: whose use of a socket that is not connected counts."""

from __future__ import annotations

import errno
from typing import Any

from plainwire.see.diagnosis import diagnose
from see.items import World

FILE = [["/lib/python3.11/socket.py", 724, "write"]]


def used(via: list[Any], *, again: bool = False) -> list[str]:
    """A refused connect_ex() in line 4, then a send in line 6 that fails -> the rules found."""
    world = World()
    client = world.process(10)
    sock = client.socket(remote=["127.0.0.1", 9350])
    client.call("connect_ex", sock, line=4, ret=-errno.ECONNREFUSED, asked=0)
    if again:
        client.call("connect_ex", sock, line=4)
    site = client.site(6, via=via)
    client.call("send", sock, ret=-errno.EPIPE, asked=5, site=site)
    return [f.rule for f in diagnose(world.ledger(), ("connect-result-ignored",))]


def test_a_flush_of_a_file_over_the_socket_is_a_use_of_it() -> None:
    """makefile('rwb') and flush() gave a BrokenPipeError, and nothing was said."""
    assert used(FILE) == ["connect-result-ignored"]
    assert used([]) == ["connect-result-ignored"]


def test_a_later_connect_that_succeeded_and_a_library_are_let_be() -> None:
    """The connection broke for another reason; a library looks at errors in its own way."""
    assert used(FILE, again=True) == []
    assert used([*FILE, ["/lib/python3.11/http/client.py", 900, "send"]]) == []
