"""How a source waits in select(), poll() or a selector. Pure.

What such a call returns are the sockets that have something to say: to go through them
is no going through everybody.

Leans to no: a "yes" lets a rule speak.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from plainwire.see.diagnosis.use import method_of

_WAITS = {"select", "poll"}


def waits(node: ast.AST) -> bool:
    """Is this a call of select() or poll(), by whatever module or object?"""
    return isinstance(node, ast.Call) and method_of(node) in _WAITS


def ready_names(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that are only ever given what such a call returned."""
    ready, given = set[str](), set[str]()
    for node in nodes:
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            given.add(node.target.id)
        if isinstance(node, (ast.Assign, ast.NamedExpr)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            # `select(...)[0]` is a list of the ready ones, too.
            value = node.value.value if isinstance(node.value, ast.Subscript) else node.value
            (ready if waits(value) else given).update(names)
    return ready - given


def goes_through_ready(over: ast.AST, ready: set[str]) -> bool:
    """Does a `for` go through what select() returned: the call itself, or a name of that?"""
    if isinstance(over, ast.Subscript):
        over = over.value
    return waits(over) or (isinstance(over, ast.Name) and over.id in ready)
