"""The capture process: moves ring blocks to a file until it is told to stop.

    python -m plainwire.see.capture --interface lo --ports 8000,8001 OUTPUT

It writes one JSON line on stdout when packets are being taken, {"ready": true}, and one
at the end with what was taken and lost. SIGINT, SIGTERM, or the end of the pipe given by
`--parent-pipe` stop it; it then drains the ring. It parses no packet: that is what lets
it keep up. A process of its own, so that a busy or stuck recorder loses nothing.

Standard library only, and started so that nothing in the working folder can shadow it.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import socket
import sys
import time

from plainwire.see.capture import bpf, capture_file
from plainwire.see.capture.clock import sample_clocks
from plainwire.see.capture.linktypes import header_length, linktype_of_hardware
from plainwire.see.capture.ring import Ring, attach_filter, hardware_type, open_socket

_CLOCK_SECONDS = 1.0
# At the end the open blocks are handed over within `retire_ms`; this bounds the wait on
# a machine too busy to do so.
_DRAIN_SECONDS = 2.0


class _Recorder:
    """The rings, the file, and the loop between them."""

    def __init__(self, rings: list[Ring], writer: capture_file.CaptureWriter) -> None:
        self.rings = rings
        self.writer = writer
        self.taken = [0] * len(rings)
        self.unwritten = [0] * len(rings)
        self.reason = "stopped"
        self._clock_due = 0.0

    def describe(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as asking:
            for number, ring in enumerate(self.rings):
                values = {
                    "id": number,
                    "name": ring.interface,
                    "hardware": ring.hardware,
                    "linktype": linktype_of_hardware(ring.hardware),
                    "mtu": _mtu(asking, ring.interface),
                }
                self.writer.note(capture_file.INTERFACE, values)

    def clock(self, *, now: bool = False) -> None:
        moment = time.monotonic()
        if now or moment >= self._clock_due:
            self._clock_due = moment + _CLOCK_SECONDS
            self.writer.note(capture_file.CLOCK, sample_clocks()._asdict())

    def take(self) -> None:
        """Write every block that the kernel has handed over."""
        for number, ring in enumerate(self.rings):
            for block, packets in ring.blocks():
                self.taken[number] += packets
                try:
                    self.writer.block(number, block)
                except OSError as error:
                    self.unwritten[number] += packets
                    self.reason = str(error)

    def run(self, stop: list[int]) -> None:
        poller = select.poll()
        for ring in self.rings:
            poller.register(ring.fileno(), select.POLLIN)
        for descriptor in stop:
            poller.register(descriptor, select.POLLIN)
        while True:
            ready = poller.poll(int(_CLOCK_SECONDS * 1000))
            self.take()
            self.clock()
            if any(descriptor in stop for descriptor, _ in ready):
                return

    def drain(self) -> None:
        """Take what was captured before the stop: until the kernel's count is reached."""
        poller = select.poll()
        for ring in self.rings:
            poller.register(ring.fileno(), select.POLLIN)
        deadline = time.monotonic() + _DRAIN_SECONDS
        targets = [ring.statistics() for ring in self.rings]
        while time.monotonic() < deadline:
            self.take()
            counts = zip(self.taken, targets, strict=True)
            if all(taken >= target.packets - target.dropped for taken, target in counts):
                return
            poller.poll(max(ring.retire_ms for ring in self.rings))
        self.reason = "stopped; the kernel did not hand over its last blocks in time"

    def finish(self) -> dict[str, object]:
        """Write what was lost and the end; give the same for the parent."""
        interfaces = []
        for number, ring in enumerate(self.rings):
            loss = ring.statistics()._asdict() | {"unwritten": self.unwritten[number]}
            interfaces.append(
                {"id": number, "name": ring.interface, "taken": self.taken[number], **loss}
            )
        try:
            self.clock(now=True)
            for values in interfaces:
                self.writer.note(capture_file.STATISTICS, values)
            self.writer.note(capture_file.END, {"reason": self.reason})
        except OSError as error:  # a full disk: the parent is told on stdout all the same
            self.reason = str(error)
        self.writer.close()
        usage = time.process_time()
        return {
            "interfaces": interfaces,
            "bytes": self.writer.written,
            "cpu_seconds": round(usage, 6),
            "reason": self.reason,
        }


