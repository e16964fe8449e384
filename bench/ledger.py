"""Records a second of the ledger and the diagnosis, on a recording made up in memory.

    python bench/ledger.py [--records 1000000] [--profile]

An echo server with 50 clients that each send and receive in turn: one slot in four is
a client's send, a server's recv, a server's send, a client's recv. Payload is kept for
none, for one call in eight (what 64 MiB of a long run come to), or for all.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable, Iterator
from typing import Any

from plainwire.see import diagnosis, records
from plainwire.see.ledger import build

CLIENTS = 50
PART = 16384  # slots in one item, as a recording has them
SERVER, CLIENT = "10-1", "20-2"
SERVER_SOURCE = "while True:\n    data = conn.recv(1024)\n    conn.sendall(data)\n"
CLIENT_SOURCE = "for text in texts:\n    sock.sendall(text)\n    sock.recv(1024)\n"


class Writer:
    """One process's slots."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.cells = bytearray()
        self.count = 0

    def add(self, *values: int) -> int:
        self.cells += records.SLOT.pack(*values)
        self.count += 1
        return self.count - 1

    def items(self) -> Iterator[tuple[Any, ...]]:
        size = PART * records.SLOT_BYTES
        for at in range(0, len(self.cells), size):
            first = at // records.SLOT_BYTES
            yield ("slots", self.key, first, bytes(self.cells[at : at + size]))


def notes(key: str, pid: int, source: str) -> Iterator[tuple[Any, ...]]:
    """What a process says of itself, its lines and its sockets."""
    file = f"/src/{pid}.py"
    yield ("run", {"kind": "source", "path": file, "text": source, "t": 1})
    process = [pid, 1, None, 1, 1, 1, 1, ["python3", file], "/src", "3.11.2"]
    yield ("note", key, ["process", *process])
    for thread in range(CLIENTS):
        yield ("note", key, ["thread", thread, pid + thread, f"Thread-{thread}"])
    spans = {1: (2, 12, 27), 2: (3, 5, 23)} if pid == 10 else {1: (2, 5, 23), 2: (3, 5, 20)}
    for number, (line, column, end) in spans.items():
        frame = [file, line, column, line, end, "serve"]
        yield ("note", key, ["site", number, [frame], [], "user"])
    yield ("note", key, ["address", 1, ["127.0.0.1", 8000]])


def recording(count: int, payload_every: int) -> list[tuple[Any, ...]]:
    """Items of about `count` records; payload is kept of one call in `payload_every`."""
    op = records.OPS
    items = [*notes(SERVER, 10, SERVER_SOURCE), *notes(CLIENT, 20, CLIENT_SOURCE)]
    starts = [(0, "server.py", 10), (1, "client.py", 20)]
    words = [{"name": name, "words": [name]} for _, name, _ in starts]
    items.append(("run", {"kind": "run", "t": 1, "programs": words}))
    for index, name, pid in starts:
        row = {"kind": "start", "t": 1, "program": index, "name": name, "pid": pid}
        items.append(("run", row))
    server, client = Writer(SERVER), Writer(CLIENT)
    t = 1000
    listening, local = 1, ["127.0.0.1", 8000]
    items.append(("note", SERVER, ["socket", 1, 3, 2, 1, 0, 1000, 1000, "made", 0, t]))
    items.append(("note", SERVER, ["name", 1, local, None, t]))
    server.add(0, listening, 1, op["listen"], 0, 5, 0, t, 0, 0, 0, t + 1)
    for number in range(2, CLIENTS + 2):
        t += 10
        remote = ["127.0.0.1", 40000 + number]
        for key, cookie in ((SERVER, 2000 + number), (CLIENT, 3000 + number)):
            note = ["socket", number, number, 2, 1, 0, cookie, cookie, "made", 0, t]
            items.append(("note", key, note))
        items.append(("note", SERVER, ["name", number, local, remote, t]))
        items.append(("note", CLIENT, ["name", number, remote, local, t]))
        client.add(number - 2, number, 1, op["connect"], 0, 1, 0, t, 0, 1, 0, t + 1)
        server.add(0, listening, 1, op["accept"], 0, 0, 0, t + 2, number, 0, 0, t + 3)
    round_ = 0
    while server.count + client.count < count:
        for number in range(2, CLIENTS + 2):
            t += 20
            data = b"message %8d" % round_
            size = len(data)
            slots = [
                (CLIENT, client.add(number - 2, number, 1, op["sendall"], 0, size, 0,
                                    t, size, 0, 0, t + 2)),
                (SERVER, server.add(number - 2, number, 1, op["recv"], 0, 1024, 0,
                                    t + 3, size, 0, 0, t + 4)),
                (SERVER, server.add(number - 2, number, 2, op["sendall"], 0, size, 0,
                                    t + 5, size, 0, 0, t + 6)),
                (CLIENT, client.add(number - 2, number, 2, op["recv"], 0, 1024, 0,
                                    t + 7, size, 0, 0, t + 8)),
            ]  # fmt: skip
            if payload_every and round_ % payload_every == 0:
                items += [("payload", key, slot, size, data) for key, slot in slots]
        round_ += 1
    return [*items, *server.items(), *client.items()]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def measure(count: int, payload_every: int) -> tuple[float, float]:
    """Seconds of build and of diagnosis."""
    items = recording(count, payload_every)
    built, ledger = timed(lambda: build.build(items))
    assert len(ledger.calls) >= count
    assert len(ledger.flows) == CLIENTS
    diagnosed, findings = timed(lambda: diagnosis.diagnose(ledger))
    assert not findings, findings
    return built, diagnosed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    if options.profile:
        profiler = cProfile.Profile()
        items = recording(options.records, 8)
        ledger = profiler.runcall(build.build, items)
        profiler.runcall(diagnosis.diagnose, ledger)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)
        return
    print(f"{options.records:,} records")
    print(f"{'payload':<12}{'build':>10}{'diagnose':>10}{'records/s':>12}")
    for name, every in (("none", 0), ("one in 8", 8), ("all", 1)):
        built, diagnosed = measure(options.records, every)
        rate = options.records / (built + diagnosed)
        print(f"{name:<12}{built:>8.2f} s{diagnosed:>8.2f} s{rate:>12,.0f}", flush=True)


if __name__ == "__main__":
    main()
