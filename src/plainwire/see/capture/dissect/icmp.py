"""ICMP and ICMPv6 headers; an error's quoted packet is dissected by the caller.

Pure. Rules: RFC 792, RFC 1191 (the MTU of a fragmentation-needed error), RFC 4443
(ICMPv6), RFC 4861 (neighbour discovery).
"""

from __future__ import annotations

from plainwire.see.capture.dissect.model import Cursor, Layer
from plainwire.see.capture.dissect.notation import checksum_meaning, ip_text, pseudo_header

_TYPES_4 = {
    0: "echo reply",
    3: "destination unreachable",
    4: "source quench",
    5: "redirect",
    8: "echo request",
    9: "router advertisement",
    10: "router solicitation",
    11: "time exceeded",
    12: "parameter problem",
    13: "timestamp request",
    14: "timestamp reply",
}
_UNREACHABLE_4 = {
    0: "network unreachable",
    1: "host unreachable",
    2: "protocol unreachable",
    3: "port unreachable: nobody listens there",
    4: "fragmentation needed but forbidden",
    9: "network prohibited",
    10: "host prohibited",
    13: "prohibited by a filter",
}
_TYPES_6 = {
    1: "destination unreachable",
    2: "packet too big",
    3: "time exceeded",
    4: "parameter problem",
    128: "echo request",
    129: "echo reply",
    130: "multicast listener query",
    131: "multicast listener report",
    133: "router solicitation",
    134: "router advertisement",
    135: "neighbour solicitation",
    136: "neighbour advertisement",
    137: "redirect",
    143: "multicast listener report v2",
}
_UNREACHABLE_6 = {
    0: "no route",
    1: "prohibited by a filter",
    3: "address unreachable",
    4: "port unreachable: nobody listens there",
}


def error_name(version: int, kind: int, code: int) -> str:
    """Name an ICMP error in a few words: `port unreachable`, `time exceeded`."""
    types, codes, unreachable = (
        (_TYPES_4, _UNREACHABLE_4, 3) if version == 4 else (_TYPES_6, _UNREACHABLE_6, 1)
    )
    named = codes.get(code, "") if kind == unreachable else ""
    return named.partition(":")[0] or types.get(kind, f"type {kind}")


def icmp4(cursor: Cursor, end: int) -> tuple[Layer, bool]:
    """Read an ICMP message; gives the layer and whether a quoted packet follows."""
    kind = cursor.number("type", 1)
    cursor.explain(_TYPES_4.get(kind, ""))
    code = cursor.number("code", 1)
    cursor.explain(_UNREACHABLE_4.get(code, "") if kind == 3 else "")
    stored = cursor.number("checksum", 2)
    covered = cursor.data[cursor.start : end]
    cursor.explain(checksum_meaning(covered, stored, b"", whole=end <= len(cursor.data)))
    if kind in (0, 8):
        cursor.number("identifier", 2)
        cursor.number("sequence number", 2)
    elif (kind, code) == (3, 4):
        cursor.number("unused", 2)
        cursor.number("next-hop mtu", 2)
    elif kind == 5:
        cursor.explain_with("gateway", 4, ip_text)
    else:
        cursor.octets("unused" if kind in (3, 4, 11) else "rest of header", 4)
    return cursor.layer("ICMP", 3), kind in (3, 4, 5, 11, 12)


def icmp6(cursor: Cursor, source: bytes, destination: bytes, end: int) -> tuple[Layer, bool]:
    """Read an ICMPv6 message; gives the layer and whether a quoted packet follows."""
    kind = cursor.number("type", 1)
    cursor.explain(_TYPES_6.get(kind, ""))
    code = cursor.number("code", 1)
    cursor.explain(_UNREACHABLE_6.get(code, "") if kind == 1 else "")
    stored = cursor.number("checksum", 2)
    covered = cursor.data[cursor.start : end]
    pseudo = pseudo_header(source, destination, 58, max(end - cursor.start, 0))
    cursor.explain(checksum_meaning(covered, stored, pseudo, whole=end <= len(cursor.data)))
    if kind in (128, 129):
        cursor.number("identifier", 2)
        cursor.number("sequence number", 2)
    elif kind == 2:
        cursor.number("mtu", 4, "the largest packet the next link takes")
    else:
        cursor.octets("rest of header", 4)
    if kind in (135, 136):
        cursor.explain_with("target", 16, ip_text)
    return cursor.layer("ICMPv6", 3), kind in (1, 2, 3, 4)
