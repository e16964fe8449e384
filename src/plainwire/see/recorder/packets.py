"""The packets of a run: taken while it lasts, and afterwards only those of its programs.

Which ports the programs will use is known only after they used them, and a first SYN
must not be missed. So everything on the machine's interfaces goes into one bounded file
in the run's folder, readable by the user alone, and what belongs to the programs is
taken from it when the run is packed. The file is then deleted:

P1  No packet of a stranger is in a recording. A packet is ours when
    a. its pair of addresses is that of an observed socket, or one of its addresses is
       that of an observed socket without a peer (a listener, an unconnected UDP socket);
    b. or its flow began with a SYN to an address while a program's connect() to it
       lasted, and no other flow of that connect() was found (a refused connect leaves
       no local address behind);
    c. or it is an ICMP error about such a packet.
P2  Each packet once: of a flow seen on several interfaces (a bridge and its port), the
    interface that saw it first.
P3  Packets are numbered from 1 in the order of their times.
P4  When `KEPT_BYTES` are spent, packets keep their headers and true length, no payload.
"""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from plainwire.see import records
from plainwire.see.capture import counters, live, recorded
from plainwire.see.capture.clock import SLACK_NS
from plainwire.see.capture.decode import ACK, SYN, Datagram, IcmpError, Segment, decode_summary
from plainwire.see.capture.flows import FlowKey, flow_key
from plainwire.see.recorder.folder import Item, RunLog

FILE = "packets"  # in the run's folder
FILE_BYTES = 512 << 20
KEPT_BYTES = 64 << 20
MOST_INTERFACES = 4  # each costs 16 MiB of memory that cannot be swapped

OUTGOING, LOSING = 1, 2  # bits of an item's flags

_CONNECTS = {records.OPS["connect"], records.OPS["connect_ex"]}
_ANY = (b"\0" * 4, b"\0" * 16)

Address = tuple[bytes | None, int]  # packed; None: any host
Ends = tuple[tuple[bytes, int], tuple[bytes, int]]


class Packets:
    """The capture of one run; where it cannot be had, the reason is recorded instead."""

    def __init__(self, folder: Path, *, wanted: bool, private: bool, headers_only: bool) -> None:
        self._private = private
        self._capture: live.Capture | None = None
        self._reason = "" if wanted else "not asked for"
        self._headers_only = headers_only
        self._interfaces: list[str] = []
        self._before = counters.snapshot()
        if wanted:
            self._start(folder)

    def _start(self, folder: Path) -> None:
        self._reason = live.packets_forbidden()
        if self._reason:
            return
        self._interfaces = live.up_interfaces()[:MOST_INTERFACES]
        try:
            self._capture = live.Capture.start(
                folder / FILE, interfaces=self._interfaces, ports=None, max_bytes=FILE_BYTES
            )
        except OSError as error:
            self._reason = str(error)

    def stop(self, log: RunLog) -> None:
        """End the capture and say in the log what was taken, lost and counted."""
        dropped = unwritten = 0
        if self._capture is not None:
            try:
                result = self._capture.stop()
                dropped, unwritten = result.dropped, result.unwritten
            except OSError as error:
                self._reason = str(error)
        log.write(
            "capture",
            interfaces=self._interfaces if self._capture is not None else [],
            reason=self._reason,
            private=self._private,
            dropped=dropped,
            unwritten=unwritten,
            headers_only=self._headers_only,
        )
        moved = counters.moved(self._before, counters.snapshot())
        log.write("counters", exact=self._private, moved=moved)


def of_programs(path: Path, items: Iterable[Item]) -> Iterator[Item]:
    """The packets of a capture file that belong to a run's programs (P1 to P4).

    Args:
        path: the file that `Packets` made, complete or broken off.
        items: all other items of the run.
    """
    ours = _Ours(items)
    chosen = ours.choose(path)
    found = []
    spent = KEPT_BYTES if ours.headers_only else 0
    for packet, key, _ in _decoded(path):
        if chosen.get(key) != packet.interface:
            continue
        kept = packet.data
        if spent + len(kept) > KEPT_BYTES:
            kept = kept[: _headers(kept)]
        spent += len(kept) if not ours.headers_only else 0
        flags = packet.outgoing * OUTGOING | packet.losing * LOSING
        found.append((packet.time_ns, packet, flags, kept))
    found.sort(key=lambda entry: entry[0])
    yield ("run", {"kind": "interfaces", "rows": _interfaces(path)})
    for number, (_, packet, flags, kept) in enumerate(found, 1):
        yield (
            *("packet", number, packet.time_ns, packet.realtime_ns),
            *(packet.interface, flags, packet.length, kept),
        )


def _interfaces(path: Path) -> list[dict[str, Any]]:
    try:
        with recorded.CaptureFile(path) as file:
            next(file.packets(), None)  # what describes them stands before the packets
            known = file.interfaces.values()
    except (OSError, ValueError):
        return []
    return [{"id": i.id, "name": i.name, "linktype": i.linktype, "mtu": i.mtu} for i in known]


def _headers(data: bytes) -> int:
    """Bytes of a packet up to its payload."""
    summary = decode_summary(data)
    if isinstance(summary, Segment | Datagram):
        return summary.payload_offset
    return len(data)


