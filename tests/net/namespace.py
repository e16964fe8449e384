"""Run as a program: build private hosts and cables, run commands on them, print results.

Reads one JSON document from stdin (see `Plan` in conftest.py), writes a list of
{"status", "stdout", "stderr"} to stdout. Ends with status 77 and the reason on stderr where
private user and network namespaces are not permitted. Leaves nothing behind: the
namespaces have no names and end with this process.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_CAPBSET_DROP, CAP_NET_ADMIN, CAP_NET_RAW = 24, 12, 13
NOT_PERMITTED = 77
COMMAND_SECONDS = 200

_libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: int) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


def enter_private_user() -> None:
    """Become root of a user namespace of our own, mapped to the user we are.

    Where such namespaces are forbidden, as in some containers, root goes on without one.
    """
    uid, gid = os.getuid(), os.getgid()
    try:
        call("unshare", CLONE_NEWUSER | CLONE_NEWNET)
    except OSError:
        if uid != 0:
            raise
        call("unshare", CLONE_NEWNET)
        return
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1", encoding="ascii")


def new_host() -> int:
    call("unshare", CLONE_NEWNET)
    return os.open("/proc/self/ns/net", os.O_RDONLY)


def enter(host: int) -> None:
    call("setns", host, CLONE_NEWNET)


def build(plan: dict[str, Any]) -> dict[str, int]:
    from pyroute2 import IPRoute

    hosts = {name: new_host() for name in plan["hosts"]}
    for host in hosts.values():
        enter(host)
        with IPRoute() as kernel:
            kernel.link("set", index=1, state="up")
    for near, near_name, far, far_name in plan["cables"]:
        enter(hosts[near])
        with IPRoute() as kernel:
            peer = {"ifname": far_name, "net_ns_fd": hosts[far]}
            kernel.link("add", ifname=near_name, kind="veth", peer=peer)
    for name, steps in plan["steps"].items():
        enter(hosts[name])
        with IPRoute() as kernel:
            for step in steps:
                apply(kernel, step)
    return hosts


def apply(kernel: Any, step: dict[str, Any]) -> None:
    """Do one step: address, route, rule, neighbour, link or sysctl; `dev` is a name."""
    step = dict(step)
    kind = step.pop("do")
    index = kernel.link_lookup(ifname=step.pop("dev"))[0] if "dev" in step else None
    if kind == "address":
        address, length = step["address"].split("/")
        # IFA_F_NODAD: usable at once, without a second of duplicate detection.
        more = {"flags": 0x02} if ":" in address else {}
        kernel.addr("add", index=index, address=address, prefixlen=int(length), **more)
    elif kind == "up":
        kernel.link("set", index=index, state="up", **step)
    elif kind == "route":
        kernel.route("add", **step, **({} if index is None else {"oif": index}))
    elif kind == "neighbour":
        kernel.neigh("add", ifindex=index, state=0x80, **step)  # NUD_PERMANENT
    elif kind == "rule":
        kernel.rule("add", **step)
    elif kind == "sysctl":
        Path("/proc/sys", step["name"]).write_text(step["value"], encoding="ascii")
    else:
        raise ValueError(kind)


def become_ordinary() -> None:
    """Lose the right to change the network and to see packets, also for the next program."""
    for capability in (CAP_NET_ADMIN, CAP_NET_RAW):
        call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)


def run(command: list[str], *, ordinary: bool) -> dict[str, Any]:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
        preexec_fn=become_ordinary if ordinary else None,
    )
    return {"status": done.returncode, "stdout": done.stdout, "stderr": done.stderr}


def main() -> int:
    plan = json.load(sys.stdin)
    try:
        enter_private_user()
    except OSError as error:
        print(error, file=sys.stderr)
        return NOT_PERMITTED
    hosts = build(plan)
    results = []
    for name, command in plan["run"]:
        enter(hosts[name])
        results.append(run([sys.executable, *command], ordinary=plan["ordinary"]))
    json.dump(results, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
