"""Segments come to their connection, each use of a 4-tuple apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plainwire.see.capture.decode import ACK, FIN, RST, SYN, Segment
from plainwire.see.capture.flows import Connections, flow_key
from plainwire.see.capture.tcp_states import State

CLIENT, SERVER = (b"\x7f\0\0\1", 40000), (b"\x7f\0\0\1", 80)


def segment(sender: int, flags: int, sequence: int, acknowledgement: int = 0) -> Segment:
    source, target = (CLIENT, SERVER) if sender == 0 else (SERVER, CLIENT)
    return Segment(*source, *target, sequence, acknowledgement, flags, 1000, 0, b"", 54, 0)


def feed(connections: Connections, *segments: Segment) -> None:
    for each in segments:
        index = sum(len(c.segments) for c in connections.all)
        connections.feed(index, index, each)


def test_both_directions_have_one_key() -> None:
    """A flow is both directions of one 5-tuple."""
    assert flow_key(CLIENT, SERVER) == flow_key(SERVER, CLIENT)


def test_the_opener_is_who_sent_the_syn() -> None:
    """Also when the capture began at the SYN-ACK; else it is said to be unknown."""
    connections = Connections()
    feed(connections, segment(1, SYN | ACK, 5, 2))
    assert connections.all[0].ends == (CLIENT, SERVER)
    assert connections.all[0].opener_known
    late = Connections()
    feed(late, segment(1, ACK, 5, 2))
    assert late.all[0].ends == (SERVER, CLIENT)
    assert not late.all[0].opener_known


def test_a_used_port_again_is_another_connection() -> None:
    """Joining them would give the second one the first one's numbers."""
    connections = Connections()
    feed(
        connections,
        segment(0, SYN, 1),
        segment(1, SYN | ACK, 100, 2),
        segment(0, ACK, 2, 101),
        segment(0, FIN | ACK, 2, 101),
        segment(1, FIN | ACK, 101, 3),
        segment(0, ACK, 3, 102),
        segment(0, SYN, 90_000),
    )
    first, second = connections.all
    assert (first.turn, second.turn) == (0, 1)
    assert first.states.state(0) is State.TIME_WAIT
    assert second.states.state(0) is State.SYN_SENT
    assert second.segments == [6]


def test_a_syn_again_is_the_same_connection() -> None:
    """It has the same initial number."""
    connections = Connections()
    feed(connections, segment(0, SYN, 1), segment(0, SYN, 1))
    assert len(connections.all) == 1
    assert len(connections.all[0].segments) == 2


def test_a_new_try_after_a_refusal_is_another_connection() -> None:
    """Each connect() has its own SYN and its own answer."""
    connections = Connections()
    feed(
        connections,
        segment(0, SYN, 1),
        segment(1, RST | ACK, 0, 2),
        segment(0, SYN, 900),
        segment(1, SYN | ACK, 5, 901),
    )
    assert [len(c.segments) for c in connections.all] == [2, 2]
    assert connections.all[1].states.state(0) is State.ESTABLISHED


def test_a_strangers_syn_does_not_end_a_living_connection() -> None:
    """RFC 9293 3.10.7.4: it draws a challenge ACK."""
    connections = Connections()
    feed(
        connections,
        segment(0, SYN, 1),
        segment(1, SYN | ACK, 100, 2),
        segment(0, ACK, 2, 101),
        segment(0, SYN, 5000),
    )
    assert len(connections.all) == 1
    assert connections.all[0].states.state(1) is State.ESTABLISHED


def test_a_socket_connected_to_itself_does_not_raise() -> None:
    """Both ends are one; a rare accident of ephemeral ports."""
    connections = Connections()
    own = Segment(*CLIENT, *CLIENT, 1, 0, SYN, 9, 0, b"", 54, 0)
    feed(connections, own, own)
    assert connections.all[0].sender_of(own) == 0


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1),
            st.integers(0, 255),
            st.one_of(st.integers(0, 60), st.integers(0, 2**32 - 1)),
            st.one_of(st.integers(0, 60), st.integers(0, 2**32 - 1)),
            st.sampled_from([0, 0, 1, 7, 65_000]),
            st.sampled_from([0, 1, 1000]),
            st.binary(max_size=12),
        ),
        max_size=40,
    )
)
def test_no_segments_raise(
    steps: list[tuple[int, int, int, int, int, int, bytes]],
) -> None:
    """What arrives is chosen by strangers; times may even stand still."""
    connections = Connections()
    for index, (sender, flags, sequence, acknowledgement, size, window, options) in enumerate(
        steps
    ):
        source, target = (CLIENT, SERVER) if sender == 0 else (SERVER, CLIENT)
        made = Segment(
            *source, *target, sequence, acknowledgement, flags, window, 0, options, 54, size
        )
        connections.feed(index, index // 3 * 50_000_000, made)
    assert sum(len(connection.segments) for connection in connections.all) == len(steps)
