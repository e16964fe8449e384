"""What sent a FIN or an RST, however unlucky the times: recordings by hand.

Every call here begins so shortly behind the one before, or every segment so long behind
its call, as a fast or a busy machine may make it.
"""

from __future__ import annotations

import pytest

from plainwire.see.ledger.wire import Behind, Segment, Wire

from .made import US, Wired

SLOW = 400_000 * US  # a thread put aside for 0.4 s
AT = 100_000 * US


def fin(wire: Wire, end: int, which: str = "F") -> Segment:
    bit = {"F": 1, "R": 4}[which]
    return next(s for s in wire.segments if s.end == end and s.flags & bit)


def told(segment: Segment) -> tuple[str, str, int | None]:
    behind = segment.cause
    assert isinstance(behind, Behind)
    frame = behind.call.site.frame if behind.call is not None else None
    return behind.by, behind.why, frame.line if frame else None


@pytest.mark.parametrize("fin_after", [5 * US, 150 * US, SLOW])
@pytest.mark.parametrize("close_after", [60 * US, 900 * US, 100_000 * US])
def test_a_close_right_behind_a_shutdown_is_not_given_its_fin(
    fin_after: int, close_after: int
) -> None:
    """Seen on a fast machine: the peer answered within a millisecond, and close() got the FIN."""
    wired = Wired()
    client, here = wired.client, wired.here
    client.call("shutdown", here, asked=1, line=5, t0=AT, t1=AT + 20 * US)
    client.call("closed", here, line=7, t0=AT + close_after, t1=AT + close_after)
    wired.segment(0, "FA", 0, t=AT + fin_after, ack=0)
    assert told(fin(wired.wire(), 0)) == ("call", "shutdown", 5)


def test_a_shutdown_that_failed_or_only_stopped_receiving_sent_nothing() -> None:
    wired = Wired()
    client, here = wired.client, wired.here
    client.call("shutdown", here, asked=0, line=4, t0=AT, t1=AT + 10 * US)
    client.call("shutdown", here, asked=2, line=5, ret=-107, t0=AT + 20 * US, t1=AT + 30 * US)
    client.call("closed", here, line=6, t0=AT + 40 * US, t1=AT + 40 * US)
    wired.segment(0, "FA", 0, t=AT + 50 * US, ack=0)
    assert told(fin(wired.wire(), 0)) == ("call", "close", 6)


def test_a_fin_sent_again_after_the_close_has_its_first_cause() -> None:
    """The FIN of a shutdown() was lost; when it went out again, close() had been called."""
    wired = Wired()
    client, here = wired.client, wired.here
    client.call("shutdown", here, asked=1, line=5, t0=AT, t1=AT + 10 * US)
    client.call("closed", here, line=7, t0=AT + 100_000 * US, t1=AT + 100_000 * US)
    wired.segment(0, "FA", 0, t=AT + 5 * US, ack=0)
    wired.segment(0, "FA", 0, t=AT + 200_000 * US, ack=0)
    fins = [s for s in wired.wire().segments if s.flags & 1]
    assert [told(s) for s in fins] == [("call", "shutdown", 5)] * 2


@pytest.mark.parametrize("late", [5 * US, SLOW])
@pytest.mark.parametrize(
    ("aux", "options", "why"),
    [
        (7, {}, "unread"),
        (0, {(1, 13): "b'\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00'"}, "linger"),
        (0, {}, "unread"),  # the bytes came between the probe's look and the close
    ],
)
def test_a_reset_long_after_the_note_of_its_close_is_still_that_closes(
    aux: int, options: dict[tuple[int, int], str], why: str, late: int
) -> None:
    """close() is noted before it is done, and the thread may be put aside in between."""
    wired = Wired()
    client, here = wired.client, wired.here
    for (level, name), value in options.items():
        client.note("option", here.number, level, name, value)
    client.call("closed", here, aux=aux, line=7, t0=AT, t1=AT)
    wired.segment(0, "RA", 0, t=AT + late, ack=0)
    assert told(fin(wired.wire(), 0, "R")) == ("call", why, 7)


