"""A recording's ledger and findings as the page's data: one object, asked piece by piece. Pure."""

from __future__ import annotations

from functools import cached_property

import msgspec

from plainwire import i18n
from plainwire.see.diagnosis.model import Finding
from plainwire.see.ledger import holders
from plainwire.see.ledger.holders import Holding
from plainwire.see.ledger.model import Ledger
from plainwire.see.ledger.wire import RawPacket
from plainwire.web import detail, opened, overview, schema, words
from plainwire.web.index import Index


class PageData:
    """Makes the page and the details of its flows from one ledger.

    Args:
        ledger: what happened.
        findings: what is wrong, in the order to be shown.
        payload: put payload in; the page still hides it until it is asked for.
        live: the run still goes on.
    """

    def __init__(
        self, ledger: Ledger, findings: list[Finding], *, payload: bool, live: bool = False
    ) -> None:
        self.ledger = ledger
        self.findings = findings
        self.payload = payload
        self.live = live
        self.index = Index(ledger, findings)

    @cached_property
    def _held(self) -> dict[int, list[Holding]]:
        return holders.holdings(self.ledger)

    def page(self) -> schema.Page:
        """What the page opens with, in the language selected in this process."""
        return overview.page(
            self.ledger,
            self.findings,
            self.index,
            language=i18n.language(),
            live=self.live,
            payload=self.payload,
            chinese=words.chinese(),
        )

    @cached_property
    def _packets(self) -> dict[int, RawPacket]:
        return {packet.number: packet for packet in self.ledger.packets}

    def packet(self, number: int) -> schema.Opened | None:
        """A packet opened layer by layer; None when there is none of that number."""
        packet = self._packets.get(number)
        if packet is None:
            return None
        capture = self.ledger.capture
        linktype = capture.linktypes.get(packet.interface, 1) if capture is not None else 1
        return opened.opened(packet, linktype, self.ledger.began, payload=self.payload)

    def detail(
        self, flow: int, *, first: int = 0, limit: int = detail.MOST_CALLS
    ) -> schema.Detail | None:
        """The details of a flow; None when there is no flow of that number."""
        if not 0 <= flow < len(self.ledger.flows):
            return None
        return detail.detail(
            self.ledger.flows[flow],
            self.ledger,
            self._held,
            self.index,
            payload=self.payload,
            first=first,
            limit=limit,
        )


def encode(value: msgspec.Struct) -> bytes:
    """JSON of any of the schema's values."""
    return msgspec.json.encode(value)
