"""What things are called in a report: files, addresses, programs, calls. Pure."""

from __future__ import annotations

import errno as errnos
import os.path
from collections import Counter
from dataclasses import dataclass

from plainwire.i18n import gettext as _
from plainwire.see import records
from plainwire.see.diagnosis.model import asked_by
from plainwire.see.ledger.model import (
    Address,
    Call,
    Endpoint,
    Failure,
    Flow,
    Frame,
    Ledger,
    Process,
)
from plainwire.see.report import sources, text

KINDS = {
    "tcp": "TCP",
    "udp": "UDP",
    "unix": "Unix stream",
    "unix-datagram": "Unix datagram",
    "other": "socket",
}
SENDING = frozenset(records.NAMES[op] for op in records.SENDS) | {"tls.write"}
RECEIVING = frozenset(records.NAMES[op] for op in records.RECEIVES) | {"tls.read"}
STREAM_READS = frozenset(name for name in records.NAMES.values() if name.startswith("stream.read"))
SPEAKING = SENDING | RECEIVING | STREAM_READS | {"stream.queue"}


@dataclass(frozen=True, slots=True)
class Paths:
    """Names files as a terminal in one folder can open them."""

    cwd: str

    def __call__(self, file: str) -> str:
        """A path relative to the folder when it lies below it, else unchanged."""
        base = self.cwd.rstrip("/") + "/"
        return text.safe(file.removeprefix(base))

    def line(self, frame: Frame) -> str:
        """`folder/file.py:12`, which terminals make clickable."""
        return f"{self(frame.file)}:{frame.line}"


def paths_of(ledger: Ledger, cwd: str | None) -> Paths:
    """Paths relative to `cwd`, or to the folder in which the run was started."""
    if cwd is None:
        cwd = ledger.processes[0].cwd if ledger.processes else "/"
    return Paths(cwd)


def frame_of(call: Call) -> Frame | None:
    """The user's line behind a call; of a library's own call, who asked for it."""
    frame = call.site.frame
    if frame is None and call.endpoint is not None:
        frame = asked_by(call, call.endpoint)
    return frame


def code_of(ledger: Ledger, call: Call) -> str:
    """The user's expression, or the operation's name when there is no source."""
    frame = frame_of(call)
    if frame is None:
        if call.site.via:
            file, _line, function = call.site.via[0]
            return f"({os.path.basename(file)} {function})"
        return f"({call.op})"
    if frame is not call.site.frame and call.op != "closed":
        return f"({call.op})"
    return sources.expression(ledger.sources, frame) or f"{call.op}()"


def short(frame: Frame) -> str:
    """`file.py:12`."""
    return f"{os.path.basename(frame.file)}:{frame.line}"


def address(value: Address) -> str:
    """An address as people write it; '?' when unknown."""
    if isinstance(value, tuple):
        if len(value) < 2:
            return text.safe(str(value[0])) if value else "?"
        host, port = str(value[0]), value[1]
        return text.safe(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    if not value:
        return "?"
    # An abstract Unix name begins with a zero byte; the tools show it as @.
    return text.safe("@" + value[1:] if value.startswith("\0") else value)


def ends_of(flow: Flow) -> tuple[Address, Address]:
    """The addresses of client and server, each told by the other when not observed."""
    client, server = flow.client, flow.server
    if flow.addresses is not None:
        return flow.addresses
    here = client.local if client else server.remote if server else None
    there = server.local if server else client.remote if client else None
    if here is None and server is not None:
        here = server.remote
    if there is None and client is not None:
        there = client.remote
    if flow.datagrams and (here is None or there is None):
        first = flow.datagrams[0]
        from_client = first.sender is client and client is not None
        source, target = first.source, first.target
        if not from_client and first.receiver is not server:
            source, target = target, source
        here, there = here or source, there or target
    return here, there


def end_name(endpoint: Endpoint | None) -> str:
    """The program at an end."""
    if endpoint is None:
        return _("not observed")
    return user_of(endpoint).name if endpoint.process is not None else _("not observed")


def user_of(endpoint: Endpoint) -> Process:
    """The process that spoke over an endpoint: the one with the most calls that moved bytes.

    A forking server accepts in one process and serves in another.
    """
    spoke = Counter(call.process.key for call in endpoint.calls if call.op in SPEAKING)
    assert endpoint.process is not None
    if not spoke:
        return endpoint.process
    key = spoke.most_common(1)[0][0]
    return next(call.process for call in endpoint.calls if call.process.key == key)


def is_inner(flow: Flow) -> bool:
    """Is it a socketpair within one process? Event loops wake themselves by such."""
    return (
        flow.kind == "unix"
        and len(flow.ends) == 2
        and len({call.process.key for end in flow.ends for call in end.calls}) <= 1
        and not any(address(end.local).startswith(("/", "@")) for end in flow.ends)
    )


def outer(flows: list[Flow]) -> list[Flow]:
    """The flows that a run is about: all but such socketpairs, unless there is nothing else."""
    return [flow for flow in flows if not is_inner(flow)] or flows


def failure(failed: Failure) -> str:
    """An exception as Python shows it: `ConnectionResetError (ECONNRESET)`."""
    if failed.errno is None:
        return f"{failed.name}: {text.safe(failed.text)}" if failed.text else failed.name
    return f"{failure_type(failed)} ({errno_name(failed)})"


def failure_type(failed: Failure) -> str:
    """The class that Python raises for it: `ConnectionResetError`."""
    if failed.name == "OSError" and failed.errno is not None:
        return type(OSError(failed.errno, "")).__name__
    return failed.name


def errno_name(failed: Failure) -> str | None:
    """`ECONNRESET`, or the bare number of an unknown one; None without an errno."""
    if failed.errno is None:
        return None
    return errnos.errorcode.get(failed.errno, str(failed.errno))


def failure_code(failed: Failure) -> str:
    """The shortest name of a failure: its errno's, or the exception's."""
    return errno_name(failed) or failed.name
