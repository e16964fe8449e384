"""Does a program, by its source, take all that a stream brings, up to its end? Pure.

Three forms that no `while` shows: a loop or a function that goes over a file of a socket
(`for line in f`, `list(f)`, `f.readlines()`), and over `iter(callable, b"")`. A loop counts
only when nothing in its body leaves it, and nothing in it may answer: what cannot be looked
into may. Where the values go is followed through generators of the same file only.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections import Counter, deque
from collections.abc import Iterator

from plainwire.see.diagnosis.use import SENDING, method_of, parsed
from plainwire.see.ledger.model import Frame

_CONSUMERS = {
    "join", "list", "tuple", "set", "sorted", "sum", "max", "min", "dict", "Counter", "deque",
    "bytes", "bytearray", "extend", "reduce",
}  # fmt: skip
_WRAPPERS = {"enumerate": 0, "reader": 0, "map": 1, "filter": 1}  # and which argument they go over
_SHOWING = {"debug", "info", "warning", "error", "log"}
_ANSWERS = SENDING | {"write", "writelines", "send_bytes", "flush"}
# What the types of the language can do to themselves says nothing to anybody.
_HARMLESS = {
    name
    for kind in (str, bytes, bytearray, list, dict, set, int, float, deque, Counter)
    for name in dir(kind)
} - {"send"}  # fmt: skip
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LOOPS = (ast.For, ast.AsyncFor)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def wants_all(source: str | None, frame: Frame, of_file: bool, answered: bool = False) -> bool:
    """Is the read at a frame one of many that go on until the stream ends?

    Args:
        source: the text of the file that the frame stands in.
        frame: the user's line, as the interpreter spans it.
        of_file: whether a buffered file over the socket asked for the bytes.
        answered: whether a loop counts only if an answer follows it in its function, as
            what collects (a log's server) may go on for as long as it likes.
    """
    found = parsed(source) if source is not None else None
    if found is None or frame.column <= 0:
        return False
    tree, parents = found
    seen = _Program(tree, parents, answered)
    call = _call_at(tree, frame)
    name = method_of(call) if call is not None else ""
    if call is not None and name not in ("iter", "makefile", *_WRAPPERS):
        if name == "readlines":
            return of_file and not call.args and not call.keywords
        if name in _CONSUMERS:
            return any(_endless(argument, of_file) for argument in call.args)
        repeated = _repeated(call, parents)
        return repeated is not None and seen.taken_whole(repeated)
    return any(
        _endless(over, of_file) and seen.taken_whole(over) for over in _gone_over(tree, frame)
    )


def _call_at(tree: ast.Module, frame: Frame) -> ast.Call | None:
    at = (frame.line, frame.column - 1, frame.end_line, frame.end_column - 1)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            span = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
            if span == at:
                return node
    return None


def _gone_over(tree: ast.Module, frame: Frame) -> Iterator[ast.expr]:
    """What the loop, or the like, that a frame stands at goes over.

    Its step spans the whole of it; from Python 3.12 on, what it is over.
    """
    begins = (frame.line, frame.column - 1)
    for node in ast.walk(tree):
        over: ast.expr
        if isinstance(node, _LOOPS):
            over = node.iter
        elif isinstance(node, _COMPREHENSIONS):
            over = node.generators[0].iter
        elif isinstance(node, ast.YieldFrom):
            over = node.value
        else:
            continue
        if begins in ((node.lineno, node.col_offset), (over.lineno, over.col_offset)):
            yield over


def _endless(over: ast.expr, of_file: bool) -> bool:
    """Does this bring values until the stream ends: a file, or `iter(callable, b"")`?"""
    if isinstance(over, (ast.Name, ast.Attribute)):
        return of_file
    if isinstance(over, ast.GeneratorExp):
        return _endless(over.generators[0].iter, of_file)
    if not isinstance(over, ast.Call):
        return False
    name, arguments = method_of(over), over.args
    if name == "iter" and len(arguments) > 1:
        return isinstance(arguments[1], ast.Constant) and arguments[1].value in (b"", "")
    if name in _WRAPPERS or name == "iter":
        at = _WRAPPERS.get(name, 0)
        return len(arguments) > at and _endless(arguments[at], of_file)
    return of_file and name == "makefile"


def _repeated(call: ast.Call, parents: dict[ast.AST, ast.AST]) -> ast.Call | None:
    """The `iter(lambda: ..., b"")` that makes a call again and again."""
    node: ast.AST = call
    while isinstance(node, ast.expr) and not isinstance(node, ast.Lambda):
        node = parents[node]
    over = parents.get(node)
    if isinstance(node, ast.Lambda) and isinstance(over, ast.Call) and method_of(over) == "iter":
        return over if _endless(over, of_file=False) else None
    return None


class _Program:
    """One source file, asked what becomes of what an expression goes over."""

    def __init__(self, tree: ast.Module, parents: dict[ast.AST, ast.AST], answered: bool) -> None:
        self.tree = tree
        self.answered = answered
        self.parents = parents
        self.defined = {
            node.name: node for node in ast.walk(tree)
            if isinstance(node, (*_FUNCTIONS, ast.ClassDef))
        }  # fmt: skip
        self.strange: set[str] = set()  # names from modules that are not the language's own
        self.own: set[str] = set()  # ... and from those that are
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for alias in node.names:
                    module = node.module if isinstance(node, ast.ImportFrom) else alias.name
                    known = (module or "").partition(".")[0] in sys.stdlib_module_names
                    name = (alias.asname or alias.name).partition(".")[0]
                    (self.own if known else self.strange).add(name)

    def taken_whole(self, over: ast.expr, depth: int = 3) -> bool:
        """Are all the values of an expression taken, with no answer in between?"""
        parent = self.parents.get(over)
        if isinstance(parent, _LOOPS) and over is parent.iter:
            if any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in self._body(parent)):
                return self._closed(parent) and self._generator_taken(parent, depth)
            return self._closed(parent)
        if isinstance(parent, ast.comprehension):
            made = self.parents[parent]
            if not isinstance(made, _COMPREHENSIONS) or self._answers(list(ast.walk(made)), set()):
                return False
            return not isinstance(made, ast.GeneratorExp) or self.taken_whole(made, depth)
        if isinstance(parent, ast.Call) and over in parent.args:
            name = method_of(parent)
            return name in _CONSUMERS or (
                name in _WRAPPERS and isinstance(parent.func, ast.Name | ast.Attribute)
                and self.taken_whole(parent, depth)
            )  # fmt: skip
        return isinstance(parent, ast.YieldFrom) and self._generator_taken(parent, depth)

    def _generator_taken(self, inside: ast.AST, depth: int) -> bool:
        """Is the generator that a node stands in used, and at each use up to its end?"""
        function: ast.AST | None = inside
        while function is not None and not isinstance(function, _FUNCTIONS):
            function = self.parents.get(function)
        if function is None or depth == 0:
            return False
        uses = [
            n for n in ast.walk(self.tree)
            if (isinstance(n, ast.Name) and n.id == function.name)
            or (isinstance(n, ast.Attribute) and n.attr == function.name)
        ]  # fmt: skip
        calls = [self.parents.get(use) for use in uses]
        return bool(uses) and all(
            isinstance(call, ast.Call) and call.func is use and self.taken_whole(call, depth - 1)
            for call, use in zip(calls, uses, strict=True)
        )

    def _closed(self, loop: ast.For | ast.AsyncFor) -> bool:
        """Is the end of the stream the only way out of a loop that answers nobody?

        One that shows what comes may be meant to go on for ever, unless an answer follows.
        """
        body = self._body(loop)
        if any(isinstance(n, (ast.Break, ast.Return, ast.Raise)) for n in body):
            return False
        if self._answers(body, set()):
            return False
        open_ended = self.answered or any(self._shows(n) for n in body)
        return not open_ended or self._answered_behind(loop)

    @staticmethod
    def _body(loop: ast.For | ast.AsyncFor) -> list[ast.AST]:
        return [node for statement in loop.body for node in ast.walk(statement)]

    def _answers(self, nodes: list[ast.AST], looked: set[str]) -> bool:
        """May something among these nodes answer the other side, or leave?"""
        return any(isinstance(n, ast.Call) and self._may_answer(n, looked) for n in nodes)

    def _may_answer(self, call: ast.Call, looked: set[str]) -> bool:
        name, root = method_of(call), _root(call.func)
        if self._shows(call):
            return False
        if name in _ANSWERS or name == "print":
            return not self._is_of_disk(root)
        if root in self.strange or name in ("exit", "quit", "_exit"):
            return True
        if name in self.defined:
            if name in looked:
                return False
            looked.add(name)
            return self._answers(list(ast.walk(self.defined[name])), looked)
        if isinstance(call.func, ast.Name):
            return name not in self.own and not hasattr(builtins, name)
        return root not in self.own and name not in _HARMLESS

    @staticmethod
    def _shows(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return False
        if method_of(node) == "print":
            return all(k.arg != "file" or _root(k.value) == "sys" for k in node.keywords)
        return method_of(node) in _SHOWING or (
            method_of(node) in ("write", "flush") and _root(node.func) == "sys"
        )

    def _is_of_disk(self, name: str) -> bool:
        """Is a name only ever what open() gave?"""
        given: list[ast.expr | None] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign):
                given += [node.value for t in node.targets if _root(t) == name]
            elif isinstance(node, ast.withitem) and node.optional_vars is not None:
                given += [node.context_expr] if _root(node.optional_vars) == name else []
            elif isinstance(node, ast.arg) and node.arg == name:
                given.append(None)
        return bool(given) and all(
            isinstance(value, ast.Call) and method_of(value) == "open" for value in given
        )

    def _answered_behind(self, loop: ast.stmt) -> bool:
        """Is something sent in the same function, after the loop?"""
        function: ast.AST = loop
        while function in self.parents and not isinstance(function, _FUNCTIONS):
            function = self.parents[function]
        return any(
            isinstance(node, ast.Call)
            and method_of(node) in _ANSWERS
            and node.lineno > (loop.end_lineno or 0)
            and not self._is_of_disk(_root(node.func))
            for node in ast.walk(function)
        )


def _root(node: ast.AST) -> str:
    """`a` of `a.b.c(...)`."""
    while isinstance(node, (ast.Attribute, ast.Call, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
