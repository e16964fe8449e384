"""Widths, clipping, payload snippets, and spans underlined at the right columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.see.ledger.model import Frame
from plainwire.see.report import text
from plainwire.see.report.sources import columns_of, expression, underlined
from plainwire.see.report.style import Style

PLAIN = Style()


@given(st.text(), st.integers(0, 40))
def test_padded_text_has_exactly_its_width(said: str, width: int) -> None:
    """Every column of the ladder stands on this."""
    assert text.width_of(text.pad(text.safe(said), width)) == width


@given(st.text(alphabet="ab 你好，。e\u0301", max_size=200), st.integers(20, 60))
def test_wrapping_loses_nothing_but_blanks_and_keeps_the_width(said: str, width: int) -> None:
    lines = text.wrap(said, width)
    assert all(text.width_of(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(said.split())


@given(st.binary(max_size=64), st.integers(5, 40))
def test_a_snippet_fits_and_is_printable(data: bytes, width: int) -> None:
    shown = text.snippet(data, len(data), width)
    assert text.width_of(shown) <= width
    assert shown.isprintable()


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", "''"),
        (b"hi\r\n", "'hi\\r\\n'"),
        ("你好".encode(), "'你好'"),
        ("你好".encode()[:4], "'你\\xe5'"),
        (b"\x00\x05hello", "'\\x00\\x05hello'"),
        (b"back\\slash", "'back\\\\slash'"),
    ],
)
def test_payload_is_shown_as_people_read_it(data: bytes, shown: str) -> None:
    assert text.snippet(data, len(data), 40) == shown


def test_a_snippet_does_not_end_inside_an_escape() -> None:
    for width in range(5, 12):
        shown = text.snippet(b"\x01\x02\x03\x04", 4, width).strip("'…")
        assert len(shown) % 4 == 0, shown


def test_times_and_sizes_are_short_and_exact_where_it_matters() -> None:
    assert [text.bytes_text(n) for n in (0, 10239, 10240, 5 << 20)] == [
        "0 B", "10239 B", "10.0 KiB", "5.0 MiB",
    ]  # fmt: skip
    assert [text.duration(n) for n in (400_000, 12_000_000, 3_000_000_000, 125_000_000_000)] == [
        "0.4 ms", "12 ms", "3.0 s", "2 min 5 s",
    ]  # fmt: skip


def frame(line: int, column: int, end_line: int, end_column: int) -> Frame:
    return Frame("/a.py", line, column, end_line, end_column, "f")


def span(source: str, at: Frame, width: int = 60) -> list[str]:
    return underlined({"/a.py": source}, at, "waits here", width=width, style=PLAIN)


def test_marks_stand_below_the_span_behind_wide_characters() -> None:
    """Python counts UTF-8 bytes; the eye counts columns."""
    source = 'print("你好", sk.recv(1024))\n'
    start = len('print("你好", '.encode()) + 1
    assert span(source, frame(1, start, 1, start + 13)) == [
        '1 │ print("你好", sk.recv(1024))',
        "  │               ^^^^^^^^^^^^^ waits here",
    ]


def test_tabs_move_the_marks_too() -> None:
    assert span("\t\tsk.recv(1)\n", frame(1, 3, 1, 13)) == [
        "1 │         sk.recv(1)",
        "  │         ^^^^^^^^^^ waits here",
    ]


def test_a_span_over_two_lines_is_marked_on_both() -> None:
    source = "x = sk.recv(\n    1024)\n"
    assert span(source, frame(1, 5, 2, 10)) == [
        "1 │ x = sk.recv(",
        "  │     ^^^^^^^^",
        "2 │     1024)",
        "  │     ^^^^^ waits here",
    ]
    assert expression({"/a.py": source}, frame(1, 5, 2, 10)) == "sk.recv(1024)"


def test_without_columns_the_line_is_shown_alone() -> None:
    assert span("sk.recv(1)\n", frame(1, -1, 1, -1)) == ["1 │ sk.recv(1)", "  │ waits here"]
    assert columns_of({"/a.py": "sk.recv(1)\n"}, frame(1, -1, 1, -1)) is None


@pytest.mark.parametrize("at", [frame(9, 1, 9, 4), frame(0, 1, 0, 4)])
def test_a_line_that_the_source_does_not_have_shows_nothing(at: Frame) -> None:
    """The file may have changed, or been deleted, while the program ran."""
    assert span("one line", at) == []
    assert underlined({}, at, "waits here", width=60, style=PLAIN) == []


def test_a_long_line_is_cut_where_the_span_is_not() -> None:
    source = "value = " + "a + " * 40 + "sk.recv(1024)\n"
    start = source.index("sk.") + 1
    shown = span(source, frame(1, start, 1, start + 13), width=50)
    assert "sk.recv(1024)" in shown[0]
    assert all(text.width_of(line) <= 50 for line in shown)
    column = shown[0].index("sk.recv")
    assert shown[1][column : column + 13] == "^" * 13


@pytest.mark.parametrize(
    ("source", "end", "expected"),
    [
        (
            "for line in s.makefile():\n    print(line)\n    s.sendall(line)",
            (3, 20),
            "s.makefile()",
        ),
        ("for l in f: print(l)", (1, 21), "f"),
        ("with connect(a) as s:\n    s.send(b'x')", (2, 17), "connect(a)"),
        ("async for line in reader:\n    print(line)", (2, 16), "reader"),
    ],
)
def test_s4_of_a_statement_with_its_block_only_the_head_is_meant(
    source: str, end: tuple[int, int], expected: str
) -> None:
    """The interpreter's span covers the block, and the mark landed below another call."""
    at = Frame("/a.py", 1, 1, *end, "f")
    assert expression({"/a.py": source}, at) == expected
    marks = underlined({"/a.py": source}, at, "waits here", width=60, style=PLAIN)
    assert marks[1].count("^") == len(expected)
    assert len(marks) == 2
