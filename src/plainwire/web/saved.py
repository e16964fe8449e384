"""The page as one file that can be mailed: the same page, its data inside, no network.

Payload stays out unless it is asked for. Details are put in flow by flow, those with
findings first, until MOST_BYTES; the flow list still names the others. Of their packets
the first of each flow are opened, and those in which something was recognised: what a
reader asks about.
"""

from __future__ import annotations

import os
from pathlib import Path

from plainwire import i18n
from plainwire.web import schema, static_files
from plainwire.web.pagedata import PageData, encode

MOST_BYTES = 24 * 1024 * 1024
MOST_CALLS = 20_000  # of one flow, its first ones
OPENED_OF_FLOW = 40
OPENED_OF_FILE = 600  # about 4 kB each


def collect(data: PageData) -> schema.Whole:
    """The page with as many details as fit."""
    page = data.page()
    order = sorted(page.flows, key=lambda row: (not row.findings, row.number))
    details: list[schema.Detail] = []
    packets: list[schema.Opened] = []
    spent = 0
    for row in order:
        detail = data.detail(row.number, limit=MOST_CALLS)
        if detail is None:
            continue
        spent += len(encode(detail))
        if spent > MOST_BYTES and details:
            break
        details.append(detail)
        room = min(OPENED_OF_FLOW, OPENED_OF_FILE - len(packets))
        opened = (data.packet(number) for number in _asked_about(detail)[:room])
        packets += [one for one in opened if one is not None]
    return schema.Whole(page, details, packets, len(order) - len(details))


def _asked_about(detail: schema.Detail) -> list[int]:
    """Numbers of packets: the connection's begin and end, what stands out, then the first ones."""
    segments = detail.segments or []
    told = [s.packet for s in segments if s.cause is not None or s.marks]
    carried = [link.packet for link in detail.links if link.packet is not None]
    return list(dict.fromkeys([*told[:20], *carried, *(s.packet for s in segments[:40])]))


def render(data: PageData) -> str:
    """The whole document."""
    return static_files.whole(i18n.language(), encode(collect(data)))


def write(data: PageData, out: Path) -> None:
    """Write the document whole or not at all."""
    write_text(render(data), out)


def write_text(text: str, out: Path) -> None:
    """Write a file whole or not at all."""
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
