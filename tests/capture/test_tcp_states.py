"""Both ends' states: real exchanges on loopback, and rules that need a made segment."""

from __future__ import annotations

import itertools
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.see.capture.decode import ACK, FIN, RST, SYN, Segment
from plainwire.see.capture.tcp_states import TIME_WAIT_NS, State, TcpStates

from .conftest import Played

A_OPENS = ["CLOSED", "SYN_SENT", "ESTABLISHED"]
B_TAKES = ["LISTEN", "SYN_RCVD", "ESTABLISHED"]
FIRST = ["FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT"]
SECOND = ["CLOSE_WAIT", "LAST_ACK", "CLOSED"]
THREE = "A:S B:SA A:A "

# name: (segments or None where their number varies, states of A, states of B)
EXPECTED: dict[str, tuple[str | None, list[str], list[str]]] = {
    "close_by_client": (
        THREE + "A:PA8 B:A B:PA6 A:A A:FA B:FA A:A",
        A_OPENS + FIRST,
        B_TAKES + SECOND,
    ),
    "close_by_server": (
        THREE + "B:PA8 A:A B:FA A:FA B:A",
        A_OPENS + SECOND,
        B_TAKES + FIRST,
    ),
    "half_close": (
        THREE + "A:PA10 B:A A:FA B:PA13 A:A B:FA A:A",
        A_OPENS + FIRST,
        B_TAKES + SECOND,
    ),
    "reset_by_linger": (THREE + "A:RA", [*A_OPENS, "CLOSED"], [*B_TAKES, "CLOSED"]),
    "reset_by_unread": (
        THREE + "A:PA10 B:A B:RA",
        [*A_OPENS, "CLOSED"],
        [*B_TAKES, "CLOSED"],
    ),
    "refused": ("A:S B:RA", ["CLOSED", "SYN_SENT", "CLOSED"], []),
    "client_killed": (THREE + "A:PA5 B:A A:FA B:FA A:A", A_OPENS + FIRST, B_TAKES + SECOND),
    "server_killed": (THREE + "B:PA5 A:A B:FA A:FA B:A", A_OPENS + SECOND, B_TAKES + FIRST),
    "keep_alive": (
        THREE + "A:PA12 B:A A:A B:A A:FA B:FA A:A",
        A_OPENS + FIRST,
        B_TAKES + SECOND,
    ),
    "urgent_data": (
        THREE + "A:PA5 B:A A:PAU1 B:A A:FA B:FA A:A",
        A_OPENS + FIRST,
        B_TAKES + SECOND,
    ),
    "mss_writes": (None, A_OPENS + FIRST, B_TAKES + SECOND),
    "one_megabyte": (None, A_OPENS + FIRST, B_TAKES + SECOND),
    "slow_reader": (None, A_OPENS + FIRST, B_TAKES + SECOND),
    "small_writes": (None, A_OPENS + FIRST, B_TAKES + SECOND),
    "over_ipv6": (THREE + "A:PA3 B:A A:FA B:FA A:A", A_OPENS + FIRST, B_TAKES + SECOND),
    "simultaneous_close": (
        THREE + "B:FA A:FA B:A A:A",
        [*A_OPENS, "FIN_WAIT1", "CLOSING", "TIME_WAIT"],
        [*B_TAKES, "FIN_WAIT1", "CLOSING", "TIME_WAIT"],
    ),
}
# A bare ACK may be sent at once or ride on the next segment: the kernel delays it.
MAY_RIDE = "B:A"


def without_pure_acks(flags: str) -> list[str]:
    return [word for word in flags.split() if word[2:] != "A"]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_exchange_has_its_segments_and_states(played: Played, name: str) -> None:
    """The ladder shows these; delayed ACKs alone may come or not."""
    segments, opener, taker = EXPECTED[name]
    connection = played.connection(name)
    if segments is not None:
        seen = without_pure_acks(played.flags(connection))
        assert seen == without_pure_acks(segments), played.flags(connection)
    assert played.states(connection, 0) == opener
    assert played.states(connection, 1) == taker


def test_nothing_was_lost_and_all_is_here(played: Played) -> None:
    """A drop would make every other expectation a matter of luck."""
    assert (played.said["dropped"], played.said["reason"]) == (0, "stopped")
    assert len(played.connections.all) == len(EXPECTED) + 2  # full_backlog has two


def test_the_programs_saw_what_the_segments_say(played: Played) -> None:
    """RST is ConnectionResetError, FIN is EOF, RST to a SYN is ConnectionRefusedError."""
    assert played.exchange("reset_by_linger")["error"] == "ConnectionResetError"
    assert played.exchange("reset_by_unread")["error"] == "ConnectionResetError"
    assert played.exchange("refused")["error"] == "ConnectionRefusedError"
    assert played.exchange("full_backlog")["error"] == "TimeoutError"
    assert played.exchange("udp_refused")["error"] == "ConnectionRefusedError"
    assert played.exchange("half_close")["got"] == "still talking"
    for name in ("close_by_client", "close_by_server", "client_killed", "server_killed"):
        assert played.exchange(name)["eof"]


