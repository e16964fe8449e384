"""What the kernel says of processes, threads and sockets, read from /proc.

Works for a plain user on his own processes, whatever language they are written in.
`sample` is one moment: which system call every thread is in and for what it waits,
which sockets every process holds, and the queues of those sockets.
"""

from __future__ import annotations

import os
import platform
import struct
import time
from typing import Any

# System call numbers (asm/unistd_64.h, asm-generic/unistd.h): number -> name.
_X86 = {
    0: "read", 1: "write", 7: "poll", 19: "readv", 20: "writev", 23: "select", 35: "nanosleep",
    42: "connect", 43: "accept", 44: "sendto", 45: "recvfrom", 46: "sendmsg", 47: "recvmsg",
    61: "wait4", 202: "futex", 230: "clock_nanosleep", 232: "epoll_wait", 247: "waitid",
    270: "pselect6", 271: "ppoll", 281: "epoll_pwait", 288: "accept4", 40: "sendfile",
}  # fmt: skip
_ARM = {
    63: "read", 64: "write", 65: "readv", 66: "writev", 71: "sendfile", 72: "pselect6",
    73: "ppoll", 95: "waitid", 98: "futex", 101: "nanosleep", 115: "clock_nanosleep",
    202: "accept", 203: "connect", 206: "sendto", 207: "recvfrom", 211: "sendmsg",
    212: "recvmsg", 242: "accept4", 260: "wait4", 22: "epoll_pwait",
}  # fmt: skip
_CALLS = {"x86_64": _X86, "aarch64": _ARM}.get(platform.machine(), {})

_RECEIVE = {"read", "readv", "recvfrom", "recvmsg"}
_SEND = {"write", "writev", "sendto", "sendmsg", "sendfile"}
_TCP_STATES = (
    "", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE",
    "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV",
)  # fmt: skip
_MOST_WATCHED = 4096  # descriptors read out of one poll or select set


