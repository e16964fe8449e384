"""Scripted exchanges through `plainwire run`: segments, states and lines, as they were.

Each runs as root and as an ordinary user in a private network.
"""

from __future__ import annotations

import re

import pytest

from plainwire.see.capture.decode import ACK, FIN, RST, SYN
from plainwire.see.ledger.model import Range
from plainwire.see.ledger.wire import Segment

from .exchanges import EXCHANGES
from .play import USERS, Played, behind, first, place, run, shape, states

_FLAGS = {"F": FIN, "R": RST}


@pytest.mark.slow
@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("name", EXCHANGES)
def test_an_exchange_has_its_segments_states_and_lines(name: str, user: str) -> None:
    """Which line is the handshake and which the close: the question this was made for."""
    exchange = EXCHANGES[name]
    played = run(user, exchange.programs)
    wire = played.wire()
    assert re.fullmatch(exchange.shape, shape(wire)), shape(wire)
    assert states(wire, 0) == exchange.client_states
    assert states(wire, 1) == exchange.server_states
    check_opening(played)
    check_ends(played, exchange.ends)
    check_owners(played)
    check_numbers(played)


def check_opening(played: Played) -> None:
    wire = played.wire()
    listen, connect = played.line("listen"), played.line("connect")
    syn, answer, third = wire.segments[:3]
    assert (syn.flags & (SYN | ACK), answer.flags & (SYN | ACK)) == (SYN, SYN | ACK)
    assert behind(syn.cause) == ("call", "connect", connect)
    assert behind(syn.seen) == ("kernel", "listen", listen)
    assert behind(answer.cause) == ("kernel", "listen", listen)
    assert behind(answer.seen) == ("call", "connect", connect)
    assert behind(third.cause) == ("kernel", "handshake", connect)
    assert behind(third.seen) == ("kernel", "accept", played.line("accept"))


def check_ends(played: Played, expected: dict[str, tuple[str, str]]) -> None:
    wire = played.wire()
    for which, (by, why) in expected.items():
        end = "AB".index(which[0])
        segment = first(wire, end, _FLAGS[which[2]])
        found = behind(segment.cause)
        assert found[:2] == (by, why), which
        if by == "call":
            mark = "rst" if which[2] == "R" else f"fin{which[0]}"
            assert found[2] == played.line(mark), which
    closing = next(s for s in wire.segments if s.flags & (FIN | RST))
    mark = "fail" if closing.flags & RST else "eof"
    if any(f"@{mark}" in text for text in played.sources.values()):
        seen = first(wire, closing.end, closing.flags & (FIN | RST)).seen
        if seen is None:  # half_close: the mark is on the other end
            seen = first(wire, 1 - closing.end, FIN).seen
        assert place(seen.call if seen else None) in (
            played.line(mark),
            ("server.py", 8),  # half_close's first reader is its loop
        )


def check_owners(played: Played) -> None:
    """Every payload byte has exactly one send, every byte read exactly one read."""
    flow = played.flow()
    wire = played.wire()
    assert wire.unjoined == ["", ""]
    data = {p.number: p for p in played.ledger.packets}
    for segment in wire.segments:
        if not segment.size:
            assert not segment.sends
            continue
        assert covered(segment, segment.sends) == segment.size
        for span in segment.sends:
            whole = span.call.complete
            if whole is not None and len(whole) == span.end - span.start:
                kept = data[segment.number].data[-segment.size :]
                start, end = max(span.start, segment.start), min(span.end, segment.stop)
                assert (
                    kept[start - segment.start : end - segment.start]
                    == (whole[start - span.start : end - span.start])
                )
    if "MSG_OOB" in "".join(played.sources.values()):
        reads = [s.reads for s in wire.segments if s.end == 0 and s.size]
        assert [bool(r) for r in reads] == [True, False, True]  # the urgent byte is apart
        return
    for end, direction in ((0, flow.there), (1, flow.back)):
        for segment in wire.segments:
            if segment.end == end and segment.size and segment.stop <= direction.read:
                assert covered(segment, segment.reads) == segment.size


def covered(segment: Segment, spans: tuple[Range, ...]) -> int:
    at = segment.start
    for span in spans:
        assert span.start <= at < span.end
        at = min(span.end, segment.start + segment.size)
    return at - segment.start


def check_numbers(played: Played) -> None:
    """Bytes on the wire are the bytes of the calls, and each is acknowledged after it."""
    wire, flow = played.wire(), played.flow()
    for end, direction in ((0, flow.there), (1, flow.back)):
        sent = [s for s in wire.segments if s.end == end and s.size]
        total = max((s.start + s.size for s in sent), default=0)
        if "MSG_OOB" not in "".join(played.sources.values()):
            assert total == direction.written
        for segment in sent:
            answer = wire.numbered(segment.acked_by)
            if answer is not None:
                assert answer.t >= segment.t
                assert answer.acked is not None
                assert answer.acked >= segment.stop
