"""What a read asks for, by its source: a separator, or a length that it was told. Pure.

A number of bytes counts as told only where the source shows that it came from a message:
`n = int(f.readline())`, `(n,) = unpack("!I", f.read(4))`. A parameter, a constant or the size
of a struct may as well be the fixed head of a message that nobody owes yet.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from plainwire.see.diagnosis.use import method_of, parsed
from plainwire.see.ledger.model import Frame

_TELLING = {"int", "unpack", "unpack_from", "from_bytes", "ord"}


@dataclass(frozen=True, slots=True)
class Told:
    """A length that a message told."""

    argument: str  # as the source has it
    text: bool  # in digits, and not in binary


def separator(source: str | None, frame: Frame) -> bytes | None:
    """What a StreamReader's readuntil() at a frame waits for; None when that is not plain."""
    found = parsed(source) if source is not None else None
    call = _call(found[0], frame, "readuntil") if found is not None else None
    if found is None or call is None:
        return None
    given = [*call.args, *(k.value for k in call.keywords if k.arg == "separator")]
    if not given:
        return b"\n"
    value: ast.expr | None = given[0]
    if isinstance(value, ast.Name):
        values = _values(value.id, found[0])
        value = values[0] if len(values) == 1 else None
    known = value.value if isinstance(value, ast.Constant) else None
    return known if isinstance(known, bytes) and known else None


def told_length(source: str | None, frame: Frame) -> Told | None:
    """The n of a file's read(n) at a frame, if a message told it; else None.

    None, too, where files of text may be meant, which count characters, or files without a
    buffer, which are content with less.
    """
    found = parsed(source) if source is not None else None
    call = _call(found[0], frame, "read") if found is not None else None
    if found is None or call is None or len(call.args) != 1 or _reads_otherwise(found[0]):
        return None
    size = call.args[0]
    values: list[ast.expr | None] = [size]
    if isinstance(size, ast.Name):
        values = _values(size.id, found[0])
    ways = [_ways(value) for value in values]
    if not ways or not all(ways):
        return None
    return Told(ast.unparse(size), any("int" in way for way in ways))


def _call(tree: ast.Module, frame: Frame, method: str) -> ast.Call | None:
    """The call that a frame spans; an await's instruction may span the whole await."""
    end = (frame.end_line, frame.end_column - 1)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and method_of(node) == method
            and (node.end_lineno, node.end_col_offset) == end
            and node.lineno >= frame.line
        ):
            return node
    return None


def _values(name: str, tree: ast.Module) -> list[ast.expr | None]:
    """What a name is given anywhere in a file; None for what is not an assignment."""
    values: list[ast.expr | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            stored = [n for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
            values += [node.value for n in stored if n.id == name]
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
            if isinstance(node.target, ast.Name) and node.target.id == name:
                values.append(None if isinstance(node, ast.AugAssign) else node.value)
        elif (isinstance(node, ast.arg) and node.arg == name) or (
            isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension, ast.withitem))
            and any(isinstance(n, ast.Name) and n.id == name for n in _targets(node))
        ):
            values.append(None)
    return values


def _targets(node: ast.For | ast.AsyncFor | ast.comprehension | ast.withitem) -> list[ast.AST]:
    target = node.optional_vars if isinstance(node, ast.withitem) else node.target
    return list(ast.walk(target)) if target is not None else []


def _ways(value: ast.expr | None) -> set[str]:
    """How this is made of what came: `int(...)`, `unpack(...)[0]`; empty when it is not."""
    nodes = ast.walk(value) if value is not None else ()
    return {method_of(n) for n in nodes if isinstance(n, ast.Call)} & _TELLING


def _reads_otherwise(tree: ast.Module) -> bool:
    """Does the program make files of text, or any without a buffer?"""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "rbufsize":
            return True
        if isinstance(node, ast.Call) and method_of(node) == "makefile":
            keywords = {k.arg: k.value for k in node.keywords}
            mode = node.args[0] if node.args else keywords.get("mode")
            binary = isinstance(mode, ast.Constant) and "b" in str(mode.value)
            if not binary or len(node.args) > 1 or "buffering" in keywords:
                return True
    return False
