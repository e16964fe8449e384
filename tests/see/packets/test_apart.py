"""Exchanges that make no connection, through `plainwire run`: refused, dropped, datagrams.

Each runs as root and as an ordinary user in a private network.
"""

from __future__ import annotations

import pytest

from plainwire.see.capture.recognise import Kind
from plainwire.see.ledger.model import Datagram, Flow
from plainwire.see.ledger.wire import Wire

from .exchanges import CLIENT, SERVER, TOLD
from .play import USERS, Played, behind, place, run, shape, states

IMPORTS = "import atexit, os, socket, time\n" + TOLD
DATAGRAMS = "sk = socket.socket(FAMILY, socket.SOCK_DGRAM)\nsk.settimeout(40)\n"
GONE = "atexit.register(tell, 'gone')\n"


def attempts(played: Played) -> list[Wire]:
    return [wire for wire in played.ledger.wires if wire.attempt is not None]


@pytest.mark.slow
@pytest.mark.parametrize("user", USERS)
def test_a_refused_connect_is_its_syn_and_the_kernels_rst(user: str) -> None:
    programs = {
        "server.py": IMPORTS + "held = socket.create_server(('127.0.0.1', 9000))\ntold('gone')\n",
        "client.py": IMPORTS + GONE + "sk = socket.socket()\ntry:\n"
        "    sk.connect(('127.0.0.1', 9002))  # @connect\n"
        "except ConnectionRefusedError:\n    pass\n",
    }
    played = run(user, programs)
    (wire,) = attempts(played)
    assert shape(wire) == "A:S B:RA"
    assert states(wire, 0) == ["CLOSED", "SYN_SENT", "CLOSED"]
    syn, reset = wire.segments
    assert behind(syn.cause) == ("call", "connect", played.line("connect"))
    assert behind(reset.cause)[:2] == ("kernel", "refused")
    assert behind(reset.seen) == ("call", "fail", played.line("connect"))


@pytest.mark.slow
@pytest.mark.parametrize("user", USERS)
def test_a_syn_to_a_full_backlog_is_sent_again_and_not_answered(user: str) -> None:
    """The first waits in the queue, where the kernel has completed it; the second is dropped."""
    server = SERVER.replace("HOST", "'127.0.0.1'").replace("listen(5)", "listen(0)")
    client = CLIENT.replace("HOST", "'127.0.0.1'")
    programs = {
        "server.py": "import atexit\n"
        + TOLD
        + server.replace("conn, address", "told('gone')\nconn, address", 1),
        "client.py": "import atexit\n" + TOLD + GONE + client + "second = socket.socket()\n"
        "second.settimeout(1.6)\ntry:\n    second.connect(('127.0.0.1', 9000))  # @dropped\n"
        "except TimeoutError:\n    pass\n",
    }
    played = run(user, programs)
    (wire,) = attempts(played)
    assert shape(wire) == "A:S A:S"
    assert states(wire, 0) == ["CLOSED", "SYN_SENT", "CLOSED"]
    assert states(wire, 1) == []
    assert [m.kind for m in wire.segments[1].marks] == [Kind.SYN_RETRY]
    for segment in wire.segments:
        assert behind(segment.cause) == ("call", "connect", played.line("dropped"))
    first = played.wire()
    assert shape(first).startswith("A:S B:SA A:A")
    assert behind(first.segments[2].seen) == ("kernel", "accept", played.line("accept"))
    assert played.ledger.counters is not None
    assert played.ledger.counters.of("TcpExt.ListenOverflows") >= 1


def family(host: str) -> str:
    return f"FAMILY, HOST = socket.AF_INET{'6' if ':' in host else ''}, {host!r}\n"


@pytest.mark.slow
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("user", USERS)
def test_udp_both_ways_has_a_packet_for_each_send_and_its_read(user: str, host: str) -> None:
    head = IMPORTS + family(host) + DATAGRAMS
    programs = {
        "server.py": head + "sk.bind((HOST, 9000))\nfor _ in range(3):\n"
        "    data, address = sk.recvfrom(100)  # @takes\n"
        "    sk.sendto(data.upper(), address)  # @answers\n",
        "client.py": head + "for n in range(3):\n"
        "    sk.sendto(b'question %d' % n, (HOST, 9000))  # @asks\n"
        "    sk.recvfrom(100)  # @gets\n",
    }
    played = run(user, programs)
    (flow,) = played.ledger.flows
    lines = [(place(d.sent), place(d.received)) for d in flow.datagrams]
    asked = (played.line("asks"), played.line("takes"))
    answered = (played.line("answers"), played.line("gets"))
    assert lines == [asked, answered] * 3
    assert [d.packet for d in flow.datagrams] == [1, 2, 3, 4, 5, 6]
    check_payloads(played, flow)


def check_payloads(played: Played, flow: Flow) -> None:
    """The packet of each datagram carries the bytes of its send."""
    data = {p.number: p.data for p in played.ledger.packets}
    for datagram in flow.datagrams:
        if datagram.packet is not None:
            assert datagram.sent is not None
            assert datagram.sent.complete is not None
            assert data[datagram.packet].endswith(datagram.sent.complete)


@pytest.mark.slow
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("user", USERS)
def test_icmp_unreachable_names_the_datagram_that_it_quotes(user: str, host: str) -> None:
    """Sends to nobody: each is answered by ICMP, and the next call of the socket fails."""
    head = IMPORTS + family(host) + DATAGRAMS
    programs = {
        "server.py": head + "sk.bind((HOST, 9000))\ntold('gone')\n",
        "client.py": head + GONE + "sk.connect((HOST, 9002))\nfor n in range(3):\n"
        "    sk.send(b'anyone %d' % n)  # @sends\n    try:\n        sk.recv(100)  # @fails\n"
        "    except ConnectionRefusedError:\n        pass\n",
    }
    played = run(user, programs)
    (flow,) = played.ledger.flows
    assert len(flow.datagrams) == 3
    check_payloads(played, flow)
    for number, datagram in enumerate(flow.datagrams):
        check_refusal(played, datagram, number)


def check_refusal(played: Played, datagram: Datagram, number: int) -> None:
    assert place(datagram.sent) == played.line("sends")
    assert datagram.packet == 2 * number + 1
    assert datagram.refused is not None
    assert datagram.refused.number == 2 * number + 2
    assert datagram.refused.unreachable
    assert datagram.refused.quoted_target[1] == 9002  # type: ignore[index]