def children(pid: int) -> list[int]:
    """The direct children of a process."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                found += map(int, file.read().split())
    except OSError:
        pass
    return found


def family(pids: list[int]) -> list[int]:
    """Processes with all their descendants that are alive; each once, parents first."""
    found: dict[int, None] = {}
    queue = list(pids)
    while queue:
        pid = queue.pop(0)
        if pid not in found and os.path.exists(f"/proc/{pid}"):
            found[pid] = None
            queue += children(pid)
    return list(found)


def sample(pids: list[int]) -> dict[str, Any]:
    """One moment of processes, threads and sockets; see the module's first lines.

    Shape: {"t": ns, "processes": {pid: {"ppid", "name", "threads": {tid: {"state", "cpu",
    "call", "wait", "fds", "out" (watched for writing only), "endless"}}, "sockets": {fd:
    inode}, "others": {fd: what it is, if a thread waits on it and it is no socket},
    "handlers": [numbers of the signals it catches]}},
    "sockets": {inode: {"kind", "local", "remote", "state", "unread", "unsent", "drops"}},
    "pipes": {pipe: pids that can write to it}}.
    Keys of objects are strings.
    """
    processes: dict[str, Any] = {}
    namespaces: dict[str, int] = {}
    for pid in pids:
        described = _process(pid)
        if described is not None:
            processes[str(pid)] = described
            try:
                namespaces.setdefault(os.readlink(f"/proc/{pid}/ns/net"), pid)
            except OSError:
                continue
    pipes: dict[str, list[int]] = {}
    for text, described in processes.items():
        for target in described.pop("pipes"):
            pipes.setdefault(target, []).append(int(text))
    wanted = {inode for p in processes.values() for inode in p["sockets"].values()}
    sockets: dict[str, Any] = {}
    for pid in namespaces.values():
        sockets.update(_tables(pid, wanted))
    return {"t": time.monotonic_ns(), "processes": processes, "sockets": sockets, "pipes": pipes}


def _process(pid: int) -> dict[str, Any] | None:
    try:
        with open(f"/proc/{pid}/stat") as file:
            name, ppid = _name_and_fields(file.read())[:2]
        if ppid[0] == "Z":
            return None  # it has ended; only its parent has not asked yet
        threads = {tid: _thread(pid, tid) for tid in os.listdir(f"/proc/{pid}/task")}
        sockets, pipes = _held(pid)
        handlers = _handlers(pid)
    except OSError:
        return None
    watched = {fd for t in threads.values() if t for fd in t["fds"] if fd not in sockets}
    return {
        "pipes": sorted(pipes),
        "handlers": handlers,
        "others": {str(fd): _target(pid, fd) for fd in watched},
        "ppid": int(ppid[1]),
        "name": name,
        "threads": {tid: thread for tid, thread in threads.items() if thread is not None},
        "sockets": {str(fd): str(inode) for fd, inode in sockets.items()},
    }


def _handlers(pid: int) -> list[int]:
    """The signals that a process catches (`SigCgt` of proc(5))."""
    with open(f"/proc/{pid}/status") as file:
        mask = next((line.split()[1] for line in file if line.startswith("SigCgt:")), "0")
    bits = int(mask, 16)
    return [number for number in range(1, bits.bit_length() + 1) if bits >> (number - 1) & 1]


def _target(pid: int, fd: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/fd/{fd}")
    except OSError:
        return ""


def held_sockets(pid: int) -> dict[int, int]:
    """The sockets a process holds: descriptor -> inode."""
    return _held(pid)[0]


def _held(pid: int) -> tuple[dict[int, int], set[str]]:
    """The sockets a process holds, and the pipes that it can write to."""
    found: dict[int, int] = {}
    pipes: set[str] = set()
    base = f"/proc/{pid}/fd"
    for fd in os.listdir(base):
        try:
            target = os.readlink(f"{base}/{fd}")
        except OSError:
            continue
        if target.startswith("socket:["):
            found[int(fd)] = int(target[8:-1])
        elif target.startswith("pipe:") and _writable(pid, fd):
            pipes.add(target)
    return found, pipes


def _writable(pid: int, fd: str) -> bool:
    try:
        with open(f"/proc/{pid}/fdinfo/{fd}") as file:
            flags = next((line.split()[1] for line in file if line.startswith("flags:")), "0")
    except OSError:
        return False
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY


def _name_and_fields(stat: str) -> tuple[str, list[str]]:
    """The name and the fields from the state on; the name may hold any character."""
    close = stat.rindex(")")
    return stat[stat.index("(") + 1 : close], stat[close + 2 :].split()


def _thread(pid: int, tid: str) -> dict[str, Any] | None:
    base = f"/proc/{pid}/task/{tid}"
    try:
        with open(f"{base}/stat") as file:
            fields = _name_and_fields(file.read())[1]
        with open(f"{base}/syscall") as file:
            words = file.read().split()
    except OSError:
        return None
    # CPU time in nanoseconds where the scheduler keeps it; clock ticks are too coarse.
    cpu = int(fields[11]) + int(fields[12])
    thread: dict[str, Any] = {"state": fields[0], "cpu": cpu, "call": "running"}
    thread.update(wait="running", fds=[], out=[], endless=False)
    if len(words) >= 7:
        call = _CALLS.get(int(words[0]), words[0])
        thread["call"] = call
        arguments = [int(word, 16) for word in words[1:7]]
        thread.update(_wait(pid, call, arguments))
    return thread


def _wait(pid: int, call: str, a: list[int]) -> dict[str, Any]:
    """What a system call waits for: {"wait", "fds", "endless"}.

    `endless`: no time-out, so only what it waits for can wake it.
    """
    if call in _RECEIVE:
        return {"wait": "receive", "fds": [a[0]], "endless": True}
    if call in _SEND:
        return {"wait": "send", "fds": [a[0]], "endless": True}
    if call in ("accept", "accept4"):
        return {"wait": "accept", "fds": [a[0]], "endless": True}
    if call == "connect":
        return {"wait": "connect", "fds": [a[0]], "endless": False}
    if call == "poll":
        endless = a[2] & 0xFFFFFFFF == 0xFFFFFFFF
        return {"wait": "poll", "endless": endless, **_poll_set(pid, a[0], a[1])}
    if call == "ppoll":
        return {"wait": "poll", "endless": a[2] == 0, **_poll_set(pid, a[0], a[1])}
    if call in ("select", "pselect6"):
        return {"wait": "poll", "endless": a[4] == 0, **_select_set(pid, a)}
    if call in ("epoll_wait", "epoll_pwait"):
        endless = a[3] & 0xFFFFFFFF == 0xFFFFFFFF
        return {"wait": "poll", "endless": endless, **_epoll_set(pid, a[0])}
    if call == "futex":
        # Without FUTEX_PRIVATE_FLAG (128) it lies in memory that other processes share:
        # multiprocessing's locks, events and queues.
        return {"wait": "lock", "fds": [], "endless": a[3] == 0, "shared": not a[1] & 128}
    if call in ("wait4", "waitid"):
        return {"wait": "child", "fds": [], "endless": True}
    if call in ("nanosleep", "clock_nanosleep"):
        return {"wait": "sleep", "fds": [], "endless": False}
    return {"wait": "other", "fds": [], "endless": False}


def _memory(pid: int, address: int, size: int) -> bytes:
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
            file.seek(address)
            return file.read(size)
    except (OSError, ValueError, OverflowError):
        return b""


def _watched(events: dict[int, int]) -> dict[str, list[int]]:
    """Descriptors with the events they are watched for -> all, and those only for writing.

    POLLIN and EPOLLIN are 1, POLLOUT and EPOLLOUT 4.
    """
    return {"fds": sorted(events), "out": sorted(fd for fd, e in events.items() if e & 5 == 4)}


def _poll_set(pid: int, address: int, count: int) -> dict[str, list[int]]:
    raw = _memory(pid, address, 8 * min(count, _MOST_WATCHED))
    rows = struct.iter_unpack("<iHH", raw[: len(raw) // 8 * 8])
    return _watched({fd: events for fd, events, _ in rows if fd >= 0})


def _select_set(pid: int, a: list[int]) -> dict[str, list[int]]:
    watched: dict[int, int] = {}
    size = (min(a[0], _MOST_WATCHED) + 63) // 64 * 8
    for address, event in zip(a[1:4], (1, 4, 1), strict=True):
        if address:
            bits = int.from_bytes(_memory(pid, address, size), "little")
            for fd in range(min(a[0], _MOST_WATCHED)):
                if bits >> fd & 1:
                    watched[fd] = watched.get(fd, 0) | event
    return _watched(watched)


def _epoll_set(pid: int, fd: int) -> dict[str, list[int]]:
    try:
        with open(f"/proc/{pid}/fdinfo/{fd}") as file:
            lines = file.read().splitlines()
    except OSError:
        return _watched({})
    words = [line.split() for line in lines if line.startswith("tfd:")]
    return _watched({int(w[1]): int(w[3], 16) for w in words if len(w) > 3})


def _tables(pid: int, wanted: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        for fields in rows(pid, kind):
            if fields[9] in wanted:
                found[fields[9]] = describe(kind, fields)
    for fields in rows(pid, "unix"):
        inode = fields[6]
        if inode in wanted:
            path = fields[7] if len(fields) > 7 else None
            found[inode] = {"kind": "unix", "local": path, "remote": None}
            found[inode].update(state=fields[5], unread=0, unsent=0)
    return found


def rows(pid: int | str, kind: str) -> list[list[str]]:
    """The lines of /proc/PID/net/KIND, split into words; empty when it cannot be read."""
    try:
        with open(f"/proc/{pid}/net/{kind}") as file:
            return [line.split() for line in file.read().splitlines()[1:]]
    except OSError:
        return []


def describe(kind: str, fields: list[str]) -> dict[str, Any]:
    """One row of a TCP or UDP table: addresses, state, and the bytes in its queues.

    On a listener `unread` is the number of finished connections nobody accepted yet.
    """
    unsent, unread = fields[4].split(":")
    state = int(fields[3], 16)
    return {
        "kind": kind,
        "local": address(fields[1]),
        "remote": address(fields[2]),
        "state": _TCP_STATES[state] if kind.startswith("tcp") else "",
        "unread": int(unread, 16),
        "unsent": int(unsent, 16),
        "drops": int(fields[12]) if kind.startswith("udp") and len(fields) > 12 else 0,
    }


def address(text: str) -> list[Any]:
    """`0100007F:1F90` -> ['127.0.0.1', 8080]; the host is in words of the machine's order."""
    host, port = text.split(":")
    raw = bytes.fromhex(host)
    words = struct.unpack(f"<{len(raw) // 4}I", raw)
    packed = struct.pack(f">{len(words)}I", *words)
    import socket

    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    return [socket.inet_ntop(family, packed), int(port, 16)]


