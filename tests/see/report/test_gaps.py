"""Where the line of a gap stands among rows and segments."""

from __future__ import annotations

from tests.see.packets.made import US, Wired

from plainwire.see.report.terminal import render


def test_a_gap_stands_behind_the_segments_of_the_moment_before_it() -> None:
    """A RST that left at once, shown below "300 ms, nothing", would seem to come late."""
    wired = Wired()
    sent = wired.client.call("send", wired.here, b"hello").values[7]
    wired.segment(0, "PA", 0, b"hello", t=sent + 10 * US)
    wired.world.now += 300_000 * US
    wired.server.call("recv", wired.there, b"hello", asked=99)
    ledger = wired.ledger()
    lines = render(ledger, [], width=100).splitlines()
    (segment,) = [n for n, line in enumerate(lines) if "len=5" in line]
    (gap,) = [n for n, line in enumerate(lines) if "303 ms, nothing" in line]
    (read,) = [n for n, line in enumerate(lines) if "5 B 'hello' ►" in line]
    assert segment < gap < read
