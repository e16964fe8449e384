"""What a row of a ladder says: bytes, payload, whose bytes, errors, waits. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from plainwire.i18n import gettext as _
from plainwire.see.report import names, text
from plainwire.see.report.rows import CLIENT, SERVER, Held, Row
from plainwire.see.report.style import Glyphs

SHOWN_HELD = 3


@dataclass(frozen=True, slots=True)
class Labels:
    """Makes labels; the sends in `numbered` show their numbers, for receives that name them."""

    glyphs: Glyphs
    payload: bool
    numbered: frozenset[tuple[str, int]]  # side and number

    def __call__(self, row: Row, room: int) -> str:
        """What a row did, in at most `room` columns."""
        return text.clip(self._said(row, room), room)

    def _said(self, row: Row, room: int) -> str:
        if row.kind in ("send", "lost"):
            size = text.bytes_text(row.count)
            named = (row.side, row.number) in self.numbered
            return self._payload(f"#{row.number} {size}" if named else size, row, room)
        if row.kind == "receive":
            return self._receive(row, room)
        if row.kind == "peek":
            return _("looks at {size}").format(size=text.bytes_text(row.count))
        if row.kind == "eof":
            return _("EOF (b'')")
        if row.kind in ("close", "end"):
            return _close(row)
        if row.kind == "error":
            return self._error(row, room)
        if row.kind == "wait":
            return self._wait(row)
        return row.kind  # connect, accept, shutdown: named by their calls

    def _receive(self, row: Row, room: int) -> str:
        size = text.bytes_text(row.count)
        if row.held and not row.exact:
            return f"{size} = {held_text(row)}"
        return self._payload(size, row, room)

    def _payload(self, said: str, row: Row, room: int) -> str:
        if not self.payload:
            return said
        if row.messages:
            return f"{said} {_messages(row)}"
        if row.call.payload is None:
            return said
        shown = text.snippet(row.call.payload, row.call.whole, room - text.width_of(said) - 1)
        return f"{said} {shown}" if shown else said

    def _error(self, row: Row, room: int) -> str:
        failed = row.call.failure
        if failed is None:
            return self.glyphs.cross
        full = f"{self.glyphs.cross} {names.failure(failed)}"
        if text.width_of(full) <= room:
            return full
        return f"{self.glyphs.cross} {names.failure_code(failed)}"

    def _wait(self, row: Row) -> str:
        time = text.duration(row.ns)
        if row.call.op in names.SENDING:
            said = _("sending for {time}").format(time=time)
        else:
            said = _("waiting for {time}").format(time=time)
        return f"{self.glyphs.wait} {said}"


def _messages(row: Row) -> str:
    """The messages in a row as their codec shows them; `...` for one that is not all there."""
    named = ", ".join(
        text.safe(m.label) if m.whole else f"{text.safe(m.label)}..." for m in row.messages
    )
    if len(row.messages) == 1:
        return named
    return _("{count} messages: {named}").format(count=len(row.messages), named=named)


def _close(row: Row) -> str:
    call = row.call
    said = {
        "dropped": _("closed by garbage collection"),
        "detach": "detach",
    }.get(call.op, "close")
    if row.deferred:
        said = _("really closed")
    elif call.op == "close" and call.asked == 1:
        said = _("close, but a file holds it")
    if row.unread:
        said += ", " + _("{size} unread").format(size=text.bytes_text(row.unread))
    return said


def referred(rows: list[Row]) -> frozenset[tuple[str, int]]:
    """The sends that some receive must name, because it did not get exactly one of them."""
    return frozenset(
        (SERVER if row.side == CLIENT else CLIENT, held.number)
        for row in rows
        if row.kind == "receive" and not row.exact
        for held in row.held
    )


def _part(held: Held) -> str:
    """Which of a send's bytes, as a slice: '' for all of them, `[:3]`, `[3:]`, `[3:6]`."""
    if held.whole:
        return ""
    return f"[{held.start or ''}:{held.end if held.end != held.size else ''}]"


def held_text(row: Row) -> str:
    """Whose bytes a receive holds: `#1+#2[0:4]`; many in a row as `#1..#9`."""
    parts = [f"#{held.number}{_part(held)}" for held in row.held]
    if len(parts) <= SHOWN_HELD:
        return "+".join(parts)
    return f"{parts[0]}..{parts[-1]}"