def test_a_syn_dropped_by_a_full_backlog_moves_no_server(played: Played) -> None:
    """The listener never knew of it; SYN_RCVD would be a guess."""
    unanswered = played.connection("full_backlog", 1)
    assert played.flags(unanswered) == "A:S A:S"
    assert played.states(unanswered, 0) == ["CLOSED", "SYN_SENT"]
    assert played.states(unanswered, 1) == []


def test_syn_rcvd_begins_at_the_syn(played: Played) -> None:
    """Not at the last ACK, where the kernel's own tracepoint shows it."""
    connection = played.connection("close_by_client")
    first = next(t for t in connection.states.transitions if t.end == 1)
    assert first.segment == connection.segments[0]
    assert first.time_ns == played.packets[connection.segments[0]].time_ns


def test_every_transition_names_a_segment_of_its_connection(played: Played) -> None:
    """The line that caused a state is found by that segment."""
    for connection in played.connections.all:
        times = [t.time_ns for t in connection.states.transitions]
        assert times == sorted(times)
        for transition in connection.states.transitions:
            assert transition.segment in connection.segments


KERNEL_NAMES = {"SYN_RECV": "SYN_RCVD", "CLOSE": "CLOSED"}


def test_the_kernel_moved_through_the_same_states(played: Played) -> None:
    """Its tracepoint is the truth; it shows no TIME_WAIT, and SYN_RCVD only at the last ACK."""
    if not played.said["trace"]:
        pytest.skip("the sock:inet_sock_set_state tracepoint is not permitted here")
    compared, apart = 0, []
    for name in EXPECTED:
        connection = played.connection(name)
        if name in ("simultaneous_close", "refused"):
            ends = (1,) if name == "simultaneous_close" else (0,)  # the other is no socket
        else:
            ends = (0, 1)
        ports = (connection.ends[0][1], connection.ends[1][1])
        for end in ends:
            theirs = [
                (time_ns, KERNEL_NAMES.get(new, new))
                for time_ns, sport, dport, _, new in played.said["trace"]
                # a SYN_SENT has no source port yet
                if (sport, dport) == (ports[end], ports[1 - end])
                and new not in ("CLOSE", "SYN_SENT", "SYN_RECV")
            ]
            mine = [
                (t.time_ns, t.after.value)
                for t in connection.states.transitions
                if t.end == end
                and t.after.value not in ("TIME_WAIT", "CLOSED", "SYN_SENT", "SYN_RCVD")
            ]
            assert [state for _, state in mine] == [state for _, state in theirs], (name, end)
            for (my_time, state), (their_time, _) in zip(mine, theirs, strict=True):
                # FIN_WAIT1 begins at close(), and its FIN may wait for room at the peer
                if state != "FIN_WAIT1":
                    apart.append(abs(my_time - their_time))
                compared += 1
    assert compared > 70
    # The stamp is taken between the two ends; a busy machine may rest in between.
    assert statistics.median(apart) < 1_000_000
    assert max(apart) < 100_000_000


# --- rules that need segments made by hand -------------------------------------------------


class Script:
    """Feeds made segments; numbers are relative to each end's own initial number."""

    def __init__(self) -> None:
        self.states = TcpStates()
        self.index = itertools.count()
        self.initial = (0xFFFFFFFA, 7000)  # the first wraps after six bytes

    def send(
        self, sender: int, flags: int, sequence: int = 0, acknowledged: int = 0, size: int = 0
    ) -> None:
        segment = Segment(
            b"abcd",
            1,
            b"efgh",
            2,
            (self.initial[sender] + sequence) % 2**32,
            (self.initial[1 - sender] + acknowledged) % 2**32 if flags & ACK else 0,
            flags,
            1000,
            0,
            b"",
            54,
            size,
        )
        index = next(self.index)
        self.states.feed(index, index * 10, sender, segment)

    def open(self) -> None:
        self.send(0, SYN)
        self.send(1, SYN | ACK, 0, 1)
        self.send(0, ACK, 1, 1)

    def now(self) -> tuple[State, State]:
        return self.states.state(0), self.states.state(1)


def test_simultaneous_open() -> None:
    """Both SYNs cross; RFC 9293 figure 8."""
    script = Script()
    script.send(0, SYN)
    script.send(1, SYN)
    script.send(0, SYN | ACK, 0, 1)
    script.send(1, SYN | ACK, 0, 1)
    assert script.now() == (State.ESTABLISHED, State.ESTABLISHED)
    ends = {(t.end, t.after) for t in script.states.transitions}
    assert (0, State.SYN_RCVD) in ends


