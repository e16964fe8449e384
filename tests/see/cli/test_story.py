"""What happened, in a sentence: nothing that our ending of the programs did is said of them."""

from __future__ import annotations

import os

import pytest

from see.cli.conftest import CLIENT, Plainwire, line_of

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

NO_TLS = """
import socket, ssl
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
peer, _ = server.accept()
peer.sendall(b"220 welcome, no TLS here\\r\\n")
context = ssl.create_default_context()
context.check_hostname = False
try:
    context.wrap_socket(client)
except ssl.SSLError as error:
    print(error.reason)
"""


def test_an_error_of_tls_is_not_taken_for_one_of_the_system(plainwire: Plainwire) -> None:
    """The errno 1 of an SSLError is no EPERM."""
    done = plainwire("run", plainwire.write("no_tls.py", NO_TLS))
    assert "WRONG_VERSION_NUMBER" in done.stdout
    assert "✗ SSLError" in done.stderr
    assert "EPERM" not in done.stderr


def test_a_connection_that_we_ended_was_still_open(plainwire: Plainwire) -> None:
    """It said "the client closed first" of a run that hung until its time-out."""
    done = plainwire("run", "--timeout", "2", *plainwire.pair(KEEPS))
    said = " ".join(done.stderr.split())
    assert "the connection is still open. " in said
    assert "ended by its time-out" in said
    assert "closed first" not in said


ENDS = CLIENT.replace("sock.close()", "import os, sys\nsys.stdout.flush()\nos._exit(0)")


@pytest.mark.skipif(os.geteuid() != 0, reason="packets need root: the first FIN is in them")
def test_a_process_that_ends_closes_first_without_a_call(plainwire: Plainwire) -> None:
    """It said "the server closed first", whose close() was the only one."""
    done = plainwire("run", *plainwire.pair(ENDS))
    assert "the client closed first" in " ".join(done.stderr.split())


@pytest.mark.skipif(os.geteuid() != 0, reason="packets need root: how a connect ended is in them")
def test_a_connect_under_way_fails_only_if_its_segments_say_so(plainwire: Plainwire) -> None:
    """It told EINPROGRESS of a connection that came about, and of one that was refused."""
    done = plainwire("run", plainwire.write("attempts.py", ATTEMPTS))
    said = done.stderr[done.stderr.index("failed attempts to connect") :]
    attempts = [line for line in said.splitlines() if "attempts.py:" in line]
    assert len(attempts) == 1, said
    assert "refused (ECONNREFUSED)" in attempts[0]
    assert "EINPROGRESS" not in said


BREAKS = CLIENT.replace("sock.close()", "print(int('no number'))")


def test_a_program_that_an_exception_ended_is_told(plainwire: Plainwire) -> None:
    """The headline was "Nothing wrong was seen" and no word more."""
    done = plainwire("run", "--no-packets", *plainwire.pair(BREAKS))
    said = " ".join(done.stderr.split())
    assert f"an uncaught ValueError at client.py:{line_of(BREAKS, 'no number')}." in said
    # Its end is the connection's, and no call of its own.
    assert "the client closed first" in said


def test_a_status_is_told_where_no_exception_is_seen(plainwire: Plainwire) -> None:
    """A program that gave up by itself has no success either."""
    gives_up = CLIENT + "sys.exit('no luck')\n"
    done = plainwire("run", "--no-packets", *plainwire.pair(gives_up))
    assert "client.py ended with status 1." in " ".join(done.stderr.split())


WAKES = """
import socket
one, other = socket.socketpair()
one.send(b"wake")
other.recv(16)
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
peer, _ = server.accept()
client.sendall(b"hello")
peer.recv(16)
client.close()
"""


def test_the_pair_that_a_program_wakes_itself_with_is_not_the_story(plainwire: Plainwire) -> None:
    """Four of them, of two event loops, pushed the one connection out of the report."""
    done = plainwire("run", "--no-packets", plainwire.write("wakes.py", WAKES))
    assert "exchanged 1 message with wakes.py over TCP" in " ".join(done.stderr.split())
    assert "Unix stream" not in done.stderr
    alone = WAKES[: WAKES.index("server =")]
    done = plainwire("run", "--no-packets", plainwire.write("alone.py", alone))
    assert "over Unix stream" in " ".join(done.stderr.split())
    assert "socketpair" in done.stderr
