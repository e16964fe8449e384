"""What observing costs a whole server: round trips per second, bare and observed, side by side.

    python bench/overhead.py [--rounds N] [--seconds S] [--json FILE]

Two echo servers (asyncio streams; a thread for each connection) serve 50 connections with
one message of 64 bytes in flight on each. The load generator is C, a process of its own
that nothing observes. All modes take turns within each round, and each round begins with
another one. A ratio is to the bare server of the same round; the median of the rounds
counts. A run that was not observed as its mode says counts as failed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from echo import build, cost_of, pin_load

from plainwire.see.recorder import folder
from plainwire.see.recorder.programs import INJECT

CONNECTIONS = 50
FRAME = 64
BUDGET = 0.60
START_SECONDS = 30
END_SECONDS = 90
RESULTS = Path(__file__).parent / "results" / "overhead.json"

# Both write "port pid" to the file they are given, whole or not at all, and end by
# themselves if this program is no more there to end them.
COMMON = """
import os, signal, sys
signal.alarm(180)
def ready(port):
    with open(sys.argv[1] + ".new", "w") as file:
        file.write("%d %d" % (port, os.getpid()))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
"""

SERVERS = {
    "asyncio": COMMON
    + """
import asyncio
async def serve(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=128)
    ready(server.sockets[0].getsockname()[1])
    await server.serve_forever()
asyncio.run(main())
""",
    "threads": COMMON
    + """
import socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)
class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128
with Server(("127.0.0.1", 0), Echo) as server:
    ready(server.server_address[1])
    server.serve_forever()
