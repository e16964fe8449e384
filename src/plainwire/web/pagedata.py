"""A recording's ledger and findings as the page's data: one object, asked piece by piece. Pure."""

from __future__ import annotations

from functools import cached_property

import msgspec

from plainwire import i18n
from plainwire.see.diagnosis.model import Finding, Text
from plainwire.see.ledger import holders
from plainwire.see.ledger.holders import Holding
from plainwire.see.ledger.model import Flow, Ledger
from plainwire.see.ledger.wire import RawPacket
from plainwire.web import attempts, detail, opened, overview, schema, words
from plainwire.web.index import Index


class PageData:
    """Makes the page and the details of its flows from one ledger.

    Args:
        ledger: what happened.
        findings: what is wrong, in the order to be shown.
        payload: put payload in; the page still hides it until it is asked for.
        live: the run still goes on.
        reading: it is only the beginning of a recording.
        title: of the page; by default the names of the run's programs.
        trouble: why this is not all of it, and what to do.
        known: of a beginning: what happened in all of it, when that is known; `findings`
            are then those of all of it too, else there are none.
    """

    def __init__(
        self,
        ledger: Ledger,
        findings: list[Finding],
        *,
        payload: bool,
        live: bool = False,
        reading: bool = False,
        title: str = "",
        trouble: schema.Words | None = None,
        known: Text | None = None,
    ) -> None:
        self.ledger = ledger
        self.findings = findings
        self.payload = payload
        self.live = live
        self.reading = reading
        self.title = title
        self.trouble = trouble
        self._known = known
        self._page: schema.Page | None = None
        self._views: dict[int, detail.View] = {}
        self.index = Index(ledger, findings)
        self.attempts, self.attempts_left_out = attempts.attempts(ledger)

    @cached_property
    def _held(self) -> dict[int, list[Holding]]:
        return holders.holdings(self.ledger)

    def page(self) -> schema.Page:
        """What the page opens with, in the language selected in this process; made once."""
        if self._page is None:
            self._page = overview.page(
                overview.Told(
                    self.ledger,
                    self.findings,
                    self.index,
                    self.attempts,
                    self.attempts_left_out,
                    self.payload,
                ),
                title=self.title,
                language=i18n.language(),
                live=self.live,
                reading=self.reading,
                trouble=self.trouble,
                known=self._known,
                chinese=words.chinese(),
            )
        return self._page

    def story(self) -> Text:
        """One sentence on what happened."""
        return overview.story(self.ledger, len(self.attempts) + self.attempts_left_out)

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
        self,
        flow: int,
        *,
        first: int = 0,
        limit: int = detail.MOST_CALLS,
        at: int | None = None,
    ) -> schema.Detail | None:
        """The details of a flow, or a window of them; None when there is no flow of that number.

        Args:
            flow: its number.
            first: the window's first call; negative: the last window.
            limit: the window's calls.
            at: a moment, in nanoseconds of the run, that the window is to hold; before `first`.
        """
        found = self._flow(flow)
        if found is None:
            return None
        view = self._views.get(flow)
        if view is None:
            view = detail.View(found, self.ledger, self._held, self.index, payload=self.payload)
            self._views = {flow: view}  # one flow is looked at at a time
        return view.window(first, limit, at)

    def _flow(self, number: int) -> Flow | None:
        """A flow of the ledger, or an attempt that made none."""
        flows = self.ledger.flows
        if 0 <= number < len(flows):
            return flows[number]
        at = number - attempts.FIRST
        return self.attempts[at].flow if 0 <= at < len(self.attempts) else None


def encode(value: msgspec.Struct) -> bytes:
    """JSON of any of the schema's values."""
    return msgspec.json.encode(value)
