"""A ledger's flow as the page draws it: nothing lost, nothing drawn before it happened."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainwire.see.diagnosis import diagnose
from plainwire.see.ledger import build
from plainwire.see.ledger.model import (
    Call,
    Direction,
    Endpoint,
    Flow,
    Frame,
    Ledger,
    Process,
    Program,
    Range,
    Site,
)
from plainwire.see.recorder import store
from plainwire.web import schema, source
from plainwire.web.pagedata import PageData

MS = 1_000_000


class Talk:
    """One TCP flow in which the client writes and the server reads, sizes as given."""

    def __init__(self, writes: list[int], reads: list[int], *, step: int = 10) -> None:
        self.processes = [Process(f"{n}-0", n, 1, None, 0, [], "/x", "3") for n in (1, 2)]
        self.ends = [
            Endpoint(n, "tcp", n, 100 + n, 0, ("127.0.0.1", n), ("127.0.0.1", 1 - n))
            for n in (0, 1)
        ]
        for end, process in zip(self.ends, self.processes, strict=True):
            end.process = process
        self.flow = Flow(
            0, "tcp", *self.ends, Direction(*self.ends), Direction(*self.ends[::-1]), 0
        )
        self.slot = 0
        there = self.flow.there
        there.writes = there.asked_writes = self._tile(0, "send", writes, 1, step)
        there.reads = there.asked_reads = self._tile(1, "recv", reads, 1 + len(writes) * step, step)

    def _tile(self, side: int, op: str, sizes: list[int], start: int, step: int) -> list[Range]:
        found, at = [], 0
        for number, size in enumerate(sizes):
            call = self.call(side, op, start + number * step, start + number * step + 2, size)
            found.append(Range(at, at + size, call))
            at += size
        return found

    def call(self, side: int, op: str, t0: int, t1: int | None, count: int = 0) -> Call:
        self.slot += 1
        frame = Frame(f"/x/{side}.py", self.slot, 1, self.slot, 5, "f")
        end = None if t1 is None else t1 * MS
        call = Call(
            self.processes[side], self.slot, 1, op, self.ends[side], Site("user", frame),
            0, count, 0, t0 * MS, end, count, 0, None, b"x" * count, count,
        )  # fmt: skip
        self.ends[side].calls.append(call)
        return call

    def ledger(self) -> Ledger:
        calls = sorted((c for e in self.ends for c in e.calls), key=lambda c: c.t0)
        ledger = Ledger(
            programs=[Program(0, "a.py", ["a.py"])], processes=self.processes, endpoints=self.ends,
            flows=[self.flow], calls=calls, surfaced=[], samples=[], ports={}, sources={},
            remainders={}, outputs=[], faults=[], began=0, ended=10_000 * MS,
        )  # fmt: skip
        ledger.index()
        return ledger

    def detail(self, **window: Any) -> schema.Detail:
        found = PageData(self.ledger(), [], payload=True).detail(0, **window)
        assert found is not None
        return found


SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=12)


@settings(deadline=None)  # a busy machine holds any test up
@given(SIZES, st.data())
def test_every_byte_is_in_one_message_and_lands_once(sizes: list[int], data: Any) -> None:
    """D1: whatever the split of the stream; what was not read is said to be unread."""
    total = sum(sizes)
    read = data.draw(st.integers(0, total))
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, read - 1)), max_size=8))) if read else []
    points = [0, *[c for c in cuts if c < read], read] if read else []
    reads = [b - a for a, b in itertools.pairwise(points) if b > a]
    detail = Talk(sizes, reads).detail()
    assert [m.end - m.start for m in detail.messages] == sizes
    links = sorted((x for x in detail.links if x.kind == "data"), key=lambda x: x.start)
    assert [x.start for x in links] == [0, *[x.end for x in links[:-1]]]
    assert links[-1].end == total
    assert sum(x.end - x.start for x in links if x.land is not None) == read
    by_call = {n: 0 for n, c in enumerate(detail.calls) if c.op == "recv"}
    for link in links:
        if link.land is not None:
            by_call[link.land] += link.end - link.start
    assert [by_call[n] for n in sorted(by_call)] == reads


@settings(deadline=None)
@given(SIZES, SIZES, st.integers(1, 10))
def test_nothing_arrives_before_it_left_or_after_it_was_taken(
    writes: list[int], reads: list[int], step: int
) -> None:
    """D2, also where the reader waited before the writer wrote."""
    for link in Talk(writes, reads, step=step).detail().links:
        if link.arrived is not None:
            assert link.left <= link.arrived
            assert link.landed is None or link.arrived <= link.landed


def test_a_window_holds_its_calls_and_their_links() -> None:
    """D4: a long run is looked at in pieces."""
    talk = Talk([1] * 50, [1] * 50)
    whole, part = talk.detail(), talk.detail(first=40, limit=20)
    assert (part.first, part.total, len(part.calls)) == (40, 100, 20)
    assert part.calls == whole.calls[40:60]
    named = {n for x in part.links for n in (x.leave, x.land) if n is not None}
    assert named == set(range(20))
    last = talk.detail(first=-1, limit=10)
    assert last.first == 90


def test_a_server_is_connected_before_its_accept_returns(chat: Path) -> None:
    """The kernel completes the handshake; showing accept as its cause would teach it wrong."""
    data = source.of_file(chat, payload=True)
    detail = data.detail(0)
    assert detail is not None
    accept = next(c for c in detail.calls if c.op == "accept")
    established = next(s for s in detail.states if s.side == 1 and s.name == "ESTABLISHED")
    assert accept.t1 is not None
    assert established.t0 <= accept.t1
    assert [x.kind for x in detail.links][:3] == ["syn", "syn-ack", "ack"]
    assert all(x.proof == "captured" for x in detail.links[:3])
    ack = detail.links[2]
    assert detail.calls[ack.land or 0].op == "accept"


@pytest.mark.parametrize(("connected", "accepted"), [(12, 30), (30, 12), (11, 11)])
def test_either_call_may_return_first(connected: int, accepted: int) -> None:
    """A process that was held up notes its return late; the handshake was complete before."""
    talk = Talk([5], [5], step=40)
    for side, op, t1 in ((0, "connect", connected), (1, "accept", accepted)):
        call = talk.call(side, op, 10, t1)
        talk.ends[side].opened_by = call
    detail = talk.detail()
    opened = {s.side: s.t0 for s in detail.states if s.name == "ESTABLISHED"}
    assert opened == dict.fromkeys((0, 1), min(connected, accepted) * MS)
    for link in detail.links:
        assert link.left <= (link.arrived or link.left) <= (link.landed or link.arrived or 0)


def without_packets(path: Path) -> PageData:
    """The same run where packets could not be taken."""
    items = [item for item in store.Recording(path).items() if item[0] != "packet"]
    return source.of_items(items, payload=True, live=False)


def test_a_state_that_the_kernel_named_is_told_from_an_inferred_one(chat: Path) -> None:
    detail = without_packets(chat).detail(0)
    assert detail is not None
    proofs = {(s.side, s.name): s.proof for s in detail.states}
    assert proofs[0, "ESTABLISHED"] == proofs[1, "ESTABLISHED"] == "kernel"
    assert proofs[0, "SYN_SENT"] == "inferred"
    assert detail.segments is None
    assert [x.proof for x in detail.links[:3]] == ["inferred"] * 3


def test_segments_have_their_lines_and_states_are_what_they_prove(chat: Path) -> None:
    detail = source.of_file(chat, payload=True).detail(0)
    assert detail is not None
    segments = detail.segments
    assert segments
    assert [s.flags for s in segments[:3]] == ["SYN", "SYN-ACK", "ACK"]
    ops = {n: c.op for n, c in enumerate(detail.calls)}
    behind = [(s.cause.by, ops[s.cause.call or 0]) for s in segments[:3] if s.cause]
    assert behind == [("call", "connect"), ("kernel", "listen"), ("kernel", "connect")]
    carried = [s for s in segments if s.end > s.start]
    assert [(ops[s.sends[0]], ops[s.reads[0]]) for s in carried] == [("send", "recv")]
    names = [s.name for s in detail.states if s.side == 1]
    assert names == ["SYN_RCVD", "ESTABLISHED"]
    assert {s.proof for s in detail.states} == {"captured"}


def test_segments_that_our_ending_caused_are_counted_and_not_shown(chat: Path) -> None:
    """A FIN because the recorder stopped the programs would teach that they closed."""
    detail = source.of_file(chat, payload=True).detail(0)
    assert detail is not None
    assert not [s for s in detail.segments or [] if "FIN" in s.flags]
    assert detail.left_out >= 1


def test_no_segment_arrives_before_it_left_or_after_what_shows_it(glued: Path) -> None:
    """G1 and G3, and bytes wait in the queue from the segment that brought them."""
    detail = source.of_file(glued, payload=True).detail(0)
    assert detail is not None
    times = {s.packet: s.t for s in detail.segments or []}
    assert times
    for s in detail.segments or []:
        assert s.arrived is not None
        assert s.t <= s.arrived
        assert s.acked_by is None or s.arrived <= times[s.acked_by]
    data = [x for x in detail.links if x.kind == "data"]
    brought = [s for s in detail.segments or [] if s.end > s.start]
    assert [x.arrived for x in data] == [s.arrived for s in brought]


def test_a_packet_opens_layer_by_layer_and_hides_its_payload(chat: Path) -> None:
    open_, shut = (source.of_file(chat, payload=payload) for payload in (True, False))
    number = next(s.packet for s in open_.detail(0).segments or [] if s.end > s.start)  # type: ignore[union-attr]
    opened = open_.packet(number)
    assert opened is not None
    assert [layer.osi for layer in opened.layers] == [2, 3, 4, 7]
    assert opened.layers[-1].fields[0].value == "\ue000'welcome'\ue001"
    hidden = shut.packet(number)
    assert hidden is not None
    assert hidden.layers[-1].fields[0].value == "\ue000\ue001"
    assert open_.packet(10_000) is None


def test_calls_that_we_ended_are_shown_as_still_waiting(chat: Path) -> None:
    """A hang must not look like a call that failed because we interrupted it."""
    detail = source.of_file(chat, payload=True).detail(0)
    assert detail is not None
    waits = [c for c in detail.calls if c.t1 is None]
    assert [(c.op, c.failure, c.ours) for c in waits] == [("recv", None, True)] * 2
    assert not [x for x in detail.links if x.kind == "fin"]


def test_what_a_program_did_when_we_ended_it_is_not_shown_as_its_own() -> None:
    """D5: a server that the time-out stopped closes its socket, which nobody's line asked for."""
    talk = Talk([5], [5])
    talk.call(0, "close", 700, 701)
    talk.call(1, "close", 900, 901)
    talk.processes[1].ending = 800 * MS
    assert [(c.side, c.op) for c in talk.detail().calls] == [(0, "send"), (1, "recv"), (0, "close")]


