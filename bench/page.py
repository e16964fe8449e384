"""How long a long recording takes to open on its page.

    python bench/page.py [--records 1000000]

A recording of an echo server with 50 clients (bench/ledger.py) is opened as a user does,
`plainwire show FILE --web`, and looked at with chromium; then once more, when the verdict of
the first time is kept beside it. Times are from the start of the command: until the page's
data can be had, until the ladder is drawn, until the verdict stands, until all of the
recording is read; and the slowest answer to a reader who opens another flow meanwhile. Of
the command the processor time is told too, which other work on the machine changes less.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from ledger import recording  # type: ignore[import-not-found]

from plainwire.see.recorder import store

CHROMIUM = "/usr/bin/chromium"
WAIT_SECONDS = 120


def make(path: Path, count: int) -> None:
    writer = store.Writer(path)
    writer.add(recording(count, 8))
    writer.close()


def measure(path: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    begin = time.perf_counter()
    command = [sys.executable, "-m", "plainwire", "show", str(path), "--web"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        url = server.stderr.readline().split()[-1]
        page = json.load(urllib.request.urlopen(url + "api/page", timeout=WAIT_SECONDS))
        name = "data of the page, " + ("with its verdict" if page["judged"] else "no verdict yet")
        found[name] = time.perf_counter() - begin
        reader = threading.Thread(target=read, args=(url, begin, found))
        reader.start()
        look(url, begin, found)
        reader.join()
        found["processor time of the command"] = processor_seconds(server.pid)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)
    return found


def read(url: str, begin: float, found: dict[str, float]) -> None:
    """Open one flow after the other until all of the recording is read."""
    slowest, flow, reading = 0.0, 0, True
    while reading:
        asked = time.perf_counter()
        urllib.request.urlopen(f"{url}api/flows/{flow}", timeout=WAIT_SECONDS).read()
        slowest = max(slowest, time.perf_counter() - asked)
        time.sleep(0.5)
        reading = json.load(urllib.request.urlopen(url + "api/page"))["reading"]
        flow = (flow + 1) % 50
    found["all of it is read"] = time.perf_counter() - begin
    found["the slowest answer meanwhile"] = slowest


def processor_seconds(pid: int) -> float:
    """What a process has used so far, its own and the kernel's for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def look(url: str, begin: float, found: dict[str, float]) -> None:
    """Open the page in a browser that runs already, as a user's does."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--headless", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        started = time.perf_counter()
        page.goto(url)
        page.wait_for_selector(".ladder .mark", timeout=WAIT_SECONDS * 1000)
        found["from opening it in a browser to its ladder"] = time.perf_counter() - started
        page.wait_for_selector(".verdict:not(.reading)", timeout=WAIT_SECONDS * 1000)
        found["the verdict stands"] = time.perf_counter() - begin
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.plainwire"
        make(path, options.records)
        print(f"{options.records:,} records, {path.stat().st_size / 1e6:.0f} MB")
        for opening in ("first", "second"):
            print(f"{opening} opening; load of the machine {os.getloadavg()[0]:.1f}")
            for name, seconds in measure(path).items():
                print(f"  {name:<44}{seconds:>8.2f} s", flush=True)


if __name__ == "__main__":
    main()
