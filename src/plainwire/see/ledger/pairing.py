"""Which accepted connection is which connect()'s: joins J3 and J4 of build.py. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from plainwire.see.ledger import ranges
from plainwire.see.ledger.addresses import reaches
from plainwire.see.ledger.model import Endpoint


def connections(
    endpoints: list[Endpoint],
) -> Iterator[tuple[Endpoint | None, Endpoint | None, int]]:
    """The client's end, the server's end and the opening of every TCP and Unix connection."""
    servers: dict[Any, list[Endpoint]] = defaultdict(list)
    clients: dict[Any, list[Endpoint]] = defaultdict(list)
    for e in endpoints:
        if e.role == "server":
            servers[_server_key(e)].append(e)
        elif e.role == "client" and _was_connected(e):
            clients[_client_key(e)].append(e)
    for key, waiting in clients.items():
        waiting.sort(key=_opened)
        accepted = sorted(servers.pop(key, []), key=_opened)
        for client, server in _match(waiting, accepted):
            when = _opened(client or server)
            if client is not None and server is None:
                client.listener = _listener(client, endpoints)
            if client is not None and server is not None:
                client.listener = server.listener
            yield client, server, when
    for rest in servers.values():
        for server in rest:
            yield None, server, _opened(server)


def _listener(client: Endpoint, endpoints: list[Endpoint]) -> Endpoint | None:
    for e in endpoints:
        if e.role == "listener" and e.kind == client.kind and reaches(client.remote, e.local):
            return e
    return None


def _opened(endpoint: Endpoint | None) -> int:
    assert endpoint is not None
    call = endpoint.opened_by
    return call.t0 if call is not None else endpoint.created


def _was_connected(e: Endpoint) -> bool:
    """Did a connect succeed, as far as is known?"""
    if e.local is None and e.kind == "tcp":
        return False
    for call in e.calls:
        if call.op in ("connect", "connect_ex") and call.failure is None and call.t1:
            return True
    # A connect in progress has succeeded when bytes moved or an end was seen.
    return any(
        (ranges.is_send(c) or ranges.is_receive(c)) and c.failure is None and c.t1 for c in e.calls
    )


def _client_key(e: Endpoint) -> Any:
    return ("unix", e.remote) if e.kind == "unix" else (e.local, e.remote)


def _server_key(e: Endpoint) -> Any:
    if e.kind == "unix":
        local = e.local or (e.listener.local if e.listener else None)
        return ("unix", local)
    return (e.remote, e.local)


def _match(
    clients: list[Endpoint], servers: list[Endpoint]
) -> list[tuple[Endpoint | None, Endpoint | None]]:
    """Pair the ends that share addresses (J3) or a path (J4)."""
    pairs: list[tuple[Endpoint | None, Endpoint | None]] = []
    left = list(clients)
    for server in servers:
        accept = server.opened_by
        before = [c for c in left if accept is None or accept.t1 is None or _opened(c) <= accept.t1]
        if server.kind == "unix":
            named = [c for c in before if server.peer_pid in (None, c.process and c.process.pid)]
            chosen = (named or before)[:1]
        else:
            chosen = before[-1:]
        if chosen:
            left.remove(chosen[0])
            pairs.append((chosen[0], server))
        else:
            pairs.append((None, server))
    pairs += [(client, None) for client in left]
    return pairs
