"""One flow of a ledger -> `schema.Detail`: calls, messages, links, states, queues. Pure.

D1  Every byte that was written is in exactly one message, and every byte that was read
    lands by exactly one link.
D2  A link leaves at the call that sent it and lands at the call that took it; nothing
    is said to have arrived before it left or after it was taken.
D3  What no packet proved is `inferred`: without packets the handshake's segments, and when
    bytes reached the peer's kernel. That bytes of one call came out of another is
    observed: `call`. With packets all of that is `captured` (segments.py).
D4  A window (`first`, `limit`) holds the calls in it and the links of those calls.
D5  What a program did after the recorder had begun to end it is the recorder's doing, and
    is left out.
"""

from __future__ import annotations

import base64
import errno as errnos
from bisect import bisect_right
from collections.abc import Iterator

from plainwire.see.ledger.holders import Holding
from plainwire.see.ledger.model import Call, Direction, Flow, Ledger, Range, overlapping
from plainwire.see.ledger.ranges import is_stream_read
from plainwire.see.ledger.wire import ACK, FIN, RST, SYN
from plainwire.see.records import UNLIMITED
from plainwire.web import attempts, schema, states
from plainwire.web.index import Index, ended_by_us, lane_of
from plainwire.web.segments import TRAVEL_NS, Segments

MOST_CALLS = 60_000  # of one window, unless asked for otherwise
MOST_PAYLOAD = 1 << 20  # bytes of each direction
_HIDDEN = {"socket", "dup", "detach"}  # they move no byte and cause no segment


