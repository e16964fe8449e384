"""What capturing costs, and what it keeps up with: run it alone on a quiet machine.

    python bench/capture.py [--seconds 3] [--rate 50000] [--segments 1000000]

Part 1 sends datagrams at a fixed rate, then as fast as one process can, over loopback in
a private network, and prints what the capture process took, lost, and used of one core.
Part 2 makes a TCP capture of that many segments and prints the processor time of each step
of reading it, beside `tshark -q -z conv,tcp` on the same file where tshark is installed.
Part 3 observes two programs with packets and prints the time from recording to report.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from plainwire.see.capture import linktypes, live, private_net, recorded
from plainwire.see.capture.decode import Segment, decode_summary
from plainwire.see.capture.flows import Connections
from plainwire.see.capture.pcapng import PcapngWriter, read_capture
from plainwire.see.diagnosis import diagnose
from plainwire.see.diagnosis.model import Finding
from plainwire.see.ledger import build, foreign
from plainwire.see.recorder import store
from plainwire.see.report import terminal


def send_at(rate: int, seconds: float, port: int) -> int:
    """Send 64-byte datagrams, `rate` a second (0: as fast as possible); give how many."""
    payload = bytes(64)
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", port))
        start = time.monotonic()
        while (elapsed := time.monotonic() - start) < seconds:
            due = int(elapsed * rate) if rate else sent + 500
            while sent < due:
                sender.send(payload)
                sent += 1
    return sent


def keep_up(folder: Path, name: str, rate: int, seconds: float) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        port = receiver.getsockname()[1]
        capture = live.Capture.start(folder / name, ports={port})
        before = cpu_seconds(capture.pid)
        start = time.monotonic()
        sent = send_at(rate, seconds, port)
        elapsed = time.monotonic() - start
        used = cpu_seconds(capture.pid) - before
        result = capture.stop()
    taken = sum(interface.taken for interface in result.interfaces)
    print(
        f"{name:>12}: {sent / elapsed:9,.0f}/s sent; taken {taken:,} of {sent:,}, "
        f"dropped {result.dropped:,}; {used / elapsed:6.1%} of one core, "
        f"{used / max(taken, 1) * 1e6:.2f} us each; file {result.bytes / 1e6:,.0f} MB"
    )


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def exchange(folder: Path, wanted: int) -> Path:
    """Capture about `wanted` TCP segments of 100 connections' round trips."""
    path = folder / "tcp"
    capture = live.Capture.start(path, ring_bytes=64 << 20)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    # A round trip is about three segments: request, answer with its ACK, and some ACKs.
    rounds = wanted // 100 // 2
    child = os.fork()
    if child == 0:
        serve(listener, rounds)
        os._exit(0)
    clients = [socket.create_connection(listener.getsockname()) for _ in range(100)]
    for _ in range(rounds):
        for client in clients:
            client.send(b"request of a few bytes")
        for client in clients:
            client.recv(100)
    for client in clients:
        client.close()
    os.waitpid(child, 0)
    listener.close()
    result = capture.stop()
    print(f"captured {result.interfaces[0].taken:,} segments, dropped {result.dropped:,}")
    return path


def serve(listener: socket.socket, rounds: int) -> None:
    servers = [listener.accept()[0] for _ in range(100)]
    for _ in range(rounds):
        for server in servers:
            server.recv(100)
            server.send(b"answer")
    for server in servers:
        server.recv(1)
        server.close()


