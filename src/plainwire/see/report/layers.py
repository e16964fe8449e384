"""One packet opened layer by layer, beside the names of both layer models. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plainwire.i18n import gettext as _
from plainwire.see.capture.dissect import Field, Layer, dissect
from plainwire.see.ledger.model import Ledger
from plainwire.see.ledger.wire import RawPacket, Segment, Told, Wire
from plainwire.see.report import field_words, packets, text
from plainwire.see.report.style import Style

_PAYLOAD_SHOWN = 64


class UnknownPacketError(LookupError):
    """The recording has no packet of that number; the text says how many there are."""


def find(ledger: Ledger, number: int) -> tuple[RawPacket, int]:
    """A packet and its link type.

    Raises:
        UnknownPacketError: there is none of that number.
    """
    for packet in ledger.packets:
        if packet.number == number:
            known = ledger.capture.linktypes if ledger.capture is not None else {}
            return packet, known.get(packet.interface, 1)
    raise UnknownPacketError(
        _("there is no packet {number}; the recording has {count}").format(
            number=number, count=len(ledger.packets)
        )
    )


def packet_lines(
    ledger: Ledger, number: int, *, width: int = 80, colour: bool = False
) -> Iterator[str]:
    """A packet's fields under their layers, and the calls it belongs to.

    Raises:
        UnknownPacketError: there is none of that number.
    """
    packet, linktype = find(ledger, number)
    style = Style(colour)
    time = text.milliseconds(packet.t - ledger.began)
    foreign = ledger.capture is not None and ledger.capture.foreign
    head = (
        _("packet {number}, {size} bytes, {time} ms after the first packet")
        if foreign
        else _("packet {number}, {size} bytes, {time} ms after the run began")
    ).format(number=number, size=packet.length, time=time)
    yield style.paint(text.clip(head, width), "bold")
    for said in belongs(ledger, number):
        yield from text.wrap(said, width, first="  ", rest="    ")
    for layer in dissect(packet.data, linktype):
        yield ""
        yield from _layer(layer, width, style)
    missing = packet.length - len(packet.data)
    if missing > 0:
        said = _("{count} bytes were not kept").format(count=text.count_text(missing))
        yield ""
        yield style.paint(text.clip(said, width), "dim")


def _layer(layer: Layer, width: int, style: Style) -> Iterator[str]:
    title = _("{name}   OSI {osi} {osi_name}, TCP/IP {tcpip_name}, {length} bytes").format(
        name=field_words.name(layer.name, _),
        osi=layer.osi,
        osi_name=_(layer.osi_name),
        tcpip_name=_(layer.tcpip_name),
        length=layer.length,
    )
    if layer.quoted:
        title += " " + _("(quoted)")
    yield style.paint(text.clip(title, width), "client")
    for field in layer.fields:
        yield from text.wrap(field_text(field), width, first="  ", rest="      ")


def field_text(field: Field) -> str:
    """`source port: 8080`, with the meaning behind it where there is one."""
    name, meaning = field_words.name(field.name, _), field_words.meaning(field.meaning, _)
    if isinstance(field.value, bytes):
        shown = meaning or text.snippet(field.value, len(field.value), _PAYLOAD_SHOWN)
        return f"{name}: {text.safe(shown)}"
    if meaning:
        return f"{name}: {field.value} ({text.safe(meaning)})"
    return f"{name}: {field.value}"


def segment_of(ledger: Ledger, number: int) -> tuple[Wire, Segment] | None:
    """The connection and the segment of a packet's number."""
    for wire in ledger.wires:
        found = wire.numbered(number)
        if found is not None:
            return wire, found
    return None


def belongs(ledger: Ledger, number: int) -> list[str]:
    """What calls and states have to do with a packet."""
    found = segment_of(ledger, number)
    if found is None:
        return _without_calls(ledger, number)
    wire, segment = found
    said = []
    if wire.flow is not None:
        said.append(_("of flow {number}").format(number=wire.flow.number))
    for span in segment.sends:
        first, last = max(span.start, segment.start), min(span.end, segment.stop)
        said.append(
            _("bytes {start} to {end} sent by {line}").format(
                start=first, end=last, line=packets.line_of(span.call)
            )
        )
    said += [_("read by {line}").format(line=packets.line_of(span.call)) for span in segment.reads]
    if segment.cause is not None:
        said.append(_("caused by {line}").format(line=_whole(segment.cause)))
    if segment.seen is not None:
        said.append(_("seen by {line}").format(line=_whole(segment.seen)))
    if segment.acked_by is not None:
        said.append(_("acknowledged by packet {number}").format(number=segment.acked_by))
    for change in wire.states:
        if change.segment == number:
            who = _("client") if change.end == 0 else _("server")
            said.append(f"{who}: {change.before} → {change.after}")
    if wire.flow is not None:
        said += [_answered(told) for told in wire.flow.told if told.about == number]
    return said


def _without_calls(ledger: Ledger, number: int) -> list[str]:
    """What a datagram, or an ICMP error, of a capture without calls belongs to."""
    copied = ledger.capture.copies.get(number) if ledger.capture is not None else None
    if copied is not None:
        return [_("the same as packet {number}, captured twice").format(number=copied)]
    for flow in ledger.flows:
        for carried in flow.carried:
            if carried.number == number:
                of = _("of flow {number}").format(number=flow.number)
                return [of, *(_answered(told) for told in flow.told if told.about == number)]
        for told in flow.told:
            if told.error.number == number:
                said = [_("about flow {number}").format(number=flow.number)]
                if told.about is not None:
                    said.append(_("about packet {number}").format(number=told.about))
                return said
    return []


def _answered(told: Told) -> str:
    return _("answered by {error} (packet {number})").format(
        error=f"ICMP {told.error.name}", number=told.error.number
    )


def _whole(behind: Any) -> str:
    where = packets.place(behind)
    if behind.by == "kernel" and behind.call is not None:
        return f"{where} {behind.why}, {packets.line_of(behind.call)}"
    return f"{where} {behind.why}"


def to_json(ledger: Ledger, number: int) -> dict[str, Any]:
    """The same as an object that `json.dumps` takes.

    Raises:
        UnknownPacketError: there is none of that number.
    """
    packet, linktype = find(ledger, number)
    return {
        "packet": number,
        "t_ns": packet.t - ledger.began,
        "length": packet.length,
        "kept": len(packet.data),
        "layers": [
            {
                "name": layer.name,
                "osi": layer.osi,
                "osi_name": layer.osi_name,
                "tcpip_name": layer.tcpip_name,
                "offset": layer.offset,
                "length": layer.length,
                "quoted": layer.quoted,
                "fields": [_field_json(field) for field in layer.fields],
            }
            for layer in dissect(packet.data, linktype)
        ],
    }


def _field_json(field: Field) -> dict[str, Any]:
    value = field.value.hex() if isinstance(field.value, bytes) else field.value
    return {
        "name": field.name,
        "value": value,
        "meaning": field.meaning,
        "offset": field.offset,
        "length": field.length,
        "mask": field.mask,
    }
