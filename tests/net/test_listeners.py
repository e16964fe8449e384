"""Reading /proc's socket tables, and finding our own listener through them."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from plainwire.net import listeners

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0
   1: 0200000A:A1B2 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 4243 1 0
"""


@pytest.mark.skipif(sys.byteorder != "little", reason="the table above is little-endian")
def test_only_listening_sockets_are_read() -> None:
    ((found, inode),) = listeners.parse("tcp", TABLE)
    assert (str(found.address), found.port, inode) == ("127.0.0.1", 8080, 4242)
    assert listeners.parse("udp", TABLE) == []


@pytest.mark.skipif(not listeners.PROC.joinpath("net").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_our_own_listener_is_found_with_its_pid(family: int) -> None:
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    try:
        tcp = socket.create_server((host, 0), family=family)
    except OSError as error:
        pytest.skip(f"no {host} here: {error}")
    with tcp, socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.bind((host, 0))
        wanted = {("tcp", host, tcp.getsockname()[1]), ("udp", host, udp.getsockname()[1])}
        mine = {
            (found.protocol, str(found.address), found.port): found.program
            for found in listeners.listeners()
            if found.pid == os.getpid()
        }
        assert wanted <= set(mine)
        assert all(mine[key] for key in wanted)
