"""The guides name what exists: every codec call of the table can be made."""

from __future__ import annotations

import re
from pathlib import Path

from plainwire import frames

DOCS = Path(__file__).parents[1] / "docs"


def test_every_codec_of_the_table_can_be_made() -> None:
    """A row that names no codec misleads."""
    table = [line for line in (DOCS / "frames.md").read_text().splitlines() if line[:3] == "| `"]
    names = {name: getattr(frames, name) for name in frames.__all__}
    values = {**names, "n": 4, "max": 100, "offset": 0, "size": 4, "adjust": 0, "strip": 0}
    made = 0
    for line in table:
        for call in re.findall(r"`([a-z_]+\([^`]*\))`", line.split("|")[1]):
            codec = eval(call, {"__builtins__": {}}, {**values, "mode": 2})
            assert codec.max_bytes
            made += 1
    assert made >= 22


def test_every_public_codec_is_in_the_table() -> None:
    """A codec without a row is hard to find."""
    text = (DOCS / "frames.md").read_text()
    for name in frames.__all__:
        if name[0].islower() and name not in ("parse_codec", "raw"):
            assert f"{name}" in text, name


def test_the_own_codec_of_the_guide_works() -> None:
    """As printed."""
    program = re.findall(r"```python\n(.*?)```", (DOCS / "frames.md").read_text(), re.DOTALL)[0]
    space: dict[str, object] = {"__name__": "guide"}
    exec(program, space)
    tlv = space["tlv"]
    assert isinstance(tlv, frames.GeneratorCodec)
    assert tlv.decode(tlv.encode((1, b"ab"))) == [(1, b"ab")]
