"""Notices that calls have been blocked for long, and samples the kernel then.

A sample is taken only when it can tell something new: some call has been open for
BLOCKED_SECONDS, and the set of such calls is not the one already sampled. Two looks,
SETTLE_SECONDS apart, must agree on where every thread is; what moved is running.
"""

from __future__ import annotations

from typing import Any

from plainwire.see import records
from plainwire.see.recorder import kernel
from plainwire.see.recorder.tail import Tail

BLOCKED_SECONDS = 0.35
LONG_SECONDS = 0.75  # a call open for so long is worth a second look
SETTLE_SECONDS = 0.15
AGAIN_SECONDS = 1.0  # an unchanged situation is looked at again, ever more rarely
_SHARE = 0.05  # of one core that sampling may take

_WAITS = (
    records.SENDS | records.RECEIVES | records.STREAM_OPS
    | {records.OPS[name] for name in ("accept", "connect", "tls.read", "tls.write",
                                      "tls.handshake")}
)  # fmt: skip

_SELECT = records.OPS["select"]


class Watch:
    """Decides when to sample; one per run. Times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._seen: frozenset[tuple[str, int, bool]] = frozenset()
        self._first: dict[str, Any] | None = None
        self._first_at = 0.0
        self._last_at = 0.0
        self._not_before = 0.0
        self._again = AGAIN_SECONDS
        self._last = False

    def turn(self, tails: list[Tail], pids: list[int], now: float) -> dict[str, Any] | None:
        """Look once; returns a settled sample when there is a new one."""
        if self._first is not None:
            if now - self._first_at < SETTLE_SECONDS:
                return None
            first, self._first = self._first, None
            second = kernel.sample(kernel.family(pids))
            self._charge(second, now)
            return settled(first, second)
        if now < self._not_before:
            return None
        blocked, self._last = self._blocked(tails, now), False
        if not blocked or (blocked == self._seen and now - self._last_at < self._again):
            return None
        self._again = self._again * 2 if blocked == self._seen else AGAIN_SECONDS
        self._seen, self._last_at = blocked, now
        self._first, self._first_at = kernel.sample(kernel.family(pids)), now
        return None

    @property
    def looking(self) -> bool:
        """Is a first look waiting for its second?"""
        return self._first is not None

    def look_once_more(self) -> None:
        """Let the next turn sample whatever is blocked, seen before or not.

        For the moment before a run is ended: what is stuck then had all the time it got.
        Who waits in a select() is looked at only here: a server between two clients sits
        in one, or goes round it, for ever.
        """
        self._seen, self._last_at, self._not_before = frozenset(), 0.0, 0.0
        self._last = True

    def _charge(self, second: dict[str, Any], now: float) -> None:
        took = 2 * 0.0002 * max(1, sum(len(p["threads"]) for p in second["processes"].values()))
        self._not_before = now + took / _SHARE

    def _blocked(self, tails: list[Tail], now: float) -> frozenset[tuple[str, int, bool]]:
        since = (now - BLOCKED_SECONDS) * 1e9
        long_since = (now - LONG_SECONDS) * 1e9
        return frozenset(
            (tail.key, call.slot, call.t0 < long_since)
            for tail in tails
            for call in tail.open.values()
            if (call.op in _WAITS and call.t0 < since) or (self._last and call.op == _SELECT)
        )


def settled(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """The second of two samples, with every thread that moved in between marked running."""
    for pid, process in second["processes"].items():
        before = first["processes"].get(pid, {"threads": {}})["threads"]
        for tid, thread in process["threads"].items():
            was = before.get(tid)
            same = was is not None and all(
                was[name] == thread[name] for name in ("call", "wait", "fds", "cpu", "endless")
            )
            if not same and thread["endless"]:
                thread.update(wait="running", endless=False)
    return second
