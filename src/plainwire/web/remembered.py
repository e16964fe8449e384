"""The verdict on a long recording, kept beside it: `FILE.verdict`. Made once, shown at once.

V1  It is used only for the recording it was made of, by the code that would make it again:
    size and time of change, format, version, and the files of the ledger and the rules.
V2  One that does not fit, is damaged or belongs to somebody else is as good as none; a
    wrong one would accuse a program of what it did not do. It is then removed.
V3  It is written whole or not at all, readable by its owner alone: findings quote payload.
    A folder that cannot be written to costs nothing but the reading.
V4  It is bounded by MOST_BYTES, and goes with its recording (store.keep_newest).

It holds findings, not the page: lines, sources and flows get their numbers from the ledger
that they are shown with, be it that of the recording's beginning.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

import plainwire
from plainwire.see.diagnosis.model import Evidence, Finding, Place, Text
from plainwire.see.ledger.model import Endpoint, Flow, Frame, Ledger
from plainwire.see.recorder import store

MOST_BYTES = 1 << 20
_DIGEST = hashlib.sha256().digest_size

Handle = tuple[str, int]  # a socket: its process's key, its number there


class Identity(msgspec.Struct, frozen=True):
    """What a verdict was made of, and by what."""

    size: int
    mtime_ns: int
    format: int
    version: str
    code: str


class _Text(msgspec.Struct, frozen=True):
    template: str
    values: dict[str, str | int | float | bool | _Text | None]


class _Place(msgspec.Struct, frozen=True):
    frame: tuple[str, int, int, int, int, str]
    process: str
    role: str
    thread: int
    task: int


class _Evidence(msgspec.Struct, frozen=True):
    text: _Text
    t: int | None
    offset: int | None


class _Finding(msgspec.Struct, frozen=True):
    rule: str
    certainty: str
    message: _Text
    places: list[_Place]
    evidence: list[_Evidence]
    fix: _Text
    flow: tuple[Handle | None, Handle | None] | None
    t: int | None


class Verdict(msgspec.Struct, frozen=True):
    """Findings and the sentence on what happened, free of any ledger's objects."""

    identity: Identity
    story: _Text
    findings: list[_Finding]

    def told(self) -> Text:
        """The sentence on what happened in all of the recording."""
        return _text(self.story)

    def of(self, ledger: Ledger) -> list[Finding] | None:
        """The findings with a ledger's processes and flows; None when it lacks a process.

        A flow that the beginning of a recording does not reach yet is left out of its finding.
        """
        processes = {process.key: process for process in ledger.processes}
        flows = {_ends(flow): flow.number for flow in ledger.flows}
        if any(p.process not in processes for f in self.findings for p in f.places):
            return None
        return [
            Finding(
                f.rule,
                f.certainty,
                _text(f.message),
                tuple(
                    Place(Frame(*p.frame), processes[p.process], p.role, p.thread, p.task)
                    for p in f.places
                ),
                tuple(Evidence(_text(e.text), e.t, e.offset) for e in f.evidence),
                _text(f.fix),
                flows.get(f.flow) if f.flow is not None else None,
                f.t,
            )
            for f in self.findings
        ]


def file_of(path: Path) -> Path:
    """Where the verdict on a recording is kept."""
    return path.with_name(path.name + store.VERDICT_SUFFIX)


def identity(path: Path) -> Identity | None:
    """What a verdict on the recording must have been made of; None while it is written to."""
    try:
        state = path.stat()
    except OSError:
        return None
    if path.with_name(path.name + "-wal").exists():
        return None
    return Identity(state.st_size, state.st_mtime_ns, store.FORMAT, plainwire.__version__, _code())


@cache
def _code() -> str:
    """Names, sizes and times of the files that decide what a verdict says."""
    see = Path(store.__file__).parent.parent
    files = [see / "records.py", *(see / "ledger").glob("*.py"), *(see / "diagnosis").glob("*.py")]
    found = []
    for file in sorted(files):
        with contextlib.suppress(OSError):
            state = file.stat()
            found.append(f"{file.name} {state.st_size} {state.st_mtime_ns}")
    return hashlib.sha256("\n".join(found).encode()).hexdigest()


