"""What segments show: on real exchanges, against tshark, and on segments made by hand."""

from __future__ import annotations

from pathlib import Path

from plainwire.see.capture.decode import ACK, FIN, RST, SYN, Segment
from plainwire.see.capture.recognise import Kind, Observation, Recogniser

from .conftest import Played
from .packets import tshark_fields

MS = 1_000_000
QUIET = (
    "close_by_client",
    "close_by_server",
    "half_close",
    "client_killed",
    "server_killed",
    "urgent_data",
    "over_ipv6",
    "simultaneous_close",
)
# tshark's field -> ours; it calls Linux's zero-window probes keep-alives.
SAME = {
    "tcp.analysis.zero_window": {Kind.ZERO_WINDOW},
    "tcp.analysis.keep_alive": {Kind.KEEP_ALIVE, Kind.WINDOW_PROBE},
}
AGAIN = {
    "tcp.analysis.retransmission",
    "tcp.analysis.fast_retransmission",
    "tcp.analysis.spurious_retransmission",
    "tcp.analysis.out_of_order",
}
AGAIN_KINDS = {Kind.RETRANSMISSION, Kind.SYN_RETRY, Kind.SYN_ACK_RETRY, Kind.OUT_OF_ORDER}


def of_kind(played: Played, name: str, kind: Kind, number: int = 0) -> list[Observation]:
    return [o for o in played.connection(name, number).observations if o.kind is kind]


def test_ordinary_exchanges_show_nothing(played: Played) -> None:
    """Every word said of them would be a false accusation."""
    for name in QUIET:
        assert played.kinds(played.connection(name)) == set(), name


def test_resets_are_named(played: Played) -> None:
    """Who sent it decides whose line is at fault."""
    assert [o.sender for o in of_kind(played, "reset_by_linger", Kind.RESET)] == [0]
    assert [o.sender for o in of_kind(played, "reset_by_unread", Kind.RESET)] == [1]
    assert [o.sender for o in of_kind(played, "refused", Kind.RESET)] == [1]


def test_a_syn_to_a_full_backlog_is_tried_again_after_a_second(played: Played) -> None:
    """The wait is the user's connect() that seems to hang."""
    (retry,) = of_kind(played, "full_backlog", Kind.SYN_RETRY, 1)
    assert 900 * MS < retry.wait_ns < 1600 * MS
    assert retry.related == (played.connection("full_backlog", 1).segments[0],)
    assert played.moved["TcpExt.ListenOverflows"] >= 2


def test_keep_alive_and_its_answer(played: Played) -> None:
    """Neither carries a byte of anybody's send."""
    (probe,) = of_kind(played, "keep_alive", Kind.KEEP_ALIVE)
    assert probe.sender == 0
    assert [o.sender for o in of_kind(played, "keep_alive", Kind.PROBE_ACK)] == [1]


def test_a_slow_reader_closes_its_window_and_is_probed(played: Played) -> None:
    """The sender's line waits for the receiver's recv, not for the network."""
    kinds = played.kinds(played.connection("slow_reader"))
    assert {Kind.ZERO_WINDOW, Kind.WINDOW_PROBE, Kind.WINDOW_OPEN} <= kinds
    assert Kind.KEEP_ALIVE not in kinds
    opened = of_kind(played, "slow_reader", Kind.WINDOW_OPEN)
    assert max(o.wait_ns for o in opened) > 200 * MS
    assert played.exchange("slow_reader")["received"] == 300_000


def test_small_writes_wait_for_the_delayed_ack(played: Played) -> None:
    """40 ms a request, on a network without any delay."""
    stalls = of_kind(played, "small_writes", Kind.NAGLE_DELAYED_ACK)
    assert len(stalls) >= 3
    longest = played.exchange("small_writes")["longest_seconds"]
    for stall in stalls:
        assert 20 * MS <= stall.wait_ns <= longest * 1e9
        data, acknowledgement = stall.related
        assert played.segment(data).payload_length == 4
        assert played.segment(acknowledgement).payload_length == 0


def test_tshark_sees_the_same(played: Played, tmp_path: Path) -> None:
    """Segment by segment, where the words mean the same."""
    path = tmp_path / "played.pcap"
    played.write_pcap(path)
    rows = tshark_fields(path, [*SAME, *AGAIN])
    assert len(rows) == len(played.packets)
    kinds: dict[int, set[Kind]] = {}
    for connection in played.connections.all:
        for observation in connection.observations:
            kinds.setdefault(observation.segment, set()).add(observation.kind)
    zero = {index for index, found in kinds.items() if Kind.ZERO_WINDOW in found}
    theirs_zero = {i for i, row in enumerate(rows) if row["tcp.analysis.zero_window"]}
    assert zero <= theirs_zero  # tshark repeats it for every segment while the window is closed
    mine = {i for i, found in kinds.items() if found & SAME["tcp.analysis.keep_alive"]}
    assert mine == {i for i, row in enumerate(rows) if row["tcp.analysis.keep_alive"]}
    again = {i for i, found in kinds.items() if found & AGAIN_KINDS}
    assert again == {i for i, row in enumerate(rows) if any(row[name] for name in AGAIN)}


