"""Which received datagram is which sent one. Pure.

D1  A datagram arrives whole or not at all, so lengths must agree: what was received is
    as long as what was sent, or as long as the receiver's buffer, which cut it.
D2  Loopback does not reorder one sender's datagrams: a received one is the first
    unmatched of its sender that fits by D1 and, where both are known, by content.
    Those passed over were lost, or are still in the queue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from plainwire.see.ledger import ranges
from plainwire.see.ledger.model import (
    Address,
    Call,
    Datagram,
    Direction,
    Endpoint,
    Flow,
)


def flows(endpoints: list[Endpoint], address: Callable[[str, int], Address]) -> list[Flow]:
    """One flow for each pair of datagram sockets that spoke, or tried to."""
    sockets = [
        e for e in endpoints if e.kind in ("udp", "unix-datagram") and not e.internal and e.calls
    ]
    datagrams = _sent(sockets, address)
    _match_received(sockets, datagrams, address)
    return _group(datagrams)


def _sent(sockets: list[Endpoint], address: Callable[[str, int], Address]) -> list[Datagram]:
    found: list[Datagram] = []
    for e in sockets:
        for call in e.calls:
            if not ranges.is_send(call) or call.t1 is None or call.failure is not None:
                continue
            named = (
                address(call.process.key, call.aux) if call.op in ("sendto", "sendmsg") else None
            )
            target = named or e.remote
            found.append(Datagram(e, None, call, None, e.local, target))
    found.sort(key=lambda d: d.sent.t0 if d.sent else 0)
    return found


def _match_received(
    sockets: list[Endpoint],
    datagrams: list[Datagram],
    address: Callable[[str, int], Address],
) -> None:
    waiting: dict[tuple[str, object], _Queue] = defaultdict(_Queue)
    for datagram in datagrams:
        kind = datagram.sender.kind if datagram.sender else ""
        waiting[kind, _port(datagram.target)].append(datagram)
    for e in sockets:
        candidates = waiting.get((e.kind, _port(e.local)), _Queue())
        received = [
            c
            for c in e.calls
            if ranges.is_receive(c) and c.t1 is not None and c.failure is None and not c.flags & 2
        ]
        for call in sorted(received, key=lambda c: c.t1 or 0):
            named = address(call.process.key, call.aux) if call.aux else e.remote
            match = candidates.first(call, named)
            if match is not None:
                match.receiver, match.received = e, call
            else:
                datagrams.append(Datagram(None, e, None, call, named, e.local))


class _Queue:
    """What was sent to one port, by sender: each sender's datagrams arrive in order (D2).

    Those passed over by so many are not looked at again, or a flood of which most is
    lost would take the square of its time. Not by one, because the order in which
    several threads of a sender entered the kernel is not quite known.
    """

    _WINDOW = 256

    def __init__(self) -> None:
        self._by_source: dict[object, list[Datagram]] = defaultdict(list)
        self._begin: dict[object, int] = defaultdict(int)

    def append(self, datagram: Datagram) -> None:
        self._by_source[_port(datagram.source)].append(datagram)

    def first(self, received: Call, source: Address) -> Datagram | None:
        """The earliest that fits what was received."""
        port = _port(source)
        # A sender that was never bound has no name in its first calls' records.
        keys = [port, None] if source is not None else list(self._by_source)
        found: list[tuple[Datagram, object, int]] = []
        for key in keys:
            sent = self._by_source.get(key, [])
            for at in range(self._begin[key], len(sent)):
                if _fits(sent[at], received, source):
                    found.append((sent[at], key, at))
                    break
        if not found:
            return None
        match, key, at = min(found, key=lambda f: f[0].sent.t0 if f[0].sent else 0)
        self._begin[key] = max(self._begin[key], at - self._WINDOW)
        return match


def _port(address: Address) -> object:
    return address[1] if isinstance(address, tuple) and len(address) > 1 else address


def _fits(d: Datagram, received: Call, source: Address) -> bool:
    sent = d.sent
    if sent is None or d.received is not None or sent.t0 > (received.t1 or 0):
        return False
    if source is not None and d.source is not None and _port(source) != _port(d.source):
        return False
    if received.count != sent.count and not (
        received.count == received.asked and sent.count > received.asked
    ):
        return False
    if sent.payload is None or received.payload is None:
        return True
    # Payload of long ones is kept by both ends of the bytes; the beginning is enough.
    size = min(len(sent.payload), len(received.payload), 512, received.count)
    return sent.payload[:size] == received.payload[:size]


def _group(datagrams: list[Datagram]) -> list[Flow]:
    groups: dict[frozenset[object], Flow] = {}
    for d in sorted(datagrams, key=lambda d: (d.sent or d.received).t0):  # type: ignore[union-attr]
        key = frozenset((_port(d.source), _port(d.target), _kind(d)))
        call = d.sent or d.received
        assert call is not None
        flow = groups.get(key)
        if flow is None:
            flow = groups[key] = Flow(
                0,
                _kind(d),
                d.sender,
                d.receiver,
                Direction(d.sender, d.receiver),
                Direction(d.receiver, d.sender),
                call.t0,
            )
        if flow.server is None and d.receiver is not None and d.receiver is not flow.client:
            flow.server = flow.there.receiver = flow.back.sender = d.receiver
        flow.datagrams.append(d)
    return list(groups.values())


def _kind(d: Datagram) -> str:
    end = d.sender or d.receiver
    assert end is not None
    return end.kind
