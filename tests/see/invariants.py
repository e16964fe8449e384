"""What must hold of every ledger, whatever the programs did."""

from __future__ import annotations

from plainwire.see.ledger.model import Direction, Ledger, Range


def check(ledger: Ledger) -> None:
    """Hold R1 (ranges tile), J6 (one flow each), and the bytes of both ends against each other."""
    ends = [end.number for flow in ledger.flows for end in flow.ends if end.stream]
    assert len(ends) == len(set(ends)), "an endpoint belongs to two flows"
    for flow in ledger.flows:
        for direction in (flow.there, flow.back):
            where = f"flow {flow.number}"
            for ranges in (direction.writes, direction.asked_writes):
                tiles(ranges, direction.write_base, where)
            for ranges in (direction.reads, direction.asked_reads):
                tiles(ranges, direction.read_base, where)
            if direction.sender is not None and direction.receiver is not None:
                agrees(direction, where)


def tiles(ranges: list[Range], base: int, where: str) -> None:
    """Each range begins where the one before it ended."""
    at = base
    for part in ranges:
        assert part.start == at, f"{where}: a gap or an overlap at {at}"
        assert part.end > part.start, f"{where}: an empty range at {at}"
        at = part.end


def agrees(direction: Direction, where: str) -> None:
    """No more was read than written, and where all bytes were kept they are the same bytes."""
    if direction.sender and direction.sender.tls:
        return
    assert direction.read <= direction.written, f"{where}: {direction.read} read of "
    written, read = content(direction.writes), content(direction.reads)
    if written is not None and read is not None and not direction.interleaved:
        assert written[: len(read)] == read, f"{where}: the bytes differ"
    assert direction.asked_reads[-1:] == [] or direction.asked_reads[-1].end <= direction.read


def content(ranges: list[Range]) -> bytes | None:
    """The bytes of ranges, if every call's were kept whole."""
    parts = [part.call.complete for part in ranges]
    kept = [part for part in parts if part is not None]
    if len(kept) < len(parts):
        return None
    joined = b"".join(kept)
    return joined if not ranges or len(joined) == ranges[-1].end - ranges[0].start else None