def test_the_links_agree_with_the_ledger(glued: Path) -> None:
    """The page may not draw what the ledger does not say."""
    ledger = build.build(store.Recording(glued).items())
    data = PageData(ledger, diagnose(ledger), payload=True)
    for flow in ledger.flows:
        detail = data.detail(flow.number)
        assert detail is not None
        wanted = {
            (r.call.t0 - ledger.began, part.call.t1 - ledger.began)
            for direction in (flow.there, flow.back)
            for part in direction.asked_reads
            for r in direction.writers_of(part.start, part.end)
        }
        drawn = {(x.left, x.landed) for x in detail.links if x.kind == "data"}
        assert drawn == wanted
        assert len(drawn) == 2


def test_payload_stays_out_unless_asked_for(chat: Path) -> None:
    """A page is mailed to strangers; lengths are enough to understand a hang."""
    open_ = source.of_file(chat, payload=True)
    shut = source.of_file(chat, payload=False)
    from plainwire.web.pagedata import encode

    assert b"welcome" in encode(open_.page())
    assert open_.detail(0).payload  # type: ignore[union-attr]
    assert shut.detail(0).payload == []  # type: ignore[union-attr]
    evidence = [e.text.en for f in shut.page().findings for e in f.evidence]
    assert not [text for text in evidence if "welcome" in text]
    assert [text for text in evidence if "\ue000\ue001" in text]


def test_there_is_no_flow_of_another_number(chat: Path) -> None:
    data = source.of_file(chat, payload=True)
    assert data.detail(-1) is None
    assert data.detail(99) is None


@pytest.mark.slow
def test_fifty_clients_are_fifty_flows(echo: Path) -> None:
    page = source.of_file(echo, payload=False).page()
    assert len(page.flows) == 50
    assert {row.server.name for row in page.flows} == {"server.py"}
    assert page.findings == []