def processor_seconds() -> float:
    """Of this process and the children it waited for: others may use the machine too."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(who) for who in whose]
    return sum(each.ru_utime + each.ru_stime for each in used)


def timed(name: str, count: int, run: Callable[[], object]) -> None:
    start = processor_seconds()
    run()
    elapsed = processor_seconds() - start
    each = elapsed / count * 1e6
    print(f"{name:>34}: {elapsed:7.2f} s, {each:6.2f} us each, {count / elapsed:11,.0f}/s")


def read(folder: Path, path: Path) -> None:
    with recorded.CaptureFile(path) as file:
        packets: list[recorded.Packet] = []
        start = processor_seconds()
        packets.extend(file.packets())
        count = len(packets)
        elapsed = processor_seconds() - start
    print(f"{'blocks -> packets':>34}: {elapsed:7.2f} s, {elapsed / count * 1e6:6.2f} us each")
    summaries: list[object] = []
    timed(
        "decode_summary",
        count,
        lambda: summaries.extend(decode_summary(packet.data) for packet in packets),
    )
    connections = Connections()

    def feed() -> None:
        for index, (packet, summary) in enumerate(zip(packets, summaries, strict=True)):
            if isinstance(summary, Segment):
                connections.feed(index, packet.time_ns, summary)

    timed("connections, states, observations", count, feed)
    target = folder / "tcp.pcapng"

    def write() -> None:
        writer = PcapngWriter()
        with target.open("wb") as out:
            out.write(writer.header(application="bench"))
            number, block = writer.interface(linktypes.ETHERNET, name="lo")
            out.write(block)
            for packet in packets:
                out.write(writer.packet(number, packet.realtime_ns, packet.data))

    timed("write pcapng", count, write)

    def ledger_and_report() -> None:
        with target.open("rb") as file:
            ledger = foreign.of_capture(read_capture(file))
        terminal.render(ledger, [], width=100)

    timed("pcapng -> ledger -> report", count, ledger_and_report)

    def read_back() -> None:
        with target.open("rb") as file:
            for _ in read_capture(iter(lambda: file.read(1 << 16), b"")):
                pass

    timed("read pcapng", count, read_back)
    if shutil.which("tshark"):
        command = ["tshark", "-n", "-r", str(target), "-q", "-z", "conv,tcp"]
        timed(
            "tshark -q -z conv,tcp",
            count,
            lambda: subprocess.run(command, capture_output=True, check=True, timeout=3600),
        )


SERVER = """\
import socket
conn, _ = socket.create_server(("127.0.0.1", 9000)).accept()
while data := conn.recv(100):
    conn.send(b"answer")
"""
CLIENT = """\
import socket
sk = socket.create_connection(("127.0.0.1", 9000))
for _ in range(ROUNDS):
    sk.send(b"request of a few bytes")
    sk.recv(100)
"""


def observed(folder: Path, rounds: int) -> None:
    """A recording of calls with packets: how long until its report stands."""
    (folder / "server.py").write_text(SERVER)
    (folder / "client.py").write_text(CLIENT.replace("ROUNDS", str(rounds)))
    words = ["-m", "plainwire", "run", "server.py", "--", "client.py"]
    subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "XDG_STATE_HOME": str(folder)},
        capture_output=True,
        check=True,
        timeout=600,
    )
    recording = store.Recording(next((folder / "plainwire" / "runs").glob("*.plainwire")))
    items = list(recording.items())
    recording.close()
    count = rounds * 4
    ledgers = []
    timed("calls and packets -> ledger", count, lambda: ledgers.append(build.build(iter(items))))
    ledger = ledgers[0]
    print(f"{'':>34}  ({len(ledger.calls):,} calls, {len(ledger.packets):,} packets)")
    findings: list[Finding] = []
    timed("ledger -> findings", count, lambda: findings.extend(diagnose(ledger)))
    timed("findings -> report", count, lambda: terminal.render(ledger, findings, width=100))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rate", type=int, default=50_000)
    parser.add_argument("--segments", type=int, default=1_000_000)
    arguments = parser.parse_args()
    private_net.enter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keep_up(folder, "paced", arguments.rate, arguments.seconds)
        keep_up(folder, "unpaced", 0, arguments.seconds)
        read(folder, exchange(folder, arguments.segments))
        observed(folder, arguments.segments // 20)
    return 0


if __name__ == "__main__":
    sys.exit(main())
