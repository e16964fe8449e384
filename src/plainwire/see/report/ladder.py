"""One flow as a ladder: code, lifeline, wire, lifeline, code. Pure.

           ms  client.py               │                 │ server.py
        0.000  9 sk.send(b"hi")        ├─ 2 B 'hi' ──►   │
        0.210                          │   ──── 2 B ────►┤ 14 conn.recv(1024)

L1  No line is wider than asked (below 60 columns one event takes a line of its own
    without lanes).
L2  An arrow begins at the lifeline of the send and ends at that of the read; the two
    are rows of their own, because between them the bytes lie in a queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from plainwire.i18n import gettext as _
from plainwire.see.ledger.model import Call, Flow, Ledger
from plainwire.see.report import crossings, names, packets, text
from plainwire.see.report.fold import Folded, Idle, Item, fold, with_idle
from plainwire.see.report.labels import Labels, referred
from plainwire.see.report.rows import CLIENT, LANDS, LEAVES, SERVER, Row, rows_of
from plainwire.see.report.style import Style

TIME_COLUMNS = 9
NARROW = 60
GAP = 2  # columns between an arrow and the other lifeline
WITH_STATE = 110
STATE_COLUMNS = 12
BARE, BARE_WIDE = 15, 22  # columns of a side where no code stands: a state or an address


@dataclass(frozen=True, slots=True)
class Look:
    """How a ladder is drawn."""

    width: int
    style: Style
    payload: bool = True
    bare: bool = False  # a capture without calls: at the sides stand states only

    @property
    def state(self) -> int:
        """Columns for the state; 0: none."""
        return STATE_COLUMNS if self.width >= WITH_STATE and not self.bare else 0

    @property
    def wire(self) -> int:
        """Columns from lifeline to lifeline, both included."""
        if self.bare:
            side = BARE_WIDE if self.width >= 100 else BARE
            return min(64, max(26, self.width - TIME_COLUMNS - 2 - 2 * side))
        rest = self.width - TIME_COLUMNS - 2 - self.state
        return min(44, max(26, rest * 36 // 100))

    @property
    def lanes(self) -> tuple[int, int]:
        """Columns for the code at the left and at the right."""
        rest = self.width - TIME_COLUMNS - 2 - self.state - self.wire
        return rest // 2, rest - rest // 2


def ladder(ledger: Ledger, flow: Flow, look: Look, *, folded: bool = True) -> Iterator[str]:
    """The lines of one flow's ladder, its head first; unfolded ones are made as they go."""
    rows = rows_of(ledger, flow)
    look = replace(look, bare=flow.addresses is not None)
    yield from head(flow, look)
    items: Iterable[Item] = with_idle(flow, fold(rows) if folded else list(rows))
    drawer = _Drawer(ledger, flow, look, rows)
    if look.width >= NARROW:
        yield drawer.names()
    for item in packets.among(flow, items, everything=not folded):
        yield drawer.line(item).rstrip()
    for level, said in packets.summary(flow):
        indent = "  " * (level + 1)
        for line in text.wrap(said, look.width, first=indent, rest=indent + "  "):
            yield look.style.paint(line, "dim")


def head(flow: Flow, look: Look) -> list[str]:
    """The flow's number, protocol, addresses, and what became of it."""
    here, there = (names.address(a) for a in names.ends_of(flow))
    kind = names.KINDS.get(flow.kind, flow.kind)
    arrow = look.style.glyphs.line * 2 + look.style.glyphs.right
    if flow.kind.startswith("unix"):
        path = there if there != "?" else here
        between = path if path != "?" else _("socketpair")
    else:
        between = f"{here} {arrow} {there}"
    title = _("flow {number}").format(number=flow.number)
    whole = f"{title}  {kind}  {between}  {totals(flow)}"
    lines = [text.clip(whole, look.width)]
    if look.bare and text.width_of(whole) > look.width:
        # Without calls the addresses and the counts are the flow's only description.
        lines = [text.clip(f"{title}  {kind}  {between}", look.width)]
        lines.append("  " + text.clip(totals(flow), look.width - 2))
    return [look.style.paint(title, "bold") + lines[0][len(title) :], *lines[1:]]


