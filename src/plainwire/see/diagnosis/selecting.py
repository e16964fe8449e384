"""How a source waits in select(), poll() or a selector. Pure.

What such a call returns are the sockets that have something to say: to go through them
is no going through everybody. And a loop around it that does nothing while nothing comes
waits as a single call without a time-out would.

Leans to no: a "yes" lets a rule speak.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from plainwire.see.diagnosis.fate import call_at
from plainwire.see.diagnosis.use import method_of, parsed
from plainwire.see.ledger.model import Frame

_WAITS = {"select", "poll"}
_BUILT_IN = {"print", "len", "str", "int", "round"}
_OF_MODULES = {
    "time": {"time", "monotonic", "perf_counter", "sleep"},
    "log": {"debug", "info", "warning"},
    "logger": {"debug", "info", "warning"},
    "logging": {"debug", "info", "warning"},
}
_ELSEWHERE = (ast.Break, ast.Return, ast.Raise, ast.Assert, ast.Yield, ast.YieldFrom, ast.Await,
              ast.For, ast.While, ast.AsyncFor, ast.AsyncWith, ast.Match, ast.Delete,
              ast.Lambda, ast.FunctionDef, ast.comprehension)  # fmt: skip


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


def goes_round_in_vain(source: str | None, frame: Frame) -> bool:
    """Does the loop around this select() do nothing, for ever, while it finds nothing?

    Nothing that another could see: it may count, print and sleep. Not so if such a round
    calls anything else, leaves the loop, or changes what its condition asks for.
    """
    found = parsed(source) if source is not None else None
    if found is None:
        return False
    tree, parents = found
    call = call_at(tree, frame, reads_only=False)
    loop = _loop_around(call, parents) if call is not None and waits(call) else None
    if call is None or loop is None:
        return False
    ready = _given(call, parents) & ready_names(ast.walk(loop))
    idle = [node for part in _idle(loop.body, ready) for node in ast.walk(part)]
    test = list(ast.walk(loop.test))
    if any(isinstance(node, _ELSEWHERE) for node in idle):
        return False
    if any(isinstance(n, ast.Call) and n is not call and not _harmless(n) for n in idle):
        return False
    if any(isinstance(n, ast.Call) and n is not call and method_of(n) != "len" for n in test):
        return False
    changed = {_name(node) for node in idle if isinstance(getattr(node, "ctx", None), ast.Store)}
    return not changed & {_name(node) for node in test} - {None}


def _harmless(call: ast.Call) -> bool:
    """Does it only print, count or let time pass? Not so print() to a file."""
    function = call.func
    if isinstance(function, ast.Name):
        return function.id in _BUILT_IN and all(word.arg != "file" for word in call.keywords)
    if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
        return False
    return function.attr in _OF_MODULES.get(function.value.id, ())


def _name(node: ast.AST) -> str | None:
    return getattr(node, "id", None) or getattr(node, "attr", None)


def _loop_around(call: ast.Call, parents: dict[ast.AST, ast.AST]) -> ast.While | None:
    """The `while` whose rounds make the call; None when a function or a `for` is nearer."""
    node: ast.AST = call
    while node in parents:
        child, node = node, parents[node]
        if isinstance(node, ast.While):
            return node if child is node.test or child in node.body else None
        if isinstance(node, (ast.For, ast.AsyncFor)) and child is not node.iter:
            return None
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ListComp)):
            return None
    return None


def _given(call: ast.Call, parents: dict[ast.AST, ast.AST]) -> set[str]:
    """The names that this call's result is put into."""
    node: ast.AST = call
    while isinstance(parents.get(node), (ast.Subscript, ast.NamedExpr, ast.Assign)):
        node = parents[node]
        if isinstance(node, (ast.NamedExpr, ast.Assign)):
            return ready_names([node])
    return set()


def _idle(body: list[ast.stmt], ready: set[str]) -> Iterator[ast.AST]:
    """The parts of a loop's body that a round runs in which nothing was ready."""
    for statement in body:
        if isinstance(statement, ast.For) and goes_through_ready(statement.iter, ready):
            yield statement.iter
            yield from _idle(statement.orelse, ready)
        elif isinstance(statement, ast.If):
            found = _asks_for_ready(statement.test, ready)
            if found is None:
                yield statement.test
                yield from _idle(statement.body, ready)
                yield from _idle(statement.orelse, ready)
                continue
            branch = statement.orelse if found else statement.body
            yield from _idle(branch, ready)
            if branch and isinstance(branch[-1], ast.Continue):
                return
        elif isinstance(statement, ast.With):
            yield from (item.context_expr for item in statement.items)
            yield from _idle(statement.body, ready)
        elif isinstance(statement, ast.Try):  # nothing that is allowed here raises
            for part in (statement.body, statement.orelse, statement.finalbody):
                yield from _idle(part, ready)
        else:
            yield statement


def _asks_for_ready(test: ast.expr, ready: set[str]) -> bool | None:
    """`if found:` or `if sock in found:` True, `if not found:` False; None of all else."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _asks_for_ready(test.operand, ready)
        return None if inner is None else not inner
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        if isinstance(test.ops[0], (ast.In, ast.NotIn)) and _name(test.comparators[0]) in ready:
            return isinstance(test.ops[0], ast.In)
        return None
    return True if isinstance(test, ast.Name) and test.id in ready else None
