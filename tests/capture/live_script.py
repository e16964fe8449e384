"""Captures of known traffic inside a private network; prints what was seen as JSON."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from plainwire.see.capture import live, private_net, recorded
from plainwire.see.capture.decode import Datagram, Segment, decode_summary


def datagrams(count: int, size: int, ports: list[int], sender: socket.socket) -> None:
    for number in range(count):
        for port in ports:
            sender.sendto(number.to_bytes(4, "big") * (size // 4), ("127.0.0.1", port))


def receivers(count: int) -> tuple[list[socket.socket], list[int]]:
    made = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for each in made:
        each.bind(("127.0.0.1", 0))
    return made, [each.getsockname()[1] for each in made]


def ports_seen(path: Path) -> dict[str, int]:
    seen: dict[str, int] = {}
    for packet in recorded.CaptureFile(path).packets():
        summary = decode_summary(packet.data)
        if isinstance(summary, (Segment, Datagram)):
            key = str(summary.destination_port)
            seen[key] = seen.get(key, 0) + 1
    return seen


def each_once(folder: Path) -> dict[str, Any]:
    """Every datagram to one port, once each, and none of the other port's."""
    _keep, (wanted, other) = receivers(2)
    capture = live.Capture.start(folder / "once", ports={wanted})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        datagrams(500, 64, [wanted, other], sender)
    result = capture.stop()
    file = recorded.CaptureFile(folder / "once")
    numbers = [int.from_bytes(packet.data[42:46], "big") for packet in file.packets()]
    return {
        "numbers_in_order": numbers == list(range(500)),
        "taken": [interface.taken for interface in result.interfaces],
        "dropped": result.dropped,
        "complete": file.complete,
        "mode": oct(os.stat(folder / "once").st_mode & 0o777),
        "losses": {key: loss.packets for key, loss in file.losses.items()},
    }


def ports_replaced(folder: Path) -> dict[str, Any]:
    """A filter replaced while running is in force when set_ports returns."""
    _keep, (first, second) = receivers(2)
    capture = live.Capture.start(folder / "ports", ports=())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        datagrams(3, 16, [first, second], sender)
        capture.set_ports({first})
        datagrams(5, 16, [first, second], sender)
        capture.set_ports({first, second})
        datagrams(7, 16, [first, second], sender)
    capture.stop()
    seen = ports_seen(folder / "ports")
    return {"first": seen.get(str(first), 0), "second": seen.get(str(second), 0)}


def followed(folder: Path) -> dict[str, Any]:
    """A file can be read while it grows."""
    import time

    _keep, (port,) = receivers(1)
    capture = live.Capture.start(folder / "followed", ports={port})
    file = recorded.CaptureFile(folder / "followed")
    before = time.monotonic_ns()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        datagrams(10, 16, [port], sender)
    after = time.monotonic_ns()
    early: list[recorded.Packet] = []
    deadline = time.monotonic() + 10
    while len(early) < 10 and time.monotonic() < deadline:
        early += file.packets()
    complete_early = file.complete
    capture.stop()
    late = list(file.packets())
    return {
        "early": len(early),
        "late": len(late),
        "complete": [complete_early, file.complete],
        # the mapping is exact to the bracket of the sample, far below a millisecond
        "between": all(before - 10_000 <= p.time_ns <= after + 10_000 for p in early),
    }


def overrun(folder: Path) -> dict[str, Any]:
    """A ring too small for a stopped reader drops, and says how many."""
    _keep, (port,) = receivers(1)
    capture = live.Capture.start(folder / "overrun", ports={port}, ring_bytes=2 << 20)
    os.kill(capture.pid, signal.SIGSTOP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        datagrams(200, 32_000, [port], sender)
    os.kill(capture.pid, signal.SIGCONT)
    result = capture.stop()
    file = recorded.CaptureFile(folder / "overrun")
    kept = sum(1 for _ in file.packets())
    return {"kept": kept, "dropped": result.dropped, "said": file.losses[0].dropped}


def limited(folder: Path) -> dict[str, Any]:
    """A file at its limit counts what it could not keep."""
    _keep, (port,) = receivers(1)
    capture = live.Capture.start(folder / "limited", ports={port}, max_bytes=100_000)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        datagrams(200, 32_000, [port], sender)
    result = capture.stop()
    kept = sum(1 for _ in recorded.CaptureFile(folder / "limited").packets())
    size = os.stat(folder / "limited").st_size
    return {
        "sum": kept + result.unwritten + result.dropped,
        "unwritten": result.unwritten,
        "small": size < 110_000,
        "reason": result.reason,
    }


def killed(folder: Path) -> dict[str, Any]:
    """What a killed capture process wrote stays readable; the caller gets an error."""
    _keep, (port,) = receivers(1)
    capture = live.Capture.start(folder / "killed", ports={port})
    os.kill(capture.pid, signal.SIGKILL)
    try:
        capture.stop()
        error = ""
    except live.CaptureError as raised:
        error = str(raised)
    file = recorded.CaptureFile(folder / "killed")
    return {"error": error, "packets": len(list(file.packets())), "complete": file.complete}


def network(folder: Path) -> dict[str, Any]:
    """What a program inside finds."""
    with socket.create_server(("127.0.0.1", 80)) as low:
        port = low.getsockname()[1]
    try:
        socket.create_connection(("192.0.2.1", 9), timeout=5).close()
        outside = "reached"
    except OSError as error:
        outside = str(error.errno)
    child = os.popen("cat /proc/self/status").read()
    fields = dict(line.split(":", 1) for line in child.splitlines() if ":" in line)
    return {
        "low_port": port,
        "outside": outside,
        "interfaces": live.up_interfaces(),
        "uid": os.geteuid(),
        "child_capabilities": int(fields["CapEff"], 16),
    }


def main() -> None:
    entered = private_net.enter()
    results: dict[str, Any] = {"user_namespace": entered.user_namespace}
    with tempfile.TemporaryDirectory() as folder:
        for scene in (each_once, ports_replaced, followed, overrun, limited, killed, network):
            results[scene.__name__] = scene(Path(folder))
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
