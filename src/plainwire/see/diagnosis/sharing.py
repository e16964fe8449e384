"""Does a program write to one client's connection on behalf of another? Pure.

A chat, a broker, a game: a client that waits for news there is well, though both ends of
its connection wait; another client will bring them. That a program is such a one shows
in its source:

S1  it sends to a connection taken from a collection: a loop's variable, `clients[name]`,
    `queue.get()`;
S2  it keeps a connection, or the object that serves it, in a collection;
S3  its handlers wait for each other: conditions, events, queues, barriers;
S4  a function sends to one connection what it reads from another: a bridge, a relay.

A loop around select() must keep its connections, so it has S1 and S2 by its nature. Of
these, what serves only the waiting does not count: sockets that select() returned or a
selector is given, tables in which the program only looks up what belongs to the one that
is ready. That holds while every function sends to what it reads from (`_crosses`).

Leans to yes: a "no" lets a rule speak.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from plainwire.see.diagnosis.selecting import goes_through_ready, ready_names, waits
from plainwire.see.diagnosis.use import parsed

_SENDING = {
    "send", "sendall", "sendto", "sendmsg", "write", "writelines", "send_bytes", "send_text",
    "send_message", "put", "put_nowait", "set_result", "set",
}  # fmt: skip
_TALKING = {"send", "sendall", "recv", "recv_into", "makefile", "readline", "readuntil",
            "readexactly", "getpeername", "shutdown", "sendmsg", "drain"}  # fmt: skip
_READING = {"recv", "recvfrom", "recv_into", "recvmsg", "accept", "makefile", "readline",
            "readuntil", "readexactly", "recv_bytes", "getpeername"}  # fmt: skip
_SENDING_ON = {"send", "sendall", "sendmsg", "send_bytes"}
_KEEPING = {"append", "appendleft", "add", "put", "put_nowait", "insert", "setdefault", "update",
            "register", "push", "extend"}  # fmt: skip
_HANDING_ON = {"Thread", "Process", "submit", "create_task", "start_new_thread", "Timer",
               "apply_async", "ensure_future", "start_soon", "spawn"}  # fmt: skip
_RUNNING = {"create_task", "ensure_future", "gather", "start_soon", "spawn", "Task",
            "call_soon", "call_later", "call_at", "add_done_callback",
            "run_coroutine_threadsafe"}  # fmt: skip
_WAITING = {"Condition", "Event", "Barrier", "Queue", "SimpleQueue", "LifoQueue",
            "PriorityQueue", "JoinableQueue"}  # fmt: skip
_EVENTS = {"EVENT_READ", "EVENT_WRITE", "EPOLLIN", "EPOLLOUT", "POLLIN", "POLLOUT"}
_PUTTING = {"append", "add"}
_ROLES = {"request", "wfile", "connection", "transport", "writer", "sock", "socket", "conn"}


@lru_cache(maxsize=64)
def writes_to_others(source: str) -> bool:
    """Does this source show one of the signs S1 to S4? True when it cannot be read."""
    found = parsed(source)
    if found is None:
        return True
    nodes = list(ast.walk(found[0]))
    selects = any(map(waits, nodes)) and not _crosses(found[0])
    return (
        any(_mentions(node, _WAITING) for node in nodes)
        or _calls_a_member(nodes, _SENDING, ready_names(nodes) if selects else None)
        or _keeps_a_connection(nodes, _only_for_waiting(*found) if selects else None)
        or any(map(_bridges, [found[0], *filter(_is_function, nodes)]))
    )


@lru_cache(maxsize=64)
def runs(source: str, name: str) -> bool:
    """Does a source give its function `name` to a task, a timer or a callback of a loop?"""
    found = parsed(source)
    return found is None or any(
        isinstance(node, ast.Call)
        and _name_of(node.func) in _RUNNING
        and any(_name_of(part) == name for each in node.args for part in ast.walk(each))
        for node in ast.walk(found[0])
    )


def _name_of(node: ast.AST) -> str:
    """The last part of `a.b.name`, or `name`; '' of anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions inside it."""
    for node in ast.iter_child_nodes(scope):
        yield node
        if not _is_function(node):
            yield from _own(node)


def _bridges(scope: ast.AST) -> bool:
    """S4. A connection that the function accepted itself is served there, not bridged."""
    nodes = list(_own(scope))
    read, written = set[str](), set[str]()
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in _READING:
                read.add(node.value.id)
            elif node.attr in _SENDING_ON:
                written.add(node.value.id)
    return bool(read) and bool(written - read - set(_accepted(nodes)))


@lru_cache(maxsize=64)
def closes_members(source: str) -> bool:
    """Does it close connections taken from a collection, as one that clears up now and then?"""
    found = parsed(source)
    if found is None:
        return True
    return _calls_a_member(list(ast.walk(found[0])), {"close", "shutdown"})


def _mentions(node: ast.AST, names: set[str]) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in names
    return isinstance(node, ast.Name) and node.id in names


def _names(target: ast.AST) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            yield node.id


def _calls_a_member(nodes: list[ast.AST], methods: set[str], ready: set[str] | None = None) -> bool:
    """S1: a method of something taken from a collection; `ready` names do not count."""
    members: set[str] = set()
    for node in nodes:
        if isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            if ready is None or not goes_through_ready(node.iter, ready):
                members.update(_names(node.target))
        elif isinstance(node, ast.Assign) and _taken_from(node.value):
            for target in node.targets:
                members.update(_names(target))
    for node in nodes:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr not in methods:
            continue
        receiver: ast.AST = node.func.value
        while isinstance(receiver, ast.Attribute):
            receiver = receiver.value
        if isinstance(receiver, (ast.Subscript, ast.Call)):
            return True
        if isinstance(receiver, ast.Name) and receiver.id in members:
            return True
    return False


def _taken_from(value: ast.AST) -> bool:
    """`clients[name]`, `clients.get(name)`, `waiting.pop()`."""
    if isinstance(value, ast.Subscript):
        return True
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr in ("get", "pop", "popleft", "get_nowait")
    )


def _keeps_a_connection(nodes: list[ast.AST], excused: set[str] | None) -> bool:
    """S2. `excused` are collections that do not count, in a loop around select()."""
    connections = set(_connections(nodes)) | {"self"}
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr not in _KEEPING:
                continue
            if excused is not None and (
                _registers(node, connections) or _name_of(node.func.value) in excused
            ):
                continue
            if any(_holds(a, connections) for a in node.args):
                return True
        elif isinstance(node, ast.Assign):
            tables = [target for target in node.targets if isinstance(target, ast.Subscript)]
            if tables and _holds(node.value, connections):
                return True
            if any(
                _holds(t.slice, connections) and _name_of(t.value) not in (excused or ())
                for t in tables
            ):
                return True
    return False


def _registers(call: ast.Call, connections: set[str]) -> bool:
    """Is it a selector's register(), with no other connection as its data?"""
    assert isinstance(call.func, ast.Attribute)
    data = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
    own = set(_names(call.args[0])) if call.args else set()
    return (
        call.func.attr == "register"
        and any(_mentions(node, _EVENTS) for each in data for node in ast.walk(each))
        and not any(_holds(each, connections - own) for each in data)
    )


