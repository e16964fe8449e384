"""Samples of the kernel by hand: who waits in which call, as recorder/kernel.py says it.

sample = Sample()
sample.process(10, {"receive": [5]}, sockets={5: there})
sample.tcp(there, here)
"""

from __future__ import annotations

from typing import Any

from see.items import Socket


class Sample:
    """One moment; `fields` is what a recording holds."""

    def __init__(self, t: int = 1 << 40) -> None:
        self.fields: dict[str, Any] = {"t": t, "processes": {}, "sockets": {}, "pipes": {}}

    def process(
        self,
        pid: int,
        *threads: tuple[str, list[int]] | tuple[str, list[int], bool],
        ppid: int = 1,
        sockets: dict[int, Socket | int] | None = None,
        others: dict[int, str] | None = None,
        out: list[int] | None = None,
        handlers: list[int] | None = None,
    ) -> None:
        """A process with threads (tid = pid + position), each (wait, fds[, endless])."""
        self.fields["processes"][str(pid)] = {
            "ppid": ppid,
            "name": "python3",
            "threads": {
                str(pid + at): {
                    "state": "S", "cpu": 0, "call": "x", "wait": thread[0], "fds": thread[1],
                    "out": out or [],
                    "endless": thread[2] if len(thread) > 2 else thread[0] not in
                    ("running", "sleep"),
                }
                for at, thread in enumerate(threads)
            },
            "sockets": {str(fd): inode(socket) for fd, socket in (sockets or {}).items()},
            "others": {str(fd): target for fd, target in (others or {}).items()},
            "handlers": handlers or [],
        }  # fmt: skip
        for target in (others or {}).values():
            if target.startswith("pipe:"):
                self.fields["pipes"].setdefault(target, []).append(pid)

    def pipe(self, target: str, *pids: int) -> None:
        self.fields["pipes"][target] = list(pids)

    def tcp(
        self,
        here: Socket | int,
        there: Socket | int,
        *,
        port: int = 1,
        unread: tuple[int, int] = (0, 0),
        unsent: tuple[int, int] = (0, 0),
        state: str = "ESTABLISHED",
    ) -> None:
        """Both ends of a connection, and what lies in their queues."""
        a, b = ["127.0.0.1", 40000 + port], ["127.0.0.1", 8000]
        for at, (socket, local, remote) in enumerate(((here, a, b), (there, b, a))):
            self.fields["sockets"][inode(socket)] = {
                "kind": "tcp", "local": local, "remote": remote, "state": state,
                "unread": unread[at], "unsent": unsent[at], "drops": 0,
            }  # fmt: skip

    def listener(self, socket: Socket | int, unread: int = 0) -> None:
        self.fields["sockets"][inode(socket)] = {
            "kind": "tcp", "local": ["0.0.0.0", 8000], "remote": ["0.0.0.0", 0],
            "state": "LISTEN", "unread": unread, "unsent": 0, "drops": 0,
        }  # fmt: skip

    def other(self, socket: Socket | int, kind: str, unread: int = 0) -> None:
        self.fields["sockets"][inode(socket)] = {
            "kind": kind, "local": ["0.0.0.0", 9000], "remote": ["0.0.0.0", 0], "state": "",
            "unread": unread, "unsent": 0, "drops": 0,
        }  # fmt: skip


def inode(socket: Socket | int) -> str:
    return str(socket.inode if isinstance(socket, Socket) else socket)
