"""What one observed call costs: nanoseconds over the bare call, on a socketpair.

    python bench/probe.py [--rounds N] [--json FILE] [--python PATH]

Three interpreters run at once, one without the probe, one with it that keeps no
payload, one that keeps it; they take turns, a short batch each, so that what disturbs
the machine disturbs all three. Counted is processor time, not the clock's: a call on a
socketpair never waits, and on a busy machine a batch is interrupted by others' turns. The
figure is the minimum over the rounds, because what disturbs only adds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from plainwire.see.recorder import folder
from plainwire.see.recorder.programs import INJECT

BATCH = 2000

WORKER = f"""
import socket, sys
from time import process_time_ns as clock
a, b = socket.socketpair()
data = b"x" * 64
into = bytearray(64)
r = range({BATCH // 20})
def send_recv():
    t = clock()
    for _ in r:
        for _ in 1,2,3,4,5,6,7,8,9,10:
            a.send(data)
            b.recv(64)
    return clock() - t
def sendall_recv_into():
    t = clock()
    for _ in r:
        for _ in 1,2,3,4,5,6,7,8,9,10:
            a.sendall(data)
            b.recv_into(into)
    return clock() - t
send_recv(), sendall_recv_into()
for line in sys.stdin:
    print(send_recv(), sendall_recv_into(), flush=True)
"""

MODES = ("without", "probe", "payload")


def start(python: str, mode: str, directory: Path) -> subprocess.Popen[str]:
    """Start one worker in one of the modes."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PLAINWIRE_RUN")}
    if mode != "without":
        environment["PYTHONPATH"] = str(INJECT)
        run = folder.create("bench", payload=mode == "payload", directory=directory)
        environment["PLAINWIRE_RUN"] = str(run)
    return subprocess.Popen(
        [python, str(directory / "worker.py")],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def measure(python: str, rounds: int) -> dict[str, dict[str, float]]:
    """Nanoseconds a call by mode and pair of calls; the least of all rounds."""
    best: dict[str, dict[str, float]] = {mode: {} for mode in MODES}
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "worker.py").write_text(WORKER)
        workers = {mode: start(python, mode, Path(name)) for mode in MODES}
        for _ in range(rounds):
            for mode, worker in workers.items():
                assert worker.stdin is not None
                assert worker.stdout is not None
                worker.stdin.write("\n")
                worker.stdin.flush()
                values = worker.stdout.readline().split()
                for pair, value in zip(("send+recv", "sendall+recv_into"), values, strict=True):
                    each = int(value) / BATCH
                    best[mode][pair] = min(each, best[mode].get(pair, each))
        for worker in workers.values():
            assert worker.stdin is not None
            worker.stdin.close()
            worker.wait(10)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=150)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    best = measure(options.python, options.rounds)
    print(f"{'calls':20} {'bare':>8} {'probe':>8} {'payload':>8}   (ns a call; the last two: more)")
    for pair, bare in best["without"].items():
        more = [best[mode][pair] - bare for mode in MODES[1:]]
        print(f"{pair:20} {bare:8.0f} {more[0]:+8.0f} {more[1]:+8.0f}")
    if options.json:
        options.json.write_text(json.dumps(best, indent=1) + "\n")


if __name__ == "__main__":
    main()
