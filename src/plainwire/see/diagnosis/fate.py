"""What a program does with the bytes of one read, told from its source. Pure.

Two sends in one recv are no mistake by themselves: an echo server passes them on, a
parser keeps a buffer. They are one when the program takes what it read for *one whole
message*. That shows in the uses of the value: parsed, compared, printed, answered,
with no buffer, no slicing, no search for a delimiter.

The analysis is deliberately small and leans to innocence: a value that is returned,
stored, or handed to a function of the program's own is UNKNOWN (but for one that stands
in the same file and compares it), and one sign of framing anywhere among its uses makes
the read AGNOSTIC.
"""

from __future__ import annotations

import ast

from plainwire.see.diagnosis import loops
from plainwire.see.diagnosis.follow import Follower
from plainwire.see.diagnosis.use import (
    AGNOSTIC,
    NEUTRAL,
    UNKNOWN,
    WHOLE,
    Fate,
    coroutines_at,
    method_of,
    parsed,
)
from plainwire.see.ledger.model import Frame

_READS = {
    "recv", "recvfrom", "recv_into", "read", "recvmsg", "recvfrom_into", "recvmsg_into",
    "sock_recv",
}  # fmt: skip


def of_read(source: str | None, frame: Frame) -> Fate:
    """The fate of the bytes of the read whose call expression `frame` spans."""
    unknown = Fate(UNKNOWN)
    found = parsed(source) if source is not None else None
    if found is None:
        return unknown
    tree, parents = found
    call = call_at(tree, frame)
    if call is None:
        return unknown
    fate = Fate()
    Follower(parents, fate).value(call, raw=True)
    loops.surround(call, parents, fate)
    if call.args:
        fate.exact = not loops.is_fixed(call.args[0], tree)
        fate.remaining = loops.is_rest(call.args[0], tree)
    return fate


def result_discarded(source: str | None, frame: Frame) -> bool | None:
    """Is the result of a call thrown away (`sock.send(x)` as a statement)? None: unknown."""
    found = parsed(source) if source is not None else None
    if found is None:
        return None
    tree, parents = found
    call = call_at(tree, frame, reads_only=False)
    if call is None:
        return None
    parent = parents.get(call)
    while isinstance(parent, ast.Await):
        parent = parents.get(parent)
    return isinstance(parent, ast.Expr)


def in_coroutine(source: str | None, frame: Frame) -> bool:
    """Does a frame stand in an `async def`, as its source tells?"""
    found = parsed(source) if source is not None else None
    return found is not None and bool(coroutines_at(found[0], frame))


def word_of(source: str | None, frame: Frame) -> str:
    """The user's own word for a call: its method, `for` of a loop over a file; '' if unknown."""
    found = parsed(source) if source is not None else None
    if found is None:
        return ""
    call = call_at(found[0], frame, reads_only=False)
    if call is not None:
        return method_of(call)
    return "for" if _is_loop(found[0], frame) else ""


def _is_loop(tree: ast.Module, frame: Frame) -> bool:
    """Does a frame stand at a `for`?

    Its step spans the whole statement, body included; from Python 3.12 on, what it is over.
    """
    begins = (frame.line, frame.column - 1)
    loops = (n for n in ast.walk(tree) if isinstance(n, (ast.For, ast.AsyncFor)))
    return any((at.lineno, at.col_offset) == begins for n in loops for at in (n, n.iter))


def of_parameter(source: str | None, frame: Frame) -> Fate:
    """The fate of the data that a protocol's receiving method is given."""
    unknown = Fate(UNKNOWN)
    found = parsed(source) if source is not None else None
    if found is None:
        return unknown
    tree, parents = found
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and node.name == frame.function.rpartition(".")[2]
            and abs(node.lineno - frame.line) <= len(node.decorator_list) + 1
            and len(node.args.args) >= 2
        ):
            fate = Fate()
            Follower(parents, fate).name(node.args.args[1].arg, node, node)
            return fate
    return unknown


def call_at(tree: ast.Module, frame: Frame, reads_only: bool = True) -> ast.Call | None:
    """The call whose expression a frame spans; None when that is not certain."""
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    if frame.column > 0:
        for call in calls:
            at = (call.lineno, call.col_offset + 1, call.end_lineno, (call.end_col_offset or 0) + 1)
            if at == (frame.line, frame.column, frame.end_line, frame.end_column):
                return call
        if _is_loop(tree, frame):
            return None  # a call that ends its body is not what reads
        # An await's instruction spans the whole await expression.
        for call in calls:
            if call.end_lineno == frame.end_line and (
                (call.end_col_offset or 0) + 1 == frame.end_column and call.lineno >= frame.line
            ):
                return call
    on_line = [c for c in calls if c.lineno == frame.line and method_of(c) in _READS]
    return on_line[0] if len(on_line) == 1 and reads_only else None


__all__ = [
    "AGNOSTIC",
    "NEUTRAL",
    "UNKNOWN",
    "WHOLE",
    "Fate",
    "call_at",
    "in_coroutine",
    "of_parameter",
    "of_read",
    "result_discarded",
    "word_of",
]
