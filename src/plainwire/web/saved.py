"""The page as one file that can be mailed: the same page, its data inside, no network.

Payload stays out unless it is asked for. Details are put in flow by flow, those with
findings first, until MOST_BYTES; the flow list still names the others.
"""

from __future__ import annotations

import os
from pathlib import Path

from plainwire import i18n
from plainwire.web import schema, static_files
from plainwire.web.pagedata import PageData, encode

MOST_BYTES = 24 * 1024 * 1024


def collect(data: PageData) -> schema.Whole:
    """The page with as many details as fit."""
    page = data.page()
    order = sorted(page.flows, key=lambda row: (not row.findings, row.number))
    details: list[schema.Detail] = []
    spent = 0
    for row in order:
        detail = data.detail(row.number)
        if detail is None:
            continue
        spent += len(encode(detail))
        if spent > MOST_BYTES and details:
            break
        details.append(detail)
    return schema.Whole(page, details, len(order) - len(details))


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
