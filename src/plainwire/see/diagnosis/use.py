"""What may become of the bytes of a read, and the few things its judges share. Pure.

fate.py is the way in; follow.py judges the uses of the value, loops.py what stands
around the read.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import lru_cache

from plainwire.see.ledger.model import Frame

AGNOSTIC = "agnostic"  # does not care where reads end: buffers, forwards, searches
WHOLE = "whole"  # takes each read for one message
UNKNOWN = "unknown"
NEUTRAL = "neutral"  # only tested for emptiness, or thrown away


SENDING = {"send", "sendall", "sendto", "sendmsg"}


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
    remaining: bool = False  # ... and is what is left of a length
    discarded: bool = False  # the value is not used at all

    def see(self, kind: str) -> None:
        """Take in one use; the strongest reason for innocence wins."""
        order = (NEUTRAL, WHOLE, UNKNOWN, AGNOSTIC)
        if order.index(kind) > order.index(self.kind):
            self.kind = kind


@lru_cache(maxsize=64)
def parsed(source: str) -> tuple[ast.Module, dict[ast.AST, ast.AST]] | None:
    """The tree of a source, and each node's parent; None when it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    return tree, parents


def coroutines_at(tree: ast.Module, frame: Frame) -> list[ast.AsyncFunctionDef]:
    """The `async def`s that a frame may stand in, by its function's name and its line."""
    name = frame.function.rpartition(".")[2]
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.AsyncFunctionDef)
        and node.name == name
        and node.lineno <= frame.line <= (node.end_lineno or 0)
    ]


def method_of(call: ast.Call) -> str:
    """The last name of what is called."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
