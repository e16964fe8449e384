"""A finding's fix as lines of the user's files, before and after. Pure.

X1  Only what can be told from the source at the finding's own lines is offered: one call
    in one statement of one line. Where that does not hold there is no patch, and the fix
    in words stands alone.
X2  A patch is whole: both ends of a protocol change together, or there is none.
X3  It changes nothing but what the fix says; the tests run patched programs.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from plainwire.see.diagnosis.model import Finding
from plainwire.see.ledger.model import Frame

_SENDS = {"send", "sendall"}
_READS = {"recv"}

_SEND_MESSAGE = """\
def send_message(sock, data):
    sock.sendall(struct.pack("!I", len(data)) + data)


"""
_READ_MESSAGE = """\
def read_exactly(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            break
        data += part
    return data


def read_message(sock):
    header = read_exactly(sock, 4)
    if len(header) < 4:
        return b""
    return read_exactly(sock, struct.unpack("!I", header)[0])


"""


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines `removed` at `line` (1-based) of a file give way to `added`; either may be empty."""

    file: str
    line: int
    removed: tuple[str, ...]
    added: tuple[str, ...]


class _NoPatchError(Exception):
    """The source is not as X1 wants it; internal to this file."""


@dataclass
class _File:
    path: str
    lines: list[str]
    tree: ast.Module
    replaced: dict[int, str] = field(default_factory=dict)
    before: dict[int, list[str]] = field(default_factory=dict)  # line -> inserted above it

    def call(self, frame: Frame, names: set[str]) -> ast.Call:
        """The method call at a frame, alone in a statement of one line."""
        calls = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in names
            and node.lineno == node.end_lineno == frame.line
        ]
        exact = [c for c in calls if c.col_offset + 1 == frame.column]
        if len(exact or calls) != 1:
            raise _NoPatchError
        return (exact or calls)[0]

    def scope(self, line: int) -> ast.AST:
        """The innermost function around a line, or the module."""
        found: ast.AST = self.tree
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (
                node.lineno <= line <= (node.end_lineno or 0)
            ):
                found = node
        return found

    def statement(self, line: int) -> ast.stmt:
        """The statement that is a line."""
        for node in ast.walk(self.tree):
            simple = isinstance(node, ast.Assign | ast.Expr | ast.Return)
            if simple and isinstance(node, ast.stmt) and node.lineno == node.end_lineno == line:
                return node
        raise _NoPatchError

    def replace(self, node: ast.expr, text: str) -> None:
        """Put another expression in the place of one that is in one line."""
        line = self.replaced.get(node.lineno, self.lines[node.lineno - 1])
        old = ast.get_source_segment("\n".join(self.lines), node)
        if old is None or line.count(old) != 1:
            raise _NoPatchError
        self.replaced[node.lineno] = line.replace(old, text)

    def helper(self, text: str) -> None:
        """Put functions, and `import struct` for them, behind the file's imports."""
        body = self.tree.body
        at = 0
        if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            at = body[0].end_lineno or 0
        imports = [n for n in body if isinstance(n, ast.Import | ast.ImportFrom)]
        named = {alias.name for n in imports if isinstance(n, ast.Import) for alias in n.names}
        last = imports[-1].end_lineno or 0 if imports else at
        rest = next((n.lineno for n in body if n.lineno > last), len(self.lines) + 1)
        while rest > last + 1 and self.lines[rest - 2].lstrip().startswith(("@", "#")):
            rest -= 1
        if "struct" not in named:
            self.before.setdefault(last + 1, []).append("import struct")
        self.before.setdefault(rest, []).extend([*text.rstrip("\n").split("\n"), "", ""])

    def edits(self) -> Iterable[Edit]:
        for line in sorted({*self.replaced, *self.before}):
            added = tuple(self.before.get(line, ()))
            if line in self.replaced:
                removed = (self.lines[line - 1],)
                yield Edit(self.path, line, removed, (*added, self.replaced[line]))
            else:
                yield Edit(self.path, line, (), added)


def edits(finding: Finding, sources: dict[str, str]) -> list[Edit]:
    """The patch of a finding, file by file from top to bottom; empty when there is none.

    Args:
        finding: its rule and places decide.
        sources: text of each file by its path.
    """
    maker = _MAKERS.get(finding.rule)
    if maker is None:
        return []
    files: dict[str, _File] = {}

    def file_of(path: str) -> _File:
        if path not in files:
            text = sources.get(path)
            if not text:
                raise _NoPatchError
            files[path] = _File(path, text.split("\n"), ast.parse(text))
        return files[path]

    try:
        maker(finding, file_of)
    except (_NoPatchError, SyntaxError, ValueError, RecursionError):
        return []
    return [edit for path in sorted(files) for edit in files[path].edits()]


def apply(text: str, patch: Iterable[Edit]) -> str:
    """A file's text with its edits made."""
    lines = text.split("\n")
    for edit in sorted(patch, key=lambda e: e.line, reverse=True):
        lines[edit.line - 1 : edit.line - 1 + len(edit.removed)] = edit.added
    return "\n".join(lines)


