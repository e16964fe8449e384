"""Addresses as values that can be compared, and who would receive a packet to one. Pure."""

from __future__ import annotations

from typing import Any

from plainwire.see.ledger.model import Address


def plain(address: Any) -> Address:
    """An address as a hashable value: IPv4-mapped as IPv4, without flow and scope (J3)."""
    if isinstance(address, list):
        host, port = address[0], address[1] if len(address) > 1 else 0
        if isinstance(host, str) and host.lower().startswith("::ffff:") and "." in host:
            host = host[7:]
        if isinstance(host, str):
            host = host.partition("%")[0]
        return (host, port)
    return address  # type: ignore[no-any-return]


_LOCALHOST = {"localhost": "127.0.0.1", "": "0.0.0.0"}


def reaches(target: Address, local: Address) -> bool:
    """Would a packet to `target` reach a socket bound to `local`?"""
    if not isinstance(target, tuple) or not isinstance(local, tuple):
        return target is not None and target == local
    if target[1] != local[1]:
        return False
    host = _LOCALHOST.get(target[0], target[0])
    return local[0] in (host, "0.0.0.0", "::") or host in ("0.0.0.0", "::")
