"""The short way to a call's site: three frames, when they decide it."""

from __future__ import annotations

from pathlib import Path

from tests.see.transparency.observed import check_ok


def test_one_library_line_has_a_site_for_each_line_that_uses_it(tmp_path: Path) -> None:
    """What is remembered of a library's frames must not give one user's line to another."""
    seen = check_ok(
        tmp_path,
        """
        import socket
        a, b = socket.socketpair()
        f, g = a.makefile("rwb"), b.makefile("rwb")
        for _ in range(3):
            f.write(b"one\\n"); f.flush()
            g.write(b"two\\n"); g.flush()
            assert g.readline() == b"one\\n"
            assert f.readline() == b"two\\n"
        print("ok")
        """,
    )
    lines = [call.site.frame.line for call in seen.calls("send") if call.site.frame is not None]
    assert lines == [5, 6] * 3
    reads = [c.site.frame.line for c in seen.calls("recv_into") if c.site.frame is not None]
    assert reads == [7, 8] * 3
