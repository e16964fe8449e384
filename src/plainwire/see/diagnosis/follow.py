"""Follows the value of a read through the function it stands in, use by use. Pure.

And into one function of the same file that it is handed to, if that one compares it.
"""

from __future__ import annotations

import ast

from plainwire.see.diagnosis import callee, loops
from plainwire.see.diagnosis.use import AGNOSTIC, NEUTRAL, SENDING, UNKNOWN, WHOLE, Fate, method_of

_KEEPING = {
    "append", "extend", "write", "writelines", "update", "feed", "feed_data", "feed_eof",
    "receive_data", "data_received", "put", "put_nowait", "push", "appendleft", "send_bytes",
    "insert", "add", "dataReceived",
}  # fmt: skip
_SAME = {
    "strip", "lstrip", "rstrip", "upper", "lower", "decode", "encode", "title", "capitalize",
    "swapcase", "tobytes", "hex", "removesuffix", "removeprefix",
}  # fmt: skip
_SEARCHING = {
    "find", "rfind", "index", "rindex", "partition", "rpartition", "splitlines", "count",
    "endswith", "readline", "readlines",
}  # fmt: skip
_PARSERS = {
    "loads": "", "unpack": "struct", "literal_eval": "literal", "int": "number",
    "float": "number", "eval": "literal",
}  # fmt: skip
_NAMES = {"basename", "open", "Path", "isfile", "exists", "isdir"}


