"""What the rules ask of a ledger, computed once for all of them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from plainwire.see.diagnosis import fate as fates
from plainwire.see.diagnosis.fate import Fate
from plainwire.see.diagnosis.model import Evidence, Place, Text, asked_by, place_of, say
from plainwire.see.ledger import holders, waits
from plainwire.see.ledger.model import (
    Address,
    Call,
    Direction,
    Endpoint,
    Flow,
    Ledger,
    Process,
    Range,
    Site,
    Surfaced,
)
from plainwire.see.ledger.ranges import is_send

_TRANSPARENT = ("/ssl.py", "/asyncio/streams.py")
SHOWN = 32  # bytes of payload quoted in a sentence


class Case:
    """A ledger with the questions that several rules have."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.memo: dict[str, Any] = {}  # what several rules compute in the same way
        self._fates: dict[tuple[object, ...], Fate] = {}

    # -- waiting -------------------------------------------------------------------

    @cached_property
    def waits(self) -> list[waits.Waits]:
        """Every sample of the kernel, analysed."""
        return [waits.analyse(sample, self.ledger) for sample in self.ledger.samples]

    @cached_property
    def holdings(self) -> dict[int, list[holders.Holding]]:
        """Endpoint number -> which processes held it, from when to when."""
        return holders.holdings(self.ledger)

    # -- calls ---------------------------------------------------------------------

    @staticmethod
    def is_ours(call: Call) -> bool:
        """Did this call end, or fail, because we had begun to end the programs?"""
        return call.process.ending is not None and (call.t1 or call.t0) >= call.process.ending

    def source(self, call: Call) -> str | None:
        """The text of the file that the user's line stands in."""
        frame = call.site.frame
        if frame is None and call.endpoint is not None:
            frame = asked_by(call, call.endpoint)
        return self.ledger.sources.get(frame.file) if frame is not None else None

    def sources_of(self, process: Process) -> list[str]:
        """The texts of the files in which the user's calls of a program stand."""
        frames = {
            id(call.site): call.site.frame
            for call in self.ledger.calls
            if call.process.program is process.program
        }
        files = {frame.file for frame in frames.values() if frame is not None}
        sources = self.ledger.sources
        return [sources[file] for file in sorted(files) if file in sources]

    def fate(self, call: Call) -> Fate:
        """What the program does with the bytes of a read; UNKNOWN when a library read them."""
        site = call.site
        judge, frame = fates.of_read, site.frame if is_users_own(site) else None
        if site.kind == "loop" and call.endpoint is not None:
            judge, frame = fates.of_parameter, asked_by(call, call.endpoint)
        if frame is None:
            return Fate(fates.UNKNOWN)
        # By identity: the ledger keeps frames, and hashing six fields a call is slow.
        known = self._fates.get((judge, id(frame)))
        if known is None:
            known = judge(self.ledger.sources.get(frame.file), frame)
            self._fates[judge, id(frame)] = known
        return known

    def word(self, call: Call) -> str:
        """What the user calls a call: `readline` where the library came to recv_into()."""
        plain = call.op.rpartition(".")[2]
        frame = call.site.frame
        if not call.site.via or frame is None:
            return plain
        return fates.word_of(self.source(call), frame) or plain

    def discarded(self, call: Call) -> bool | None:
        """Is the call's result thrown away? None: cannot be told."""
        if call.site.frame is None:
            return None
        return fates.result_discarded(self.source(call), call.site.frame)

    @cached_property
    def _surfaced_by_call(self) -> dict[tuple[str, int], Surfaced]:
        return {(s.call.process.key, s.call.slot): s for s in self.ledger.surfaced if s.call}

    def surfaced(self, call: Call) -> Surfaced | None:
        """The uncaught exception that this call raised, if it was one."""
        return self._surfaced_by_call.get((call.process.key, call.slot))

    @cached_property
    def _by_thread(self) -> dict[tuple[str, int], list[Call]]:
        found: dict[tuple[str, int], list[Call]] = defaultdict(list)
        for call in self.ledger.calls:
            found[call.process.key, call.thread].append(call)
        return found

    def of_thread(self, call: Call, since: int = 0) -> Iterator[Call]:
        """The calls of the call's thread, in order, from a moment on."""
        calls = self._by_thread[call.process.key, call.thread]
        for at in range(bisect_left(calls, since, key=lambda c: c.t0), len(calls)):
            yield calls[at]

    # -- words ---------------------------------------------------------------------

    def places(self, *pairs: tuple[Call | None, str]) -> tuple[Place, ...]:
        """The user's lines behind calls, each with its role; unknown ones left out."""
        found = [place_of(call, role) for call, role in pairs if call is not None]
        return tuple(dict.fromkeys(place for place in found if place is not None))