def read(path: Path) -> Verdict | None:
    """The verdict kept of a recording; None where there is none to be used (V1, V2)."""
    file, wanted = file_of(path), identity(path)
    if wanted is None:
        return None
    try:
        content = _content(file)
    except FileNotFoundError:
        return None
    except OSError:
        content = None
    verdict = _decoded(content) if content is not None else None
    if verdict is not None and verdict.identity == wanted:
        return verdict
    if content is not None:
        with contextlib.suppress(OSError):
            file.unlink()
    return None


def _content(file: Path) -> bytes | None:
    """A file's bytes; b'' of one that is too long, None of one that is not ours."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as opened:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_uid != os.geteuid():
            return None
        return opened.read(MOST_BYTES) if state.st_size <= MOST_BYTES else b""


def _decoded(content: bytes) -> Verdict | None:
    body = content[_DIGEST:]
    if hashlib.sha256(body).digest() != content[:_DIGEST]:
        return None
    try:
        return msgspec.json.decode(body, type=Verdict)
    except msgspec.DecodeError:  # of another version, whose identity differs too
        return None


def write(
    path: Path, made_of: Identity | None, findings: list[Finding], story: Text, ledger: Ledger
) -> bool:
    """Keep the verdict on a recording; False where that could not be, which hurts nobody.

    Args:
        path: of the recording.
        made_of: its `identity` before it was read: one that changed meanwhile keeps none.
        findings: what is wrong.
        story: what happened.
        ledger: of all of the recording.
    """
    if made_of is None or made_of != identity(path):
        return False
    flows = {flow.number: flow for flow in ledger.flows}
    try:
        kept = [_kept(f, flows) for f in findings]
        body = msgspec.json.encode(Verdict(made_of, _kept_text(story), kept))
    except (TypeError, ValueError):  # it would not come back as it is
        return False
    if len(body) + _DIGEST > MOST_BYTES:
        return False
    try:
        _replace(file_of(path), hashlib.sha256(body).digest() + body)
    except OSError:
        return False
    return True


def _replace(file: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # 0600
    try:
        with open(descriptor, "wb") as opened:
            opened.write(content)
        os.replace(name, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


# -- there and back ----------------------------------------------------------------------


def _kept(finding: Finding, flows: dict[int, Flow]) -> _Finding:
    flow = flows.get(finding.flow) if finding.flow is not None else None
    return _Finding(
        finding.rule,
        finding.certainty,
        _kept_text(finding.message),
        [
            _Place(
                (
                    p.frame.file, p.frame.line, p.frame.column, p.frame.end_line,
                    p.frame.end_column, p.frame.function,
                ),
                p.process.key, p.role, p.thread, p.task,
            )
            for p in finding.places
        ],
        [_Evidence(_kept_text(e.text), e.t, e.offset) for e in finding.evidence],
        _kept_text(finding.fix),
        _ends(flow) if flow is not None else None,
        finding.t,
    )  # fmt: skip


def _kept_text(text: Text) -> _Text:
    return _Text(text.template, {name: _kept_value(v) for name, v in text.values.items()})


def _kept_value(value: Any) -> str | int | float | bool | _Text | None:
    """A value of a sentence.

    Raises:
        TypeError: it would not come back as what it was.
    """
    if isinstance(value, Text):
        return _kept_text(value)
    if value is None or type(value) in (str, int, float, bool):
        found: str | int | float | bool | None = value
        return found
    raise TypeError(f"cannot be kept: {type(value).__name__}")


def _text(kept: _Text) -> Text:
    values = {n: _text(v) if isinstance(v, _Text) else v for n, v in kept.values.items()}
    return Text(kept.template, values)


def _ends(flow: Flow) -> tuple[Handle | None, Handle | None]:
    """What a flow is known by in any ledger of its recording (J6)."""
    return _handle(flow.client), _handle(flow.server)


def _handle(end: Endpoint | None) -> Handle | None:
    return min(end.handles, default=None) if end is not None else None
