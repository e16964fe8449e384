"""D1 and D2: which received datagram is which sent one, and which was lost or cut."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from plainwire.see.ledger.model import Datagram
from see.items import DATAGRAM, INET, UNIX, Proc, Socket, World

SERVER = ["127.0.0.1", 9000]


def bound(process: Proc, local: list[object]) -> Socket:
    made = process.socket(INET, DATAGRAM, local=local)
    process.call("bind", made, asked=process.address(local))
    return made


class Talk:
    """A UDP server and a client, with ports of their own."""

    def __init__(self) -> None:
        self.world = World()
        self.server, self.client = self.world.process(10), self.world.process(20)
        self.there = bound(self.server, SERVER)
        self.here = self.client.socket(INET, DATAGRAM, local=["0.0.0.0", 5000])

    def send(self, data: bytes, *, keep: int | None = None) -> None:
        self.client.call("sendto", self.here, data, aux=self.client.address(SERVER), keep=keep)

    def receive(self, data: bytes, size: int = 2048, port: int = 5000, flags: int = 0) -> None:
        source = self.server.address(["127.0.0.1", port])
        self.server.call("recvfrom", self.there, data, asked=size, aux=source, flags=flags)

    def datagrams(self) -> list[Datagram]:
        return [d for flow in self.world.ledger().flows for d in flow.datagrams]


def test_d1_a_datagram_that_was_cut_is_as_long_as_the_buffer() -> None:
    """Truncation is silent; only the two lengths show it."""
    talk = Talk()
    talk.send(b"0123456789")
    talk.receive(b"0123", size=4)
    (datagram,) = talk.datagrams()
    assert datagram.sent is not None
    assert datagram.received is not None
    assert (datagram.sent.count, datagram.received.count) == (10, 4)


def test_d1_lengths_that_cannot_be_the_same_datagram_are_not_joined() -> None:
    """Shorter than sent and shorter than the buffer: something else, from elsewhere."""
    talk = Talk()
    talk.send(b"0123456789")
    talk.receive(b"0123", size=2048)
    assert sorted((bool(d.sent), bool(d.received)) for d in talk.datagrams()) == [
        (False, True),
        (True, False),
    ]


def test_d2_the_one_passed_over_was_lost() -> None:
    """Three were sent, the first and the last arrived: the second is the lost one."""
    talk = Talk()
    for text in (b"one", b"two", b"six"):
        talk.send(text)
    talk.receive(b"one")
    talk.receive(b"six")
    lost = [d.sent.payload for d in talk.datagrams() if d.sent and d.received is None]
    assert lost == [b"two"]


def test_d2_equal_datagrams_are_joined_in_order() -> None:
    """Heartbeats are all alike; the first received is the first sent."""
    talk = Talk()
    for _ in range(3):
        talk.send(b"ping")
    talk.receive(b"ping")
    talk.receive(b"ping")
    found = [d.received.t0 if d.received else None for d in talk.datagrams()]
    assert found == [*sorted((t for t in found if t), key=int), None]


def test_d2_content_decides_only_where_both_are_known() -> None:
    """Lengths alone must do when payload was not recorded."""
    talk = Talk()
    talk.send(b"secret", keep=0)
    talk.client.payloads.clear()
    talk.receive(b"secret")
    (datagram,) = talk.datagrams()
    assert datagram.received is not None


def test_d2_a_datagram_is_not_received_before_it_was_sent() -> None:
    """Somebody else's earlier datagram of the same length is not ours."""
    talk = Talk()
    talk.receive(b"ping")
    talk.send(b"ping")
    assert all(not (d.sent and d.received) for d in talk.datagrams())


def test_a_look_takes_no_datagram_away() -> None:
    """MSG_PEEK and then recv give the same datagram; it arrived once."""
    talk = Talk()
    talk.send(b"abc")
    talk.receive(b"abc", flags=2)
    talk.receive(b"abc")
    (datagram,) = talk.datagrams()
    assert datagram.received is not None
    assert not datagram.received.flags


def test_senders_are_told_apart_by_their_port() -> None:
    """Two clients that send the same text must not swap their datagrams."""
    talk = Talk()
    other = talk.world.process(30)
    socket = other.socket(INET, DATAGRAM, local=["0.0.0.0", 6000])
    talk.send(b"hi")
    other.call("sendto", socket, b"hi", aux=other.address(SERVER))
    talk.receive(b"hi", port=6000)
    by_sender = {d.sender.process.pid: d.received for d in talk.datagrams()}  # type: ignore[union-attr]
    assert by_sender[20] is None
    assert by_sender[30] is not None
    assert len(talk.world.ledger().flows) == 2


def test_a_failed_send_is_no_datagram() -> None:
    """EMSGSIZE or a refusal sent nothing that could have been lost."""
    talk = Talk()
    talk.client.call("sendto", talk.here, ret=-90, asked=70000, aux=talk.client.address(SERVER))
    assert talk.datagrams() == []


def test_a_connected_datagram_socket_names_no_address_in_its_sends() -> None:
    """send() on a connected UDP socket goes to where connect() said."""
    talk = Talk()
    talk.client.call("connect", talk.here, asked=talk.client.address(SERVER))
    talk.client.call("send", talk.here, b"hello")
    talk.receive(b"hello")
    (datagram,) = talk.datagrams()
    assert datagram.target == ("127.0.0.1", 9000)
    assert datagram.received is not None


def test_datagrams_over_a_unix_path_are_joined_too() -> None:
    """Syslog's /dev/log works like this."""
    world = World()
    server, client = world.process(10), world.process(20)
    there = server.socket(UNIX, DATAGRAM, local="/tmp/log")
    server.call("bind", there, asked=server.address("/tmp/log"))
    here = client.socket(UNIX, DATAGRAM)
    client.call("sendto", here, b"line", aux=client.address("/tmp/log"))
    server.call("recv", there, b"line", asked=100)
    (flow,) = world.ledger().flows
    assert flow.kind == "unix-datagram"
    assert [bool(d.sent and d.received) for d in flow.datagrams] == [True]


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=3), st.booleans()), max_size=20),
       st.integers(1, 3))  # fmt: skip
@settings(deadline=None, max_examples=150)
def test_every_datagram_is_told_once_and_losses_add_up(
    sent: list[tuple[bytes, bool]], size: int
) -> None:
    """What was sent and not received is what was lost: no more, no less, none twice."""
    talk = Talk()
    for data, _ in sent:
        talk.send(data)
    arrived = [data for data, arrives in sent if arrives]
    for data in arrived:
        talk.receive(data[:size], size=size)
    found = talk.datagrams()
    assert len(found) == len(sent)
    both = [d for d in found if d.sent and d.received]
    assert len(both) == len(arrived)
    for datagram in both:
        assert datagram.sent is not None
        assert datagram.received is not None
        assert datagram.received.payload == (datagram.sent.payload or b"")[:size]


def test_a_lost_datagram_belongs_to_the_flow_of_those_received() -> None:
    """One conversation, whether its first datagram arrived or not."""
    talk = Talk()
    for data in (b"one", b"two", b"three"):
        talk.send(data)
    talk.receive(b"two")
    (flow,) = talk.world.ledger().flows
    assert [d.received is not None for d in flow.datagrams] == [False, True, False]
    assert flow.client is not None
    assert flow.server is not None