""",
}

# Mode -> options of `plainwire run`; the other modes have None.
MODES: dict[str, list[str] | None] = {
    "bare": None,
    "probe, no payload": None,
    "probe, payload": None,
    "run --no-packets --no-payload": ["--no-packets", "--no-payload"],
    "run --no-packets": ["--no-packets"],
    "run, with packets": [],
    "strace -f -e trace=network": None,
}


def command_of(mode: str, program: Path, place: Path) -> tuple[list[str], dict[str, str]]:
    """The words and the environment that start a server in a mode."""
    server = [sys.executable, str(program), str(place / "port")]
    environment = {k: v for k, v in os.environ.items() if k != "PLAINWIRE_RUN"}
    options = MODES[mode]
    if options is not None:
        environment["XDG_STATE_HOME"] = str(place)
        words = [sys.executable, "-m", "plainwire", "run", "--python", sys.executable]
        return [*words, "--json", str(place / "report"), *options, *server[1:]], environment
    environment.pop("PYTHONPATH", None)
    if mode.startswith("probe"):
        run = folder.create("bench", payload=mode == "probe, payload", directory=place / "runs")
        environment |= {"PYTHONPATH": str(INJECT), "PLAINWIRE_RUN": str(run)}
    elif mode.startswith("strace"):
        return [*mode.split(), "-o", str(place / "trace"), *server], environment
    return server, environment


def observed_calls(mode: str, place: Path) -> int:
    """How many calls the mode's own record holds; -1 when the record is not what it says."""
    if MODES[mode] is not None:
        report = json.loads((place / "report").read_text())
        with_packets = "packets" in report["evidence_level"]
        return len(report["calls"]) if with_packets == (mode == "run, with packets") else -1
    if mode.startswith("probe"):
        (run,) = (place / "runs").iterdir()
        items = list(folder.read(run))
        with_payload = any(item[0] == "payload" for item in items)
        calls = sum(len(item[3]) // 64 for item in items if item[0] == "slots")
        return calls if with_payload == (mode == "probe, payload") else -1
    with (place / "trace").open("rb") as file:
        return sum(b"sendto(" in line or b"recvfrom(" in line for line in file)


@contextlib.contextmanager
def started(mode: str, program: Path, place: Path) -> Iterator[tuple[int, int]]:
    """A server in a mode: its port and its pid. Ended, and what observes it, behind."""
    words, environment = command_of(mode, program, place)
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(words, env=environment, stdin=quiet, stdout=quiet, stderr=quiet)
    server = -1
    try:
        limit = time.monotonic() + START_SECONDS
        while not (place / "port").exists():
            if process.poll() is not None or time.monotonic() > limit:
                raise TimeoutError(f"{mode}: the server did not start")
            time.sleep(0.02)
        port, pid = map(int, (place / "port").read_text().split())
        server = os.pidfd_open(pid)
        time.sleep(0.3)  # what observes it settles
        yield port, pid
        signal.pidfd_send_signal(server, signal.SIGTERM)
        process.wait(END_SECONDS)  # `plainwire run` makes its report here
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if server >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(server, signal.SIGKILL)
            os.close(server)


def measure(mode: str, program: Path, load: str, seconds: float) -> dict[str, float]:
    """One server in one mode under load, once; empty when it failed."""
    # The load generator adds a head of 4 bytes to what it is told.
    words = [str(CONNECTIONS), "1", str(FRAME - 4), str(seconds)]
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        try:
            with started(mode, program, place) as (port, pid):
                before = cost_of(pid)["cpu_seconds"]
                done = subprocess.run(
                    [load, str(port), *words],
                    capture_output=True, text=True, timeout=seconds + 30, check=True,
                    preexec_fn=pin_load,
                )  # fmt: skip
                spent = cost_of(pid)["cpu_seconds"] - before
            found: dict[str, float] = json.loads(done.stdout)
            found["cpu_us"] = spent / found["messages"] * 1e6
            if mode != "bare":
                found["calls"] = observed_calls(mode, place)
                if found["calls"] < 2 * found["messages"]:  # each is received and sent
                    raise ValueError(f"{mode}: {found['calls']} calls recorded")
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            print(f"failed: {mode}: {error}", file=sys.stderr)
            return {}
    return found


def run(rounds: int, seconds: float) -> dict[str, dict[str, list[dict[str, float]]]]:
    """Every server in every mode, in turn: server -> mode -> one for each round."""
    modes = [m for m in MODES if not m.startswith("strace") or shutil.which("strace")]
    results: dict[str, dict[str, list[dict[str, float]]]] = {
        server: {mode: [] for mode in modes} for server in SERVERS
    }
    with tempfile.TemporaryDirectory() as name:
        load = build("echo_load", Path(name))
        for server, text in SERVERS.items():
            (Path(name) / f"echo_{server}.py").write_text(text)
        for number in range(rounds):
            for server, found in results.items():
                first = number * 2 % len(modes)
                for mode in modes[first:] + modes[:first]:
                    found[mode].append(
                        measure(mode, Path(name) / f"echo_{server}.py", load, seconds)
                    )
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return results


def summary(found: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Medians of each mode, and its ratio to bare with the range over the rounds."""
    rows: dict[str, dict[str, float]] = {}
    for mode, runs in found.items():
        good = [one for one in runs if one]
        pairs = zip(runs, found["bare"], strict=True)
        ratios = [one["per_second"] / bare["per_second"] for one, bare in pairs if one and bare]
        if not ratios:
            continue
        rows[mode] = {
            key: statistics.median(one[key] for one in good)
            for key in ("per_second", "p50_us", "p99_us", "cpu_us")
        }
        rows[mode] |= {"ratio": statistics.median(ratios), "least": min(ratios)}
        rows[mode] |= {"most": max(ratios), "rounds": len(ratios)}
    return rows


def table(rows: dict[str, dict[str, dict[str, float]]]) -> str:
    """The table, in Markdown."""
    heads = (
        "server | mode | round trips/s | of bare | least to most | server CPU us | of bare | rounds"
    )
    lines = [f"| {heads} |"]
    lines.append("|---|---|---:|---:|---:|---:|---:|---:|")
    for server, found in rows.items():
        lines += [
            f"| {server} | {mode} | {one['per_second']:,.0f} | {one['ratio']:.3f} "
            f"| {one['least']:.2f} to {one['most']:.2f} | {one['cpu_us']:.1f} "
            f"| {found['bare']['cpu_us'] / one['cpu_us']:.3f} | {one['rounds']:.0f} |"
            for mode, one in found.items()
        ]
    return "\n".join(lines)


def verdict(rows: dict[str, dict[str, dict[str, float]]]) -> str:
    """The worst case of ours against the budget, not rounded."""
    ours = [
        (one["ratio"], server, mode)
        for server, found in rows.items()
        for mode, one in found.items()
        if mode.startswith(("probe", "run"))
    ]
    if not ours:
        return "nothing was measured"
    ratio, server, mode = min(ours)
    below = sum(
        one["least"] < BUDGET
        for found in rows.values()
        for mode, one in found.items()
        if mode.startswith(("probe", "run"))
    )
    met = "NOT met" if ratio < BUDGET else "met in every round"
    if ratio >= BUDGET and below:
        met = f"met by the medians, but {below} of {len(ours)} cases were below it in some round"
    return f"worst case: {server}, {mode}: {ratio:.4f} of bare; budget {BUDGET:.2f}: {met}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--json", type=Path, default=RESULTS)
    options = parser.parse_args()
    about: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load_before": os.getloadavg(),
    }
    results = run(options.rounds, options.seconds)
    about["load_after"] = os.getloadavg()
    rows = {server: summary(found) for server, found in results.items()}
    print(*(f"{key}: {value}" for key, value in about.items()), sep="\n")
    print(f"\n{table(rows)}\n\n{verdict(rows)}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(
        json.dumps({**about, "medians": rows, "rounds": results}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
