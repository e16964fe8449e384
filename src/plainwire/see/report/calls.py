"""Tables of calls, and one flow unfolded: `show --calls`, `show --flow N`. Pure.

Both are made line by line, so that a long recording is shown without being held as
text.

C1  Every call of the ledger is one line, in the order in which they were entered.
C2  Columns keep their width for the whole table; a value too long is clipped, and only
    the last column, the result, may be cut by the terminal's width.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from plainwire.i18n import gettext as _
from plainwire.see import records
from plainwire.see.ledger.model import Call, Ledger
from plainwire.see.report import names, text
from plainwire.see.report.ladder import Look, ladder
from plainwire.see.report.style import Style

_TIME, _OP, _BYTES, _BLOCKED = 11, 12, 9, 9
_LEAST_RESULT = 16


class UnknownFlowError(Exception):
    """There is no flow of that number; the text says how many there are."""


def call_lines(
    ledger: Ledger,
    *,
    width: int = 100,
    colour: bool = False,
    calls: Iterable[Call] | None = None,
) -> Iterator[str]:
    """The table of calls, its head first; lines without line ends.

    Args:
        ledger: what happened.
        width: columns at most; below 80 the thread and the blocked time are left out.
        colour: may SGR sequences be used?
        calls: these calls only, in their order; by default all.
    """
    style = Style(colour)
    chosen = ledger.calls if calls is None else calls
    table = _Table(ledger, width)
    head = (_("time"), _("program"), _("thread"), _("line"), _("call"), _("bytes"), _("blocked"))
    yield style.paint(table.row((*head, _("result"))), "bold")
    for call in chosen:
        line = table.row(table.cells(call))
        yield style.paint(line, "bad") if call.failure is not None else line


def flow_lines(
    ledger: Ledger, number: int, *, width: int = 100, colour: bool = False, payload: bool = True
) -> Iterator[str]:
    """The whole ladder of one flow, nothing folded; lines without line ends.

    Raises:
        UnknownFlowError: the recording has no flow of that number.
    """
    for flow in ledger.flows:
        if flow.number == number:
            look = Look(max(width, 20), Style(colour), payload)
            return ladder(ledger, flow, look, folded=False)
    raise UnknownFlowError(
        _("there is no flow {number}; the recording has {count}").format(
            number=number, count=len(ledger.flows)
        )
    )


class _Table:
    def __init__(self, ledger: Ledger, width: int) -> None:
        self.ledger = ledger
        self.width = width
        self.full = width >= 80
        programs = max((text.width_of(p.name) for p in ledger.processes), default=0)
        lines = {names.short(f) for c in ledger.calls if (f := c.site.frame) is not None}
        threads = {name for p in ledger.processes for _tid, name in p.threads.values()}
        fixed = _TIME + _OP + _BYTES + (_BLOCKED if self.full else 0) + 6 + _LEAST_RESULT
        room = max(24, width - fixed)
        self.program = min(max(programs, 7), room // 2)
        self.line = min(max(map(text.width_of, lines), default=4), room - self.program)
        self.thread = 0
        if self.full and len(threads) > 1:
            self.thread = min(max(map(text.width_of, threads)), 14)

    def row(self, cells: tuple[str, ...]) -> str:
        time, program, thread, line, op, size, blocked, result = cells
        parts = [text.pad(time, _TIME, right=True), text.pad(program, self.program)]
        if self.thread:
            parts.append(text.pad(thread, self.thread))
        parts += [text.pad(line, self.line), text.pad(op, _OP), text.pad(size, _BYTES, right=True)]
        if self.full:
            parts.append(text.pad(blocked, _BLOCKED, right=True))
        return text.clip(" ".join([*parts, result]), self.width).rstrip()

    def cells(self, call: Call) -> tuple[str, ...]:
        frame = names.frame_of(call)
        thread = call.process.threads.get(call.thread)
        task = call.process.tasks.get(call.task) if call.task else None
        moves = call.op in names.SPEAKING
        blocked = text.duration(call.blocked_ns) if call.t1 is not None else _("waiting")
        return (
            text.milliseconds(call.t0 - self.ledger.began),
            text.safe(call.process.name),
            text.safe(task["name"] if task else thread[1] if thread else ""),
            names.short(frame) if frame is not None else f"({call.site.kind})",
            call.op,
            text.count_text(call.count) if moves and call.t1 is not None else "",
            blocked,
            self.result(call),
        )

    def result(self, call: Call) -> str:
        if call.failure is not None:
            return names.failure(call.failure)
        if call.t1 is None:
            return ""
        if call.op in names.RECEIVING and call.count == 0 and call.asked:
            return "b''"
        if call.payload is not None:
            shown = text.snippet(call.payload, call.whole, 40)
            asked = call.asked
            short = call.op in names.SENDING and call.count < asked != records.UNLIMITED
            return shown + (f" ({call.count}/{asked})" if short else "")
        if call.op == "accept" and call.endpoint is not None:
            return names.address(call.endpoint.local)
        if call.op in ("connect", "connect_ex") and call.endpoint is not None:
            return names.address(call.endpoint.remote)
        return ""
