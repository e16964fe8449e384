"""What stands around a read: the loop it is in, how that ends, and the size it asks for. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from plainwire.see.diagnosis.use import SENDING, Fate, method_of

_COLLECTING = {"join", "list", "tuple"}
_PUTTING = {"append", "extend", "write", "update"}


def surround(call: ast.Call, parents: dict[ast.AST, ast.AST], fate: Fate) -> None:
    """Find out whether the read stands in a loop that ends on b'', or in a counted one."""
    node: ast.AST = call
    while node in parents:
        child, node = node, parents[node]
        if isinstance(node, ast.Lambda):
            fate.until_eof = node.body is call and _asks_until_empty(node, parents)
            return
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return
        if isinstance(node, ast.Try) and catches_parse_errors(node):
            fate.guarded = True
        if isinstance(node, (ast.For, ast.AsyncFor)) and child is not node.iter:
            fate.counted_loop = True
        if isinstance(node, ast.While):
            fate.until_eof = _ends_on_empty(node, call, parents)
            fate.short_is_end = _ends_on_short(node, call, parents)
            fate.loop_replies = any(
                isinstance(n, ast.Call) and method_of(n) in SENDING | {"write"}
                for n in ast.walk(node)
            )
            return


def _asks_until_empty(read: ast.Lambda, parents: dict[ast.AST, ast.AST]) -> bool:
    """Is it `iter(lambda: sock.recv(4096), b"")`, and is all of that collected?"""
    each = parents.get(read)
    return (
        isinstance(each, ast.Call)
        and method_of(each) == "iter"
        and len(each.args) == 2
        and isinstance(each.args[1], ast.Constant)
        and each.args[1].value == b""
        and _all_collected(each, parents)
    )


def _all_collected(each: ast.expr, parents: dict[ast.AST, ast.AST]) -> bool:
    """Does whoever goes through this take all of it, and do nothing else meanwhile?

    A join() or list() of it, a `for` that only puts the parts somewhere, or a generator
    that passes it on, if each of its callers collects all.
    """
    parent = parents.get(each)
    if isinstance(parent, ast.Call):
        return method_of(parent) in _COLLECTING and each in parent.args
    if isinstance(parent, ast.For):
        nodes = [node for statement in parent.body for node in ast.walk(statement)]
        calls = {method_of(node) for node in nodes if isinstance(node, ast.Call)}
        ways_out = (ast.Break, ast.Return, ast.Raise, ast.Yield, ast.YieldFrom, ast.Await)
        return calls <= _PUTTING and not any(isinstance(node, ways_out) for node in nodes)
    if not isinstance(parent, ast.YieldFrom):
        return False
    node: ast.AST = parent
    while node in parents and not isinstance(node, ast.FunctionDef):
        node = parents[node]
    if not isinstance(node, ast.FunctionDef):
        return False
    callers = [n for n in parents if isinstance(n, ast.Call) and method_of(n) == node.name]
    return bool(callers) and all(
        isinstance(above := parents[caller], ast.Call) and method_of(above) in _COLLECTING
        for caller in callers
    )


def catches_parse_errors(node: ast.Try) -> bool:
    """Does a `try` catch what a parser raises?"""
    names = {"Exception", "ValueError", "UnicodeDecodeError", "JSONDecodeError", "error",
             "UnicodeError", "BaseException", "UnpicklingError"}  # fmt: skip
    for handler in node.handlers:
        if handler.type is None:
            return True
        for part in ast.walk(handler.type):
            if (isinstance(part, ast.Name) and part.id in names) or (
                isinstance(part, ast.Attribute) and part.attr in names
            ):
                return True
    return False


def _ends_on_empty(loop: ast.While, call: ast.Call, parents: dict[ast.AST, ast.AST]) -> bool:
    """Is an empty read the only way out of the loop?

    `while len(body) < size` with `if not data: break` ends when it has enough; the break
    is for a peer that leaves too early.
    """
    names = {t.id for t in _targets(call, parents)}
    in_test = any(n is call for n in ast.walk(loop.test))  # while data := sock.recv(...)
    ways_out = [
        node
        for node in ast.walk(loop)
        if isinstance(node, ast.If)
        and any(
            isinstance(n, (ast.Break, ast.Return, ast.Raise))
            for s in (*node.body, *node.orelse)
            for n in ast.walk(s)
        )
    ]
    on_empty = [node for node in ways_out if _tests_emptiness(node.test, names)]
    endless = isinstance(loop.test, ast.Constant) or _tests_emptiness(loop.test, names)
    if in_test:
        endless = not isinstance(loop.test, ast.BoolOp)
    return endless and (in_test or bool(on_empty)) and len(on_empty) == len(ways_out)


def _tests_emptiness(test: ast.expr, names: set[str]) -> bool:
    mentioned = {n.id for n in ast.walk(test) if isinstance(n, ast.Name)}
    return bool(mentioned & names) and _is_emptiness(test)


def _ends_on_short(loop: ast.While, call: ast.Call, parents: dict[ast.AST, ast.AST]) -> bool:
    """`if len(data) < 1024: break` after `data = sock.recv(1024)`, or the loop's own test."""
    size = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
    names = {t.id for t in _targets(call, parents)}
    if not isinstance(size, int) or not names:
        return False
    tests = [loop.test] + [
        node.test
        for node in ast.walk(loop)
        if isinstance(node, ast.If)
        and any(isinstance(n, (ast.Break, ast.Return)) for s in node.body for n in ast.walk(s))
    ]
    for test in tests:
        for node in ast.walk(test):
            if not (isinstance(node, ast.Compare) and isinstance(node.left, ast.Call)):
                continue
            argument = node.left.args[0] if node.left.args else None
            bound = node.comparators[0]
            if (
                method_of(node.left) == "len"
                and isinstance(argument, ast.Name)
                and argument.id in names
                and isinstance(bound, ast.Constant)
                and bound.value == size
            ):
                return True
    return False


