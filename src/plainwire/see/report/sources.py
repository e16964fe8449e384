"""Source lines with a span underlined, as compilers show them. Pure.

S1  A frame's columns are 1-based UTF-8 bytes and its end is behind the span (PEP 657
    plus one); here they become columns of the terminal: tabs and wide characters count.
S2  Whatever is missing (the source, the line, the columns), what is left is shown.
S3  No line is wider than asked: a long one is cut on the side away from the span.
S4  Of a `for` or `with` statement only what it iterates over or opens is meant: the
    interpreter gives its calls the span of the whole statement, block included.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from plainwire.see.ledger.model import Frame
from plainwire.see.report import text
from plainwire.see.report.style import Style

TAB_COLUMNS = 4
SPAN_LINES = 6  # of a span over many lines, shown at most


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of one line, [start, end) counted from 0; None, None: the whole line."""

    line: int
    source: str
    start: int | None
    end: int | None


def line_of(sources: Mapping[str, str], frame: Frame) -> str | None:
    """The frame's first line, without its line end; None when it is not known."""
    spans = spans_of(sources, frame)
    return spans[0].source if spans else None


def spans_of(sources: Mapping[str, str], frame: Frame) -> list[Span]:
    """The lines of a frame's span, each with its part of the span; [] without a source."""
    source = sources.get(frame.file)
    if source is None:
        return []
    # Not splitlines(): Python ends lines only at these three.
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    last = max(frame.end_line, frame.line)
    found = []
    for number in range(frame.line, min(last, len(lines)) + 1):
        if number < 1:
            continue
        line = lines[number - 1]
        known = frame.column > 0 and frame.end_column > 0
        start: int | None = None
        end: int | None = None
        if known:
            indent = len(line) - len(line.lstrip())
            start = _chars(line, frame.column - 1) if number == frame.line else indent
            end = _chars(line, frame.end_column - 1) if number == last else len(line.rstrip())
            if end <= start:
                start = end = None
        found.append(Span(number, line, start, end))
    head = _head(found[0]) if found and found[0].start is not None else None
    return [head] if head is not None else found


def _head(span: Span) -> Span | None:
    """What a `for` iterates over or a `with` opens, if the span is of such a statement (S4)."""
    source = span.source[span.start : span.end]
    if not source.startswith(("for ", "with ", "async ")):
        return None
    body = " pass" if source.rstrip().endswith(":") else ""
    try:
        (statement,) = ast.parse(source.removeprefix("async ") + body).body
    except (SyntaxError, ValueError):
        return None
    if isinstance(statement, ast.For):
        first = last = statement.iter
    elif isinstance(statement, ast.With):
        first, last = statement.items[0].context_expr, statement.items[-1].context_expr
    else:
        return None
    begin = (span.start or 0) + len("async ") * source.startswith("async ")
    whole = span.source[begin:]
    start = begin + _chars(whole, first.col_offset)
    return Span(span.line, span.source, start, begin + _chars(whole, last.end_col_offset or 0))


def _chars(line: str, count: int) -> int:
    """Characters in the first `count` UTF-8 bytes of a line."""
    if line.isascii():
        return min(count, len(line))
    return len(line.encode("utf-8", "surrogatepass")[:count].decode("utf-8", "ignore"))


def columns_of(sources: Mapping[str, str], frame: Frame) -> tuple[int, int] | None:
    """The span's first column and the one behind it, 1-based in characters; None: unknown."""
    spans = spans_of(sources, frame)
    if not spans:
        known = frame.column > 0 and frame.end_column > 0
        return (frame.column, frame.end_column) if known else None
    first, last = spans[0], spans[-1]
    if first.start is None or last.end is None:
        return None
    return first.start + 1, last.end + 1


def expression(sources: Mapping[str, str], frame: Frame) -> str:
    """The span as one line of text, the whole line when columns are unknown, or ''."""
    spans = spans_of(sources, frame)
    parts = [s.source[s.start : s.end].strip() for s in spans]
    joined = " ".join(part for part in parts if part)
    return text.safe(joined.replace("( ", "(").replace(" )", ")"))


def underlined(
    sources: Mapping[str, str], frame: Frame, label: str, *, width: int, style: Style
) -> list[str]:
    """The lines of a span, each with its marks below; the label stands behind the last.

    Args:
        sources: text of files by path.
        frame: the place; without columns the line alone is shown, without a source nothing.
        label: a word or two on what happens there.
        width: columns of a line at most, the number and the bar included.
        style: colours.
    """
    spans = spans_of(sources, frame)
    if not spans:
        return []
    gutter = len(str(spans[-1].line))
    bar = style.glyphs.bar
    out: list[str] = []
    room = width - gutter - 4
    shown = spans if len(spans) <= SPAN_LINES else [*spans[:3], *spans[-2:]]
    for position, span in enumerate(shown):
        if len(spans) > SPAN_LINES and position == 3:
            out.append(style.paint(" " * (gutter + 1) + style.glyphs.wait, "dim"))
        source, start, end = _fitted(span, room)
        number = style.paint(f"{span.line:>{gutter}} {bar} ", "place")
        out.append(number + source)
        last = position == len(shown) - 1
        if start < end:
            marks = " " * start + style.paint("^" * (end - start), "bad")
            below = style.paint(" " * gutter + f" {bar} ", "place")
            tail = text.clip(label, room - end - 1) if last and room - end > 6 else ""
            out.append((below + marks + (" " + style.paint(tail, "bad") if tail else "")).rstrip())
            last = last and not tail
        if last and label:
            blank = style.paint(" " * gutter + f" {bar} ", "place")
            out.append(blank + style.paint(text.clip(label, room), "bad"))
    return out


def _fitted(span: Span, room: int) -> tuple[str, int, int]:
    """A line that fits, and the columns of its span in it; (.., 0, 0) without a span."""
    whole = span.start is None or span.end is None
    start = 0 if span.start is None else span.start
    end = 0 if span.end is None else span.end
    before, inside = _expand(span.source[:start]), _expand(span.source[start:end])
    after = _expand(span.source[end:]).rstrip()
    if whole:
        return text.clip(after, room), 0, 0
    used = text.width_of(before) + text.width_of(inside)
    if used > room and text.width_of(before) > room // 3:
        # Cut the beginning, keep the indent's look by a mark.
        keep = max(0, room - text.width_of(inside) - 4)
        while text.width_of(before) > keep and before:
            before = before[1:]
        before = "… " + before.lstrip()
    line = text.clip(before + inside + after, room)
    left = min(text.width_of(before), room)
    return line, left, min(left + text.width_of(inside), room)


def _expand(source: str) -> str:
    """Tabs as blanks, other control characters as escapes."""
    return text.safe(source.replace("\t", " " * TAB_COLUMNS))
