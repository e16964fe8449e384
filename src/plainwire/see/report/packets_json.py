"""A flow's packets and states in the JSON report. Pure; docs/json-report.md explains each field."""

from __future__ import annotations

from typing import Any

from plainwire.see.ledger.model import Flow
from plainwire.see.ledger.wire import Behind, Carried, Change, Segment, Told

_END = ("client", "server")


def to_json(flow: Flow, began: int, number_of: Any) -> dict[str, Any]:
    """A flow's packets and states as JSON takes them.

    Args:
        flow: with or without packets.
        began: times are told from it.
        number_of: the number of a call in the report, from the call.
    """
    carried = {
        "datagrams": [_carried(c, began) for c in flow.carried],
        "icmp": [_told(t, began) for t in flow.told],
    }
    if flow.wire is None:
        return {"segments": [], "states": [], **carried}
    return {
        **carried,
        "segments": [_segment(s, began, number_of) for s in flow.wire.segments],
        "states": [_change(c, began, number_of) for c in flow.wire.states],
    }


def _segment(s: Segment, began: int, number_of: Any) -> dict[str, Any]:
    return {
        "packet": s.number,
        "t_ns": s.t - began,
        "from": _END[s.end],
        "flags": s.names,
        "seq": s.start + 1,
        "ack": s.acked + 1 if s.acked is not None else None,
        "start": s.start if s.size else None,
        "size": s.size,
        "window": s.window,
        "sends": [number_of(r.call) for r in s.sends],
        "receives": [number_of(r.call) for r in s.reads],
        "acked_by": s.acked_by,
        "cause": _behind(s.cause, number_of),
        "seen": _behind(s.seen, number_of),
        "marks": [m.kind.value for m in s.marks],
    }


def _carried(c: Carried, began: int) -> dict[str, Any]:
    return {"packet": c.number, "t_ns": c.t - began, "from": _END[c.end], "size": c.size}


def _told(told: Told, began: int) -> dict[str, Any]:
    return {
        "packet": told.error.number,
        "t_ns": told.error.t - began,
        "to": _END[told.end],
        "by": told.error.source,
        "error": told.error.name,
        "about": told.about,
    }


def _behind(behind: Behind | None, number_of: Any) -> dict[str, Any] | None:
    if behind is None:
        return None
    call = number_of(behind.call) if behind.call is not None else None
    return {"by": behind.by, "why": behind.why, "call": call}


def _change(c: Change, began: int, number_of: Any) -> dict[str, Any]:
    return {
        "t_ns": c.t - began,
        "end": _END[c.end],
        "before": c.before,
        "after": c.after,
        "cause": c.cause,
        "packet": c.segment,
        "call": number_of(c.call) if c.call is not None else None,
    }