Found = tuple[recorded.Packet, "Key", Segment | Datagram | IcmpError]
Key = tuple[int, FlowKey]  # protocol, both ends


def _decoded(path: Path) -> Iterator[Found]:
    """Every packet whose flow can be told."""
    try:
        file = recorded.CaptureFile(path)
    except (OSError, ValueError):
        return  # the capture process was killed before it wrote anything
    with file:
        for packet in file.packets():
            summary = decode_summary(packet.data, file.interfaces[packet.interface].linktype)
            if summary is not None:
                yield packet, _key(summary), summary


def _key(summary: Segment | Datagram | IcmpError) -> Key:
    if isinstance(summary, IcmpError):
        source = (summary.quoted_source, summary.quoted_source_port)
        destination = (summary.quoted_destination, summary.quoted_destination_port)
        return (summary.protocol, flow_key(source, destination))
    source = (summary.source, summary.source_port)
    destination = (summary.destination, summary.destination_port)
    return (6 if isinstance(summary, Segment) else 17, flow_key(source, destination))


class _Ours:
    """What the notes and calls of a run say of its sockets' addresses."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.headers_only = False
        self._pairs: set[FlowKey] = set()
        self._alone: set[Address] = set()
        self._addresses: dict[str, dict[int, Any]] = defaultdict(dict)
        self._parents: dict[str, tuple[str | None, int]] = {}
        self._connects: list[tuple[int, int, str, int]] = []  # t0, t1, key, address number
        for item in items:
            if item[0] == "note":
                self._note(item[1], item[2])
            elif item[0] == "slots":
                self._slots(item[1], item[3])
            elif item[0] == "run":
                self._run(item[1])

    def _note(self, key: str, note: list[Any]) -> None:
        if note[0] == "name":
            self._named(note[2], note[3])
        elif note[0] == "address":
            self._addresses[key][note[1]] = note[2]
        elif note[0] == "process":
            self._parents[key] = (note[3], note[6])

    def _named(self, local: Any, remote: Any) -> None:
        ours, theirs = packed(local), packed(remote)
        for here in ours:
            if not theirs:
                self._alone.add(here)
            for there in theirs:
                if here[0] is not None and there[0] is not None:
                    self._pairs.add(flow_key((here[0], here[1]), (there[0], there[1])))

    def _slots(self, key: str, cells: bytes) -> None:
        for cell in records.SLOT.iter_unpack(cells):
            if cell[3] in _CONNECTS and cell[7]:
                self._connects.append((cell[7], cell[11], key, cell[5]))

    def _run(self, entry: dict[str, Any]) -> None:
        if entry["kind"] == "capture":
            self.headers_only = entry["headers_only"]
        elif entry["kind"] == "sample":
            for row in entry["sockets"].values():
                if row["kind"] != "unix":
                    remote = row["remote"] if row["remote"] and row["remote"][1] else None
                    self._named(row["local"], remote)

    def _target(self, key: str, number: int) -> list[Address]:
        parent, base = self._parents.get(key, (None, 0))
        while parent is not None and number < base:
            key = parent
            parent, base = self._parents.get(key, (None, 0))
        return packed(self._addresses[key].get(number))

    def choose(self, path: Path) -> dict[Key, int]:
        """Which flows of a file are ours, and on which interface each is taken."""
        chosen: dict[Key, int] = {}
        passed: set[Key] = set()
        opened: dict[Key, tuple[int, tuple[bytes, int], int]] = {}
        for packet, key, summary in _decoded(path):
            if key in chosen or key in passed:
                continue
            if self._is_named(key[1]):
                chosen[key] = packet.interface
                continue
            if isinstance(summary, Segment) and summary.flags & (SYN | ACK) == SYN:
                target = (summary.destination, summary.destination_port)
                opened[key] = (packet.time_ns, target, packet.interface)
            passed.add(key)
        for key in self._connected(opened):
            chosen[key] = opened[key][2]
        return chosen

    def _is_named(self, key: FlowKey) -> bool:
        return key in self._pairs or any(
            end in self._alone or (None, end[1]) in self._alone for end in key
        )

    def _connected(self, opened: dict[Key, tuple[int, tuple[bytes, int], int]]) -> Iterator[Key]:
        """Flows whose SYN left while a connect() to its target lasted (P1 b)."""
        left = sorted((t, key, target) for key, (t, target, _) in opened.items())
        taken: set[Key] = set()
        for t0, t1, process, number in sorted(self._connects):
            targets = self._target(process, number)
            for t, key, target in left:
                if key in taken or t < t0 - SLACK_NS or (t1 and t > t1 + SLACK_NS):
                    continue
                if target in targets or (None, target[1]) in targets:
                    taken.add(key)
                    yield key
                    break


def packed(address: Any) -> list[Address]:
    """An address of a note as packets have it; several for a name, [] for none."""
    if not isinstance(address, list | tuple) or len(address) < 2 or not address[1]:
        return []
    host, port = str(address[0]).partition("%")[0], address[1]
    if not isinstance(port, int):
        return []
    if host.lower().startswith("::ffff:") and "." in host:
        host = host[7:]
    if host == "localhost":
        return [(b"\x7f\0\0\1", port), (b"\0" * 15 + b"\1", port)]
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            raw = socket.inet_pton(family, host)
        except OSError:
            continue
        return [(None if raw in _ANY else raw, port)]
    return [(None, port)]
