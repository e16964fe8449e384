"""Datagrams and ICMP errors of a capture without calls, as arrows of a ladder. Pure.

    0.000                 │╌ 4: 41 B ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌►│
    0.310                 │◄╌ 5: ICMP port unreachable: 4 ╌│

An ICMP error's arrow ends at whom it was told. It begins at the other end; where a router
or a firewall sent it, that is named there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plainwire.i18n import gettext as _
from plainwire.see.ledger.model import Flow
from plainwire.see.ledger.wire import Carried, Icmp, Told
from plainwire.see.report import text


@dataclass(frozen=True, slots=True)
class Crossed:
    """A datagram, or an ICMP error that `end` (or someone on its way) sent."""

    what: Carried | Told
    by: str = ""  # who sent an ICMP error, if neither end did

    @property
    def error(self) -> Icmp | None:
        """The ICMP error that it is."""
        return self.what.error if isinstance(self.what, Told) else None

    @property
    def t(self) -> int:
        """When it was captured."""
        return self.what.error.t if isinstance(self.what, Told) else self.what.t

    @property
    def end(self) -> int:
        """The end that sent it, or at whose side it was sent."""
        return 1 - self.what.end if isinstance(self.what, Told) else self.what.end

    @property
    def size(self) -> int:
        """Bytes of payload; none of an ICMP error."""
        return 0 if isinstance(self.what, Told) else self.what.size

    @property
    def matters(self) -> bool:
        """Must it stay when a run is shortened?"""
        return isinstance(self.what, Told)

    def said(self, _room: int) -> str:
        """What stands on its arrow."""
        what = self.what
        if isinstance(what, Carried):
            return f"{what.number}: {text.bytes_text(what.size)}"
        return f"{what.error.number}: {error_text(what)}"

    @property
    def sides(self) -> tuple[str, str]:
        """What stands at the client's and at the server's side."""
        who = _("from {address}").format(address=self.by) if self.by else ""
        return (who, "") if self.end == 0 else ("", who)


def crossed(flow: Flow) -> Iterator[Crossed]:
    """A flow's datagrams, then its ICMP errors, each in order of time."""
    yield from (Crossed(datagram) for datagram in flow.carried)
    for told in flow.told:
        assert flow.addresses is not None
        peer = flow.addresses[1 - told.end]
        theirs = isinstance(peer, tuple) and told.error.source == peer[0]
        yield Crossed(told, "" if theirs else told.error.source)


def error_text(told: Told) -> str:
    """`ICMP port unreachable: 4`, with the number of the packet that it is about."""
    said = "ICMP " + told.error.name
    return f"{said}: {told.about}" if told.about is not None else said


def totals(flow: Flow) -> str:
    """How much went each way, in a few words."""
    sizes = [[c.size for c in flow.carried if c.end == end] for end in (0, 1)]
    there, back = (text.bytes_text(sum(each)) for each in sizes)
    many = len(sizes[0]) != 1
    words = _("{count} datagrams there ({size})") if many else _("{count} datagram there ({size})")
    said = [
        words.format(count=text.count_text(len(sizes[0])), size=there),
        _("{count} back ({size})").format(count=text.count_text(len(sizes[1])), size=back),
    ]
    if flow.told:
        said.append(errors_text(len(flow.told)))
    return _(", ").join(said)


def errors_text(count: int) -> str:
    """`2 ICMP errors`."""
    words = _("{count} ICMP errors") if count > 1 else _("{count} ICMP error")
    return words.format(count=text.count_text(count))