def test_a_reset_behind_a_fin_answers_late_bytes_and_a_second_one_too() -> None:
    wired = Wired()
    client, here = wired.client, wired.here
    client.call("closed", here, line=7, t0=AT, t1=AT)
    wired.segment(0, "FA", 0, t=AT + 5 * US, ack=0)
    wired.segment(1, "PA", 0, b"late", t=AT + 50 * US, ack=1)
    wired.segment(0, "R", 1, t=AT + 55 * US)
    assert told(fin(wired.wire(), 0, "R")) == ("kernel", "late", 7)

    wired = Wired()
    client, here = wired.client, wired.here
    client.call("closed", here, aux=3, line=7, t0=AT, t1=AT)
    wired.segment(0, "RA", 0, t=AT + 5 * US, ack=0)
    wired.segment(1, "PA", 0, b"late", t=AT + 50 * US, ack=0)
    wired.segment(0, "R", 0, t=AT + 55 * US)
    resets = [s for s in wired.wire().segments if s.flags & 4]
    assert [told(s)[1] for s in resets] == ["unread", "late"]


def test_unread_bytes_at_the_close_behind_a_shutdown_are_the_cause() -> None:
    """FIN by shutdown(), the answer is not read, close() resets."""
    wired = Wired()
    client, here = wired.client, wired.here
    client.call("shutdown", here, asked=1, line=5, t0=AT, t1=AT + 10 * US)
    wired.segment(0, "FA", 0, t=AT + 5 * US, ack=0)
    wired.segment(1, "PA", 0, b"answer", t=AT + 50 * US, ack=1)
    client.call("closed", here, aux=6, line=7, t0=AT + SLOW, t1=AT + SLOW)
    wired.segment(0, "RA", 1, t=AT + SLOW + 10 * US, ack=6)
    wire = wired.wire()
    assert told(fin(wire, 0)) == ("call", "shutdown", 5)
    assert told(fin(wire, 0, "R")) == ("call", "unread", 7)


@pytest.mark.parametrize("late", [20 * US, SLOW])
def test_the_last_holder_that_closes_sends_the_fin(late: int) -> None:
    """Parent and child held the socket; whose close was the last decides."""
    wired = Wired()
    child = wired.server.fork(11)
    child.call("closed", wired.there, line=9, t0=AT, t1=AT)
    wired.server.call("closed", wired.there, line=12, t0=AT + 300 * US, t1=AT + 300 * US)
    wired.segment(1, "FA", 0, t=AT + 300 * US + late, ack=0)
    found = fin(wired.wire(), 1)
    assert told(found) == ("call", "close", 12)


def test_a_child_that_lives_on_after_the_fin_did_not_hold_the_socket() -> None:
    """A descriptor that was closed on exec, or unseen: what happens later is no cause."""
    wired = Wired()
    child = wired.server.fork(11)
    wired.server.call("closed", wired.there, line=12, t0=AT, t1=AT)
    wired.segment(1, "FA", 0, t=AT + SLOW, ack=0)
    child.call("socket", child.socket(), t0=AT + 2 * SLOW, t1=AT + 2 * SLOW)
    child.note("exit", AT + 3 * SLOW)
    assert told(fin(wired.wire(), 1)) == ("call", "close", 12)


def test_a_child_that_ended_last_sent_the_fin() -> None:
    wired = Wired()
    child = wired.server.fork(11)
    wired.server.call("closed", wired.there, line=12, t0=AT, t1=AT)
    child.note("exit", AT + SLOW)
    wired.segment(1, "FA", 0, t=AT + SLOW + 900 * US, ack=0)
    found = fin(wired.wire(), 1)
    assert told(found) == ("exit", "exit", None)
    assert found.cause is not None
    assert found.cause.process is not None
    assert found.cause.process.pid == 11


def test_what_is_dropped_is_noted_after_its_fin() -> None:
    """The collector closes the socket first and tells us then."""
    wired = Wired()
    wired.client.call("send", wired.here, b"hi", t0=AT, t1=AT + 10 * US)
    wired.segment(0, "PA", 0, b"hi", t=AT + 5 * US, ack=0)
    wired.segment(0, "FA", 2, t=AT + 50 * US, ack=0)
    wired.client.call("dropped", wired.here, line=7, t0=AT + SLOW, t1=AT + SLOW)
    assert told(fin(wired.wire(), 0))[:2] == ("call", "drop")


