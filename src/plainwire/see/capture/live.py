"""Start, steer and stop the capture process; say whether packets can be had, and if not why.

The caller's process opens the packet sockets (the only step that needs CAP_NET_RAW) and
hands them to the capture process, which needs no privilege. It keeps a copy, so that
`set_ports` replaces the kernel's filter at once, without asking the other process.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from plainwire.see.capture import bpf, private_net
from plainwire.see.capture.linktypes import header_length, linktype_of_hardware
from plainwire.see.capture.ring import attach_filter, hardware_type, open_socket

_CAP_NET_RAW = 13
_IFF_UP = 1
_SIOCGIFFLAGS = 0x8913
START_SECONDS: Final = 10.0
STOP_SECONDS: Final = 10.0
DEFAULT_MAX_BYTES: Final = 1 << 31


class CaptureError(OSError):
    """Packets cannot be taken, or the capture process failed; the text says what and why."""


class Ability(msgspec.Struct, frozen=True):
    """What is possible here.

    Attributes:
        packets: this process may capture now.
        private_net: a private network, in which it may, can be entered.
        packets_reason, private_net_reason: by name what forbids it; "" if nothing does.
    """

    packets: bool
    packets_reason: str
    private_net: bool
    private_net_reason: str


class InterfaceResult(msgspec.Struct, frozen=True):
    """What one interface gave: see `recorded.Loss`; `taken` were read from the ring."""

    id: int
    name: str
    taken: int
    packets: int
    dropped: int
    freezes: int
    unwritten: int


class CaptureResult(msgspec.Struct, frozen=True):
    """The end of a capture.

    Attributes:
        bytes: size of the file.
        cpu_seconds: processor time of the capture process, its start included.
        reason: "stopped", or what went wrong (disk full, limit of the file).
    """

    interfaces: tuple[InterfaceResult, ...]
    bytes: int
    cpu_seconds: float
    reason: str

    @property
    def dropped(self) -> int:
        """Packets lost in the kernel on all interfaces."""
        return sum(interface.dropped for interface in self.interfaces)

    @property
    def unwritten(self) -> int:
        """Packets taken but not written on all interfaces."""
        return sum(interface.unwritten for interface in self.interfaces)


def check() -> Ability:
    """Say whether packets can be had here, without changing anything; about 30 ms."""
    reason = packets_forbidden()
    private, private_reason = private_net.ability()
    return Ability(not reason, reason, private, private_reason)


def packets_forbidden() -> str:
    """Name what forbids this process to open a packet socket; "" if it may."""
    if not sys.platform.startswith("linux"):
        return "packets: captured on Linux only"
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0):
            return ""
    except OSError as error:
        return explain_refusal(error.errno or 0, private_net.status_fields())


def explain_refusal(number: int, status: dict[str, str]) -> str:
    """Explain a refused packet socket from its errno and the fields of /proc/self/status."""
    held = int(status.get("CapEff", "0"), 16) >> _CAP_NET_RAW & 1
    text = f"packets: open packet socket: {os.strerror(number).lower()}"
    if number in (errno.EPERM, errno.EACCES):
        if not held:
            return f"{text}; this process lacks CAP_NET_RAW (run as root, or in a private network)"
        if status.get("Seccomp") == "2":
            return f"{text}; it holds CAP_NET_RAW, so a seccomp filter forbids it"
        return f"{text}; it holds CAP_NET_RAW, so a security module (AppArmor, SELinux) forbids it"
    if number in (errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT):
        return f"{text}; the kernel lacks CONFIG_PACKET or a seccomp filter hides it"
    return text


def up_interfaces() -> list[str]:
    """Name the interfaces that are up and whose link header is known; loopback first."""
    import fcntl

    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as asking:
        for _, name in socket.if_nameindex():
            try:
                request = struct.pack("16sh22x", name.encode(), 0)
                flags = struct.unpack_from("=h", fcntl.ioctl(asking, _SIOCGIFFLAGS, request), 16)[0]
                known = linktype_of_hardware(hardware_type(asking, name)) is not None
            except OSError:
                continue
            if flags & _IFF_UP and known:
                found.append(name)
    return sorted(found, key=lambda name: (name != "lo", name))


class Capture:
    """A running capture process; made by `start`, ended by `stop`."""

    def __init__(self, process: subprocess.Popen[bytes], pipe: int, output: Path) -> None:
        self.output = output
        self._process = process
        self._pipe = pipe
        self._sockets: list[tuple[socket.socket, int]] = []
        self._snap = bpf.SNAP_ALL
        self._arp = False

    @classmethod
    def start(
        cls,
        output: Path,
        *,
        interfaces: Sequence[str] = ("lo",),
        ports: Iterable[int] | None = None,
        arp: bool = False,
        snap: int = bpf.SNAP_ALL,
        ring_bytes: int = 16 << 20,
        retire_ms: int = 10,
        max_bytes: int = DEFAULT_MAX_BYTES,
    ) -> Capture:
        """Start the process and return when packets are being taken.

        Args:
            output: file to create, mode 0600; read it with `recorded.CaptureFile`.
            interfaces: each gets a socket and a ring of its own.
            ports: as for `bpf.compile_filter`; None takes everything.
            arp: take ARP too.
            snap: bytes kept of each packet, from the link header on.
            ring_bytes: memory of each ring, in blocks of 1 MiB; one second of 16 KiB
                segments at 1,000 a second fits the default.
            retire_ms: how old a packet may get before it is handed over.
            max_bytes: limit of the file; what comes later is counted, not kept.

        Raises:
            CaptureError: no privilege (with what forbids it), no such interface, or the
                process did not start within 10 s.
        """
        program_ports = None if ports is None else frozenset(ports)
        sockets = _open_filtered(interfaces, program_ports, snap, arp=arp)
        options = {
            "--blocks": max(ring_bytes >> 20, 2),
            "--retire-ms": retire_ms,
            "--max-bytes": max_bytes,
        }
        command = [*_python(), *(f"{name}={value}" for name, value in options.items())]
        for name, (opened, _) in zip(interfaces, sockets, strict=True):
            command.append(f"--interface={name}={opened.fileno()}")
        process, writing = _spawn(command, output, sockets)
        capture = cls(process, writing, output)
        capture._sockets = sockets
        capture._snap, capture._arp = snap, arp
        if not capture._line(START_SECONDS).get("ready"):
            raise CaptureError(capture._abandon("capture process did not start"))
        return capture

    @property
    def pid(self) -> int:
        """The capture process."""
        return self._process.pid

    def set_ports(self, ports: Iterable[int] | None) -> None:
        """Replace the kernel's filter on every interface; in force when this returns.

        Raises:
            OSError: the kernel refused the program.
        """
        wanted = None if ports is None else frozenset(ports)
        for opened, link_header in self._sockets:
            program = bpf.compile_filter(
                wanted, link_header=link_header, snap=self._snap, arp=self._arp
            )
            attach_filter(opened, program)

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> CaptureResult:
        """Drain the rings, end the process and say what was taken and lost.

        Raises:
            CaptureError: it died, or did not end in time; the file holds what it wrote.
        """
        os.close(self._pipe)
        line = self._line(timeout_seconds)
        try:
            result = msgspec.convert(line, CaptureResult)
        except msgspec.ValidationError:
            raise CaptureError(self._abandon("capture process did not end in order")) from None
        self._end(timeout_seconds)
        return result

    def _line(self, timeout_seconds: float) -> dict[str, Any]:
        """Read one JSON line of the process; {} if it ended, or after the timeout."""
        assert self._process.stdout is not None
        timer = threading.Timer(timeout_seconds, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline()
            return dict(msgspec.json.decode(line, type=dict)) if line else {}
        except msgspec.MsgspecError:
            return {}
        finally:
            timer.cancel()
            timer.join()

    def _end(self, timeout_seconds: float) -> bytes:
        try:
            _, said = self._process.communicate(timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            _, said = self._process.communicate()
        for opened, _ in self._sockets:
            opened.close()
        self._sockets = []
        return said

    def _abandon(self, what: str) -> str:
        self._process.kill()
        said = self._end(STOP_SECONDS).decode(errors="replace").strip()
        return f"{what}: {said.splitlines()[-1] if said else 'it said nothing'}"


def _open_filtered(
    interfaces: Sequence[str], ports: frozenset[int] | None, snap: int, *, arp: bool
) -> list[tuple[socket.socket, int]]:
    sockets: list[tuple[socket.socket, int]] = []
    name = ""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as asking:
            for name in interfaces:
                opened = open_socket(name)
                linktype = linktype_of_hardware(hardware_type(asking, name))
                link_header = header_length(linktype if linktype is not None else -1)
                sockets.append((opened, link_header))
                program = bpf.compile_filter(ports, link_header=link_header, snap=snap, arp=arp)
                attach_filter(opened, program)
    except (OSError, ValueError) as error:
        for opened, _ in sockets:
            opened.close()
        forbidden = packets_forbidden()
        raise CaptureError(forbidden or f"capture on {name}: {error}") from error
    return sockets


def _spawn(
    command: list[str], output: Path, sockets: list[tuple[socket.socket, int]]
) -> tuple[subprocess.Popen[bytes], int]:
    """Start the process with the sockets; gives it and the pipe whose end stops it."""
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen(
            [*command, f"--parent-pipe={reading}", "--", str(output)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[reading, *(opened.fileno() for opened, _ in sockets)],
        )
    except OSError as error:
        os.close(writing)
        for opened, _ in sockets:
            opened.close()
        raise CaptureError(f"start capture process: {error}") from error
    finally:
        os.close(reading)
    return process, writing


def _python() -> list[str]:
    """Start this interpreter isolated: a learner's `socket.py` beside it must not be imported."""
    root = str(Path(__file__).resolve().parents[3])
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); "
        "from plainwire.see.capture.__main__ import main; sys.exit(main())"
    )
    return [sys.executable, "-I", "-S", "-c", code, root]
