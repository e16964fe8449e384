"""Framed echo, side by side: `python bench/echo.py [--quick] [--json FILE] [--svg FILE]`.

All servers take turns within each round and the median of the rounds counts, since the
machine's speed drifts. The load generator and the limit are C, built with `cc` on
demand into the system's temporary folder; without a compiler there is no measurement.
Ratios to the C server of the same run are what to compare; figures per second are not.
Where other programs use the processors too, the processor time for each message says more
than the throughput; both are printed with their ratio to C.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
WIDTHS = (12, 8, 10, 8, 10, 10)
CASES = {
    "ping-pong, 1 connection": (1, 1),
    "ping-pong, 50 connections": (50, 1),
    "ping-pong, 500 connections": (500, 1),
    "pipelined, 50 connections x 64": (50, 64),
}


def build(name: str, folder: Path) -> str:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        sys.exit("bench: no C compiler; the load generator would be the bottleneck in Python")
    target = folder / name
    source = str(HERE / f"{name}.c")
    subprocess.run([compiler, "-O2", "-o", str(target), source], check=True)
    return str(target)


def measure(command: list[str], load: str, case: tuple[int, int], seconds: float) -> dict[str, Any]:
    """Start a server, load it, stop it."""
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        before = cost_of(server.pid)
        done = subprocess.run(
            [load, port, str(case[0]), str(case[1]), "64", str(seconds)],
            capture_output=True, text=True, timeout=seconds + 30, preexec_fn=pin_load,
        )  # fmt: skip
        after = cost_of(server.pid)
        found: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
        spent = (after["cpu_seconds"] - before["cpu_seconds"]) / found.get("messages", 1)
        grown = (after["rss_kib"] - before["rss_kib"]) / case[0]
        return {**found, "cpu_us": spent * 1e6, "rss_kib": after["rss_kib"],
                "kib_per_connection": grown}  # fmt: skip
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def pin_load() -> None:
    """Keep the load generator on the last processor, so that it is not moved about."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def cost_of(pid: int) -> dict[str, float]:
    """Processor seconds and resident KiB of a process and its children, so far."""
    total, ticks = 0, 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(
                line.split(":", 1) for line in status.read_text().splitlines() if ":" in line
            )
        except OSError:
            continue
        if int(fields["PPid"]) == pid or int(fields["Pid"]) == pid:
            total += int(fields.get("VmRSS", "0 kB").split()[0])
            # Behind the name in brackets: user and system time, proc(5).
            spent = status.with_name("stat").read_text().rpartition(")")[2].split()
            ticks += int(spent[11]) + int(spent[12])
    return {"cpu_seconds": ticks / os.sysconf("SC_CLK_TCK"), "rss_kib": total}


def run(names: list[str], cases: dict[str, Any], rounds: int, seconds: float) -> dict[str, Any]:
    """Measure every server in every case, taking turns."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        load = build("echo_load", Path(folder))
        limit = build("echo_c", Path(folder))
        commands = {"C epoll": [limit]}
        commands |= {n: [sys.executable, str(HERE / "servers.py"), n] for n in names}
        for case, shape in cases.items():
            found: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
            for number in range(rounds):
                for name, command in commands.items():
                    if name == "plainwire serial" and shape[0] > 1:
                        continue  # it serves one at a time
                    found[name].append(measure(command, load, shape, seconds))
                print(f"{case}: round {number + 1} of {rounds}", file=sys.stderr)
            results[case] = {name: median(runs) for name, runs in found.items()}
    return results


def median(runs: list[dict[str, Any]]) -> dict[str, float]:
    good = [one for one in runs if one.get("per_second")]
    keys = ("per_second", "p50_us", "p99_us", "cpu_us", "rss_kib", "kib_per_connection")
    return {k: statistics.median(one[k] for one in good) for k in keys} if good else {}


def show(results: dict[str, Any]) -> None:
    for case, found in results.items():
        top, least = found["C epoll"]["per_second"], found["C epoll"]["cpu_us"]
        columns = zip(
            ("msg/s", "of C", "CPU us", "of C", "p99 us", "KiB each"), WIDTHS, strict=True
        )
        print(f"\n{case}\n{'':28}" + "".join(f"{head:>{width}}" for head, width in columns))
        for name, one in sorted(found.items(), key=lambda kv: -kv[1].get("per_second", 0)):
            if not one:
                print(f"{name:28}{'failed':>12}")
                continue
            rate = one["per_second"]
            print(
                f"{name:28}{rate:12,.0f}{rate / top:8.2f}{one['cpu_us']:10.2f}"
                f"{least / one['cpu_us']:8.2f}{one['p99_us']:10,.0f}"
                f"{one['kib_per_connection']:10.1f}"
            )


def draw(results: dict[str, Any]) -> str:
    """Bars of the ratio to C, as SVG."""
    rows: list[str] = []
    y = 30
    for case, found in results.items():
        top = found["C epoll"]["per_second"]
        rows.append(f'<text x="10" y="{y}" font-weight="bold">{case}, share of C</text>')
        measured = {name: one for name, one in found.items() if one}
        for name, one in sorted(measured.items(), key=lambda kv: -kv[1]["per_second"]):
            y += 20
            share = one["per_second"] / top
            colour = "#0b7285" if name.startswith("plainwire") else "#adb5bd"
            rows.append(f'<text x="10" y="{y}">{name}</text>')
            rows.append(
                f'<rect x="220" y="{y - 12}" width="{share * 400:.0f}" height="14" '
                f'fill="{colour}"/><text x="{225 + share * 400:.0f}" y="{y}">{share:.2f}</text>'
            )
        y += 40
    body = "\n".join(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{y}" '
        f'font-family="sans-serif" font-size="13">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def main(
    names: list[str] | None = None,
    all_cases: dict[str, tuple[int, int]] = CASES,
    picture: Callable[[dict[str, Any]], str] = draw,
) -> None:
    from servers import NAMES

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--only", help="cases and servers whose names contain this", default="")
    parser.add_argument("--case", help="cases whose names contain this", default="")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path)
    options = parser.parse_args()
    rounds, seconds = (1, 0.7) if options.quick else (options.rounds, options.seconds)
    names = [n for n in names or list(NAMES) if options.only in n]
    cases = {k: v for k, v in all_cases.items() if options.case in k}
    results = run(names, cases, rounds, seconds)
    show(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    if options.svg:
        options.svg.write_text(picture(results))


if __name__ == "__main__":
    main()
