"""What the browser's door answers to plain requests: the page, its words, health, metrics.

The page is static files of this folder. Every answer forbids what a page does not need:
scripts of others, frames, forms, guessing of types.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from plainwire.chat.service import Service
from plainwire.chat.web import Request
from plainwire.hub.broker import Health

TYPES = {
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8", "json": "application/json",
    "svg": "image/svg+xml", "webmanifest": "application/manifest+json",
}  # fmt: skip
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
_REASONS = {200: "OK", 201: "Created", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
            404: "Not Found", 405: "Method Not Allowed", 411: "Length Required",
            413: "Content Too Large", 421: "Misdirected Request", 429: "Too Many Requests",
            503: "Service Unavailable", 507: "Insufficient Storage"}  # fmt: skip


def head(status: int, media: str, size: int, **more: str) -> bytes:
    """The head of an answer; the connection ends after it."""
    fields = {
        "Content-Type": media, "Content-Length": str(size), "Connection": "close",
        "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-cache", "Content-Security-Policy": PAGE_POLICY,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }  # fmt: skip
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", *(f"{k}: {v}" for k, v in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def answer(status: int, body: str | bytes, media: str = "text/plain; charset=utf-8") -> bytes:
    """A whole answer."""
    data = body.encode() if isinstance(body, str) else body
    return head(status, media, len(data)) + data


def answer_json(status: int, value: object) -> bytes:
    """A whole answer in JSON."""
    return answer(status, json.dumps(value, ensure_ascii=False), "application/json")


@cache
def static_file(path: str) -> tuple[bytes, str] | None:
    """A file of the page by its path; only names of the folder itself exist."""
    name = "index.html" if path == "/" else path[1:]
    folder = resources.files("plainwire.chat") / "static"
    if name not in {entry.name for entry in folder.iterdir()}:
        return None
    return (folder / name).read_bytes(), TYPES.get(name.rpartition(".")[2], "text/plain")


def page(request: Request) -> bytes:
    """Answer a request for the page or a part of it."""
    if request.method not in ("GET", "HEAD"):
        return answer(405, "only GET\n")
    found = static_file(request.path)
    if found is None:
        return answer(404, "there is nothing here\n")
    data, media = found
    return head(200, media, len(data)) + (data if request.method == "GET" else b"")


def health(state: Health) -> bytes:
    """Answer /healthz: 200 while messages can be stored and heard, else 503."""
    return answer_json(200 if state.ok else 503, {"ok": state.ok, "reason": state.reason})


METRICS: tuple[tuple[str, str, str], ...] = (
    ("accepted", "counter", "Connections taken."),
    ("refused", "counter", "Connections refused because there were too many."),
    ("events", "counter", "Events heard from the broker."),
    ("delivered", "counter", "Events handed to live members."),
    ("behind", "counter", "Times a client was too slow and was resynchronised from history."),
    ("closed_stalled", "counter", "Clients cut because they took nothing."),
    ("closed_malformed", "counter", "Clients closed for bytes against the protocol."),
    ("closed_too_large", "counter", "Clients closed for a message over the limit."),
    ("closed_timeout", "counter", "Clients closed for saying nothing whole in time."),
    ("refused_origin", "counter", "WebSockets refused to pages of other sites."),
    ("store_errors", "counter", "Failures of the store."),
    ("uploads", "counter", "Files taken."),
)


def metrics(service: Service, connections: int) -> bytes:
    """Answer /metrics in the text format of Prometheus, version 0.0.4."""
    values = {**service.counts, "delivered": service.hub.delivered}
    rows = [(name, kind, text, values.get(name, 0)) for name, kind, text in METRICS]
    rows.append(("connections", "gauge", "Connections open now.", connections))
    rows.append(("users", "gauge", "People here now, in this process.", len(service.users)))
    lines: list[str] = []
    for name, kind, text, value in rows:
        full = f"plainwire_chat_{name}" + ("_total" if kind == "counter" else "")
        lines += [f"# HELP {full} {text}", f"# TYPE {full} {kind}", f"{full} {value}"]
    return answer(200, "\n".join([*lines, ""]), "text/plain; version=0.0.4; charset=utf-8")
