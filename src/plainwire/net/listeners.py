"""Which program listens on which port of this machine, from Linux's /proc.

`parse` is pure. `listeners` reads the tables of this process's network namespace and the
open files of the processes that this user may see: for others' programs the port is known
and the program is not. Nothing here needs privilege. Source: proc(5).
"""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path

from plainwire.net.model import Address, Listener

TCP_LISTEN, UDP_UNCONNECTED = "0A", "07"
PROC = Path("/proc")


def parse(protocol: str, text: str) -> list[tuple[Listener, int]]:
    """Read one of /proc/net/{tcp,tcp6,udp,udp6}: the waiting sockets with their inodes."""
    wanted = TCP_LISTEN if protocol == "tcp" else UDP_UNCONNECTED
    found = []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) < 10 or words[3] != wanted:
            continue
        address, port = words[1].split(":")
        listener = Listener(protocol, _address(address), int(port, 16))
        found.append((listener, int(words[9])))
    return found


def _address(digits: str) -> Address:
    """Read an address as /proc prints it: 32-bit words in the machine's byte order."""
    raw = bytes.fromhex(digits)
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return ipaddress.ip_address(raw)


def owners(inodes: set[int]) -> dict[int, tuple[str, int]]:
    """Find the program and pid that hold each socket; only processes we may look into."""
    found: dict[int, tuple[str, int]] = {}
    for folder in PROC.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            names = os.listdir(folder / "fd")
        except OSError:
            continue
        for name in names:
            inode = _inode(folder / "fd" / name)
            if inode in inodes and inode not in found:
                found[inode] = (_program(folder), int(folder.name))
    return found


def _inode(path: Path) -> int | None:
    try:
        target = os.readlink(path)
    except OSError:
        return None
    if target.startswith("socket:[") and target.endswith("]"):
        return int(target[8:-1])
    return None


def _program(folder: Path) -> str:
    """Name a process as its user would: `python3 server.py` rather than `python3`."""
    try:
        words = (folder / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        words = []
    shown = [Path(os.fsdecode(word)).name for word in words[:2] if word]
    if not shown or (len(shown) == 2 and os.fsdecode(words[1]).startswith("-")):
        shown = shown[:1]
    text = " ".join(shown) or "?"
    return "".join(c if c.isprintable() else "?" for c in text)[:60]


def listeners() -> tuple[Listener, ...]:
    """List the waiting sockets of this network namespace, by protocol and port.

    Empty where /proc/net does not exist. A process that ends meanwhile is left out.
    """
    waiting: list[tuple[Listener, int]] = []
    for name in ("tcp", "tcp6", "udp", "udp6"):
        try:
            text = (PROC / "net" / name).read_text(encoding="ascii")
        except OSError:
            continue
        waiting += parse(name[:3], text)
    held = owners({inode for _, inode in waiting}) if waiting else {}
    named = []
    for listener, inode in waiting:
        program, pid = held.get(inode, (None, None))
        named.append(Listener(listener.protocol, listener.address, listener.port, program, pid))
    unique = dict.fromkeys(named)
    return tuple(sorted(unique, key=lambda x: (x.protocol, x.port, x.address.version, x.address)))
