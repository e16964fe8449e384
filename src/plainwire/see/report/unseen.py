"""What was not seen, said plainly: the limits of a report are part of it. Pure."""

from __future__ import annotations

from collections import Counter

from plainwire.i18n import N_
from plainwire.i18n import gettext as _
from plainwire.see.capture.linktypes import ETHERNET, KNOWN
from plainwire.see.ledger.model import Ledger
from plainwire.see.ledger.wire import RST, SYN, Capture, Kind, Wire
from plainwire.see.report import text

# Reasons that the probe and the capture write down, in English as all that is recorded.
REASONS = (
    N_("does its I/O in C"),
    N_("has a socket class of its own"),
    N_("its loader cannot be wrapped"),
    N_("the disk was full"),
    N_("captured on Linux only"),
    N_("this process lacks CAP_NET_RAW (run as root, or in a private network)"),
    N_("it holds CAP_NET_RAW, so a seccomp filter forbids it"),
    N_("it holds CAP_NET_RAW, so a security module (AppArmor, SELinux) forbids it"),
    N_("the kernel lacks CONFIG_PACKET or a seccomp filter hides it"),
)


def because(recorded: str) -> str:
    """A reason that was recorded, clause by clause in the language of the report."""
    return "; ".join(_(part) if part in REASONS else part for part in recorded.split("; "))


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
            name=text.safe(process.name), what=text.safe(what), why=because(text.safe(why))
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
    said += [*_undecoded(ledger), *_of_capture(ledger)]
    said += [_("fault: {text}").format(text=text.safe(fault)) for fault in ledger.faults]
    return list(dict.fromkeys(said))


def _undecoded(ledger: Ledger) -> list[str]:
    linktypes = ledger.capture.linktypes if ledger.capture is not None else {}
    if set(linktypes.values()) <= KNOWN:
        return []
    found = Counter(linktypes.get(p.interface, ETHERNET) for p in ledger.packets)
    return [
        _("{count} packets have link type {number}, which is not read here").format(
            count=text.count_text(count), number=number
        )
        for number, count in sorted(found.items())
        if number not in KNOWN
    ]


def _of_capture(ledger: Ledger) -> list[str]:
    """What a capture without calls does not hold, or holds twice."""
    if ledger.capture is None or not ledger.capture.foreign:
        return []
    said = []
    if ledger.capture.copies:
        said.append(
            _("{count} packets were captured twice; each is shown once").format(
                count=text.count_text(len(ledger.capture.copies))
            )
        )
    wires = ledger.wires
    began = sum(1 for wire in wires if not wire.opener_known)
    if began:
        said.append(
            _("{count} connections had begun before the capture").format(
                count=text.count_text(began)
            )
        )
    one = sum(1 for wire in wires if _one_sided(wire))
    if one:
        said.append(
            _("of {count} connections only one direction was captured").format(
                count=text.count_text(one)
            )
        )
    holes = sum(1 for wire in wires if any(o.kind is Kind.GAP for o in wire.observations))
    if holes:
        said.append(
            _(
                "{count} connections have holes: packets were lost before the capture, or by it"
            ).format(count=text.count_text(holes))
        )
    return said


def _one_sided(wire: Wire) -> bool:
    """Did one end say more than SYN, and the other nothing?"""
    ends = {segment.end for segment in wire.segments}
    return len(ends) == 1 and any(not s.flags & (SYN | RST) for s in wire.segments)


def level(ledger: Ledger) -> str:
    """The evidence that the report rests on, and how to get packets where there are none."""
    kernel = bool(ledger.samples) or any(e.info for e in ledger.endpoints)
    capture = ledger.capture
    if capture is not None and capture.foreign:
        return _("evidence: packets only, no calls")
    if capture is not None and capture.interfaces:
        taken = _packets(capture)
        if kernel:
            return _("evidence: calls, kernel state and packets ({taken})").format(taken=taken)
        return _("evidence: calls and packets ({taken})").format(taken=taken)
    if kernel:
        said = _("evidence: calls and kernel state only, no packets")
    else:
        said = _("evidence: calls only, no kernel state, no packets")
    if capture is None or capture.reason == "not asked for":
        return said
    how = _("`plainwire run --private-net` takes them without root")
    return f"{said}: {because(text.safe(capture.reason.removeprefix('packets: ')))}; {how}"


def _packets(capture: Capture) -> str:
    where = ", ".join(capture.interfaces)
    if capture.private:
        where = _("private network")
    lost = capture.dropped + capture.unwritten
    if capture.reason:
        return f"{where}, {text.safe(capture.reason)}"
    if lost:
        return _("{where}; {count} packets lost").format(where=where, count=text.count_text(lost))
    return _("{where}; none lost").format(where=where)
