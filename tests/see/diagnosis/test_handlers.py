"""Whether a handler ends with a write: what the source must show."""

from __future__ import annotations

import textwrap

import pytest

from plainwire.see.diagnosis.handlers import ends_with
from plainwire.see.ledger.model import Frame

HEAD = """\
import asyncio
async def page(reader, writer):
"""
TAIL = """\
async def main():
    await asyncio.start_server(page, "127.0.0.1", 0)
"""


def judged(body: str, tail: str = TAIL) -> bool:
    source = HEAD + textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n" + tail
    lines = source.splitlines()
    line = max(n for n, text in enumerate(lines, 1) if "writer.write" in text)
    return ends_with(source, Frame("/src/a.py", line, 5, line, 30, "page"))


@pytest.mark.parametrize(
    "body",
    [
        "writer.write(b'x')",
        """
        await reader.readline()
        writer.write(b'x')
        await writer.drain()
        print("served")
        """,
        """
        if await reader.read(1):
            writer.write(b'x')
            await writer.drain()
        """,
    ],
)
def test_a_handler_that_ends_with_its_write(body: str) -> None:
    assert judged(body)


@pytest.mark.parametrize(
    "body",
    [
        "writer.write(b'x')\nawait asyncio.sleep(9)\nwriter.close()",
        "while True:\n    writer.write(b'x')\n    await writer.drain()",
        "writer.write(b'x')\nasync with gate:\n    pass",
        "for part in parts:\n    writer.write(part)",
    ],
)
def test_a_handler_that_may_go_on(body: str) -> None:
    """It sleeps, or waits for its turn, and writes or closes then."""
    assert not judged(body)


def test_a_helper_says_nothing_of_its_caller() -> None:
    assert not judged("writer.write(b'x')", TAIL.replace("page", "serve"))


def test_a_source_that_cannot_be_read_says_nothing() -> None:
    assert not ends_with(None, Frame("/src/a.py", 1, 1, 1, 2, "page"))
    assert not ends_with("def (", Frame("/src/a.py", 1, 1, 1, 2, "page"))
