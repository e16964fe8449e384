"""Debian's chromium, driven by Playwright; it may speak to nobody but loopback."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import chromium
from plainwire.web import static_files

PATIENCE_MS = 120_000  # for whatever is waited for: machines may do much besides
# `make install` builds the page where npm is; a page that is not built though npm is there fails.
needs_npm = pytest.mark.skipif(
    shutil.which("npm") is None, reason="npm is missing: what web/ has is not installed or checked"
)
needs_page = pytest.mark.skipif(
    shutil.which("npm") is None and not (static_files.FOLDER / "page.js").exists(),
    reason="npm is missing, so the page is not built",
)
needs_chromium = pytest.mark.skipif(
    not os.path.exists(chromium.PATH), reason="needs Debian's chromium"
)


@contextmanager
def opened(address: str, ready: str = ".ladder .lifelines", **options: Any) -> Iterator[Any]:
    """A page at an address; fails when it reports an error or asks for anything foreign."""
    errors: list[str] = []
    asked: list[str] = []
    size = {"width": 1440, "height": 900}
    context = chromium.browser().new_context(
        **{"viewport": size, "reduced_motion": "reduce", **options}
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        page.wait_for_selector(ready, state="attached")
        yield page
    finally:
        context.close()
    assert errors == []
    own = address.split("#", maxsplit=1)[0]
    base = own.rsplit("/", 1)[0]
    assert [url for url in asked if not url.startswith((base, "blob:", "data:"))] == []