class View:
    """One flow as it is looked at, window by window; what windows share is made once."""

    def __init__(
        self,
        flow: Flow,
        ledger: Ledger,
        held: dict[int, list[Holding]],
        index: Index,
        *,
        payload: bool,
    ) -> None:
        self.flow, self.ledger, self.held = flow, ledger, held
        self.index, self.payload = index, payload
        self.began = ledger.began
        calls = (entry for entry in self._calls() if not _after_our_ending(entry[1]))
        self._all = sorted(calls, key=lambda entry: entry[1].t0)
        self.number: dict[int, int] = {}  # id of a call -> its index in the window
        self.messages: list[schema.Message] = []
        self.links: list[schema.Link] = []
        self.taken = (
            Segments(flow, ledger, self._known, self._line) if flow.wire is not None else None
        )

    def window(self, first: int, limit: int, at: int | None = None) -> schema.Detail:
        """The `limit` calls from `first` on (negative: the last), or those around a moment."""
        total = len(self._all)
        if at is not None:
            place = bisect_right(self._all, at + self.began, key=lambda entry: entry[1].t0)
            first = place - limit // 2 if place > limit // 2 else 0
        if first < 0 or first + limit > total:
            first = max(0, total - limit) if first else 0
        chosen = self._all[first : first + limit]
        self.number = {id(call): n for n, (_, call) in enumerate(chosen)}
        self.messages, self.links = [], []
        last = first + len(chosen) == total
        found = self._opening_and_end(first == 0, last)
        self._data(len(chosen) < total)
        segments, left_out = None, 0
        if self.taken is not None:
            since = chosen[0][1].t0 if first else None
            until = None if last else self._all[first + limit][1].t0
            segments, left_out = self.taken.between(since, until)
        return schema.Detail(
            number=self.flow.number,
            first=first,
            total=total,
            calls=[self._call(side, call) for side, call in chosen],
            messages=self.messages,
            links=sorted(self.links, key=lambda link: link.left),
            states=found,
            samples=list(self._samples()),
            segments=segments,
            left_out=left_out + max(0, len(self.flow.carried) - MOST_CALLS),
            unjoined=self.flow.wire.unjoined if self.flow.wire is not None else ["", ""],
            payload=list(self._payload()) if self.payload else [],
        )

    def _opening_and_end(self, first: bool, last: bool) -> list[schema.State]:
        """Links of handshake and close, where they are in the window; the states of both ends."""
        if self.taken is not None:
            self._captured(first, last)
            return self.taken.states()
        if attempts.is_attempt(self.flow):
            return []  # nothing is known but that the call failed
        shake = states.handshake(self.flow) if self.flow.kind == "tcp" else None
        endings = states.endings(self.flow, self.held) if self._stream() else []
        if shake is not None and first:
            self._handshake(shake)
        if last:
            self._endings(endings)
        return states.states(self.flow, self.ledger, shake, endings) if shake else []

    def _stream(self) -> bool:
        return self.flow.kind in ("tcp", "unix")

    # -- calls ---------------------------------------------------------------------

    def _calls(self) -> Iterator[tuple[int, Call]]:
        for side, end in ((0, self.flow.client), (1, self.flow.server)):
            if end is None:
                continue
            if end.listener is not None and side == 1:
                for call in end.listener.calls:
                    if call.op in ("bind", "listen") or call is end.opened_by:
                        yield side, call
            streams = any(is_stream_read(call) for call in end.calls)
            closed = {call.process.key for call in end.calls if call.op == "close"}
            for call in end.calls:
                if call.op in _HIDDEN or (streams and call.site.kind == "loop"):
                    continue
                if is_stream_read(call) and _within_another(call):
                    continue
                if call.op == "closed" and call.process.key in closed:
                    continue
                yield side, call

    def _call(self, side: int, call: Call) -> schema.Call:
        ours = ended_by_us(call)
        open_still = ours or call.t1 is None
        return schema.Call(
            side=side,
            op=call.op,
            line=self.index.line(call),
            process=self.index.process(call.process),
            lane=lane_of(call),
            t0=call.t0 - self.began,
            t1=None if open_still or call.t1 is None else call.t1 - self.began,
            count=0 if open_still else call.count,
            asked=None if call.asked == UNLIMITED else call.asked,
            failure=None if open_still else failure(call),
            ours=ours,
        )

    def _known(self, call: Call | None) -> int | None:
        return None if call is None else self.number.get(id(call))

    def _line(self, call: Call | None) -> int | None:
        return None if call is None else self.index.line(call)

    # -- links ---------------------------------------------------------------------

    def _link(
        self,
        kind: schema.LinkKind,
        side: int,
        times: tuple[int, int | None, int | None],
        calls: tuple[Call | None, Call | None],
        proof: schema.Proof,
        message: int | None = None,
        part: tuple[int, int] = (0, 0),
        packet: int | None = None,
    ) -> None:
        left, arrived, landed = (t - self.began if t is not None else None for t in times)
        assert left is not None
        self.links.append(
            schema.Link(
                kind, side, left, arrived, landed,
                self._known(calls[0]), self._known(calls[1]), message, *part, proof, packet,
            )
        )  # fmt: skip

    def _handshake(self, shake: states.Handshake) -> None:
        """SYN leaves at `connect`; the kernel answers, not `accept`, which takes the result."""
        third = max(1, (shake.done - shake.syn) // 3)
        a, b = shake.syn + third, shake.syn + 2 * third
        connect, accept = shake.connect, shake.accept
        self._link("syn", 0, (shake.syn, a, None), (connect, None), "inferred")
        self._link("syn-ack", 1, (a, b, b), (None, connect), "inferred")
        taken = accept.t1 if accept is not None else None
        arrived = shake.done if taken is None else min(shake.done, taken)
        self._link("ack", 0, (min(b, arrived), arrived, taken), (connect, accept), "inferred")

    def _captured(self, first: bool, last: bool) -> None:
        """SYN, FIN and RST as they were captured, with the lines that caused and saw them."""
        assert self.taken is not None
        for s in self.taken.control():
            opens = bool(s.flags & SYN) or (s.cause is not None and s.cause.why == "handshake")
            if not (first if opens else last):
                continue
            kind: schema.LinkKind = "rst" if s.flags & RST else "fin" if s.flags & FIN else "ack"
            if s.flags & SYN:
                kind = "syn-ack" if s.flags & ACK else "syn"
            arrived = self.taken.arrived(s)
            cause = s.cause.call if s.cause is not None and s.cause.by == "call" else None
            seen = s.seen.call if s.seen is not None else None
            if kind == "syn":
                seen = None  # the kernel takes it; listen() was long before
            landed = seen.t1 if seen is not None and not ended_by_us(seen) else None
            if landed is not None and arrived is not None:
                landed = max(landed, arrived)  # stamps of calls and packets differ a little
            self._link(
                kind, s.end, (s.t, arrived, landed), (cause, seen), "captured", packet=s.number
            )

    def _endings(self, endings: list[states.Ending]) -> None:
        for ending in endings:
            end = self.flow.client if ending.side == 0 else self.flow.server
            seen = self.flow.sending(end).fin_seen if end is not None else None
            landed = seen.t1 if seen is not None else None
            self._link(
                "rst" if ending.reset else "fin",
                ending.side,
                (ending.sent, ending.arrived, landed),
                (ending.call, seen),
                "call" if seen is not None else "inferred",
            )

    def _data(self, windowed: bool) -> None:
        if self.flow.datagrams:
            self._datagrams()
            return
        if self.flow.carried:
            self._carried()
            return
        for side, direction in ((0, self.flow.there), (1, self.flow.back)):
            number = 0
            low, high = self._touched(direction) if windowed else (0, UNLIMITED)
            for start, end, writer, label in spoken(direction):
                number += 1
                if end <= low or start >= high:
                    continue
                takers = list(direction.readers_of(start, end))
                known = self._known(writer.call) is not None if writer else False
                if (
                    windowed
                    and not known
                    and not any(self._known(r.call) is not None for r in takers)
                ):
                    continue
                here = len(self.messages)
                leave = self._known(writer.call) if writer else None
                self.messages.append(schema.Message(side, number, start, end, leave, label))
                self._pieces(here, side, (start, end), writer, takers)

    def _touched(self, direction: Direction) -> tuple[int, int]:
        """The bytes of a direction between the first and the last that the window moved."""
        mine = [
            part
            for parts in (direction.asked_writes, direction.asked_reads)
            for part in parts
            if id(part.call) in self.number
        ]
        return min((r.start for r in mine), default=0), max((r.end for r in mine), default=0)

    def _pieces(
        self,
        message: int,
        side: int,
        part: tuple[int, int],
        writer: Range | None,
        takers: list[Range],
    ) -> None:
        start, end = part
        at = start
        for taker in takers:
            first, last = max(start, taker.start), min(end, taker.end)
            landed = taker.call.t1 or taker.call.t0
            left = min(writer.call.t0, landed) if writer else landed
            sent = (writer.call.t1 or left) if writer else landed
            waiting = taker.call.t0 <= left  # he took it as it came: it was never queued
            arrived = landed if waiting else max(left, min(sent, landed))
            queued = self.taken.queued(side, last) if self.taken is not None else None
            if queued is not None:
                arrived = max(left, min(queued, landed))
            calls = (writer.call if writer else None, taker.call)
            self._link("data", side, (left, arrived, landed), calls, "call", message, (first, last))
            at = last
        if at < end and writer is not None:
            left = writer.call.t0
            receiver = self.flow.server if side == 0 else self.flow.client
            unread = None if receiver is None else writer.call.t1
            queued = self.taken.queued(side, end) if self.taken is not None else None
            proof: schema.Proof = "inferred" if queued is None else "captured"
            times = (left, unread if queued is None else max(left, queued), None)
            self._link("data", side, times, (writer.call, None), proof, message, (at, end))

    def _datagrams(self) -> None:
        offsets, numbers = [0, 0], [0, 0]
        for datagram in self.flow.datagrams:
            side = 0 if datagram.sender is self.flow.client else 1
            sent, received = datagram.sent, datagram.received
            one = sent or received
            if one is None:
                continue
            start = offsets[side]
            end = offsets[side] = start + max(0, one.count)
            numbers[side] += 1
            here = len(self.messages)
            self.messages.append(
                schema.Message(side, numbers[side], start, end, self._known(sent), "")
            )
            landed = received.t1 if received is not None else None
            left = one.t0 if sent is not None else landed or one.t0
            arrived = None
            if received is not None and landed is not None:
                arrived = (
                    landed
                    if received.t0 <= left
                    else min((sent.t1 if sent else None) or left, landed)
                )
            self._link(
                "datagram",
                side,
                (left, arrived, landed),
                (sent, received),
                "call" if datagram.packet is None else "captured",
                here,
                (start, end),
                datagram.packet,
            )

    def _carried(self) -> None:
        """Datagrams and ICMP errors of a capture without calls: when they passed, no more."""
        offsets, numbers = [0, 0], [0, 0]
        for one in self.flow.carried[:MOST_CALLS]:
            start = offsets[one.end]
            end = offsets[one.end] = start + one.size
            numbers[one.end] += 1
            here = len(self.messages)
            self.messages.append(schema.Message(one.end, numbers[one.end], start, end, None, ""))
            self._passed("datagram", one.end, one.t, one.number, here, (start, end))
        for told in self.flow.told:
            self._passed("icmp", 1 - told.end, told.error.t, told.error.number, None, (0, 0))

    def _passed(
        self,
        kind: schema.LinkKind,
        side: int,
        t: int,
        packet: int,
        message: int | None,
        part: tuple[int, int],
    ) -> None:
        times = (t, t + TRAVEL_NS, t + TRAVEL_NS)
        self._link(kind, side, times, (None, None), "captured", message, part, packet)

    # -- the kernel's queues and payload ---------------------------------------------

    def _samples(self) -> Iterator[schema.Sample]:
        before: tuple[tuple[int, int], tuple[int, int]] | None = None
        for sample in self.ledger.samples:
            rows = [
                sample["sockets"].get(str(end.inode)) if end is not None else None
                for end in (self.flow.client, self.flow.server)
            ]
            unread = _pair([row["unread"] if row else -1 for row in rows])
            unsent = _pair([row["unsent"] if row else -1 for row in rows])
            if (unread, unsent) != before and any(rows):
                before = (unread, unsent)
                yield schema.Sample(sample["t"] - self.began, unread, unsent)

    def _payload(self) -> Iterator[schema.Bytes]:
        shown: list[list[schema.Message]] = [[], []]
        for message in self.messages:
            shown[message.side].append(message)
        for side, direction in ((0, self.flow.there), (1, self.flow.back)):
            spent = 0
            low = min((m.start for m in shown[side]), default=0)
            high = max((m.end for m in shown[side]), default=0)
            for part in overlapping(direction.writes or direction.reads, low, high):
                kept = part.call.payload
                if kept is None or spent > MOST_PAYLOAD:
                    continue
                if len(kept) < part.call.whole:  # the end was kept too; only the beginning is whole
                    kept = kept[: max(0, len(kept) - 64)]
                kept = kept[: part.end - part.start]
                spent += len(kept)
                yield schema.Bytes(side, part.start, base64.b64encode(kept).decode())


def spoken(direction: Direction) -> Iterator[tuple[int, int, Range | None, str]]:
    """The messages of a direction: a codec's, else what was sent, else what was read."""
    if direction.messages:
        for start, end, codec, label in direction.messages:
            writer = next(iter(overlapping(direction.asked_writes, start, end)), None)
            yield start, end, writer, label or codec
    elif direction.asked_writes:
        for part in direction.asked_writes:
            yield part.start, part.end, part, ""
    else:
        for part in direction.asked_reads:
            yield part.start, part.end, None, ""


def _after_our_ending(call: Call) -> bool:
    """Did a program only close what it had because the recorder had stopped it?"""
    ending = call.process.ending
    return ending is not None and call.t0 >= ending


def _within_another(call: Call) -> bool:
    """Is it a reader's method that another one called (`readline` calls `readuntil`)?"""
    return any(
        function.startswith("read") and file.endswith("/asyncio/streams.py")
        for file, _, function in call.site.via
    )


def failure(call: Call) -> str | None:
    """How a call failed, as Python and errno name it; a connect under way did not."""
    failed = call.failure
    if failed is None or (failed.errno == errnos.EINPROGRESS and call.op.startswith("connect")):
        return None
    if failed.errno is None:
        return failed.name
    code = errnos.errorcode.get(failed.errno, str(failed.errno))
    name = type(OSError(failed.errno, "")).__name__ if failed.name == "OSError" else failed.name
    return f"{name} ({code})"


def _pair(values: list[int]) -> tuple[int, int]:
    return values[0], values[1]