class Follower:
    """Follows one value through the function in which it was read."""

    def __init__(
        self, parents: dict[ast.AST, ast.AST], fate: Fate, *, handed: bool = False
    ) -> None:
        self.parents = parents
        self.fate = fate
        self.handed = handed  # this is the function that the value was handed to
        self.followed: set[tuple[str, int]] = set()

    def value(self, node: ast.expr, raw: bool) -> None:  # noqa: C901, PLR0912 - one case a form
        """Judge the use of an expression that holds the bytes.

        `raw`: nothing was added to them yet (a reply made of them alone is an echo).
        """
        parent = self.parents.get(node)
        fate = self.fate
        if isinstance(parent, (ast.Await, ast.Starred, ast.FormattedValue)):
            self.value(parent, raw and not isinstance(parent, ast.FormattedValue))
        elif isinstance(parent, ast.JoinedStr):
            self.value(parent, raw=False)
        elif isinstance(parent, ast.NamedExpr):
            self.name(parent.target.id, parent, self._function(node))
            self.value(parent, raw)
        elif isinstance(parent, ast.Assign):
            self._assigned(parent, node, raw)
        elif isinstance(parent, ast.AnnAssign) and isinstance(parent.target, ast.Name):
            self.name(parent.target.id, parent, self._function(node), raw)
        elif isinstance(parent, ast.Subscript) and node is parent.slice:
            fate.compared = True  # a key of a dictionary
            fate.see(WHOLE)
        elif isinstance(parent, (ast.AugAssign, ast.Subscript, ast.For, ast.AsyncFor)):
            fate.see(AGNOSTIC)
        elif isinstance(parent, ast.Attribute):
            self._method(parent, raw)
        elif isinstance(parent, ast.keyword):
            outer = self.parents.get(parent)
            if not (isinstance(outer, ast.Call) and self._handed_on(outer, node, raw)):
                fate.see(UNKNOWN)
        elif isinstance(parent, ast.Call):
            self._argument(parent, node, raw)
        elif isinstance(parent, ast.Compare):
            self._compared(parent, node)
        elif isinstance(parent, ast.Match):
            self._matched(parent)
        elif isinstance(parent, ast.BinOp):
            self.value(parent, raw=False)
        elif isinstance(parent, (ast.BoolOp, ast.IfExp)):
            if not (isinstance(parent, ast.IfExp) and node is parent.test):
                self.value(parent, raw)
        elif isinstance(parent, ast.Expr):
            fate.discarded = True
        elif isinstance(parent, (ast.If, ast.While, ast.UnaryOp, ast.Assert)) or (
            self.handed and isinstance(parent, ast.Return) and _has_words(node)
        ):
            fate.see(NEUTRAL)
        else:
            fate.see(UNKNOWN)  # returned, yielded, stored in a structure

    def _assigned(self, statement: ast.Assign, node: ast.expr, raw: bool) -> None:
        for target in statement.targets:
            first = target
            if isinstance(target, ast.Tuple) and target.elts:
                first = target.elts[0]  # data, address = sock.recvfrom(n)
            if isinstance(first, ast.Name):
                mentioned = self._mentions(statement.value, first.id)
                if mentioned and not (self.handed and _same_again(statement.value, first.id)):
                    self.fate.see(AGNOSTIC)  # buffer = buffer + data
                else:
                    self.name(first.id, statement, self._function(node), raw)
            elif isinstance(first, ast.Attribute):
                self._attribute(first, statement, raw)
            else:
                self.fate.see(UNKNOWN)

    @staticmethod
    def _mentions(value: ast.expr, name: str) -> bool:
        return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(value))

    def _attribute(self, target: ast.Attribute, statement: ast.stmt, raw: bool) -> None:
        """`self.data = ...`: followed when it is used in this function only."""
        function = self._function(statement)
        text = ast.dump(ast.Attribute(target.value, target.attr, ast.Load()))
        top: ast.AST = statement
        while top in self.parents:
            top = self.parents[top]
        inside = set(map(id, ast.walk(function)))
        for node in ast.walk(top):
            elsewhere = isinstance(node, ast.Attribute) and node.attr == target.attr
            if elsewhere and id(node) not in inside:
                self.fate.see(UNKNOWN)
                return
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Load)
                and ast.dump(node) == text
            ):
                self.value(node, raw)

    def name(self, name: str, where: ast.AST, scope: ast.AST, raw: bool = True) -> None:
        """Judge all uses that a variable has after `where`, up to its next assignment."""
        key = (name, getattr(where, "lineno", 0))
        if key in self.followed:
            return
        self.followed.add(key)
        after = getattr(where, "end_lineno", 0), getattr(where, "end_col_offset", 0)
        until = self._reassigned(name, after, where, scope)
        for node in ast.walk(scope):
            if isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names:
                self.fate.see(UNKNOWN)
            if not (isinstance(node, ast.Name) and node.id == name):
                continue
            if isinstance(node.ctx, ast.Store):
                if isinstance(self.parents.get(node), ast.AugAssign):
                    self.fate.see(AGNOSTIC)
                continue
            at = (node.lineno, node.col_offset)
            if at >= (after if where is not scope else (0, 0)) and at <= until:
                self.value(node, raw)

    def _reassigned(
        self, name: str, after: tuple[int, int], where: ast.AST, scope: ast.AST
    ) -> tuple[int, int]:
        """Where the variable is next given another value: the end of that statement."""
        ends: list[tuple[int, int]] = []
        for node in ast.walk(scope):
            if isinstance(node, ast.Assign) and node is not where:
                for target in node.targets:
                    names = target.elts if isinstance(target, ast.Tuple) else [target]
                    if any(isinstance(n, ast.Name) and n.id == name for n in names):
                        begin = (node.lineno, node.col_offset)
                        if begin > after and self._sibling(where, node):
                            ends.append((node.end_lineno or 0, node.end_col_offset or 0))
        return min(ends, default=(1 << 30, 0))

    def _sibling(self, a: ast.AST, b: ast.AST) -> bool:
        return self.parents.get(a) is self.parents.get(b)

    def _method(self, attribute: ast.Attribute, raw: bool) -> None:
        """`value.method(...)`."""
        call = self.parents.get(attribute)
        if not isinstance(call, ast.Call) or call.func is not attribute:
            self.fate.see(UNKNOWN)
            return
        method = attribute.attr
        if method == "decode":
            self._decoded(call)
            self.value(call, raw)
        elif method in _SAME:
            self.value(call, raw)
        elif method == "split":
            separator = call.args[0] if call.args else None
            blank = separator is None or (
                isinstance(separator, ast.Constant)
                and separator.value in (" ", b" ", ",", b",", ":")
            )
            self.fate.see(WHOLE if blank else AGNOSTIC)
        elif method in _SEARCHING:
            self.fate.see(AGNOSTIC)
        elif method in ("startswith", "isdigit", "isalpha"):
            self.fate.see(WHOLE)
        elif method == "replace":
            self.value(call, raw)
        else:
            self.fate.see(UNKNOWN)

    def _decoded(self, call: ast.Call) -> None:
        """Note the codec of a strict decode; one with an error handler takes everything."""
        if len(call.args) > 1 or any(k.arg == "errors" for k in call.keywords):
            return
        first = call.args[0] if call.args else ast.Constant("utf-8")
        if isinstance(first, ast.Constant):
            self.fate.parsers.add(str(first.value).lower().replace("_", "-"))

    def _handed_on(self, call: ast.Call, node: ast.expr, raw: bool) -> bool:
        """Is the value handed to a function of this file that compares it whole?

        One that prints, keeps or parses it says too little about what a read is taken for.
        """
        found = None if self.handed else callee.called(call, node, self.parents)
        if found is None:
            return False
        function, name = found
        inner = Fate()
        Follower(self.parents, inner, handed=True).name(name, function, function, raw)
        if inner.kind != WHOLE or not inner.compared:
            return False
        self.fate.compared = True
        self.fate.parsers |= inner.parsers
        self.fate.struct_format = self.fate.struct_format or inner.struct_format
        self.fate.answered |= inner.answered
        self.fate.guarded |= any(
            isinstance(n, ast.Try) and loops.catches_parse_errors(n) for n in ast.walk(function)
        )
        self.fate.see(WHOLE)
        return True

    def _argument(self, call: ast.Call, node: ast.expr, raw: bool) -> None:  # noqa: C901, PLR0912 - one case a name
        """The value is handed to a function."""
        fate = self.fate
        name = method_of(call)
        if name in SENDING:
            if raw:
                fate.see(AGNOSTIC)  # an echo, a relay
            else:
                fate.answered = True
                fate.see(WHOLE)
        elif name == "print":
            if any(k.arg == "end" for k in call.keywords):
                fate.see(AGNOSTIC)  # the program prints a stream
            else:
                fate.printed = True
                fate.see(WHOLE)
        elif name in _KEEPING:
            fate.see(AGNOSTIC)
        elif name in ("str", "bytes", "bytearray", "repr", "memoryview", "format"):
            if name == "str" and len(call.args) == 2:
                fate.parsers.add("utf-8")
            self.value(call, raw)
        elif name == "len":
            if not self._only_shown(call):
                fate.see(AGNOSTIC)  # counts what came: it knows that reads are pieces
        elif name in _PARSERS:
            self._parser(call, name)
        elif name in _NAMES or name == "get" or (name == "join" and "path" in ast.dump(call.func)):
            fate.compared = True  # the name of a file, a person: one message
            fate.see(WHOLE)
        elif name in ("info", "debug", "warning", "error"):
            fate.see(NEUTRAL)  # a log line
        elif not self._handed_on(call, node, raw):
            fate.see(UNKNOWN)

    def _only_shown(self, node: ast.AST) -> bool:
        parent = self.parents.get(node)
        while isinstance(parent, (ast.FormattedValue, ast.JoinedStr)):
            parent = self.parents.get(parent)
        return isinstance(parent, ast.Call) and method_of(parent) in ("print", "info", "debug")

    def _parser(self, call: ast.Call, name: str) -> None:
        module = ""
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            module = call.func.value.id
        if name == "loads" and module in ("json", "pickle", "marshal"):
            self.fate.parsers.add(module)
        elif name == "unpack":
            self.fate.parsers.add("struct")
            first = call.args[0] if call.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, (str, bytes)):
                text = first.value
                self.fate.struct_format = text if isinstance(text, str) else text.decode("latin-1")
        elif name == "loads":
            self.fate.see(UNKNOWN)
            return
        else:
            self.fate.parsers.add(_PARSERS[name])
        self.fate.see(WHOLE)

    def _compared(self, compare: ast.Compare, node: ast.expr) -> None:
        others = [part for part in (compare.left, *compare.comparators) if part is not node]
        contains = any(isinstance(op, (ast.In, ast.NotIn)) for op in compare.ops)
        if contains and node is not compare.left:  # b"\n" in data
            self.fate.see(AGNOSTIC)
        elif all(isinstance(o, ast.Constant) and o.value in (b"", "", None, 0) for o in others):
            self.fate.see(NEUTRAL)
        elif self.handed and not contains and not all(map(_is_constant, others)):
            self.fate.see(UNKNOWN)  # with what came before, perhaps
        else:
            self.fate.compared = True
            self.fate.see(WHOLE)

    def _matched(self, match: ast.Match) -> None:
        """`match value:`, a comparison with the text of each case."""
        for part in (n for case in match.cases for n in ast.walk(case.pattern)):
            if isinstance(part, ast.MatchAs) and part.name is not None:
                self.name(part.name, part, self._function(match))
            elif isinstance(part, ast.MatchValue) and isinstance(part.value, ast.Constant):
                if part.value.value:
                    self.fate.compared = True
                    self.fate.see(WHOLE)
            elif not isinstance(part, ast.MatchAs | ast.MatchOr | ast.expr | ast.expr_context):
                self.fate.see(UNKNOWN)

    def _function(self, node: ast.AST) -> ast.AST:
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                return node
        return node


def _is_constant(node: ast.expr) -> bool:
    """A literal, or a name that is written like a constant's."""
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return isinstance(node, ast.Constant) or name.isupper()


def _has_words(node: ast.expr) -> bool:
    """`f"unknown command {value}"`, `"unknown command " + value`: a reply, and no buffer."""
    parts = node.values if isinstance(node, ast.JoinedStr) else []
    if isinstance(node, ast.BinOp):
        parts = [node.left, node.right]
    texts = [p.value for p in parts if isinstance(p, ast.Constant)]
    return any(isinstance(t, str) and sum(map(str.isalpha, t)) > 1 for t in texts)


def _same_again(node: ast.expr, name: str) -> bool:
    """`cmd = cmd.decode().strip()`: nothing was added to it."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr not in _SAME:
            return False
        node = node.func.value
    return isinstance(node, ast.Name) and node.id == name
