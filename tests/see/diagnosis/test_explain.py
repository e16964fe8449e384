"""The texts of `plainwire explain`: complete, and their programs do what they say."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plainwire import i18n
from plainwire.see.diagnosis.explain import UnknownRuleError, explain, loader, rules, title

HANGS = "hangs"
# What the program shows before (a hang, or words of its output), and after.
SHOWN = {
    "mutual-wait": (HANGS, "server says: b'goodbye'"),
    "both-sending": (HANGS, "sent\n"),
    "glued-messages": ("b'onetwo'", "b'one'\nb'two'\n"),
    "split-message": ("JSONDecodeError", "1000\n"),
    "partial-send-ignored": ("all arrived: False", "all arrived: True"),
    "eof-ignored": (HANGS, "b'hello'\n"),
    "eof-never-comes": (HANGS, "b'got 5000 bytes'\n"),
    "fin-withheld": (HANGS, "b'done'\nend\n"),
    "unread-at-close": ("ConnectionResetError", "b'too long'\nend\n"),
    "write-after-close": ("sent 0", "the server has closed\n"),
    "connect-refused": ("ConnectionRefusedError", "b'welcome'\n"),
    "connect-result-ignored": ("BrokenPipeError", "cannot connect: Connection refused\n"),
    "address-in-use": ("Address already in use", "restarted\n"),
    "second-client-ignored": (HANGS, "second client got b'hello'\n"),
    "wrong-type-sent": ("a bytes-like object is required, not 'str'", "server got 你好\n"),
    "datagram-truncated": ("b'hello'\nb'next'\n", "b'hello, world'\nb'next'\n"),
    "datagram-lost": ("all arrived: False", "all arrived: True"),
    "datagram-lost-in-kernel": ("all arrived: False", "all arrived: True"),
    "leaked-socket": ("Too many open files", "served 200\n"),
    "nagle-delayed-ack-stall": ("slow: True", "slow: False\n"),
    "backlog-overflow": ("TimeoutError", "connected 3\n"),
    "syn-unanswered": ("TimeoutError", "connected\n"),
    "slow-reader": ("TimeoutError", "sent 20000000\n"),
    "reset-without-fin": ("ConnectionResetError", "b''\nend\n"),
    "retransmission-stall": ("waited: True", "waited: False\n"),
    "half-open-peer": (HANGS, "the peer is silent\n"),
    "icmp-refused-on-udp": ("ConnectionRefusedError", "nobody is there yet\n"),
    "time-wait-on-server": ("Address already in use", "restarted\n"),
    "connection-per-request": ("Cannot assign requested address", "40 answers\n"),
    "two-readers": ("tom=ann=", "b'tom=1111'"),
}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    i18n.select("en")
    yield
    i18n.select("en")


def run(rule: str, kind: str, folder: Path, seconds: float) -> tuple[str, str, int | None]:
    """Output, errors and status of a program in a process group of its own; None: it hangs."""
    path = folder / f"{kind}.py"
    path.write_text(loader.program(rule, kind), encoding="utf-8")
    environ = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(
        [sys.executable, str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        start_new_session=True, env=environ,
    )  # fmt: skip
    try:
        out, err = process.communicate(timeout=seconds)
        return out, err, process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        return out, err, None


def test_there_is_a_case_for_every_rule() -> None:
    assert set(rules()) == set(SHOWN)


@pytest.mark.parametrize("rule", rules())
def test_the_program_before_shows_the_symptom(rule: str, tmp_path: Path) -> None:
    expected = SHOWN[rule][0]
    out, err, status = run(rule, "before", tmp_path, 2.0 if expected == HANGS else 10.0)
    if expected == HANGS:
        assert status is None, (out, err)
        assert "Traceback" not in err
    else:
        assert status is not None
        assert expected in out + err


@pytest.mark.parametrize("rule", rules())
def test_the_program_after_works(rule: str, tmp_path: Path) -> None:
    out, err, status = run(rule, "after", tmp_path, 30.0)
    assert (status, err) == (0, "")
    assert SHOWN[rule][1] in out


@pytest.mark.parametrize("rule", rules())
@pytest.mark.parametrize(
    ("lang", "headings"),
    [
        ("en", ["SYMPTOM", "CAUSE", "PROOF", "FIX", "BEFORE", "AFTER"]),
        ("zh", ["症状", "原因", "证据", "改法", "改之前", "改之后"]),
    ],
)
def test_every_text_has_all_its_parts(rule: str, lang: str, headings: list[str]) -> None:
    text = explain(rule, lang)
    lines = text.split("\n")
    assert lines[0].startswith(rule)
    assert [line for line in lines if line in headings] == headings
    assert "#" not in "".join(line for line in lines if not line.startswith("    "))
    for kind in ("before", "after"):
        indented = [f"    {x}".rstrip() for x in loader.program(rule, kind).strip().split("\n")]
        assert "\n".join(indented) in text
    assert title(rule, lang)
    assert not title(rule, lang).startswith((":", "：", rule))


def test_the_selected_language_is_the_default() -> None:
    i18n.select("zh")
    assert explain("glued-messages") == explain("glued-messages", "zh")
    assert "粘包" in title("glued-messages")


@pytest.mark.parametrize(
    ("name", "near"), [("mutual_wait", "mutual-wait"), ("glued", "glued-messages")]
)
def test_an_unknown_rule_names_near_ones(name: str, near: str) -> None:
    with pytest.raises(UnknownRuleError, match=f"there is no rule '{name}'; did you mean .*{near}"):
        explain(name)


def test_a_name_like_none_points_to_the_list() -> None:
    with pytest.raises(UnknownRuleError, match="plainwire explain lists them"):
        explain("zzz")
