"""Make the pictures of the README: `python tools/page_picture.py` (needs chromium).

Observes the tutorial's hanging chat, saves its page and takes its first screen, in
English and in Chinese: docs/page.png and docs/page.zh.png, each under MOST_BYTES so that
a README opens quickly: of its colours the 256 most used are kept. Run it again when the
page has changed.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
PROGRAMS = ROOT / "examples" / "tutorial"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SIZE = {"width": 1366, "height": 830}
MOST_BYTES = 200_000


def saved_page(folder: Path) -> Path:
    """Observe the chat in a network of its own and save its page."""
    plainwire = [sys.executable, "-m", "plainwire"]
    environment = {**os.environ, "XDG_STATE_HOME": str(folder), "LC_ALL": "C.UTF-8"}
    run = ["run", "--private-net", "--until-finding", "--timeout", "20"]
    programs = ["chat_hangs_server.py", "--", "chat_hangs_client.py"]
    subprocess.run(
        [*plainwire, *run, *programs],
        cwd=PROGRAMS, env=environment, check=False, timeout=60,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    out = folder / "page.html"
    show = ["show", "last", "--html", str(out)]
    subprocess.run([*plainwire, *show], env=environment, check=True, timeout=60)
    return out


def with_palette(png: bytes) -> bytes:
    """A PNG of 8-bit RGB as one of at most 256 colours, others as the nearest of them."""
    parts = dict.fromkeys((b"IHDR", b"IDAT"), b"")
    for kind, data in chunks(png):
        if kind in parts:
            parts[kind] += data
    width, height, depth, colour = struct.unpack(">IIBB", parts[b"IHDR"][:10])
    if (depth, colour) != (8, 2):
        raise ValueError("not 8-bit RGB")
    pixels = list(rows(zlib.decompress(parts[b"IDAT"]), width * 3, height))
    used = Counter(row[at : at + 3] for row in pixels for at in range(0, width * 3, 3))
    palette = [one for one, _ in used.most_common(256)]
    index = {one: nearest(one, palette) for one in used}
    lines = b"".join(
        b"\0" + bytes(index[row[at : at + 3]] for at in range(0, width * 3, 3)) for row in pixels
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    made = ((b"IHDR", header), (b"PLTE", b"".join(palette)), (b"IDAT", zlib.compress(lines, 9)))
    return png[:8] + b"".join(chunk(kind, data) for kind, data in (*made, (b"IEND", b"")))


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The parts of a PNG (PNG specification, section 5)."""
    at = 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        at += size + 12


def chunk(kind: bytes, data: bytes) -> bytes:
    """One part of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def rows(raw: bytes, stride: int, height: int) -> Iterator[bytes]:
    """The rows of an RGB image, their filters undone (section 9)."""
    before = bytes(stride)
    for number in range(height):
        at = number * (stride + 1)
        row = bytearray(raw[at + 1 : at + 1 + stride])
        kind = raw[at]
        for i in range(stride):
            left = row[i - 3] if i >= 3 else 0
            corner = before[i - 3] if i >= 3 else 0
            row[i] = (row[i] + predicted(kind, left, before[i], corner)) & 255
        before = bytes(row)
        yield before


def predicted(kind: int, left: int, up: int, corner: int) -> int:
    """What a filter takes a byte to be."""
    if kind == 4:  # Paeth
        guess = left + up - corner
        return min((left, up, corner), key=lambda one: abs(guess - one))
    return (0, left, up, (left + up) // 2)[kind]


def nearest(colour: bytes, palette: list[bytes]) -> int:
    """The number of the palette's nearest colour."""
    return min(
        range(len(palette)),
        key=lambda n: sum((a - b) ** 2 for a, b in zip(colour, palette[n], strict=True)),
    )


def main() -> int:
    """Write both pictures; 1 when one of them is too large."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = saved_page(Path(folder))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for language, name in (("en", "page.png"), ("zh", "page.zh.png")):
            page = browser.new_page(viewport=SIZE, reduced_motion="reduce", color_scheme="light")
            page.goto(f"{page_file.as_uri()}#lang={language}")
            page.wait_for_selector(".connectors path.strong", state="attached")
            out = ROOT / "docs" / name
            out.write_bytes(with_palette(page.screenshot()))
            page.close()
            print(f"{out.relative_to(ROOT)}: {out.stat().st_size:,} bytes")
            if out.stat().st_size > MOST_BYTES:
                print(f"more than {MOST_BYTES:,} bytes", file=sys.stderr)
                return 1
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
