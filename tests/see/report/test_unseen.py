"""What was not seen is said in the reader's language, to the last clause."""

from __future__ import annotations

import errno

import pytest

from plainwire import i18n
from plainwire.see.capture.live import explain_refusal
from plainwire.see.report import unseen

HELD = {"CapEff": f"{1 << 13:x}"}


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.EAFNOSUPPORT])
@pytest.mark.parametrize("status", [{}, HELD, {**HELD, "Seccomp": "2"}])
def test_why_there_are_no_packets_has_words_in_chinese(number: int, status: dict[str, str]) -> None:
    """A Chinese sentence that ended in an English clause."""
    first, *clauses = explain_refusal(number, status).split("; ")
    assert first.startswith("packets: open packet socket: ")
    assert clauses
    assert set(clauses) <= set(unseen.REASONS)


def test_a_recorded_reason_is_translated_clause_by_clause() -> None:
    """What is not known, such as the system's own words, stays as it is."""
    before = i18n.language()
    try:
        i18n.select("zh")
        said = unseen.because("open packet socket: operation not permitted; the disk was full")
    finally:
        i18n.select(before)
    assert said == "open packet socket: operation not permitted; 磁盘已满"
