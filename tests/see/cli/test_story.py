"""What happened, in a sentence: nothing that our ending of the programs did is said of them."""

from __future__ import annotations

import os

import pytest

from see.cli.conftest import CLIENT, Plainwire

pytestmark = pytest.mark.slow

KEEPS = CLIENT.replace(
    "sock.close()", "import time\ntry:\n    time.sleep(60)\nfinally:\n    sock.close()"
)

ATTEMPTS = """
import select, socket
gone = socket.create_server(("127.0.0.1", 0))
nobody = gone.getsockname()
gone.close()
server = socket.create_server(("127.0.0.1", 0))
for address in (server.getsockname(), nobody):
    client = socket.socket()
    client.setblocking(False)
    try:
        client.connect(address)
    except BlockingIOError:
        select.select([], [client], [], 10)
    print(client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    client.close()
"""


def test_a_connection_that_we_ended_was_still_open(plainwire: Plainwire) -> None:
    """It said "the client closed first" of a run that hung until its time-out."""
    done = plainwire("run", "--timeout", "2", *plainwire.pair(KEEPS))
    said = " ".join(done.stderr.split())
    assert "the connection is still open. " in said
    assert "ended by its time-out" in said
    assert "closed first" not in said


@pytest.mark.skipif(os.geteuid() != 0, reason="packets need root: how a connect ended is in them")
def test_a_connect_under_way_fails_only_if_its_segments_say_so(plainwire: Plainwire) -> None:
    """It told EINPROGRESS of a connection that came about, and of one that was refused."""
    done = plainwire("run", plainwire.write("attempts.py", ATTEMPTS))
    said = done.stderr[done.stderr.index("failed attempts to connect") :]
    attempts = [line for line in said.splitlines() if "attempts.py:" in line]
    assert len(attempts) == 1, said
    assert "refused (ECONNREFUSED)" in attempts[0]
    assert "EINPROGRESS" not in said