def test_a_last_ack_that_the_listener_dropped_is_taken_back() -> None:
    """A full accept queue drops it; the SYN-ACK sent again is the proof."""
    script = Script()
    script.open()
    script.send(0, ACK, 1, 1, size=5)
    script.send(0, FIN | ACK, 6, 1)
    assert script.now()[1] is State.CLOSE_WAIT
    script.send(1, SYN | ACK, 0, 1)
    assert script.now()[1] is State.SYN_RCVD
    script.send(0, ACK, 7, 1)
    assert script.now()[1] is State.ESTABLISHED
    assert [t.after for t in script.states.transitions if t.end == 1] == [
        State.SYN_RCVD,
        State.ESTABLISHED,
    ]


def test_a_fin_behind_a_hole_is_not_yet_received() -> None:
    """The receiver is told of EOF only after all bytes."""
    script = Script()
    script.open()
    script.send(0, FIN | ACK, 11, 1)
    assert script.now() == (State.FIN_WAIT1, State.ESTABLISHED)
    script.send(0, ACK, 1, 1, size=10)
    assert script.now() == (State.FIN_WAIT1, State.CLOSE_WAIT)


def test_a_stream_over_the_wrap_closes_like_any_other() -> None:
    """Sequence numbers wrap after 4 GiB, or at once with an unlucky initial number."""
    script = Script()
    script.open()
    script.send(0, ACK, 1, 1, size=100)
    script.send(0, FIN | ACK, 101, 1)
    script.send(1, ACK, 1, 102)
    assert script.now() == (State.FIN_WAIT2, State.CLOSE_WAIT)


def test_a_reset_out_of_the_window_is_ignored() -> None:
    """RFC 5961: a guessed RST draws a challenge ACK, nothing more."""
    script = Script()
    script.open()
    script.send(1, RST, 500)
    assert script.now() == (State.ESTABLISHED, State.CLOSED)


def test_time_wait_ends_after_a_minute_and_a_fin_again_restarts_it() -> None:
    """The port is free again only then."""
    script = Script()
    script.open()
    script.send(0, FIN | ACK, 1, 1)
    script.send(1, FIN | ACK, 1, 2)
    script.send(0, ACK, 2, 2)
    assert script.now() == (State.TIME_WAIT, State.CLOSED)
    script.send(1, FIN | ACK, 1, 2)
    entered = 60
    script.states.expire(entered + TIME_WAIT_NS - 1)
    assert script.now()[0] is State.TIME_WAIT
    script.states.expire(entered + TIME_WAIT_NS)
    assert script.now()[0] is State.CLOSED
    last = script.states.transitions[-1]
    assert (last.cause, last.segment, last.time_ns) == ("timer", None, entered + TIME_WAIT_NS)


def test_a_capture_that_began_later_says_so() -> None:
    """ESTABLISHED is then assumed, not seen."""
    script = Script()
    script.send(0, ACK, 100, 50, size=3)
    assert script.now() == (State.ESTABLISHED, State.ESTABLISHED)
    assert {t.cause for t in script.states.transitions} == {"already open"}
    script.send(1, FIN | ACK, 50, 103)
    script.send(0, FIN | ACK, 103, 51)
    script.send(1, ACK, 51, 104)
    assert script.now() == (State.CLOSED, State.TIME_WAIT)


LEGAL = {
    "CLOSED": {"SYN_SENT", "ESTABLISHED"},
    "LISTEN": {"SYN_RCVD"},
    "SYN_SENT": {"SYN_RCVD", "ESTABLISHED", "CLOSED"},
    "SYN_RCVD": {"ESTABLISHED", "FIN_WAIT1", "CLOSE_WAIT", "CLOSED"},
    "ESTABLISHED": {"FIN_WAIT1", "CLOSE_WAIT", "CLOSED"},
    "FIN_WAIT1": {"FIN_WAIT2", "CLOSING", "CLOSED"},
    "FIN_WAIT2": {"TIME_WAIT", "CLOSED"},
    "CLOSING": {"TIME_WAIT", "CLOSED"},
    "TIME_WAIT": {"CLOSED"},
    "CLOSE_WAIT": {"LAST_ACK", "CLOSED"},
    "LAST_ACK": {"CLOSED"},
}


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1),
            st.sampled_from([SYN, SYN | ACK, ACK, FIN | ACK, RST, RST | ACK, FIN, 0, 0xFF]),
            st.integers(-3, 12),
            st.integers(-3, 12),
            st.sampled_from([0, 0, 1, 5]),
        ),
        max_size=30,
    )
)
def test_any_segments_move_only_along_the_diagram(
    steps: list[tuple[int, int, int, int, int]],
) -> None:
    """Whatever strangers send, no transition is outside RFC 9293 figure 5, and none raises."""
    script = Script()
    for step in steps:
        script.send(*step)
    for end in (0, 1):
        for transition in (t for t in script.states.transitions if t.end == end):
            assert transition.after.value in LEGAL[transition.before.value]