def _mtu(asking: socket.socket, interface: str) -> int:
    import fcntl
    import struct

    try:
        answer = fcntl.ioctl(asking, 0x8921, struct.pack("16si20x", interface.encode(), 0))
    except OSError:
        return 0
    number: int = struct.unpack_from("=i", answer, 16)[0]
    return number


def _ports(text: str) -> set[int] | None:
    if text == "all":
        return None
    return {int(part) for part in text.split(",") if part}


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m plainwire.see.capture")
    parser.add_argument("output", help="file to create")
    parser.add_argument(
        "--interface",
        action="append",
        default=[],
        metavar="NAME[=FD]",
        help="where to take packets; with FD, the AF_PACKET socket is already open there",
    )
    parser.add_argument("--ports", type=_ports, default=None, help="'all' or 80,443 (default all)")
    parser.add_argument("--arp", action="store_true", help="take ARP too")
    parser.add_argument("--snap", type=int, default=bpf.SNAP_ALL, help="bytes kept of a packet")
    parser.add_argument("--block-bytes", type=int, default=1 << 20)
    parser.add_argument("--blocks", type=int, default=16)
    parser.add_argument("--retire-ms", type=int, default=10)
    parser.add_argument("--max-bytes", type=int, default=1 << 31, help="limit of the file")
    parser.add_argument("--parent-pipe", type=int, help="stop when this descriptor ends")
    return parser.parse_args(argv)


def _make_ring(wanted: str, arguments: argparse.Namespace) -> Ring:
    interface, _, descriptor = wanted.partition("=")
    if descriptor:
        packet_socket = socket.socket(fileno=int(descriptor))
    else:
        packet_socket = open_socket(interface)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as asking:
            linktype = linktype_of_hardware(hardware_type(asking, interface))
        if linktype is None:
            raise OSError(f"interface {interface}: its link header is not known here")
        program = bpf.compile_filter(
            arguments.ports,
            link_header=header_length(linktype),
            snap=arguments.snap,
            arp=arguments.arp,
        )
        attach_filter(packet_socket, program)
    return Ring(
        packet_socket,
        interface,
        block_bytes=arguments.block_bytes,
        blocks=arguments.blocks,
        retire_ms=arguments.retire_ms,
    )


def _stop_descriptors(arguments: argparse.Namespace) -> list[int]:
    """Descriptors that become readable when it is time to stop."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda *_: None)
    if arguments.parent_pipe is None:
        signal.signal(signal.SIGINT, lambda *_: None)
        return [reading]
    # Ctrl-C reaches the whole group; the parent decides when the capture ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return [reading, int(arguments.parent_pipe)]


def main(argv: list[str] | None = None) -> int:
    """Capture until told to stop; exit code 0, or 1 with the reason on stderr."""
    arguments = _arguments(argv)
    stop = _stop_descriptors(arguments)
    try:
        rings = [_make_ring(wanted, arguments) for wanted in arguments.interface or ["lo"]]
        writer = capture_file.CaptureWriter(arguments.output, max_bytes=arguments.max_bytes)
    except OSError as error:
        print(f"capture to {arguments.output}: {error}", file=sys.stderr)
        return 1
    recorder = _Recorder(rings, writer)
    recorder.describe()
    recorder.clock(now=True)
    print(json.dumps({"ready": True}), flush=True)
    recorder.run(stop)
    recorder.drain()
    print(json.dumps(recorder.finish()), flush=True)
    for ring in rings:
        ring.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
