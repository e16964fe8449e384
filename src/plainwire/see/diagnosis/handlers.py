"""Is a write the last thing that an asyncio server's handler does? Pure, from the source.

A loop with timers may still act, so that a stream lies there forgotten cannot be seen
from outside. It shows in the source when the write stands in the very function that was
given to `start_server`, in no loop, and nothing is awaited behind it but drain().

Leans to no: a "yes" lets a rule speak.
"""

from __future__ import annotations

import ast

from plainwire.see.diagnosis.use import coroutines_at, method_of, parsed
from plainwire.see.ledger.model import Frame

_STARTING = {"start_server", "start_unix_server"}
_WAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.YieldFrom)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


def ends_with(source: str | None, write: Frame) -> bool:
    """Does the handler that makes this write end with it, and leave its stream open?"""
    found = parsed(source) if source is not None else None
    if found is None:
        return False
    tree, _ = found
    handlers = coroutines_at(tree, write)
    return (
        len(handlers) == 1
        and _is_given(tree, handlers[0].name)
        and _nothing_behind(handlers[0], write)
    )


def _is_given(tree: ast.Module, name: str) -> bool:
    """Is the function handed to start_server()?"""
    return any(
        isinstance(node, ast.Call)
        and method_of(node) in _STARTING
        and any(
            isinstance(part, (ast.Name, ast.Attribute))
            and (part.id if isinstance(part, ast.Name) else part.attr) == name
            for part in [*node.args, *(keyword.value for keyword in node.keywords)]
        )
        for node in ast.walk(tree)
    )


def _nothing_behind(handler: ast.AsyncFunctionDef, write: Frame) -> bool:
    for node in ast.walk(handler):
        if isinstance(node, _LOOPS) and node.lineno <= write.line <= (node.end_lineno or 0):
            return False
        if isinstance(node, _WAITING) and node.lineno > write.line and not _is_drain(node):
            return False
    return True


def _is_drain(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Await)
        and isinstance(node.value, ast.Call)
        and method_of(node.value) == "drain"
    )
