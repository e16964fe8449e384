"""Which process holds which endpoint, from when to when. Pure.

H1  A process holds an endpoint from the moment it made, accepted or adopted it, or
    from its fork if its parent held it then, until it closes it or ends.
H2  The kernel sends FIN when the last holder lets go, not when one of them does.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from plainwire.see.ledger.model import Call, Endpoint, Ledger, Process


@dataclass(slots=True)
class Holding:
    """One process's hold on one endpoint; `until` is None while it lasts."""

    process: Process
    endpoint: Endpoint
    since: int
    until: int | None = None
    closed: Call | None = None  # the call that ended it; None: it lasts, or the process ended
    inherited: bool = False


def holdings(ledger: Ledger) -> dict[int, list[Holding]]:
    """Endpoint number -> its holdings, in order of time (H1)."""
    found: dict[int, list[Holding]] = defaultdict(list)
    by_process: dict[str, list[Holding]] = defaultdict(list)
    closings: dict[tuple[str, int], list[Call]] = defaultdict(list)
    for call in ledger.calls:
        if call.endpoint is None:
            continue
        key = (call.process.key, call.endpoint.number)
        if call.op in ("closed", "dropped"):
            closings[key].append(call)
    first_seen: dict[str, dict[int, int]] = defaultdict(dict)
    for endpoint in ledger.endpoints:
        for (owner, _), t in endpoint.handles.items():
            seen = first_seen[owner]
            seen[endpoint.number] = min(t, seen.get(endpoint.number, t))

    def hold(process: Process, endpoint: Endpoint, since: int, inherited: bool) -> None:
        ends = [c for c in closings[process.key, endpoint.number] if c.t0 >= since]
        # One descriptor each: a second one on the same socket (a duplicate) keeps it open.
        copies = sum(1 for k, _ in endpoint.handles if k == process.key) if not inherited else 1
        closed = ends[copies - 1] if len(ends) >= copies > 0 else None
        until = closed.t0 if closed else process.ended
        holding = Holding(process, endpoint, since, until, closed, inherited)
        found[endpoint.number].append(holding)
        by_process[process.key].append(holding)

    for process in ledger.processes:
        if process.parent is not None:
            for held in by_process[process.parent]:
                alive = held.until is None or held.until > process.started
                if alive and held.since < process.started:
                    hold(process, held.endpoint, process.started, inherited=True)
        for number, t in first_seen[process.key].items():
            hold(process, ledger.endpoints[number], t, inherited=False)
    return found