def drops(pids: list[int]) -> dict[str, int]:
    """The UDP sockets of processes whose queue was full: inode -> datagrams dropped."""
    held: set[str] = set()
    found: dict[str, int] = {}
    for pid in pids:
        try:
            held.update(map(str, held_sockets(pid).values()))
        except OSError:
            continue
        for kind in ("udp", "udp6"):
            for fields in rows(pid, kind):
                if fields[9] in held and (count := describe(kind, fields)["drops"]):
                    found[fields[9]] = count
    return found


def bound_sockets() -> list[dict[str, Any]]:
    """All TCP listeners, TIME_WAITs and UDP sockets of this machine, with their holders.

    Each as `describe` gives it, with "inode" and, where it can be seen, "pid".
    """
    found: list[dict[str, Any]] = []
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        for fields in rows("self", kind):
            row = describe(kind, fields)
            if kind.startswith("udp") or row["state"] in ("LISTEN", "TIME_WAIT", "FIN_WAIT2"):
                found.append({**row, "inode": int(fields[9])})
    wanted = {row["inode"] for row in found} - {0}
    owners: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and wanted:
            try:
                held = held_sockets(int(entry)).values()
            except OSError:
                continue
            owners.update({inode: int(entry) for inode in wanted.intersection(held)})
    for row in found:
        row["pid"] = owners.get(row["inode"])
    return found
