"""What a program does with the bytes of one read, told from its source. Pure.

Two sends in one recv are no mistake by themselves: an echo server passes them on, a
parser keeps a buffer. They are one when the program takes what it read for *one whole
message*. That shows in the uses of the value: parsed, compared, printed, answered,
with no buffer, no slicing, no search for a delimiter.

The analysis is deliberately small and leans to innocence: a value that is returned,
stored, or handed to a function of the program's own is UNKNOWN, and one sign of
framing anywhere among its uses makes the read AGNOSTIC.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from plainwire.see.ledger.model import Frame

AGNOSTIC = "agnostic"  # does not care where reads end: buffers, forwards, searches
WHOLE = "whole"  # takes each read for one message
UNKNOWN = "unknown"
NEUTRAL = "neutral"  # only tested for emptiness, or thrown away

_KEEPING = {
    "append", "extend", "write", "writelines", "update", "feed", "feed_data", "feed_eof",
    "receive_data", "data_received", "put", "put_nowait", "push", "appendleft", "send_bytes",
    "insert", "add", "dataReceived",
}  # fmt: skip
_SENDING = {"send", "sendall", "sendto", "sendmsg"}
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
_READS = {
    "recv", "recvfrom", "recv_into", "read", "recvmsg", "recvfrom_into", "recvmsg_into",
    "sock_recv",
}  # fmt: skip


@dataclass(slots=True)
class Fate:
    """What becomes of the bytes of one read."""

    kind: str = NEUTRAL
    parsers: set[str] = field(default_factory=set)  # 'json', 'pickle', 'struct', 'number', 'utf-8'
    struct_format: str | None = None
    printed: bool = False
    answered: bool = False  # a reply is made from it
    compared: bool = False  # with a constant: a command, a password
    short_is_end: bool = False  # a read shorter than the buffer ends its loop
    guarded: bool = False  # inside a try that catches what a parser raises
    until_eof: bool = False  # in a loop that ends when a read is empty
    loop_replies: bool = False  # ... and that sends in between
    counted_loop: bool = False  # in a `for` loop: a fixed number of reads
    exact: bool = False  # the size asked for is computed, not a constant
    discarded: bool = False  # the value is not used at all

    def see(self, kind: str) -> None:
        """Take in one use; the strongest reason for innocence wins."""
        order = (NEUTRAL, WHOLE, UNKNOWN, AGNOSTIC)
        if order.index(kind) > order.index(self.kind):
            self.kind = kind


@lru_cache(maxsize=64)
def _parsed(source: str) -> tuple[ast.Module, dict[ast.AST, ast.AST]] | None:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    return tree, parents


def of_read(source: str | None, frame: Frame) -> Fate:
    """The fate of the bytes of the read whose call expression `frame` spans."""
    unknown = Fate(UNKNOWN)
    found = _parsed(source) if source is not None else None
    if found is None:
        return unknown
    tree, parents = found
    call = _call_at(tree, frame)
    if call is None:
        return unknown
    fate = Fate()
    _Follower(parents, fate).value(call, raw=True)
    _loop(call, parents, fate)
    fate.exact = bool(call.args) and not isinstance(call.args[0], ast.Constant)
    return fate


def result_discarded(source: str | None, frame: Frame) -> bool | None:
    """Is the result of a call thrown away (`sock.send(x)` as a statement)? None: unknown."""
    found = _parsed(source) if source is not None else None
    if found is None:
        return None
    tree, parents = found
    call = _call_at(tree, frame, reads_only=False)
    if call is None:
        return None
    parent = parents.get(call)
    while isinstance(parent, ast.Await):
        parent = parents.get(parent)
    return isinstance(parent, ast.Expr)


def of_parameter(source: str | None, frame: Frame) -> Fate:
    """The fate of the data that a protocol's receiving method is given."""
    unknown = Fate(UNKNOWN)
    found = _parsed(source) if source is not None else None
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
            _Follower(parents, fate).name(node.args.args[1].arg, node, node)
            return fate
    return unknown