def is_users_own(site: Site) -> bool:
    """Did the user's line read the socket itself, or through a wrapper that cuts nothing?"""
    return site.kind == "user" and (
        not site.via or all(file.endswith(_TRANSPARENT) for file, _, _ in site.via)
    )


def where(call: Call) -> str:
    """`server.py:12`, or the program's name when the line is nobody's."""
    place = place_of(call, "")
    return place.short if place is not None else call.process.name


def endpoint_name(address: Address) -> str:
    """An address as people write it."""
    if isinstance(address, tuple):
        host, port = address[0], address[1]
        return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
    return str(address) if address else "?"


def connection(flow: Flow) -> str:
    """`127.0.0.1:50000 -> 127.0.0.1:8000`: which conversation is meant."""
    client = flow.client.local if flow.client else flow.server.remote if flow.server else None
    server = flow.server.local if flow.server else flow.client.remote if flow.client else None
    if flow.kind in ("unix", "unix-datagram") or (client is None and server is None):
        return f"{flow.kind} {endpoint_name(server or client)}"
    return f"{endpoint_name(client)} -> {endpoint_name(server)}"


def quoted(data: bytes | None) -> str:
    """A short escaped form of bytes for a sentence; text is shown as text."""
    if data is None:
        return ""
    shown = data[:SHOWN]
    try:
        text = shown.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(shown) - 3:
            return repr(shown) + ("..." if len(data) > SHOWN else "")
        text = shown[: error.start].decode("utf-8") + "\\x" + shown[error.start :].hex("\\")
    safe = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return "'" + safe + "'" + ("..." if len(data) > SHOWN else "")


def totals(direction: Direction, until: int = 1 << 63) -> Evidence:
    """How much was written and read in one direction up to a moment."""
    who = direction.sender or direction.receiver
    name = who.process.name if who is not None and who.process is not None else "?"
    sent, read = amounts(direction, until)
    return Evidence(
        say("{name} sent {sent} bytes, of which {read} were read", name=name, sent=sent, read=read)
    )


def amounts(direction: Direction, until: int) -> tuple[int, int]:
    """How many bytes were written and read in one direction up to a moment."""
    return (
        _end_by(direction.writes, until, direction.written),
        _end_by(direction.reads, until, direction.read),
    )


def _end_by(parts: list[Range], until: int, whole: int) -> int:
    """How far a stream's ranges had come at a moment; `whole` when none came later."""
    late = next((part for part in parts if part.call.t0 > until), None)
    return late.start if late is not None else whole


def last_message(direction: Direction) -> Evidence | None:
    """The last thing that was read in a direction, with its line."""
    if not direction.reads:
        return None
    last = direction.reads[-1]
    text: Text = say(
        "{where} had last read {count} bytes {payload}",
        where=where(last.call),
        count=last.end - last.start,
        payload=quoted(last.call.payload),
    )
    return Evidence(text, last.call.t1, last.start)


def last_send(end: Endpoint) -> Call | None:
    """The last send of an endpoint that returned."""
    sends = [c for c in end.calls if is_send(c) and c.t1 is not None]
    return sends[-1] if sends else None
