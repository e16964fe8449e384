"""Transport headers: TCP with its options, and UDP.

Pure. Rules: RFC 9293 section 3.1, RFC 7323 (window scale, timestamps), RFC 2018 (SACK),
RFC 7413 (fast open), RFC 5925 (authentication), RFC 8684 (multipath), RFC 3168 (ECN),
RFC 768 (UDP).
"""

from __future__ import annotations

from plainwire.see.capture.decode import flag_names
from plainwire.see.capture.dissect.model import Cursor, Layer, Meaning
from plainwire.see.capture.dissect.notation import checksum_meaning, pseudo_header

_FLAG_FIELDS = (
    ("cwr", 0x80, "congestion window reduced"),
    ("ece", 0x40, "ECN echo"),
    ("urg", 0x20, "the urgent pointer counts"),
    ("ack", 0x10, "the acknowledgement number counts"),
    ("psh", 0x08, "hand over to the program without waiting for more"),
    ("rst", 0x04, "reset: the connection is gone"),
    ("syn", 0x02, "open: the sequence number is the initial one"),
    ("fin", 0x01, "the sender has finished sending"),
)
_OPTION_NAMES = {
    0: "end of options",
    1: "no operation",
    2: "maximum segment size",
    3: "window scale",
    4: "SACK permitted",
    5: "SACK",
    8: "timestamps",
    19: "MD5 signature",
    28: "user timeout",
    29: "authentication",
    30: "multipath TCP",
    34: "fast open cookie",
    253: "experimental",
    254: "experimental",
}


class Around(tuple[bytes, bytes, int]):
    """What the internet layer says of a transport header: (source, destination, end)."""

    __slots__ = ()


def tcp(cursor: Cursor, around: Around) -> Layer:
    """Read a TCP header with all its options."""
    start = cursor.start
    cursor.number("source port", 2)
    cursor.number("destination port", 2)
    cursor.number("sequence number", 4)
    cursor.number("acknowledgement number", 4)
    cursor.take(2)
    words = cursor.bits("data offset", 2, 0xF000)
    template = (
        "{count} bytes of header" if words >= 5 else "{count} bytes of header (broken: under 20)"
    )
    cursor.explain(Meaning(template, count=words * 4))
    cursor.bits("reserved", 2, 0x0F00)
    flags = cursor.bits("flags", 2, 0x00FF)
    cursor.explain(flag_names(flags))
    for name, mask, meaning in _FLAG_FIELDS:
        cursor.bits(name, 2, mask, meaning if flags & mask else "")
    window = cursor.number("window", 2)
    cursor.explain(_window_meaning(window, flags))
    checksum = cursor.number("checksum", 2)
    cursor.explain(_checksum(cursor, around, 6, checksum))
    urgent = cursor.number("urgent pointer", 2)
    if urgent and flags & 0x20:
        cursor.explain(
            Meaning("urgent data ends {count} bytes after the sequence number", count=urgent)
        )
    tcp_options(cursor, start + max(words, 5) * 4)
    return cursor.layer("TCP", 4)


def _window_meaning(window: int, flags: int) -> str:
    if window == 0 and not flags & 0x04:
        return "zero: the receiver has no room"
    return "not scaled" if flags & 0x02 else "to be shifted by the SYN's window scale"


def _checksum(cursor: Cursor, around: Around, protocol: int, stored: int) -> str:
    source, destination, end = around
    length = end - cursor.start
    whole = end <= len(cursor.data) and (length <= 0xFFFF or len(source) == 16)
    covered = cursor.data[cursor.start : end]
    pseudo = pseudo_header(source, destination, protocol, length) if whole and length > 0 else b""
    return checksum_meaning(covered, stored, pseudo, whole=whole)


def tcp_options(cursor: Cursor, end: int) -> None:
    """Add one field for each option up to `end`, padding included."""
    while cursor.position < end:
        at = cursor.position
        kind = cursor.data[at] if at < cursor.end else 0
        rest = end - at
        if kind == 0:
            cursor.octets("option", rest, "end of options")
            continue
        if kind == 1:
            cursor.octets("option", 1, "no operation")
            continue
        length = cursor.data[at + 1] if at + 1 < cursor.end else 0
        if length < 2 or length > rest:
            cursor.octets("option", rest, "broken: its length does not fit")
            continue
        value = cursor.octets("option", length)[2:]
        cursor.explain(_option_meaning(kind, value))


def _option_meaning(kind: int, value: bytes) -> str:
    name = _OPTION_NAMES.get(kind) or Meaning("option {number}", number=kind)
    if kind == 2 and len(value) == 2:
        return Meaning("{name}: {count} bytes", name=name, count=int.from_bytes(value, "big"))
    if kind == 3 and len(value) == 1:
        return Meaning(
            "{name}: windows are shifted by {shift} (times {factor})",
            name=name,
            shift=value[0],
            factor=1 << min(value[0], 14),
        )
    if kind == 5 and value and len(value) % 8 == 0:
        edges = [int.from_bytes(value[i : i + 4], "big") for i in range(0, len(value), 4)]
        pairs = (f"{left}..{right}" for left, right in zip(edges[::2], edges[1::2], strict=True))
        return Meaning("{name}: has {parts}", name=name, parts=", ".join(pairs))
    if kind == 8 and len(value) == 8:
        sent, echoed = int.from_bytes(value[:4], "big"), int.from_bytes(value[4:], "big")
        return Meaning("{name}: value {sent}, echo {echoed}", name=name, sent=sent, echoed=echoed)
    return Meaning("{name}: {value}", name=name, value=value.hex()) if value else name


def udp(cursor: Cursor, around: Around) -> Layer:
    """Read a UDP header."""
    cursor.number("source port", 2)
    cursor.number("destination port", 2)
    length = cursor.number("length", 2)
    cursor.explain(
        Meaning("{count} bytes of payload", count=max(length - 8, 0))
        if length
        else "0: jumbo datagram"
    )
    checksum = cursor.number("checksum", 2)
    if checksum == 0:
        cursor.explain("not used")
    elif length != around[2] - cursor.start:
        cursor.explain("not checked: the datagram is not whole in this packet")
    else:
        cursor.explain(_checksum(cursor, around, 17, checksum))
    return cursor.layer("UDP", 4)
