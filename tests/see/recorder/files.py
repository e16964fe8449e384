"""The probe's files by hand: slots and journals as records.py lays them out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from plainwire.see import records

KEY = "10-1f"


def slot(op: str = "recv", *, t0: int = 5, t1: int = 6, ret: int = 0, **fields: int) -> bytes:
    values = {"thread": 1, "socket": 1, "site": 1, "flags": 0, "arg": 0, "task": 0, "aux": 0}
    values.update(fields)
    return records.SLOT.pack(
        values["thread"], values["socket"], values["site"], records.OPS[op], values["flags"],
        values["arg"], values["task"], t0, ret, values["aux"], 0, t1,
    )  # fmt: skip


def slots_file(
    folder: Path, cells: list[bytes], *, key: str = KEY, part: int = 0, first: int = 0,
    room: int = 0, stopped: int = 0,
) -> Path:  # fmt: skip
    header = records.HEADER.pack(records.SLOTS_MAGIC, records.VERSION, 10, first, stopped)
    body = b"".join(cells) + bytes(records.SLOT_BYTES * max(0, room - len(cells)))
    path = folder / f"{key}.{part}.slots"
    path.write_bytes(header.ljust(records.HEADER_BYTES, b"\0") + body)
    return path


def entry(kind: int, body: bytes) -> bytes:
    whole = records.SIZE.pack(len(body)) + bytes([kind]) + body
    return whole + bytes(-len(whole) % 4)


def note(*fields: Any) -> bytes:
    return entry(records.NOTE, json.dumps(fields).encode())


def payload(number: int, data: bytes, total: int | None = None) -> bytes:
    head = records.PAYLOAD_HEAD.pack(number, len(data) if total is None else total)
    return entry(records.PAYLOAD, head + data)


def journal_file(
    folder: Path, entries: list[bytes], *, key: str = KEY, part: int = 0, room: int = 64
) -> Path:
    header = records.HEADER.pack(records.JOURNAL_MAGIC, records.VERSION, 10, part, 0)
    path = folder / f"{key}.{part}.journal"
    path.write_bytes(header.ljust(records.HEADER_BYTES, b"\0") + b"".join(entries) + bytes(room))
    return path


def payloads_file(
    folder: Path, kept: list[tuple[int, bytes]], *, key: str = KEY, part: int = 0, room: int = 8
) -> Path:
    """Small payloads, each (slot number, bytes); no bytes for a cell never written."""
    header = records.HEADER.pack(records.PAYLOADS_MAGIC, records.VERSION, 10, 0, 0)
    cells = b"".join(records.PAYLOAD_CELL.pack(slot, data, len(data)) for slot, data in kept)
    path = folder / f"{key}.{part}.payload"
    path.write_bytes(
        header.ljust(records.HEADER_BYTES, b"\0")
        + cells.ljust(room * records.PAYLOAD_CELL.size, b"\0")
    )
    return path
