"""The kernel's own TCP transitions, by its sock:inet_sock_set_state tracepoint (root only).

It is system-wide, shows SYN_RECV only when the last ACK comes, and never TIME_WAIT.
"""

from __future__ import annotations

import ctypes
import os
import re
import tempfile
from pathlib import Path

_CLONE_NEWNS = 0x00020000
_MS_PRIVATE_REC = 0x44000
_LINE = re.compile(
    r"\s(?P<seconds>\d+)\.(?P<micros>\d{6}): inet_sock_set_state: .*"
    r"sport=(?P<sport>\d+) dport=(?P<dport>\d+) .*"
    r"oldstate=TCP_(?P<old>\w+) newstate=TCP_(?P<new>\w+)"
)


class Trace:
    """A tracing instance of its own, in a mount namespace of this process."""

    def __init__(self) -> None:
        """Mount and enable.

        Raises:
            OSError: not permitted, or the kernel has no such tracepoint.
        """
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "unshare of mounts")
        libc.mount(None, b"/", None, ctypes.c_ulong(_MS_PRIVATE_REC), None)
        where = tempfile.mkdtemp()
        if libc.mount(b"tracefs", where.encode(), b"tracefs", ctypes.c_ulong(0), None) != 0:
            raise OSError(ctypes.get_errno(), "mount tracefs")
        self.folder = Path(where) / "instances" / f"plainwire-test-{os.getpid()}"
        self.folder.mkdir()
        (self.folder / "trace_clock").write_text("mono")
        (self.folder / "buffer_size_kb").write_text("4096")
        (self.folder / "events/sock/inet_sock_set_state/enable").write_text("1")

    def stop(self) -> list[tuple[int, int, int, str, str]]:
        """Give (time in ns, source port, destination port, old, new) and remove the instance."""
        (self.folder / "events/sock/inet_sock_set_state/enable").write_text("0")
        text = (self.folder / "trace").read_text()
        self.folder.rmdir()
        return [
            (
                int(found["seconds"]) * 10**9 + int(found["micros"]) * 1000,
                int(found["sport"]),
                int(found["dport"]),
                found["old"],
                found["new"],
            )
            for found in map(_LINE.search, text.splitlines())
            if found
        ]