def _call_at(tree: ast.Module, frame: Frame, reads_only: bool = True) -> ast.Call | None:
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    if frame.column > 0:
        for call in calls:
            at = (call.lineno, call.col_offset + 1, call.end_lineno, (call.end_col_offset or 0) + 1)
            if at == (frame.line, frame.column, frame.end_line, frame.end_column):
                return call
        # An await's instruction spans the whole await expression.
        for call in calls:
            if call.end_lineno == frame.end_line and (
                (call.end_col_offset or 0) + 1 == frame.end_column and call.lineno >= frame.line
            ):
                return call
    on_line = [c for c in calls if c.lineno == frame.line and _method(c) in _READS]
    return on_line[0] if len(on_line) == 1 and reads_only else None


def _method(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _loop(call: ast.Call, parents: dict[ast.AST, ast.AST], fate: Fate) -> None:
    """Find out whether the read stands in a loop that ends on b'', or in a counted one."""
    node: ast.AST = call
    while node in parents:
        child, node = node, parents[node]
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            return
        if isinstance(node, ast.Try) and _catches_parse_errors(node):
            fate.guarded = True
        if isinstance(node, (ast.For, ast.AsyncFor)) and child is not node.iter:
            fate.counted_loop = True
        if isinstance(node, ast.While):
            fate.until_eof = _ends_on_empty(node, call, parents)
            fate.short_is_end = _ends_on_short(node, call, parents)
            fate.loop_replies = any(
                isinstance(n, ast.Call) and _method(n) in _SENDING | {"write"}
                for n in ast.walk(node)
            )
            return


def _catches_parse_errors(node: ast.Try) -> bool:
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
                _method(node.left) == "len"
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


class _Follower:
    """Follows one value through the function in which it was read."""

    def __init__(self, parents: dict[ast.AST, ast.AST], fate: Fate) -> None:
        self.parents = parents
        self.fate = fate
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
            fate.see(UNKNOWN)
        elif isinstance(parent, ast.Call):
            self._argument(parent, raw)
        elif isinstance(parent, ast.Compare):
            self._compared(parent, node)
        elif isinstance(parent, ast.BinOp):
            self.value(parent, raw=False)
        elif isinstance(parent, (ast.BoolOp, ast.IfExp)):
            if not (isinstance(parent, ast.IfExp) and node is parent.test):
                self.value(parent, raw)
        elif isinstance(parent, ast.Expr):
            fate.discarded = True
        elif isinstance(parent, (ast.If, ast.While, ast.UnaryOp, ast.Assert)):
            fate.see(NEUTRAL)
        else:
            fate.see(UNKNOWN)  # returned, yielded, stored in a structure

    def _assigned(self, statement: ast.Assign, node: ast.expr, raw: bool) -> None:
        for target in statement.targets:
            first = target
            if isinstance(target, ast.Tuple) and target.elts:
                first = target.elts[0]  # data, address = sock.recvfrom(n)
            if isinstance(first, ast.Name):
                if self._mentions(statement.value, first.id):
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

    def _argument(self, call: ast.Call, raw: bool) -> None:  # noqa: C901, PLR0912 - one case a name
        """The value is handed to a function."""
        fate = self.fate
        name = _method(call)
        if name in _SENDING:
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
        else:
            fate.see(UNKNOWN)

    def _only_shown(self, node: ast.AST) -> bool:
        parent = self.parents.get(node)
        while isinstance(parent, (ast.FormattedValue, ast.JoinedStr)):
            parent = self.parents.get(parent)
        return isinstance(parent, ast.Call) and _method(parent) in ("print", "info", "debug")

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
        else:
            self.fate.compared = True
            self.fate.see(WHOLE)

    def _function(self, node: ast.AST) -> ast.AST:
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                return node
        return node
