"""An explanation of `plainwire.net` as the page's data: one struct for each station. Pure.

Arranges and puts into words, decides nothing: tones and order are those of `net.stations`,
sentences those of `net.words`. The route's station is in `path_route`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from plainwire.i18n import N_
from plainwire.net.frame import OSI_OF, Frame, Sure
from plainwire.net.model import Reason
from plainwire.net.names import parse
from plainwire.net.stations import OSI_NAMES, Station, stations
from plainwire.net.steps import Explanation
from plainwire.net.subnet import scope_of
from plainwire.web import path_route, path_schema
from plainwire.web.path_schema import Parcel, Said, Tone
from plainwire.web.schema import Words
from plainwire.web.speech import code, sentence

_LAYERS = {
    "application": N_("application layer"),
    "transport": N_("transport layer"),
    "internet": N_("internet layer"),
    "link": N_("link layer"),
}
_TITLES = {
    "program": N_("program"),
    "socket": N_("socket"),
    "route": N_("route"),
    "wire": N_("wire"),
}
# How many of the frame's layers, from the inside, are there when a packet leaves a station.
_BUILT = {"program": {7}, "socket": {7, 4}, "ip": {7, 4, 3}, "route": {7, 4, 3}}
_TONES: dict[str, Tone] = {
    "port-nobody-tcp": "stop",
    "port-nobody-udp": "stop",
    "neighbour-failed": "stop",
    "neighbour-no-carrier": "stop",
    "neighbour-absent": "look",
    "neighbour-incomplete": "look",
    "neighbour-reachable": "good",
    "name-mapped": "look",
}


def path(found: Explanation) -> path_schema.Path:
    """Arrange one explanation."""
    question = found.question
    target = str(question.destination)
    if question.zone:
        target = f"{target}%{question.zone}"
    if question.destination.version == 6:
        target = f"[{target}]"
    note = sentence(N_("as this machine's kernel would send it"))
    if not found.complete:
        text = N_("{platform}: only what it tells without netlink")
        note = sentence(text, platform=found.platform)
    return path_schema.Path(
        question=question.text,
        protocol="tcp" if question.protocol == "tcp" else "udp",
        title=f"{question.protocol.upper()} {found.source.address or '?'} → "
        f"{target}:{question.port}",
        note=note,
        stations=[_station(one, found) for one in stations(found)],
        program=_program(found),
        socket=_socket(found),
        ip=_ip(found),
        route=path_route.route(found),
        neighbour=_neighbour(found),
        frames=[_frame(frame) for frame in found.frames],
    )


def said(reasons: Iterable[Reason]) -> list[Said]:
    """Say reasons in both languages, each with its colour."""
    return [Said(code(r.code, **r.values), _TONES.get(r.code, "plain")) for r in reasons]


def _station(one: Station, found: Explanation) -> path_schema.Station:
    title = sentence(_TITLES[one.name]) if one.name in _TITLES else Words("IP", "IP")
    if one.name == "neighbour":
        title = Words(_protocol(found), _protocol(found))
    return path_schema.Station(
        name=cast("path_schema.StationName", one.name),
        title=title,
        osi=f"OSI {one.osi} {OSI_NAMES[one.osi]}",
        layer=sentence(_LAYERS[one.layer]),
        headline=one.headline,
        tone=cast("Tone", one.tone),
        remark=_remark(one),
        parcels=_parcels(found, one.name),
    )


def _remark(one: Station) -> Words | None:
    """Say in a few words what the tone means, since a colour alone is not seen by all."""
    texts = {
        ("program", "look"): N_("an address was skipped"),
        ("socket", "stop"): N_("nobody listens"),
        ("route", "look"): N_("not as in the textbook"),
        ("neighbour", "look"): N_("waits for an answer"),
        ("neighbour", "stop"): N_("nobody answered"),
    }
    text = texts.get((one.name, one.tone))
    if any(why.code == "neighbour-no-carrier" for why in one.reasons):
        text = N_("no carrier")
    return None if text is None else sentence(text)


def _parcels(found: Explanation, name: str) -> list[Parcel]:
    if not found.frames:
        return []
    packet = found.frames[-1]
    built = _BUILT.get(name, {7, 4, 3, 2})
    return [p for p in _layers_of(packet) if OSI_OF[p.layer] in built]


def _layers_of(frame: Frame) -> list[Parcel]:
    return [
        Parcel(layer, sum(len(field.data) for field in frame.fields if field.layer == layer))
        for layer in frame.layers()
    ]


def _program(found: Explanation) -> path_schema.Program:
    question = found.question
    host = parse(question.text).host
    lines = [f"socket.create_connection(({host!r}, {question.port}))"]
    if question.protocol == "udp":
        lines = [f'sock.sendto(b"hello", ({host!r}, {question.port}))']
        if found.next_hop.reason.code == "hop-broadcast":
            lines.insert(0, "sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)")
    answers = [
        path_schema.Answer(str(one.address), one.chosen, one.skipped is not None)
        for one in found.names
    ]
    first = N_("an address was given: no name has to be resolved")
    if answers:
        first = N_("addresses from getaddrinfo, in the order in which programs try them (RFC 6724)")
    told = [Said(sentence(first), "plain"), *said(stations(found)[0].reasons)]
    if question.protocol == "tcp":
        text = N_("no byte of the program leaves yet: connect first opens the connection by a SYN")
        told.append(Said(sentence(text), "plain"))
    return path_schema.Program(lines, answers, told)


def _socket(found: Explanation) -> path_schema.Socket:
    port, size, question = found.port, found.size, found.question
    told = said(port.reasons)
    if port.assumed:
        text = N_("no port was asked for; {port} stands in as an example")
        told.insert(0, Said(sentence(text, port=port.facts.number), "look"))
    tcp = question.protocol == "tcp"
    version = question.destination.version
    headers = [Parcel(f"IPv{version}", 20 if version == 4 else 40)]
    headers.append(Parcel("TCP", 20) if tcp else Parcel("UDP", 8))
    return path_schema.Socket(
        port=port.facts.number,
        service=port.facts.service,
        picked=port.facts.ephemeral,
        said=told,
        mtu=size.mtu,
        headers=headers,
        payload=size.payload,
        payload_name="MSS" if tcp else "UDP",
        size=code(size.reason.code, **size.reason.values),
    )


def _ip(found: Explanation) -> path_schema.Ip:
    source, target = found.source, found.question.destination
    link = next((one for one in found.interfaces if one.name == source.interface), None)
    interface = None
    if link is not None:
        held = [str(address) for address in link.addresses]
        interface = path_schema.Interface(link.name, link.mac, link.mtu, held)
    return path_schema.Ip(
        source=None if source.address is None else str(source.address),
        source_scope=None if source.address is None else code(scope_of(source.address)),
        destination=str(target),
        destination_scope=code(scope_of(target)),
        interface=interface,
        said=said([source.reason]),
    )


def _protocol(found: Explanation) -> str:
    address = found.next_hop.address or found.question.destination
    return "NDP" if address.version == 6 else "ARP"


def _neighbour(found: Explanation) -> path_schema.Neighbour:
    step, hop = found.neighbour, found.next_hop
    asked = hop.kind in ("direct", "gateway")
    shown = stations(found)[4]
    return path_schema.Neighbour(
        protocol=_protocol(found),
        address=str(hop.address) if asked and hop.address is not None else None,
        mac=shown.headline,
        state=None if step.state is None else str(step.state),
        said=said(shown.reasons),
        can_resolve=step.state is not None and str(step.state) not in ("REACHABLE", "PERMANENT"),
    )


def _frame(frame: Frame) -> path_schema.Frame:
    layers: list[path_schema.Layer] = []
    offset = 0
    for parcel in _layers_of(frame):
        fields = []
        for one in frame.fields:
            if one.layer != parcel.layer:
                continue
            unknown = one.sure is Sure.UNKNOWN
            data = ["??" if unknown else f"{byte:02x}" for byte in one.data]
            fields.append(
                path_schema.Field(one.layer, one.name, offset, data, one.value, one.sure.value)
            )
            offset += len(one.data)
        osi = OSI_OF[parcel.layer]
        layers.append(
            path_schema.Layer(parcel.layer, f"OSI {osi} {OSI_NAMES[osi]}", parcel.size, fields)
        )
    return path_schema.Frame(code(frame.purpose), len(frame.data), layers)
