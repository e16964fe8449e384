"""What was not seen, said plainly: the limits of a report are part of it. Pure."""

from __future__ import annotations

from plainwire.i18n import gettext as _
from plainwire.see.ledger.model import Ledger
from plainwire.see.report import text


def unseen(ledger: Ledger) -> list[str]:
    """One sentence for each thing that was not observed; the evidence level is the first."""
    said = [level(ledger)]
    watched = {process.program.index for process in ledger.processes if process.program}
    said += [
        _("{name} (pid {pid}) was not observed: no Python in it loaded the probe").format(
            name=text.safe(program.name), pid=program.pid
        )
        for program in ledger.programs
        if program.index not in watched and program.pid is not None
    ]
    said += [
        _("in {name}: {what} is not followed: {why}").format(
            name=text.safe(process.name), what=text.safe(what), why=text.safe(why)
        )
        for process in ledger.processes
        for what, why in process.unseen
    ]
    half = sum(1 for f in ledger.flows if f.kind in ("tcp", "unix") and len(f.ends) == 1)
    if half:
        said.append(
            _("only one end was observed: {count} of {all} flows").format(
                count=half, all=len(ledger.flows)
            )
        )
    lost = sum(1 for f in ledger.flows if f.there.base or f.back.base)
    if lost:
        said.append(_("the beginning of {count} flows was no longer kept").format(count=lost))
    said += [_("fault: {text}").format(text=text.safe(fault)) for fault in ledger.faults]
    return list(dict.fromkeys(said))


def level(ledger: Ledger) -> str:
    """The evidence that the report rests on."""
    kernel = bool(ledger.samples) or any(e.info for e in ledger.endpoints)
    if kernel:
        return _("evidence: calls and kernel state only, no packets")
    return _("evidence: calls only, no kernel state, no packets")
