"""The programs' output: names in front, bytes unchanged, lines never mixed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plainwire.see.recorder.relay import PATIENCE_SECONDS, Relay, Source


class Screen:
    """What came out on each of our descriptors."""

    def __init__(self) -> None:
        self.shown: dict[int, bytearray] = {1: bytearray(), 2: bytearray()}
        self.relay = Relay(lambda target, data: self.shown[target].extend(data))

    @property
    def out(self) -> bytes:
        return bytes(self.shown[1])


def test_whole_lines_get_the_name_in_front() -> None:
    """Who said it must stand on every line."""
    screen, a = Screen(), Source(b"a | ", 1)
    screen.relay.receive(a, b"one\ntwo\n\n", 0)
    assert screen.out == b"a | one\na | two\na | \n"


def test_an_unfinished_line_waits_and_is_then_shown_as_a_prompt() -> None:
    """`name? ` has no newline, and the user must see it."""
    screen, a = Screen(), Source(b"a | ", 1)
    screen.relay.receive(a, b"name? ", 0)
    screen.relay.tick(a, PATIENCE_SECONDS / 2)
    assert screen.out == b""
    screen.relay.tick(a, PATIENCE_SECONDS * 2)
    assert screen.out == b"a | name? "
    screen.relay.receive(a, b"thanks\nmore\n", 1)
    assert screen.out == b"a | name? thanks\na | more\n"


def test_another_programs_line_begins_on_a_line_of_its_own() -> None:
    """Two programs' words on one line would be a sentence that nobody said."""
    screen, a, b = Screen(), Source(b"a | ", 1), Source(b"b | ", 1)
    screen.relay.receive(a, b"name? ", 0)
    screen.relay.finish(a)
    screen.relay.receive(b, b"hello\n", 1)
    screen.relay.receive(a, b"Bob\n", 2)
    assert screen.out == b"a | name? \nb | hello\na | Bob\n"


def test_what_we_say_ourselves_begins_on_a_line_of_its_own() -> None:
    """The verdict must not hang at the end of a prompt."""
    screen, a = Screen(), Source(b"a | ", 1)
    screen.relay.receive(a, b"name? ", 0)
    screen.relay.finish(a)
    screen.relay.clear_line(1)
    screen.relay.clear_line(1)
    assert screen.out == b"a | name? \n"


def test_stdout_and_stderr_do_not_end_each_others_lines() -> None:
    """They may go to two files."""
    screen, out, err = Screen(), Source(b"a | ", 1), Source(b"a | ", 2)
    screen.relay.receive(out, b"half", 0)
    screen.relay.finish(out)
    screen.relay.receive(err, b"oops\n", 0)
    assert screen.out == b"a | half"
    assert bytes(screen.shown[2]) == b"a | oops\n"


def test_a_huge_line_is_passed_on_in_pieces_with_one_name() -> None:
    """A gigabyte without a newline must not be kept in memory."""
    screen, a = Screen(), Source(b"a | ", 1)
    for _ in range(100):
        screen.relay.receive(a, b"x" * 10_000, 0)
        assert len(a.pending) < 64 * 1024
    screen.relay.receive(a, b"\n", 0)
    assert screen.out == b"a | " + b"x" * 1_000_000 + b"\n"


def test_bytes_that_are_no_text_pass_unchanged() -> None:
    """The name is ours; what stands behind it is not to be touched."""
    screen, a = Screen(), Source(b"a | ", 1)
    screen.relay.receive(a, b"\xff\x00\r\n", 0)
    assert screen.out == b"a | \xff\x00\r\n"


@given(st.lists(st.tuples(st.integers(0, 2), st.text("ab\n", max_size=6), st.booleans())))
def test_each_programs_bytes_come_out_whole_and_in_order(
    steps: list[tuple[int, str, bool]],
) -> None:
    """However the output is cut, taking the names away gives back what was written."""
    screen = Screen()
    sources = [Source(b"%d|" % n, 1) for n in range(3)]
    wrote = ["", "", ""]
    for number, text, patience in steps:
        if text:
            screen.relay.receive(sources[number], text.encode(), 0)
        if patience:
            screen.relay.tick(sources[number], 1)
        wrote[number] += text
    for source in sources:
        screen.relay.finish(source)
    screen.relay.clear_line(1)
    for line in screen.out.decode().split("\n")[:-1]:
        assert line[:2] in ("0|", "1|", "2|")
        assert "|" not in line[2:]
    for number, text in enumerate(wrote):
        lines = [line[2:] for line in screen.out.decode().splitlines() if line[0] == str(number)]
        assert "".join(lines) == text.replace("\n", "")
