"""How `plainwire path` puts lines on a terminal: a rail of stations, wrapped by width.

Knows widths, colours and wide characters, nothing of networks. `rich` measures Chinese
characters as two columns and leaves colours out for files and NO_COLOR. Output is at most
`MAX_WIDTH` columns: longer lines are hard to follow with the eye.
"""

from __future__ import annotations

import sys
from io import TextIOWrapper

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

MAX_WIDTH = 120
RAIL = "│ "
STYLES = {
    "title": "bold cyan",
    "layer": "dim",
    "fact": "bold",
    "why": "",
    "dim": "dim",
    "good": "green",
    "look": "yellow",
    "bad": "red",
    "network": "bold green",
    "host": "dim",
    "Ethernet": "magenta",
    "ARP": "yellow",
    "IPv4": "cyan",
    "IPv6": "cyan",
    "ICMPv6": "yellow",
    "TCP": "green",
    "UDP": "green",
    "data": "white",
}


def pad(text: str, columns: int) -> str:
    """Fill a text with spaces up to a number of columns; Chinese counts two each."""
    return text + " " * max(0, columns - cell_len(text))


class Page:
    """Writes stations and their lines to stdout, as wide as the terminal allows."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, TextIOWrapper):
            # A terminal that has no line-drawing characters shows "?" instead of failing.
            sys.stdout.reconfigure(errors="replace")
        self._console = Console(highlight=False, soft_wrap=True, emoji=False)
        self.width = max(40, min(self._console.width, MAX_WIDTH))
        self._rail = RAIL

    def title(self, text: str, note: str = "") -> None:
        """Write the first line of the page and an empty one."""
        self._console.print(Text(text, STYLES["fact"]), Text(note, STYLES["dim"]), sep="  ")
        self._console.print()

    def station(self, name: str, headline: str, layer: str, tone: str = "plain") -> None:
        """Begin a station: `● name  headline            layer`."""
        mark = {"look": STYLES["look"], "stop": STYLES["bad"]}.get(tone, STYLES["title"])
        left = Text.assemble(("● ", mark), (pad(name, 10), STYLES["title"]))
        left.append(" " + headline, STYLES["fact"])
        gap = self.width - left.cell_len - cell_len(layer)
        if gap >= 2:
            left.append(" " * gap + layer, STYLES["layer"])
            self._console.print(left)
        else:
            self._console.print(left)
            self.line((layer, "layer"))

    def end(self) -> None:
        """Leave the rail: later lines stand without it."""
        self._rail = ""

    def blank(self) -> None:
        """Write an empty line of the rail."""
        self._console.print(Text(self._rail.rstrip(), STYLES["dim"]))

    def line(self, *parts: tuple[str, str], indent: int = 0, hang: int = 0) -> None:
        """Write styled parts, wrapped; later lines are indented by `hang` more columns."""
        text = Text.assemble(*((words, STYLES[style]) for words, style in parts))
        room = self.width - cell_len(self._rail) - indent
        first, *rest = text.wrap(self._console, room) or [Text()]
        if rest:
            # Wrap what is left again: the hanging lines have less room.
            cut = len(first.plain)
            left = text[cut:]
            while left.plain[:1] == " ":
                left = left[1:]
            rest = list(left.wrap(self._console, room - hang))
        for at, part in enumerate((first, *rest)):
            part.rstrip()
            lead = " " * (indent + (hang if at else 0))
            self._console.print(Text.assemble((self._rail, STYLES["dim"]), lead, part))

    def beside(
        self, left: list[tuple[str, str]], right: tuple[str, str], indent: int, column: int
    ) -> None:
        """Write `right` at a column after `left` when both fit, else on the next line."""
        used = sum(cell_len(words) for words, _ in left)
        room = self.width - cell_len(self._rail) - indent
        start = max(used + 2, column)
        if start + cell_len(right[0]) <= room:
            self.line(*left, (" " * (start - used), "why"), right, indent=indent)
        else:
            self.line(*left, indent=indent, hang=4)
            self.line(right, indent=indent + 4)