def _is_emptiness(test: ast.expr) -> bool:
    for node in ast.walk(test):
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return True
        if isinstance(node, ast.Compare) and any(
            isinstance(c, ast.Constant) and c.value in (b"", "", 0) for c in node.comparators
        ):
            return True
    return False


def _targets(call: ast.Call, parents: dict[ast.AST, ast.AST]) -> Iterator[ast.Name]:
    node: ast.AST = call
    while node in parents and isinstance(parents[node], ast.expr):
        node = parents[node]
        if isinstance(node, ast.NamedExpr):
            yield node.target
    statement = parents.get(node)
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            first = target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target
            if isinstance(first, ast.Name):
                yield first


def is_fixed(size: ast.expr, tree: ast.Module) -> bool:
    """Is a size the same at every call: a number, or a name that only ever means one?"""
    if isinstance(size, ast.Constant):
        return True
    if isinstance(size, ast.BinOp):
        return is_fixed(size.left, tree) and is_fixed(size.right, tree)
    name = size.id if isinstance(size, ast.Name) else getattr(size, "attr", None)
    values = list(_values_of(name, tree)) if name is not None else []
    return bool(values) and all(
        isinstance(v, (ast.Constant, ast.BinOp)) and is_fixed(v, tree) for v in values
    )


def _values_of(name: str, tree: ast.Module) -> Iterator[ast.expr]:
    """What a name, or an attribute of that name, is given anywhere in the file."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if getattr(target, "id", getattr(target, "attr", None)) == name:
                    yield node.value if not isinstance(node, ast.AugAssign) else node.target


def is_rest(size: ast.expr, tree: ast.Module) -> bool:
    """`length - len(data)`, `min(4096, left)` where `left -= len(part)`."""
    if any(isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub) for n in ast.walk(size)):
        return True
    names = {n.id for n in ast.walk(size) if isinstance(n, ast.Name)}
    return any(
        isinstance(node, ast.AugAssign)
        and isinstance(node.op, ast.Sub)
        and isinstance(node.target, ast.Name)
        and node.target.id in names
        for node in ast.walk(tree)
    )
