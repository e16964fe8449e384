"""A type checker compares a handler's messages with its codec's."""

from __future__ import annotations

from pathlib import Path

import pytest

PROGRAM = """
from typing import Any
from plainwire import AsyncPeer, Peer, connect, frames, serve

async def of_bytes(peer: AsyncPeer[bytes]) -> None: ...
def of_text(peer: Peer[str]) -> None: ...
async def of_any(peer: Any) -> None: ...

serve(of_bytes, "tcp://:0", frames.length(4))
serve(of_text, "tcp://:0", frames.lines() | frames.text())
serve(of_any, "tcp://:0", frames.length(4))
reveal_type(connect("tcp://:1", frames.lines() | frames.text()).open().recv())
serve(of_bytes, "tcp://:0", frames.lines() | frames.text())  # wrong
serve(of_text, "tcp://:0", frames.length(4))  # wrong
"""


@pytest.mark.slow
def test_the_messages_of_handler_and_codec_must_agree(tmp_path: Path) -> None:
    """Text sent as bytes is found before the program runs."""
    api = pytest.importorskip("mypy.api")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    found, _, _ = api.run(["--strict", "--cache-dir", str(tmp_path), str(program)])
    errors = [line for line in found.splitlines() if ": error:" in line]
    wrong = [n for n, line in enumerate(PROGRAM.splitlines(), 1) if "# wrong" in line]
    assert [int(line.split(":")[1]) for line in errors] == wrong
    assert 'Revealed type is "str"' in found or 'Revealed type is "builtins.str"' in found
