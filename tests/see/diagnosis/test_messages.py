"""Reads against sends: which reads hold a piece or several, and what a parser would say."""

from __future__ import annotations

import dataclasses
import pickle
import struct

import pytest

from plainwire.see.diagnosis import messages
from plainwire.see.diagnosis.case import Case
from plainwire.see.diagnosis.fate import WHOLE, Fate
from plainwire.see.diagnosis.messages import Read
from see.items import World


def talk(*steps: tuple[str, bytes]) -> list[Read]:
    """A client's sends ('>'), its own reads ('<'), and the server's reads ('r')."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    for what, data in steps:
        if what == ">":
            client.call("send", here, data)
        elif what == "<":
            server.call("send", there, data)
            client.call("recv", here, data, asked=99)
        else:
            server.call("recv", there, data, asked=99)
    found = messages.reads(Case(world.ledger()))
    return [r for r in found if r.direction is r.flow.there]


def test_reads_that_hold_exactly_one_send_are_left_out() -> None:
    """They are by far the most, and no rule about boundaries has anything to say of them."""
    assert talk((">", b"hello"), ("r", b"hello"), ("<", b"ok"), (">", b"bye"), ("r", b"bye")) == []


def test_a_read_of_two_sends_names_both() -> None:
    """The two lines that wrote them are what the finding points at."""
    (read,) = talk((">", b"one"), (">", b"two"), ("r", b"onetwo"))
    assert [(s.start, s.end) for s in read.sends] == [(0, 3), (3, 6)]
    assert not read.goes_on


def test_a_read_that_ends_inside_a_send_goes_on() -> None:
    """The rest of the same send is still to come."""
    first, last = talk((">", b"hello world"), ("r", b"hello"), ("r", b" world"), (">", b"!"))
    assert first.goes_on
    assert first.following is not None
    assert last.goes_on
    assert [(s.start, s.end) for s in first.sends] == [(0, 11)]


def test_a_sender_that_read_in_between_began_a_new_message() -> None:
    """Ask, answer, ask again: two messages, although nothing marks the boundary."""
    assert talk((">", b"head"), ("r", b"head"), ("<", b"go"), (">", b"body")) == []
    (read,) = talk((">", b"head"), ("r", b"head"), (">", b"body"))
    assert read.goes_on
    assert read.following is not None
    assert (read.following.start, read.following.end) == (4, 8)


@pytest.mark.parametrize(
    ("data", "length", "expected"),
    [(b"\x00\x05", 5, True), (b"\x05\x00\x00\x00", 5, True), (b"5", 5, True), (b"12|", 12, True),
     (b"   7", 7, True), (b"\x00\x06", 5, False), (b"hello", 5, False), (b"6", 5, False),
     (b"0" * 20 + b"5", 5, False)],
)  # fmt: skip
def test_a_header_announces_the_length_of_the_next_send(
    data: bytes, length: int, expected: bool
) -> None:
    """Header and body read together are a length-prefixed protocol, not two messages."""
    assert messages.is_header(data, length) is expected


@pytest.mark.parametrize(
    ("sends", "expected"),
    [((b"hello", b"world"), True), ((b"a line\n", b"another\n"), False),
     ((b"\x00\x05", b"hello"), False), ((b"x" * 4096, b"x" * 4096, b"x" * 10), False),
     ((b"x" * 300, b"y" * 300, b"z"), True)],
)  # fmt: skip
def test_sends_that_are_parts_of_one_message_are_told_apart(
    sends: tuple[bytes, ...], expected: bool
) -> None:
    """Lines, headers and the pieces of a file may be merged by anybody without harm."""
    (read,) = talk(*((">", data) for data in sends), ("r", b"".join(sends)))
    assert messages.one_message_each(read.sends) is expected


def fate_of(*parsers: str, struct_format: str | None = None) -> Fate:
    return Fate(WHOLE, parsers=set(parsers), struct_format=struct_format)


@pytest.mark.parametrize(
    ("fate", "data", "expected"),
    [(fate_of("json"), b'{"a": 1}', True), (fate_of("json"), b'{"a": 1}{"b": 2}', False),
     (fate_of("json"), b'{"a"', False), (fate_of("utf-8"), "好".encode()[:2], False),
     (fate_of("utf-8"), "好".encode(), None), (fate_of("gbk"), "好".encode("gbk")[:1], False),
     (fate_of("struct", struct_format="!I"), struct.pack("!I", 1), True),
     (fate_of("struct", struct_format="!I"), b"\x00\x00", False),
     (fate_of("struct", struct_format="?!"), b"\x00\x00", None),
     (fate_of("pickle"), pickle.dumps([1]), True),
     (fate_of("pickle"), pickle.dumps([1]) * 2, False),
     (fate_of("pickle"), pickle.dumps([1])[:-1], False),
     (fate_of(), b"anything", None), (fate_of("json", "utf-8"), "\"好\"".encode()[:3], False)],
)  # fmt: skip
def test_whether_a_parser_would_take_the_bytes(
    fate: Fate, data: bytes, expected: bool | None
) -> None:
    """Certain findings rest on this: a parser's refusal is a proof, a guess is not."""
    assert messages.parses(fate, data) is expected


class Trap:
    """Pickles to a call; opened only by a program that executes what it is sent."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (pytest.fail, ("a pickle from the wire was executed",))


def test_a_pickle_is_looked_at_without_being_executed() -> None:
    """The recording holds what a stranger sent; reading it must not run it."""
    assert messages.parses(fate_of("pickle"), pickle.dumps(Trap())) is True


def test_reads_of_a_direction_with_two_writers_at_once_are_not_judged() -> None:
    """Whose bytes came first is not known, so nobody's line can be named."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    t = world.tick()
    client.call("send", here, b"aaa", thread=1, t0=t, t1=t + 50)
    client.call("send", here, b"bbb", thread=2, t0=t + 10, t1=t + 60)
    server.call("recv", there, b"aaabbb", asked=99)
    assert messages.reads(Case(world.ledger())) == []


def test_a_long_talk_is_read_in_one_walk() -> None:
    """Comparing each read with every send behind it made 300,000 calls take 40 seconds."""
    sends = 3000
    found = talk(*((">", b"ab") for _ in range(sends)), *(("r", b"aba") for _ in range(1)))
    assert len(found) == 1
    visits = 0

    class Counting(list):  # type: ignore[type-arg]
        def __getitem__(self, at):  # type: ignore[no-untyped-def]
            nonlocal visits
            visits += 1
            return super().__getitem__(at)

    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    for _ in range(sends):
        client.call("send", here, b"ab")
        server.call("recv", there, b"ab", asked=9)
    ledger = world.ledger()
    direction = ledger.flows[0].there
    direction.asked_writes = Counting(direction.asked_writes)
    messages.reads(Case(ledger))
    assert sends < visits < 20 * sends


@pytest.mark.parametrize(
    ("piece", "rest", "expected"),
    [(b"12", b"34", True), (b"xx", b"+22", False), (b"1", b"+22", False), (b"x", b"", False)],
)
def test_a_piece_is_to_blame_only_if_the_whole_would_have_parsed(
    piece: bytes, rest: bytes, expected: bool
) -> None:
    """int(recv(2)) fails on 'xx' because of the 'xx', not because of where it was cut."""
    (read, *_) = talk((">", piece + rest), ("r", piece), ("r", rest), (">", b"!"))
    read = dataclasses.replace(read, fate=Fate(WHOLE, {"number"}))
    assert messages.whole_would_parse(read) is expected
