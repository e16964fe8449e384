"""Enter a private user and network namespace, so that packets need no root.

The process keeps its own user id (mapped onto itself) and gets a network of its own in
which it may capture, filter and set sysctls. What that costs: no outside network and no
name service, nothing of the host's localhost (a database, a browser), no abstract Unix
sockets of the host. Programs started from it hold no capability.

`enter` must run before any thread is started and cannot be undone. Standard library
only, and importable from no package: `ability` runs this very file in a child to try.
Rules: user_namespaces(7), network_namespaces(7), unshare(2), capabilities(7).
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_CAP_NET_ADMIN, _CAP_NET_RAW, _CAP_SYS_ADMIN = 12, 13, 21
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCSIFMTU, _SIOCETHTOOL = 0x8913, 0x8914, 0x8922, 0x8946
_IFF_UP = 1
_ETHTOOL_STSO, _ETHTOOL_SGSO, _ETHTOOL_SGRO = 0x1F, 0x24, 0x2C
_CHECK_SECONDS = 20


class PrivateNetError(OSError):
    """The kernel did not allow a private network; `reasons` say by name what forbids it.

    Attributes:
        step: what was tried, for instance "unshare".
        reasons: one sentence each, most likely first; empty if none was found.
    """

    def __init__(self, step: str, number: int, reasons: tuple[str, ...]) -> None:
        self.step = step
        self.reasons = reasons
        text = f"private network: {step}: {os.strerror(number).lower()}"
        if reasons:
            text += "; " + "; ".join(reasons)
        super().__init__(number, text)

    def __str__(self) -> str:
        return str(self.strerror)


class Entered(NamedTuple):
    """How the private network was made.

    Attributes:
        user_namespace: False where the process was privileged and needed none.
        uid, gid: unchanged by entering.
    """

    user_namespace: bool
    uid: int
    gid: int


def enter(
    *,
    mtu: int | None = None,
    real_segments: bool = False,
    unprivileged_ports: bool = True,
    user_namespace: bool | None = None,
) -> Entered:
    """Move this process into a new network namespace with its loopback up.

    Args:
        mtu: of loopback, in bytes (68 to 65536); None keeps 65536.
        real_segments: turn off segmentation offload on loopback, so that segments are
            as small as MTU and MSS say; else they may be up to 64 KiB.
        unprivileged_ports: let programs bind ports under 1024 there.
        user_namespace: None makes one only where needed (no CAP_SYS_ADMIN).

    Raises:
        PrivateNetError: what was tried, the kernel's error, and what forbids it.
        RuntimeError: the process has more than one thread, or this is not Linux.
    """
    if not sys.platform.startswith("linux"):
        raise RuntimeError("private network: namespaces exist on Linux only")
    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:
        raise RuntimeError(
            f"private network: the process has {threads} threads; enter before starting any"
        )
    uid, gid = os.geteuid(), os.getegid()
    if user_namespace is None:
        user_namespace = not has_capability(_CAP_SYS_ADMIN)
    flags = _CLONE_NEWNET | (_CLONE_NEWUSER if user_namespace else 0)
    _unshare(flags)
    if user_namespace:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {uid} 1")
        _write("/proc/self/gid_map", f"{gid} {gid} 1")
    _loopback_up(mtu, real_segments=real_segments)
    if unprivileged_ports:
        _write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0", required=False)
    return Entered(user_namespace, uid, gid)


def _unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(ctypes.c_int(flags)) != 0:
        _refuse("unshare", ctypes.get_errno())


def _write(path: str, text: str, *, required: bool = True) -> None:
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    except OSError as error:
        if required:
            _refuse(f"write {path}", error.errno or errno.EPERM)


def _refuse(step: str, number: int) -> None:
    raise PrivateNetError(step, number, forbidding(number))


def _loopback_up(mtu: int | None, *, real_segments: bool) -> None:
    import fcntl

    step = "bring loopback up"
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as control:
            request = struct.pack("16sh22x", b"lo", 0)
            flags = struct.unpack_from("=h", fcntl.ioctl(control, _SIOCGIFFLAGS, request), 16)[0]
            fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))
            if mtu is not None:
                step = f"set the MTU of loopback to {mtu}"
                fcntl.ioctl(control, _SIOCSIFMTU, struct.pack("16si20x", b"lo", mtu))
            if real_segments:
                step = "turn off segmentation offload on loopback"
                for command in (_ETHTOOL_SGRO, _ETHTOOL_SGSO, _ETHTOOL_STSO):
                    _ethtool(control, command, 0)
    except OSError as error:
        _refuse(step, error.errno or errno.EPERM)


def _ethtool(control: socket.socket, command: int, value: int) -> None:
    import fcntl

    buffer = ctypes.create_string_buffer(struct.pack("=II", command, value), 8)
    request = struct.pack("16sP16x", b"lo", ctypes.addressof(buffer))
    fcntl.ioctl(control, _SIOCETHTOOL, request)


def has_capability(number: int) -> bool:
    """Tell whether this process holds a capability now (capabilities(7), CapEff)."""
    held = int(status_fields().get("CapEff", "0"), 16)
    return bool(held >> number & 1)


def status_fields() -> dict[str, str]:
    """Read /proc/self/status as a table; empty where there is no /proc."""
    try:
        text = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in pairs}


def forbidding(number: int = errno.EPERM) -> tuple[str, ...]:
    """Name what on this machine forbids a private network to a plain user.

    Args:
        number: the errno met; ENOSPC points at the namespace limits.

    Returns:
        Sentences, most likely first; empty if nothing known is in the way.
    """
    reasons = []
    if _sysctl("kernel/unprivileged_userns_clone") == 0:
        reasons.append(
            "sysctl kernel.unprivileged_userns_clone is 0 (Debian's switch); set it to 1"
        )
    if _sysctl("kernel/apparmor_restrict_unprivileged_userns") == 1:
        profile = _read("/proc/self/attr/current") or "unconfined"
        reasons.append(
            "AppArmor restricts user namespaces (sysctl "
            f"kernel.apparmor_restrict_unprivileged_userns is 1, profile {profile}); "
            "allow this python in a profile or set it to 0"
        )
    for name in ("max_user_namespaces", "max_net_namespaces"):
        limit = _sysctl(f"user/{name}")
        if limit == 0 or (limit is not None and number == errno.ENOSPC):
            reasons.append(f"sysctl user.{name} is {limit}; raise it")
    if status_fields().get("Seccomp") == "2":
        reasons.append(
            "a seccomp filter is in force (usual in containers); start the container with "
            "a profile that allows unshare"
        )
    if number == errno.EINVAL:
        reasons.append("the kernel was built without user or network namespaces")
    return tuple(reasons)


def _sysctl(name: str) -> int | None:
    text = _read(f"/proc/sys/{name}")
    return int(text) if text and text.lstrip("-").isdigit() else None


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").strip("\x00 \n")
    except OSError:
        return ""


def ability() -> tuple[bool, str]:
    """Try in a child process whether `enter` and a packet socket work; takes about 30 ms.

    Returns:
        (True, "") or (False, the exact reason).
    """
    command = [sys.executable, "-I", "-S", __file__]
    try:
        tried = subprocess.run(
            command, capture_output=True, text=True, timeout=_CHECK_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, f"private network: could not be tried: {error}"
    if tried.returncode == 0:
        return True, ""
    return False, tried.stderr.strip() or f"private network: exit code {tried.returncode}"


def _try() -> int:
    try:
        enter()
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0):
            pass
    except (OSError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_try())