class Script:
    """Feeds made segments with times in ms; sequence numbers count from the SYN."""

    def __init__(self) -> None:
        self.recogniser = Recogniser()
        self.index = -1

    def send(
        self,
        at_ms: float,
        sender: int,
        flags: int,
        sequence: int = 0,
        acknowledged: int = 0,
        *,
        size: int = 0,
        window: int = 1000,
    ) -> list[Kind]:
        self.index += 1
        base = (0xFFFFFFF0, 500)
        segment = Segment(
            b"abcd",
            1,
            b"efgh",
            2,
            (base[sender] + sequence) % 2**32,
            (base[1 - sender] + acknowledged) % 2**32,
            flags,
            window,
            0,
            b"",
            54,
            size,
        )
        found = self.recogniser.feed(self.index, int(at_ms * MS), sender, segment)
        return [observation.kind for observation in found]

    def open(self) -> None:
        assert self.send(0, 0, SYN) == []
        assert self.send(0.1, 1, SYN | ACK, 0, 1) == []
        assert self.send(0.2, 0, ACK, 1, 1) == []


def test_a_lost_segment_is_told_by_duplicate_acks_and_sent_again() -> None:
    """The hole, the complaint and the repair each have their word."""
    script = Script()
    script.open()
    assert script.send(1, 0, ACK, 1, 1, size=10) == []
    assert script.send(2, 1, ACK, 1, 11) == []
    assert script.send(3, 0, ACK, 21, 1, size=10) == [Kind.GAP]
    assert script.send(4, 1, ACK, 1, 11) == [Kind.DUPLICATE_ACK]
    assert script.send(5, 1, ACK, 1, 11) == [Kind.DUPLICATE_ACK]
    assert script.send(6, 0, ACK, 11, 1, size=10) == [Kind.OUT_OF_ORDER]
    assert script.send(7, 1, ACK, 1, 31) == []


def test_the_same_bytes_again_are_a_retransmission_also_over_the_wrap() -> None:
    """The stream's numbers wrap inside the first segment here."""
    script = Script()
    script.open()
    script.send(1, 0, ACK, 1, 1, size=50)
    assert script.send(210, 0, ACK, 1, 1, size=50) == [Kind.RETRANSMISSION]
    assert script.send(230, 0, ACK, 1, 1, size=60) == [Kind.RETRANSMISSION]
    assert script.send(231, 1, ACK, 1, 61) == []


def test_syn_ack_and_fin_again() -> None:
    """They carry no byte, so nobody's send is charged with them."""
    script = Script()
    script.open()
    assert script.send(1000, 1, SYN | ACK, 0, 1) == [Kind.SYN_ACK_RETRY]
    assert script.send(1001, 0, FIN | ACK, 1, 1) == []
    assert script.send(1300, 0, FIN | ACK, 1, 1) == [Kind.RETRANSMISSION]


def test_a_probe_with_one_byte_is_no_retransmission() -> None:
    """BSD probes a closed window with the next byte."""
    script = Script()
    script.open()
    script.send(1, 0, ACK, 1, 1, size=10)
    assert script.send(2, 1, ACK, 1, 11, window=0) == [Kind.ZERO_WINDOW]
    assert script.send(300, 0, ACK, 11, 1, size=1) == [Kind.WINDOW_PROBE]
    assert script.send(301, 1, ACK, 1, 11, window=0) == [Kind.PROBE_ACK]
    assert script.send(500, 1, ACK, 1, 11, window=900) == [Kind.WINDOW_OPEN]


def test_filling_the_window_is_seen() -> None:
    """From here the sender waits for the receiver."""
    script = Script()
    script.open()
    assert script.send(1, 0, ACK, 1, 1, size=999) == []
    assert script.send(2, 0, ACK, 1000, 1, size=1) == [Kind.WINDOW_FULL]


def test_an_ack_with_an_answer_is_not_late() -> None:
    """Thinking for 50 ms is no stall."""
    script = Script()
    script.open()
    script.send(1, 0, ACK, 1, 1, size=10)
    assert script.send(51, 1, ACK, 1, 11, size=5) == []
    assert script.send(51.1, 0, ACK, 11, 6, size=10) == []


def test_a_late_ack_after_which_the_sender_rests_is_no_nagle_stall() -> None:
    """Nothing waited for it."""
    script = Script()
    script.open()
    script.send(1, 0, ACK, 1, 1, size=10)
    assert script.send(45, 1, ACK, 1, 11) == [Kind.DELAYED_ACK]
    assert script.send(95, 0, ACK, 11, 1, size=10) == []


def test_an_ack_captured_behind_the_next_byte_is_no_keep_alive() -> None:
    """Two processors may pass segments of one end in either order."""
    script = Script()
    script.open()
    script.send(1, 0, FIN | ACK, 1, 1)
    assert script.send(1.01, 0, ACK, 1, 1) == []


def test_a_reset_ends_the_words() -> None:
    """Its window field is 0 and means nothing."""
    script = Script()
    script.open()
    assert script.send(1, 1, RST | ACK, 1, 1, window=0) == [Kind.RESET]