# -- one maker for each rule that can -------------------------------------------------------

_FileOf = Callable[[str], _File]


def _frames(finding: Finding, role: str) -> list[Frame]:
    found = list(dict.fromkeys(p.frame for p in finding.places if p.role == role))
    if not found:
        raise _NoPatchError
    return found


def _framed(finding: Finding, file_of: _FileOf) -> None:
    """Length before each message at both ends: glued and split messages."""
    for role, names, function in (
        ("sends", _SENDS, "send_message"),
        ("reads", _READS, "read_message"),
    ):
        helped = set()
        for frame in _frames(finding, role):
            file = file_of(frame.file)
            first = file.call(frame, names)
            for call in _same_socket(file, first, names):
                if call.lineno in file.replaced or len(call.args) != 1 or call.keywords:
                    continue
                assert isinstance(call.func, ast.Attribute)
                given = [ast.unparse(call.func.value)]
                if role == "sends":
                    segment = ast.get_source_segment("\n".join(file.lines), call.args[0])
                    given.append(segment or ast.unparse(call.args[0]))
                file.replace(call, f"{function}({', '.join(given)})")
            if file.path not in helped:
                file.helper(_SEND_MESSAGE if role == "sends" else _READ_MESSAGE)
                helped.add(file.path)


def _same_socket(file: _File, call: ast.Call, names: set[str]) -> list[ast.Call]:
    """All calls of these methods on the same name in the same function."""
    assert isinstance(call.func, ast.Attribute)
    who = ast.unparse(call.func.value)
    return [
        node
        for node in ast.walk(file.scope(call.lineno))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in names
        and ast.unparse(node.func.value) == who
    ]


def _sendall(finding: Finding, file_of: _FileOf) -> None:
    for frame in _frames(finding, "sends"):
        file = file_of(frame.file)
        call = file.call(frame, {"send"})
        statement = file.statement(frame.line)
        if not (isinstance(statement, ast.Expr) and statement.value is call):
            raise _NoPatchError  # the program looks at the count that send() returns
        assert isinstance(call.func, ast.Attribute)
        text = ast.get_source_segment("\n".join(file.lines), call) or ""
        head = ast.unparse(call.func.value)
        if not text.startswith(f"{head}.send("):
            raise _NoPatchError
        file.replace(call, f"{head}.sendall({text.removeprefix(f'{head}.send(')}")


def _encoded(finding: Finding, file_of: _FileOf) -> None:
    for frame in _frames(finding, "sends"):
        file = file_of(frame.file)
        call = file.call(frame, {*_SENDS, "sendto"})
        if not call.args:
            raise _NoPatchError
        data = call.args[0]
        text = ast.get_source_segment("\n".join(file.lines), data) or ""
        simple = isinstance(
            data, ast.Name | ast.Constant | ast.Call | ast.Attribute | ast.JoinedStr
        )
        whole = ast.get_source_segment("\n".join(file.lines), call) or ""
        if whole.count(text) != 1:
            raise _NoPatchError
        said = text if simple else f"({text})"
        file.replace(call, whole.replace(text, f"{said}.encode()"))


def _ends_at_eof(finding: Finding, file_of: _FileOf) -> None:
    for frame in _frames(finding, "reads"):
        file = file_of(frame.file)
        file.call(frame, _READS)
        statement = file.statement(frame.line)
        if not (
            isinstance(statement, ast.Assign)
            and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name)
            and _in_loop(file, statement)
        ):
            raise _NoPatchError
        indent = " " * statement.col_offset
        name = statement.targets[0].id
        tested = [f"{indent}if not {name}:", f"{indent}    break"]
        file.before.setdefault(frame.line + 1, []).extend(tested)


def _in_loop(file: _File, statement: ast.stmt) -> bool:
    """Would `break` behind it end the loop that reads?"""
    return any(
        isinstance(node, ast.While | ast.For) and statement in node.body
        for node in ast.walk(file.scope(statement.lineno))
    )


def _reusable(finding: Finding, file_of: _FileOf) -> None:
    for frame in _frames(finding, "binds"):
        file = file_of(frame.file)
        call = file.call(frame, {"bind"})
        statement = file.statement(frame.line)
        imported = any(
            isinstance(n, ast.Import) and any(a.name == "socket" and not a.asname for a in n.names)
            for n in file.tree.body
        )
        if not imported:
            raise _NoPatchError
        assert isinstance(call.func, ast.Attribute)
        who = ast.unparse(call.func.value)
        option = f"{who}.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)"
        indent = " " * statement.col_offset
        file.before.setdefault(frame.line, []).append(indent + option)


_MAKERS: dict[str, Callable[[Finding, _FileOf], None]] = {
    "glued-messages": _framed,
    "split-message": _framed,
    "partial-send-ignored": _sendall,
    "wrong-type-sent": _encoded,
    "eof-ignored": _ends_at_eof,
    "time-wait-on-server": _reusable,
}
