"""One packet -> `schema.Opened`: every field of every layer, its payload marked. Pure.

Payload stands between U+E000 and U+E001, or is left out, as everywhere in the page (S3).
"""

from __future__ import annotations

from plainwire.see.capture.dissect import Field, Layer, dissect
from plainwire.see.ledger.wire import RawPacket
from plainwire.see.report import field_words, text
from plainwire.web import schema
from plainwire.web.speech import OPEN, SHUT, chinese

_SHOWN = 256  # columns of payload


def opened(packet: RawPacket, linktype: int, began: int, *, payload: bool) -> schema.Opened:
    """Open a packet; `began`: times are told from it; `payload`: put its payload in."""
    layers = dissect(packet.data, linktype)
    return schema.Opened(
        packet.number,
        packet.t - began,
        packet.length,
        len(packet.data),
        [_layer(layer, payload) for layer in layers],
    )


def _layer(layer: Layer, payload: bool) -> schema.Layer:
    return schema.Layer(
        layer.name,
        layer.osi,
        layer.osi_name,
        layer.tcpip_name,
        layer.offset,
        layer.length,
        layer.quoted,
        [_field(field, layer.name == "payload", payload) for field in layer.fields],
    )


def _field(field: Field, hidden: bool, payload: bool) -> schema.Field:
    value, meaning = field.value, field.meaning
    if hidden:
        shown = ""
        if payload and isinstance(value, bytes):
            shown = text.snippet(value, len(value), _SHOWN)
        nothing = schema.Words("", "")
        return schema.Field(field.name, f"{OPEN}{shown}{SHUT}", nothing, field.offset, field.length)
    said = value.hex(" ") if isinstance(value, bytes) else str(value)
    both = schema.Words(str(meaning), field_words.meaning(meaning, chinese()))
    return schema.Field(field.name, said, both, field.offset, field.length)
