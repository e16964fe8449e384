"""Who may read the page: checks on every request before any of it is answered. Pure.

G1  The address's first part is the token; without it nothing is said, not even that a
    page is there.
G2  The Host header names this server on loopback: a page of another name that was made to
    resolve to loopback (DNS rebinding) is refused.
G3  A request that a browser makes for another page carries Origin or Sec-Fetch-Site;
    anything but our own is refused. WebSockets, which no same-origin rule protects, must
    carry our own Origin.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def new_token() -> str:
    """A token that cannot be guessed: 128 bits."""
    return secrets.token_urlsafe(16)


def refuse(
    path: str, headers: Mapping[str, str], *, token: str, port: int, websocket: bool
) -> str | None:
    """Why a request is refused; None when it may pass.

    Args:
        path: of the request, beginning with a slash.
        headers: by lower-case name.
        token: what the path's first part must be.
        port: where this server listens.
        websocket: is it the opening of a WebSocket?
    """
    given = path.split("/")[1] if path.startswith("/") else ""
    if not secrets.compare_digest(given.encode(), token.encode()):
        return "token"
    hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
    if headers.get("host", "") not in hosts:
        return "host"
    origin = headers.get("origin")
    if (origin is not None or websocket) and origin not in {f"http://{host}" for host in hosts}:
        return "origin"
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return "site"
    return None
