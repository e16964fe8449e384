"""What a ladder of 100,000 segments costs: to make, and for each frame of scrolling it.

    python bench/ladder.py [--segments 100000] [--seconds 6] [--pages 3]

In chromium, on a saved page of one long transfer (tests/web/test_ladder_speed.py). The
model (web/src/ladder/model.ts) is made in a fresh page each time: the first one, before the
engine has compiled anything, and the one after nine more. Scrolling goes 120 px a frame.
Told are the processor time of the page's main thread, which other work on the machine
changes little, and the time that passed, which it does change.

Needs npm's packages (`make install`): the model is bundled on its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests" / "web"), str(ROOT / "tests")]

from test_ladder_speed import transfer  # type: ignore[import-not-found]  # noqa: E402

from plainwire.web import static_files  # noqa: E402
from plainwire.web.pagedata import encode  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
WAIT_MS = 120_000

# Resolves with the time between frames, in ms, as long as the page scrolls.
SCROLL = """(seconds) => new Promise((done) => {
  const box = document.querySelector('.ladder-scroll');
  const frames = [];
  let before = performance.now();
  const until = before + seconds * 1000;
  const step = (now) => {
    frames.push(now - before);
    before = now;
    box.scrollTop += 120;
    if (now < until) requestAnimationFrame(step); else done(frames.slice(1));
  };
  requestAnimationFrame(step);
})"""


def at(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class Watched:
    """A page's main thread: the processor time it has used, in ms."""

    def __init__(self, page: Any) -> None:
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def used(self) -> dict[str, float]:
        rows = self.session.send("Performance.getMetrics")["metrics"]
        names = {"TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration"}
        return {row["name"]: row["value"] * 1000 for row in rows if row["name"] in names}


def bundle(folder: Path) -> str:
    """The model's code for a page."""
    entry, out = folder / "entry.ts", folder / "model.js"
    source = ROOT / "web" / "src"
    parts = (("buildModel", source / "ladder" / "model"), ("parsed", source / "shapes"))
    entry.write_text("".join(f"export {{ {name} }} from {str(at)!r};\n" for name, at in parts))
    command = ["npx", "rolldown", str(entry), "--format", "iife", "--name", "ladder"]
    subprocess.run(
        [*command, "--minify", "-o", str(out)],
        cwd=ROOT / "web", check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return out.read_text()


def model(browser: Any, code: str, detail: str, pages: int) -> None:
    first, later, passed = [], [], []
    for _ in range(pages):
        page = browser.new_page()
        page.goto("about:blank")
        page.add_script_tag(content=code)
        page.evaluate("(text) => { window.detail = ladder.parsed(text); }", detail)
        watched = Watched(page)
        build = "(times) => { const t = performance.now(); for (let n = 0; n < times; n++)"
        build += " window.made = ladder.buildModel(detail, 3e9); return performance.now() - t; }"
        for times, found in ((1, first), (9, None), (1, later)):
            before = watched.used()["TaskDuration"]
            took = page.evaluate(build, times)
            if found is not None:
                found.append(watched.used()["TaskDuration"] - before)
                passed.append(took)
        page.close()
    tell = "model, {}: processor {:.0f} ms ({:.0f} to {:.0f})"
    for name, found in (("the first", first), ("the eleventh", later)):
        print(tell.format(name, at(found, 0.5), min(found), max(found)))
    print(f"       time passed: {min(passed):.0f} to {max(passed):.0f} ms")


def scroll(browser: Any, path: Path, seconds: float) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(path.as_uri())
    page.wait_for_selector(".ladder .arrow", timeout=WAIT_MS)
    page.evaluate(SCROLL, 1)  # what is compiled and laid out once is then done
    watched = Watched(page)
    before = watched.used()
    frames = page.evaluate(SCROLL, seconds)
    used = {name: value - before[name] for name, value in watched.used().items()}
    print(
        f"scroll: {len(frames)} frames; processor a frame {used['TaskDuration'] / len(frames):.2f}"
        f" ms (script {used['ScriptDuration'] / len(frames):.2f}, style"
        f" {used['RecalcStyleDuration'] / len(frames):.2f}, layout"
        f" {used['LayoutDuration'] / len(frames):.2f})"
    )
    print(
        f"        time between frames: median {at(frames, 0.5):.1f} ms, 95th percentile"
        f" {at(frames, 0.95):.1f} ms, at most {max(frames):.1f} ms"
    )
    page.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--pages", type=int, default=3)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    whole = transfer(options.segments)
    print(f"{options.segments:,} segments; load of the machine {os.getloadavg()[0]:.1f} on"
          f" {os.cpu_count()} processors")  # fmt: skip
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        path = Path(name) / "page.html"
        path.write_text(static_files.whole("en", encode(whole)), encoding="utf-8")
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--headless", "--disable-gpu"]
        )
        detail = json.dumps(json.loads(encode(whole.details[0])))
        model(browser, bundle(Path(name)), detail, options.pages)
        scroll(browser, path, options.seconds)
        browser.close()


if __name__ == "__main__":
    main()