def totals(flow: Flow) -> str:
    """Bytes each way and how it ended, in a few words."""
    if flow.carried:
        return crossings.totals(flow)
    if flow.datagrams:
        lost = sum(1 for d in flow.datagrams if d.received is None)
        count = len(flow.datagrams)
        many = _("{count} datagrams").format(count=text.count_text(count))
        said = many if count != 1 else _("1 datagram")
        return said + (", " + _("{count} not received").format(count=lost) if lost else "")
    sent = [flow.there.written or flow.there.read, flow.back.written or flow.back.read]
    if not flow.ends and flow.wire is not None:
        sent = [packets.carried(flow.wire, end) for end in (0, 1)]
    there, back = text.bytes_text(sent[0]), text.bytes_text(sent[1])
    over = flow.closed is not None or packets.over(flow)
    state = _("closed") if over else _("still open")
    if _in_vain(flow):
        state = _("never established")
    return _("{there} there, {back} back, {state}").format(there=there, back=back, state=state)


def _in_vain(flow: Flow) -> bool:
    """Was it an attempt to connect that came to nothing? A capture has those as flows."""
    reached = {"ESTABLISHED", "SYN_RCVD"}
    return flow.addresses is not None and not any(c.after in reached for c in flow.states)


class _Drawer:
    def __init__(self, ledger: Ledger, flow: Flow, look: Look, rows: list[Row]) -> None:
        self.ledger, self.flow, self.look = ledger, flow, look
        self.style, self.glyphs = look.style, look.style.glyphs
        self.label = Labels(self.glyphs, look.payload, referred(rows))
        self.users = {
            side: names.user_of(end).key if end is not None and end.process else ""
            for end, side in ((flow.client, CLIENT), (flow.server, SERVER))
        }
        self.single = {side: self._one_file(rows, side) for side in (CLIENT, SERVER)}

    def _one_file(self, rows: list[Row], side: str) -> bool:
        """Is the lane's file named by its head, so that rows need only the line?"""
        frames = [names.frame_of(row.call) for row in rows if row.side == side]
        shorts = {names.short(f) for f in frames if f is not None}
        room = self.look.lanes[0 if side == CLIENT else 1]
        fits = max(map(text.width_of, shorts), default=0) + 18 <= room
        return len({s.rpartition(":")[0] for s in shorts}) == 1 and not fits

    # -- heads -------------------------------------------------------------------

    def names(self) -> str:
        left, right = self.look.lanes
        here, there = names.end_name(self.flow.client), names.end_name(self.flow.server)
        if self.look.bare:
            here, there = self._bare_names(left, right)
        client = text.pad(here, left, right=self.look.bare)
        server = text.clip(there, right)
        wire = self.glyphs.lane + " " * (self.look.wire - 2) + self.glyphs.lane
        unit = text.pad("ms", TIME_COLUMNS - 2, right=True) + "  "
        return (
            self.style.paint(unit, "dim")
            + self.style.paint(client, "client")
            + f" {wire} "
            + self.style.paint(server, "server")
        )

    def _bare_names(self, left: int, right: int) -> tuple[str, str]:
        """Both addresses where they fit, else what they are; the flow's head has them."""
        here, there = (names.address(a) for a in names.ends_of(self.flow))
        if text.width_of(here) <= left and text.width_of(there) <= right:
            return here, there
        return _("client"), _("server")

    # -- rows --------------------------------------------------------------------

    def line(self, item: packets.Line) -> str:
        if isinstance(item, packets.Arrow):
            return self._arrow(item)
        if isinstance(item, packets.More):
            many = (
                _("... {count} more datagrams")
                if item.datagrams
                else _("... {count} more segments")
            )
            said = many.format(count=text.count_text(item.segments))
            return self._between(f"{said} ({text.bytes_text(item.size)})")
        if isinstance(item, Folded):
            return self._between(self._folded(item))
        if isinstance(item, Idle):
            return self._between(self._idle(item))
        if self.look.width < NARROW:
            return self._narrow(item)
        left, right = self.look.lanes
        at_left = item.side == CLIENT
        code = self._code(item.call, item.side)
        blank = " " * left
        client = self.style.paint(text.pad(code, left), "client") if at_left else blank
        server = "" if at_left else text.clip(code, right)
        state = ""
        if self.look.state and item.state:
            state = " " * (right - text.width_of(server) + 1) + _state(item.state)
        after = self.style.paint(server, "server") + self.style.paint(state, "dim")
        return f"{self._time(item.t)}{client} {self._wire(item)} {after}"

    def _arrow(self, item: packets.Arrow) -> str:
        time = self._time(item.t)
        if self.look.width < NARROW:
            to_right = item.end == 0
            arrow = self.glyphs.right if to_right else self.glyphs.left
            room = self.look.width - TIME_COLUMNS - 2
            return f"{time}{arrow} {text.clip(item.said(room), room)}"
        return time + packets.drawn(item, self.look.wire, self.look.lanes, self.style)

    def _time(self, t: int) -> str:
        shown = text.milliseconds(t - self.flow.opened)
        return self.style.paint(text.pad(shown, TIME_COLUMNS - 2, right=True) + "  ", "dim")

    def _code(self, call: Call, side: str) -> str:
        frame = names.frame_of(call)
        code = names.code_of(self.ledger, call)
        where = ""
        if frame is not None:
            where = (str(frame.line) if self.single[side] else names.short(frame)) + " "
        other = call.process.key != self.users[side]
        return where + code + (f" [{call.process.pid}]" if other else "")

    def _wire(self, row: Row) -> str:
        inside = self.look.wire - 2
        lane = self.glyphs.lane
        to_right = (row.side == CLIENT) == (row.kind not in LANDS)
        if row.kind in LEAVES or row.kind == "lost":
            drawn = self._leaving(row, inside - GAP, to_right)
            if to_right:
                return self.glyphs.out_right + drawn + " " * GAP + lane
            return lane + " " * GAP + drawn + self.glyphs.out_left
        if row.kind in LANDS:
            drawn = self._landing(row, inside - GAP, to_right)
            return lane + " " * GAP + drawn + lane if to_right else lane + drawn + " " * GAP + lane
        label = self.label(row, inside - 2)
        colour = {"error": "bad", "wait": "warn"}.get(row.kind, "")
        said = self.style.paint(label, colour) if colour else label
        blanks = " " * (inside - 1 - text.width_of(label))
        return lane + (" " + said + blanks if row.side == CLIENT else blanks + said + " ") + lane

    def _leaving(self, row: Row, width: int, to_right: bool) -> str:
        """An arrow that begins at the row's lifeline; its label stands where it begins."""
        line = self.glyphs.line
        label = self.label(row, width - 4)
        rest = line * max(0, width - text.width_of(label) - 4)
        point = self.glyphs.right if to_right else self.glyphs.left
        if row.kind == "lost":
            point = self.glyphs.cross
        return f"{line} {label} {rest}{point}" if to_right else f"{point}{rest} {label} {line}"

    def _landing(self, row: Row, width: int, to_right: bool) -> str:
        """An arrow that ends at the row's lifeline; its label stands where it ends."""
        label = self.label(row, width - 2)
        rest = max(0, width - text.width_of(label) - 2)
        line = " " * (rest == 1) + self.glyphs.line * (rest - 1)
        tail = (line + " ") if rest > 1 else " " * rest
        said = f"{label} "
        if to_right:
            return tail + said + self.glyphs.right
        return self.glyphs.left + said[-1] + said[:-1] + tail[::-1]

    def _narrow(self, row: Row) -> str:
        to_right = (row.side == CLIENT) == (row.kind not in LANDS)
        arrow = self.glyphs.right if to_right else self.glyphs.left
        code = self._code(row.call, row.side)
        who = _("client") if row.side == CLIENT else _("server")
        room = self.look.width - TIME_COLUMNS
        first = text.clip(f"{who} {code}", room)
        label = self.label(row, room - 6)
        lead = " " * TIME_COLUMNS + "  "
        arrow = arrow if row.kind in LEAVES | LANDS | {"lost"} else " "
        return f"{self._time(row.t)}{first}\n{lead}{arrow} {label}"

    def _between(self, words: str) -> str:
        """A line about time or rows that are not shown."""
        room = self.look.width - TIME_COLUMNS
        said = text.clip(f"{self.glyphs.idle} {words}", room)
        return self.style.paint(" " * TIME_COLUMNS + said, "dim")

    def _folded(self, item: Folded) -> str:
        rows = text.count_text(item.times if item.times > 1 else item.rows)
        if item.times > 1:
            said = _("... {count} more like this").format(count=rows)
        else:
            said = _("... {count} more rows").format(count=rows)
        extra = [text.duration(item.end - item.start)]
        if item.count:
            extra.insert(0, text.bytes_text(item.count))
        return f"{said} ({', '.join(extra)})"

    def _idle(self, item: Idle) -> str:
        time = text.duration(item.ns)
        if item.waiting == {CLIENT, SERVER}:
            return _("{time}, both waiting").format(time=time)
        if item.waiting:
            side = next(iter(item.waiting))
            end = self.flow.client if side == CLIENT else self.flow.server
            return _("{time}, {who} waiting").format(time=time, who=names.end_name(end))
        return _("{time}, nothing on this flow").format(time=time)


def _state(name: str) -> str:
    return {
        "open": _("open"),
        "half-closed": _("half-closed"),
        "closed": _("closed"),
    }[name]
