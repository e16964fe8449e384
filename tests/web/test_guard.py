"""Who may read the page."""

from __future__ import annotations

import pytest

from plainwire.web import guard

OURS = {"host": "127.0.0.1:8000"}


def check(path: str = "/tok/", websocket: bool = False, **headers: str) -> str | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return guard.refuse(path, {**OURS, **named}, token="tok", port=8000, websocket=websocket)


def test_the_page_itself_may_be_opened() -> None:
    assert check() is None
    assert check(host="localhost:8000") is None
    assert (
        check("/tok/api/page", origin="http://127.0.0.1:8000", sec_fetch_site="same-origin") is None
    )


@pytest.mark.parametrize("path", ["/", "/tokk/", "/to/", "//tok/", "", "tok/", "/%74ok/"])
def test_without_the_token_nothing_is_said(path: str) -> None:
    """G1."""
    assert check(path) == "token"


@pytest.mark.parametrize(
    "host", ["evil.example:8000", "127.0.0.1:8001", "127.0.0.1", "", "[::1]:8000"]
)
def test_another_name_that_leads_here_is_refused(host: str) -> None:
    """G2: DNS rebinding."""
    assert check(host=host) == "host"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:8000", "http://127.0.0.1:9"]
)
def test_a_request_of_another_page_is_refused(origin: str) -> None:
    """G3."""
    assert check(origin=origin) == "origin"
    assert check(sec_fetch_site="cross-site") == "site"
    assert check(sec_fetch_site="same-site") == "site"


def test_a_websocket_must_say_where_it_comes_from() -> None:
    """No same-origin rule protects it."""
    assert check(websocket=True) == "origin"
    assert check(websocket=True, origin="http://127.0.0.1:8000") is None


def test_tokens_are_long_and_differ() -> None:
    tokens = {guard.new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 22
