"""Sentences about packets that several rules quote as evidence, and the advice they share."""

from __future__ import annotations

from plainwire.see.diagnosis.messages import Read
from plainwire.see.diagnosis.model import Evidence, Text, say
from plainwire.see.ledger import glue

_SHOWN = 4


def numbers(packets: tuple[int, ...]) -> str:
    """`4, 6, 8`; many as `4, 6, ... 90`."""
    if len(packets) <= _SHOWN:
        return ", ".join(map(str, packets))
    return f"{packets[0]}, {packets[1]}, ... {packets[-1]}"


def sent_in_vain(count: int, first: int, last: int, t: int) -> Evidence:
    """That so many segments were sent again, packets `first` to `last`, from time `t` on."""
    text = say(
        "{count} segments were sent again (packets {first} to {last}), and nothing came back",
        count=count,
        first=first,
        last=last,
    )
    return Evidence(text, t)


def set_deadlines() -> Text:
    """What helps against a peer that is gone without a word."""
    return say(
        "set a deadline for each message (settimeout), or keep-alive with short times, and close"
        " the connection when it passes"
    )


def glued_where(read: Read) -> Evidence | None:
    """Where the messages of a read were glued, when packets tell it."""
    end = 0 if read.direction is read.flow.there else 1
    found = glue.place(read.flow, end, list(read.sends))
    if found is None:
        return None
    shown = numbers(found.packets)
    text: Text
    if not found.in_segment:
        text = say(
            "they came in {count} segments (packets {packets}) and were glued in the receiver's"
            " queue, before the read: TCP_NODELAY would not help",
            count=len(found.packets),
            packets=shown,
        )
    elif not found.in_queue:
        text = say(
            "they left together (packets {packets}): glued in the sender's buffer, inside one"
            " segment",
            packets=shown,
        )
    else:
        text = say(
            "{segment} of the boundaries lie inside a segment, {queue} between segments (packets"
            " {packets}): glued in the sender's buffer and in the receiver's queue",
            segment=found.in_segment,
            queue=found.in_queue,
            packets=shown,
        )
    return Evidence(text)
