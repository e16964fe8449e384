"""Colours and line-drawing characters. Pure: the caller says what the terminal can do.

Colour never says anything alone: every coloured word is the same word without.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Select Graphic Rendition numbers (ECMA-48), the eight that every theme makes readable.
_CODES = {
    "bold": "1",
    "dim": "2",
    "bad": "1;31",
    "warn": "1;33",
    "good": "32",
    "client": "36",
    "server": "35",
    "place": "34",
}


def wants_colour(is_terminal: bool, environ: Mapping[str, str]) -> bool:
    """Should a stream get colours? `NO_COLOR` (no-color.org) forbids, `FORCE_COLOR` asks."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return is_terminal and environ.get("TERM") != "dumb"


@dataclass(frozen=True, slots=True)
class Style:
    """Paints words, or leaves them alone when `colour` is false."""

    colour: bool = False
    unicode: bool = True  # may line-drawing characters be used?

    def paint(self, text: str, name: str) -> str:
        """The text in a named colour."""
        if not self.colour or not text:
            return text
        return f"\x1b[{_CODES[name]}m{text}\x1b[0m"

    @property
    def glyphs(self) -> Glyphs:
        """The characters to draw with."""
        return UNICODE if self.unicode else ASCII


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What lines, arrows and marks are drawn with; each is one column wide."""

    line: str
    faint: str
    right: str
    left: str
    lane: str
    out_right: str  # a lifeline with something leaving to its right
    out_left: str
    cross: str
    wait: str
    bar: str
    more: str
    idle: str


UNICODE = Glyphs("─", "╌", "►", "◄", "│", "├", "┤", "✗", "…", "│", "…", "┆")
ASCII = Glyphs("-", " ", ">", "<", "|", "|", "|", "x", "~", "|", "~", ":")
