"""Debian's chromium by Playwright: one for each process of the tests, whoever asks first.

Playwright keeps a loop running from its start to its stop, and refuses a second start.
"""

from __future__ import annotations

from typing import Any

PATH = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

_started: list[Any] = []  # Playwright and the browser


def browser() -> Any:
    """The browser, started when it is first asked for."""
    if not _started:
        from playwright.sync_api import sync_playwright

        playwright = sync_playwright().start()
        _started.append(playwright)
        _started.append(playwright.chromium.launch(executable_path=PATH, args=ARGUMENTS))
    return _started[1]


def close() -> None:
    """End the browser, if one was started."""
    while _started:
        last = _started.pop()
        if _started:
            last.close()
        else:
            last.stop()
