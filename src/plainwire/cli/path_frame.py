"""A frame as text: layer by layer, each field with its offset, bytes, name and value.

Bytes that nobody knows yet are `??`; values that the kernel picks when it sends are marked
`e.g.`, and the legend says so once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from plainwire.i18n import gettext as _
from plainwire.net.frame import OSI_OF, Field, Frame, Sure
from plainwire.net.words import sentence

if TYPE_CHECKING:
    from plainwire.cli.path_layout import Page

# Bytes on one line: 8 take 23 columns, which leaves room for names and values at 80.
BYTES_PER_LINE = 8


def show_frames(page: Page, frames: tuple[Frame, ...]) -> None:
    """Draw every frame, then the legend of the marks that occurred."""
    for frame in frames:
        size = _("{count} bytes").format(count=len(frame.data))
        page.line((sentence(frame.purpose, {}), "fact"), (f"  {size}", "dim"), hang=2)
        _show_frame(page, frame)
        if frame is not frames[-1]:
            page.blank()
    sure = {field.sure for frame in frames for field in frame.fields}
    if Sure.EXAMPLE in sure:
        text = _("e.g.: the kernel picks the value when it sends, or it covers one that it picks")
        page.line((text, "dim"), hang=2)
    if Sure.UNKNOWN in sure:
        text = _("??: not known before the question above is answered")
        page.line((text, "dim"), hang=2)


def _show_frame(page: Page, frame: Frame) -> None:
    offset, layer = 0, ""
    for field in frame.fields:
        if field.layer != layer:
            layer = field.layer
            size = sum(len(f.data) for f in frame.fields if f.layer == layer)
            counted = _("{count} bytes").format(count=size)
            page.line((layer, layer), (f"  OSI {OSI_OF[layer]} · {counted}", "dim"), indent=2)
        _show_field(page, field, offset)
        offset += len(field.data)


def _show_field(page: Page, field: Field, offset: int) -> None:
    shown = ["??" if field.sure is Sure.UNKNOWN else f"{byte:02x}" for byte in field.data]
    rows = [shown[at : at + BYTES_PER_LINE] for at in range(0, len(shown), BYTES_PER_LINE)]
    mark = {Sure.EXAMPLE: "e.g. ", Sure.UNKNOWN: ""}.get(field.sure, "")
    value_style = "fact" if field.sure is Sure.KNOWN else "dim"
    for at, row in enumerate(rows):
        parts = [
            (f"{offset + at * BYTES_PER_LINE:>4}  ", "dim"),
            (f"{' '.join(row):<{BYTES_PER_LINE * 3 - 1}}", field.layer),
        ]
        if at == 0:
            parts += [(f"  {field.name:<23}", "why"), (f" {mark}{field.value}", value_style)]
        page.line(*parts, indent=2, hang=30)
