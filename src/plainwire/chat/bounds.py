"""What one client may cost: a bucket of tokens, and the settings of a server.

Pure: time comes as an argument, in seconds of any steady clock.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for every client of a server.

    Attributes:
        name: of the server, shown in pages.
        password: everybody must know it; empty for none.
        masters: names of accounts that are operators everywhere.
        burst: requests at once, in units of COSTS.
        per_second: requests in the long run.
        rooms: that one connection may be in.
        file_bytes: size of one uploaded file; 25 MiB.
        buffer_bytes: that may wait for one client before it counts as behind.
        stall_seconds: how long it may be behind without taking a byte.
        hello_seconds: from the connection to its first whole message.
        per_address: connections from one address; None for any number.
        connections: in total.
        depart_seconds: how long one who lost the connection still counts as present, so
            that a reconnect is not told as leaving and joining.
        hosts: names under which browsers may reach the page, besides addresses,
            `localhost` and this machine's name.
    """

    name: str = "Plainwire"
    password: str = ""
    masters: tuple[str, ...] = ()
    burst: float = 40.0
    per_second: float = 10.0
    rooms: int = 100
    file_bytes: int = 25 * 1024 * 1024
    buffer_bytes: int = 256 * 1024
    stall_seconds: float = 30.0
    hello_seconds: float = 10.0
    per_address: int | None = None
    connections: int = 10_000
    depart_seconds: float = 8.0
    hosts: tuple[str, ...] = ()


COSTS = {"search": 4.0, "hello": 4.0, "register": 10.0, "history": 2.0, "join": 1.0, "ping": 0.2,
         "typing": 0.5, "read": 0.5}  # fmt: skip
"""Units of a request; 1 where nothing is said."""

REFUSALS_UNTIL_CLOSE = 200
"""One that goes on after this many refusals more than answers does not listen."""


GUESSES = 10
GUESSES_PER_SECOND = 10 / 60
"""Wrong passwords from one address, and for one name, at once and in the long run."""
GUESSERS = 10_000
"""Addresses and names remembered; beyond, the one that guessed longest ago is forgotten."""


class Bucket:
    """Tokens that come back with time.

    Args:
        burst: how many there are at most.
        per_second: how many come back.
        now: the time.
    """

    __slots__ = ("_at", "_burst", "_per_second", "_tokens")

    def __init__(self, burst: float, per_second: float, now: float) -> None:
        self._burst, self._per_second = burst, per_second
        self._tokens, self._at = burst, now

    def take(self, count: float, now: float) -> float:
        """Take tokens and return 0, or take none and return the seconds to wait."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        if self._tokens >= count:
            self._tokens -= count
            return 0.0
        return (count - self._tokens) / self._per_second

    def give(self, count: float) -> None:
        """Put tokens back that were taken for nothing."""
        self._tokens = min(self._burst, self._tokens + count)


class Throttle:
    """Guesses of passwords: a bucket for each key, and a bounded number of keys."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}

    def take(self, keys: tuple[str, ...], now: float) -> float:
        """Count one guess for every key; the seconds to wait if one has none left."""
        waits = []
        for key in keys:
            bucket = self._buckets.pop(key, None) or Bucket(GUESSES, GUESSES_PER_SECOND, now)
            self._buckets[key] = bucket
            waits.append(bucket.take(1, now))
        while len(self._buckets) > GUESSERS:
            del self._buckets[next(iter(self._buckets))]
        return max(waits)

    def forgive(self, keys: tuple[str, ...]) -> None:
        """Count a guess that was right as none."""
        for key in keys:
            if key in self._buckets:
                self._buckets[key].give(1)