def _only_for_waiting(tree: ast.Module, parents: dict[ast.AST, ast.AST]) -> set[str]:
    """The names of collections that are waited on or looked into, but never gone through.

    None, if what a selector holds is listed (`get_map`). What is put there to be taken
    out again, by whoever comes next, is no such collection.
    """
    seen, used, put, taken = set[str](), set[str](), set[str](), set[str]()
    for node in ast.walk(tree):
        name = _name_of(node)
        if not name or isinstance(parents.get(node), ast.Global):
            continue
        if name == "get_map":
            return set()
        seen.add(name)
        if isinstance(getattr(node, "ctx", None), ast.Load):
            parent = parents.get(node)
            if isinstance(parent, ast.Attribute) and parent.attr in _PUTTING:
                put.add(name)
            elif _takes(node, parent):
                taken.add(name)
            elif not _only_asks(node, parent):
                used.add(name)
    return seen - used - (put & taken)


def _takes(node: ast.AST, parent: ast.AST | None) -> bool:
    """`buffers[conn]`, `buffers.pop(conn)`, `buffers.get(conn)`."""
    if isinstance(parent, ast.Attribute):
        return parent.attr in ("pop", "get")
    return (
        isinstance(parent, ast.Subscript)
        and parent.value is node
        and not isinstance(parent.slice, ast.Slice)
    )


def _only_asks(node: ast.AST, parent: ast.AST | None) -> bool:
    """`conn in everybody`, `select(everybody, [], [])`, `everybody.remove(conn)`."""
    if isinstance(parent, ast.Attribute):
        return parent.attr in ("remove", "discard")
    if isinstance(parent, ast.Compare):
        return node in parent.comparators and all(
            isinstance(op, (ast.In, ast.NotIn)) for op in parent.ops
        )
    return isinstance(parent, ast.Call) and waits(parent) and node in parent.args


def _crosses(tree: ast.Module) -> bool:
    """Does a function send to what it does not read, or to what nobody in the file reads?"""
    scopes = [list(_own(scope)) for scope in (tree, *filter(_is_function, ast.walk(tree)))]
    ends = [(_ends(nodes, _READING) | set(_accepted(nodes)), _ends(nodes, _SENDING_ON))
            for nodes in scopes]  # fmt: skip
    anywhere = {end for read, _ in ends for end in read}
    return any(written - (read or anywhere) for read, written in ends)


def _ends(nodes: list[ast.AST], methods: set[str]) -> set[str]:
    """The texts of what has one of these methods called, such as `conn` or `key.fileobj`."""
    return {
        ast.unparse(node.value)
        for node in nodes
        if isinstance(node, ast.Attribute) and node.attr in methods
    }


def _connections(nodes: list[ast.AST]) -> Iterator[str]:
    """The names of what was accepted, or is talked through."""
    for node in nodes:
        if (
            isinstance(node, ast.Attribute)
            and node.attr in _TALKING
            and isinstance(node.value, ast.Name)
        ):
            yield node.value.id
    yield from _accepted(nodes)


def _accepted(nodes: list[ast.AST]) -> Iterator[str]:
    """The names of what `accept()` returned."""
    for node in nodes:
        if isinstance(node, ast.Assign) and any(
            isinstance(n, ast.Attribute) and n.attr == "accept" for n in ast.walk(node.value)
        ):
            for target in node.targets:
                first = target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target
                if isinstance(first, ast.Name):
                    yield first.id


def _holds(value: ast.AST, connections: set[str]) -> bool:
    """Is it a connection, or something made with one (but no thread that only serves it)?"""
    if isinstance(value, ast.Name):
        return value.id in connections
    if isinstance(value, ast.Attribute):
        return value.attr in _ROLES
    if isinstance(value, (ast.Tuple, ast.List)):
        return any(_holds(part, connections) for part in value.elts)
    if isinstance(value, ast.Call):
        name = value.func.attr if isinstance(value.func, ast.Attribute) else ""
        name = value.func.id if isinstance(value.func, ast.Name) else name
        return name not in _HANDING_ON and any(_holds(a, connections) for a in value.args)
    return False
