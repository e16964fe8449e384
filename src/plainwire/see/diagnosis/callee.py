"""Which function of the same file a call calls, and which parameter gets the value. Pure.

follow.py goes from a read into one such function, and no further. Only what cannot be
mistaken is told: a function that the file defines once, a method of `self`, or of a name
that is made from a class of the file.
"""

from __future__ import annotations

import ast

Function = ast.FunctionDef | ast.AsyncFunctionDef


def called(
    call: ast.Call, value: ast.expr, parents: dict[ast.AST, ast.AST]
) -> tuple[Function, str] | None:
    """The function, and the name of its parameter that gets `value`; None: cannot be told.

    Args:
        call: the call.
        value: one of its arguments.
        parents: each node's parent, of the whole file.
    """
    found = _of_name(call, parents) or _of_object(call, parents)
    if found is None or any(isinstance(a, ast.Starred) for a in call.args):
        return None
    names = [a.arg for a in (*found.args.posonlyargs, *found.args.args)]
    for keyword in call.keywords:
        if keyword.value is value:
            given = keyword.arg in (*names, *(a.arg for a in found.args.kwonlyargs))
            return (found, keyword.arg) if given and keyword.arg else None
    bound = isinstance(parents.get(found), ast.ClassDef) and not _is_static(found)
    at = next((n for n, a in enumerate(call.args) if a is value), None)
    if at is None or at + bound >= len(names):
        return None
    return found, names[at + bound]


def _is_static(function: Function) -> bool:
    return any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in function.decorator_list)


def _nodes(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> list[ast.AST]:
    while node in parents:
        node = parents[node]
    return list(ast.walk(node))


def _of_name(call: ast.Call, parents: dict[ast.AST, ast.AST]) -> Function | None:
    """`move(...)`: the one function of that name."""
    if not isinstance(call.func, ast.Name):
        return None
    name = call.func.id
    found = [
        node
        for node in _nodes(call, parents)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name == name
        and not isinstance(parents.get(node), ast.ClassDef)
    ]
    return found[0] if len(found) == 1 and not found[0].decorator_list else None


def _of_object(call: ast.Call, parents: dict[ast.AST, ast.AST]) -> Function | None:
    """`self.move(...)`, `game.move(...)` where `game = Game(...)`."""
    if not isinstance(call.func, ast.Attribute):
        return None
    method, receiver = call.func.attr, call.func.value
    if isinstance(receiver, ast.Name) and receiver.id in ("self", "cls"):
        owner = parents.get(call)
        while owner is not None and not isinstance(owner, ast.ClassDef):
            owner = parents.get(owner)
        return _method(owner, method)
    name = _last_name(receiver)
    nodes = _nodes(call, parents)
    made = {
        _class_of(node.value)
        for node in nodes
        if isinstance(node, ast.Assign) and any(_last_name(t) == name for t in node.targets)
    }
    classes = [n for n in nodes if isinstance(n, ast.ClassDef) and n.name in made]
    return _method(classes[0], method) if len(classes) == len(made) == 1 else None


def _class_of(value: ast.expr) -> str | None:
    """`Game` of `Game(...)`."""
    called = value.func if isinstance(value, ast.Call) else None
    return called.id if isinstance(called, ast.Name) else None


def _last_name(node: ast.expr) -> str | None:
    """`game` of `game`, and of `self.game`."""
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", None)


def _method(owner: ast.AST | None, name: str) -> Function | None:
    found = [
        node
        for node in (owner.body if isinstance(owner, ast.ClassDef) else ())
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
    ]
    decorated = [d for node in found for d in node.decorator_list if not _is_static(node)]
    return found[0] if len(found) == 1 and not decorated else None
