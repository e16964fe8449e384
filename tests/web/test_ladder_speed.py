"""A ladder of 100,000 segments: built once, scrolled like one of ten."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from browser import needs_chromium, needs_page, opened

from plainwire.web import schema, static_files
from plainwire.web.pagedata import encode

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium, needs_page]


def transfer(count: int) -> schema.Whole:
    """A recording of one long transfer: data one way, ACKs the other."""
    segments = [
        schema.Segment(
            number + 1, number % 2, number * 20_000, number * 20_000 + 9_000,
            "ACK" if number % 2 else "PSH, ACK",
            (number // 2) * 1448, (number // 2) * 1448 + (0 if number % 2 else 1448),
            1, 65535, "", [], [], [], None, None, None,
        )
        for number in range(count)
    ]  # fmt: skip
    messages = [
        schema.Message(0, n + 1, n * 1448, (n + 1) * 1448, None, "") for n in range(count // 2)
    ]
    end = schema.End("a.py", "127.0.0.1:1", True, None, None)
    row = schema.FlowRow(0, "tcp", end, end, 0, None, count * 724, 0, count // 2, [], 0)
    page = schema.Page(
        1, "long", count * 20_000, "ended", False, False, "en", False, schema.Words("", ""),
        [], [], [], [], [row], [], [], [], [], {},
    )  # fmt: skip
    detail = schema.Detail(0, 0, 0, [], messages, [], [], [], segments, 0, ["", ""], [])
    return schema.Whole(page, [detail], [], 0)


SCROLL = """async () => {
  const box = document.querySelector('.ladder-scroll');
  let made = 0;
  const count = (all) => all.forEach((one) => (made += one.addedNodes.length));
  const watcher = new MutationObserver(count);
  watcher.observe(document.querySelector('.ladder'), {childList: true, subtree: true});
  const script = [];
  const most = [];
  for (let n = 0; n < 60; n++) {
    made = 0;
    const before = performance.now();
    box.scrollTop += 120;
    box.dispatchEvent(new Event('scroll'));
    script.push(performance.now() - before);
    await new Promise(requestAnimationFrame);
    most.push(made);
  }
  script.sort((a, b) => a - b);
  return {script: script[30], worst: script[59], made: Math.max(...most),
          nodes: document.querySelectorAll('.ladder *').length,
          height: document.querySelector('.ladder-space').offsetHeight};
}"""


def measured(tmp_path: Path, count: int) -> dict[str, float]:
    out = tmp_path / f"{count}.html"
    out.write_text(static_files.whole("en", encode(transfer(count))), encoding="utf-8")
    with opened(out.as_uri()) as page:
        found: dict[str, float] = page.evaluate(SCROLL)
        return found


def test_a_hundred_thousand_segments_scroll_like_two_thousand(tmp_path: Path) -> None:
    """What is in the document, and what a frame of scrolling makes, does not grow with the run.

    Times are printed, not asserted: they are those of the machine's other work.
    """
    small, large = measured(tmp_path, 2_000), measured(tmp_path, 100_000)
    assert large["height"] > 40 * small["height"]
    assert large["nodes"] < 1.2 * small["nodes"] < 2_000
    assert large["made"] < 1.2 * small["made"] < 300
    for name, found in (("2,000", small), ("100,000", large)):
        print(f"{name}: {found['script']:.2f} ms of script a frame, {found['worst']:.1f} at most")


def test_types_of_the_synthetic_recording_are_the_schemas() -> None:
    """The test above must not measure a page that shows an error."""
    assert msgspec.json.decode(encode(transfer(10)), type=schema.Whole).page.title == "long"
