"""Text that fits: widths in terminal columns, clipping, wrapping, escaping. Pure.

T1  Widths are columns of a terminal: a wide character takes two, a combining mark none
    (Unicode Standard Annex 11). Ambiguous ones take one, as in today's terminals.
T2  What a function clips or wraps to `width` is never wider than that.
T3  Nothing from a peer or a source file reaches the terminal unescaped: control
    characters and changes of writing direction are shown as escapes.
"""

from __future__ import annotations

import re
import unicodedata

_UNITS = ("KiB", "MiB", "GiB", "TiB")
# A Chinese line must not begin with one of these (JIS X 4051 calls it kinsoku).
_NEVER_FIRST = "，。；：、）》」』】！？”’"
_WORDS = re.compile(r"\s+|[^\s\u2e80-\ua4cf\uf900-\ufaff\uff00-\uff60]+|.")


def char_width(char: str) -> int:
    """Columns of one character (T1)."""
    if char < "\x7f":
        return 1
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def width_of(text: str) -> int:
    """Columns of a text without control characters."""
    return len(text) if text.isascii() else sum(map(char_width, text))


def clip(text: str, width: int, more: str = "…") -> str:
    """The text if it fits, else its beginning and a mark that more follows."""
    if width_of(text) <= width:
        return text
    room = width - width_of(more)
    if room < 0:
        return "" if width <= 0 else more[:width]
    kept, used = [], 0
    for char in text:
        used += char_width(char)
        if used > room:
            break
        kept.append(char)
    return "".join(kept) + more


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Clip to `width` and fill with blanks; `right` puts the blanks before it."""
    text = clip(text, width)
    blanks = " " * (width - width_of(text))
    return blanks + text if right else text + blanks


def wrap(text: str, width: int, *, first: str = "", rest: str | None = None) -> list[str]:
    """Break a text into lines of at most `width` columns, Chinese between any two characters.

    Args:
        text: one paragraph; line ends in it are kept.
        width: columns of a line, its indent included; at least ten are used for words.
        first: put before the first line.
        rest: put before the others; blanks as wide as `first` when not given.
    """
    rest = " " * width_of(first) if rest is None else rest
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += _wrapped(paragraph, width, rest if lines else first, rest)
    return lines


def _wrapped(paragraph: str, width: int, first: str, rest: str) -> list[str]:
    lines, line, start = [], first, first
    limit = max(width, width_of(rest) + 10)
    for word in _WORDS.findall(paragraph):
        while width_of(line) + width_of(word) > limit and not word.isspace():
            if line.strip() == start.strip():  # a word longer than a line
                room = limit - width_of(line)
                head = clip(word, room, "") or word[0]
                lines.append(line + head)
                word = word[len(head) :]  # noqa: PLW2901 - its rest goes on
                line = start = rest
                continue
            # What may not begin a line takes the character before it along.
            along = line[-1] if word in _NEVER_FIRST and not line[-1].isspace() else ""
            lines.append(line[: len(line) - len(along)].rstrip())
            line, start = rest + along, rest
        if word and not (word.isspace() and line == start):
            line += " " if word.isspace() else word
    return [*lines, line.rstrip()]


def safe(text: str) -> str:
    """The text on one line, its control and direction characters as escapes (T3)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(char: str) -> str:
    stray = "\udc80" <= char <= "\udcff"  # a byte that was no UTF-8
    return f"\\x{ord(char) - 0xDC00:02x}" if stray else ascii(char)[1:-1]


def snippet(data: bytes, whole: int, width: int) -> str:
    r"""Bytes as a short quoted text of at most `width` columns; '' if less than two fit.

    UTF-8 is shown as text, a character cut at either end as `\xNN`; anything else as
    escapes. `whole` is the length of all bytes: when it is more, `…` follows.
    """
    if width < 5:
        return ""
    if not data:
        return "''" if not whole else ""
    # Four columns for quotes and the mark; every byte takes at least half a column.
    text = safe(_decoded(data[: width * 2]).replace("\\", "\\\\"))
    if width_of(text) + 2 <= width and len(data) <= width * 2 and whole <= len(data):
        return f"'{text}'"
    return "'" + _clip_escaped(text, width - 3) + "'…"


def _decoded(data: bytes) -> str:
    text = data.decode("utf-8", "surrogateescape")
    strays = sum("\udc80" <= char <= "\udcff" for char in text)
    # A cut character at each end leaves up to three bytes; more of them are no text.
    if strays > 6:
        text = data.decode("ascii", "surrogateescape")
    return text


def _clip_escaped(text: str, width: int) -> str:
    clipped = clip(text, width, "")
    # Do not end inside an escape: "\x0" would say something else.
    return re.sub(r"\\(x[0-9a-f]?|u[0-9a-f]{0,3}|)$", "", clipped)


def bytes_text(count: int) -> str:
    """A length in bytes, `7 B`, exact below 10 KiB, then with its binary unit."""
    if count < 10 * 1024:
        return f"{count} B"
    value = float(count)
    for unit in _UNITS:
        value /= 1024
        if value < 1024 or unit == _UNITS[-1]:
            return f"{value:.1f} {unit}"
    raise AssertionError  # unreachable: the last unit returns


def milliseconds(ns: int) -> str:
    """Nanoseconds as milliseconds for a column: three decimals, fewer for long times."""
    value = ns / 1e6
    size = abs(value)
    return f"{value:.{3 if size < 100 else 2 if size < 1000 else 1 if size < 1e6 else 0}f}"


def duration(ns: int) -> str:
    """Nanoseconds as people say it: `0.4 ms`, `12 ms`, `3.0 s`, `2 min 5 s`."""
    if ns < 10_000_000:
        return f"{ns / 1e6:.1f} ms"
    if ns < 1_000_000_000:
        return f"{ns / 1e6:.0f} ms"
    if ns < 60_000_000_000:
        return f"{ns / 1e9:.1f} s"
    minutes, seconds = divmod(round(ns / 1e9), 60)
    return f"{minutes} min {seconds} s"


def count_text(number: int) -> str:
    """A number with its thousands apart: `1,204`."""
    return f"{number:,}"