def test_a_fin_is_said_to_wait_for_bytes_only_if_bytes_went_first() -> None:
    """Not because the thread was put aside between the note of close() and its doing."""
    for waits in (False, True):
        wired = Wired()
        client, here = wired.client, wired.here
        client.call("send", here, b"x" * 50, t0=AT, t1=AT + 50 * US)
        wired.segment(0, "PA", 0, b"x" * 30, t=AT + 5 * US, ack=0)
        client.call("closed", here, line=7, t0=AT + 100 * US, t1=AT + 100 * US)
        rest = AT + (SLOW if waits else 20 * US)
        wired.segment(0, "PA", 30, b"x" * 20, t=rest, ack=0)
        wired.segment(0, "FA", 50, t=AT + SLOW + 10 * US, ack=0)
        (change,) = [c for c in wired.wire().states if c.after == "FIN_WAIT1"]
        assert (change.cause == "FIN waits behind unsent data") is waits
        assert change.t == (AT + 100 * US if waits else AT + SLOW + 10 * US)


def udp(wired: Wired, *sends: tuple[int, int, bytes]) -> None:
    """A UDP socket of the client's on port 5000 sends to 5001, at (t0, t1)."""
    made = wired.client.socket(kind=2, local=["127.0.0.1", 5000], remote=["127.0.0.1", 5001])
    for number, (t0, t1, data) in enumerate(sends):
        wired.client.call("send", made, data, line=20 + number, t0=t0, t1=t1)


def test_an_icmp_error_is_about_the_datagram_before_it_not_the_next() -> None:
    """The next send began a millisecond after the error, which was called "during" it."""
    wired = Wired()
    udp(wired, (AT, AT + 30 * US, b"first"), (AT + 1000 * US, AT + 1030 * US, b"later"))
    quoted = wired.datagram((5000, 5001), b"first", t=AT + 10 * US)
    wired.unreachable(quoted, t=AT + 12 * US)
    wired.datagram((5000, 5001), b"later", t=AT + 1010 * US)
    (flow,) = [f for f in wired.ledger().flows if f.kind == "udp"]
    first, later = flow.datagrams
    assert first.refused is not None
    assert later.refused is None


def test_a_datagram_missing_in_the_capture_does_not_shift_the_others() -> None:
    """Of three sends of one size the first was not captured: the next two keep their own."""
    wired = Wired()
    starts = [AT + n * 200 * US for n in range(3)]
    udp(wired, *((t, t + 30 * US, b"same size") for t in starts))
    wired.datagram((5000, 5001), b"same size", t=starts[1] + 10 * US)
    wired.datagram((5000, 5001), b"same size", t=starts[2] + 10 * US)
    ledger = wired.ledger()
    (flow,) = [f for f in ledger.flows if f.kind == "udp"]
    times = {p.number: p.t for p in ledger.packets}
    found = [times[d.packet] if d.packet else None for d in flow.datagrams]
    assert found == [None, starts[1] + 10 * US, starts[2] + 10 * US]


def test_connects_in_quick_succession_have_their_own_syns() -> None:
    """A program that tries again at once: each failed connect() has its own SYN and RST."""
    wired = Wired(shaken=False)
    target = ["127.0.0.1", 8999]
    for number in range(3):
        t0 = AT + number * 300 * US
        trying = wired.client.socket(remote=target)
        wired.client.call(
            *("connect", trying), asked=wired.client.address(target), ret=-111,
            line=30 + number, t0=t0, t1=t0 + 100 * US,
        )  # fmt: skip
        wired.refused(41_000 + number, 8999, t=t0 + 20 * US)
    wires = [w for w in wired.ledger().wires if w.attempt is not None]
    assert len(wires) == 3
    for number, wire in enumerate(wires):
        assert wire.attempt is not None
        assert wire.attempt.site.frame is not None
        assert wire.attempt.site.frame.line == 30 + number
        assert wire.ends[0] == ("127.0.0.1", 41_000 + number)
