"""Fixes as diffs: a patched program does what the fix says; where that cannot be told, none."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import web_scenes

from plainwire.see.diagnosis.model import Finding, Place, Text
from plainwire.see.ledger.model import Frame, Process
from plainwire.web import patches, source

PROCESS = Process("1-0", 1, 1, None, 0, [], "/x", "3")


def finding(rule: str, *places: tuple[str, str, int, int]) -> Finding:
    """A finding at (role, file, line, column) places."""
    frames = [
        (role, Frame(file, line, column, line, -1, "f")) for role, file, line, column in places
    ]
    found = tuple(Place(frame, PROCESS, role) for role, frame in frames)
    return Finding(rule, "certain", Text(""), found, (), Text(""))


def patched(rule: str, text: str, *places: tuple[str, int, int]) -> str | None:
    """One file's text with its patch; None where there is none."""
    at = [(role, "/x/a.py", line, column) for role, line, column in places]
    found = patches.edits(finding(rule, *at), {"/x/a.py": text})
    return patches.apply(text, found) if found else None


def test_the_glued_pair_patched_keeps_its_messages_apart(glued: Path, tmp_path: Path) -> None:
    """X3: the diff of the tutorial's pair, run."""
    data = source.of_file(glued, payload=True)
    found = patches.edits(data.findings[0], data.ledger.sources)
    for path in {edit.file for edit in found}:
        text = patches.apply(
            data.ledger.sources[path], [edit for edit in found if edit.file == path]
        )
        (tmp_path / Path(path).name).write_text(text, encoding="utf-8")
    recording = web_scenes.record(tmp_path, "glued_server.py", "--", "glued_client.py")
    after = source.of_file(recording, payload=True)
    said = "".join(output["text"] for output in after.ledger.outputs)
    assert "first message:  hello" in said
    assert "second message: world" in said
    assert after.findings == []


def test_a_patch_is_in_the_page_with_both_ends(glued: Path) -> None:
    """X2."""
    page = source.of_file(glued, payload=False).page()
    names = {page.sources[edit.source].name for edit in page.findings[0].patch}
    assert names == {"glued_client.py", "glued_server.py"}
    removed = [line for edit in page.findings[0].patch for line in edit.removed]
    assert 'sk.send("hello".encode())' in removed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("s.send(data)", "s.sendall(data)"),
        ("self.sock.send(data[3:], 0)", "self.sock.sendall(data[3:], 0)"),
        ("count = s.send(data)", None),
    ],
)
def test_a_partial_send_becomes_sendall_unless_its_count_is_looked_at(
    before: str, after: str | None
) -> None:
    column = before.index("s.send") + 1 if before.startswith("count") else 1
    assert patched("partial-send-ignored", before, ("sends", 1, column)) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('s.send("hi")', 's.send("hi".encode())'),
        ('s.sendall(name + "\\n")', 's.sendall((name + "\\n").encode())'),
        ("s.send()", None),
    ],
)
def test_text_is_encoded_before_it_is_sent(before: str, after: str | None) -> None:
    assert patched("wrong-type-sent", before, ("sends", 1, 1)) == after


LOOP = """\
while True:
    data = s.recv(10)
    print(data)
"""


def test_a_loop_ends_at_eof() -> None:
    text = patched("eof-ignored", LOOP, ("reads", 2, 12))
    assert text is not None
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"x")
        theirs.shutdown(socket.SHUT_WR)
        received: list[bytes] = []
        exec(text, {"s": ours, "print": received.append})
    assert received == [b"x"]


def test_a_read_outside_of_a_loop_gets_no_break() -> None:
    assert patched("eof-ignored", "data = s.recv(10)\n", ("reads", 1, 8)) is None


def test_an_address_is_made_reusable_before_it_is_bound() -> None:
    text = "import socket\ns = socket.socket()\nif True:\n    s.bind(('127.0.0.1', 80))\n"
    done = patched("time-wait-on-server", text, ("binds", 4, 5))
    assert done is not None
    assert done.split("\n")[3:5] == [
        "    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)",
        "    s.bind(('127.0.0.1', 80))",
    ]


@pytest.mark.parametrize(
    "text", ["s.send(", "", "send(data)\n", "s.send(a); s.send(b)\n", "s.send(\n  data)\n"]
)
def test_what_cannot_be_told_from_the_source_gets_no_patch(text: str) -> None:
    """X1: broken files, plain functions, two calls in a line, calls over several lines."""
    assert patched("partial-send-ignored", text, ("sends", 1, -1)) is None


def test_one_end_alone_is_not_patched() -> None:
    """X2: framing at one end only would break the conversation for good."""
    assert patched("glued-messages", "s.send(b'x')\n", ("sends", 1, 1)) is None
    text = "s.send(b'x')\n"
    one = finding("glued-messages", ("sends", "/x/a.py", 1, 1), ("reads", "/x/b.py", 1, 1))
    assert patches.edits(one, {"/x/a.py": text, "/x/b.py": "r.read(5)\n"}) == []
