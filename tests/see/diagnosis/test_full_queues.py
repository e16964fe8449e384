"""both-sending and slow-reader by closed windows: who was stuck, and from when on.

The packets are two lines of a `Wire`: each end's announcement of a window of zero.
"""

from __future__ import annotations

from typing import Any

from plainwire.see.diagnosis import RULES
from plainwire.see.diagnosis.case import Case
from plainwire.see.diagnosis.model import Finding
from plainwire.see.ledger.wire import Kind, Observation, Segment, Wire
from see.items import Proc, Socket, World

SECOND = 1_000_000_000
LIBRARY = [["/lib/trio/_socket.py", 589, "_nonblocking_helper"]]
FULL, GONE = -11, -104


class Full:
    """A connection whose ends are sent to until no more goes in; ended after five seconds."""

    def __init__(self) -> None:
        self.world = World()
        self.server, self.client = self.world.process(10), self.world.process(20)
        self.here, self.there = self.world.connection(self.client, self.server)

    def send(self, who: Proc, sock: Socket, ret: int, via: list[Any] | None = None) -> None:
        who.call("send", sock, ret=ret, asked=1 << 20, site=who.site(9, via=via))

    def findings(self, *closed: int) -> list[Finding]:
        """What is said when these ends (0: client, 1: server) had announced a window of zero."""
        zero = self.world.tick()
        self.world.now += 5 * SECOND
        self.world.run("ending")
        # What is called now is called because we end the programs.
        self.send(self.client, self.here, GONE, LIBRARY)
        ledger = self.world.ledger()
        (flow,) = (f for f in ledger.flows if f.client is not None)
        wire = Wire((("127.0.0.1", 1), ("127.0.0.1", 2)), True, flow=flow)
        for end in closed:
            wire.segments.append(Segment(end + 1, zero, end, 16, 0, 0, 0, 0))
            wire.observations.append(Observation(Kind.ZERO_WINDOW, end + 1, zero, end))
        flow.wire = wire
        case = Case(ledger)
        return [f for rule in ("both-sending", "slow-reader") for f in RULES[rule](case)]


def test_two_that_poll_by_themselves_and_only_send_are_both_sending() -> None:
    """It was told as a slow reader, for which a send 'was stuck for 0.0 s'."""
    full = Full()
    full.send(full.client, full.here, FULL, LIBRARY)
    full.send(full.server, full.there, FULL, LIBRARY)
    (finding,) = full.findings(0, 1)
    assert (finding.rule, finding.certainty) == ("both-sending", "likely")
    assert [p.short for p in finding.places] == ["p20.py:9", "p10.py:9"]


def test_a_send_that_began_when_we_ended_the_programs_was_not_stuck() -> None:
    """Nothing is known of it but that the connection was full, and then gone."""
    full = Full()
    full.client.call("send", full.here, b"much")
    assert full.findings(1) == []


def test_a_library_that_waits_to_send_is_stuck_since_its_last_try() -> None:
    """Only one side is full: the other one does not read."""
    full = Full()
    full.send(full.client, full.here, FULL, LIBRARY)
    (finding,) = full.findings(1)
    assert finding.rule == "slow-reader"
    assert "was stuck for 5.0 s" in finding.message.english


def test_a_program_that_tried_once_and_let_it_be_is_not_accused() -> None:
    """It drops what a slow client does not take, or goes on to something else."""
    dropped = Full()
    dropped.send(dropped.client, dropped.here, FULL)
    assert dropped.findings(1) == []
    went_on = Full()
    went_on.send(went_on.server, went_on.there, FULL, LIBRARY)
    went_on.send(went_on.client, went_on.here, FULL, LIBRARY)
    went_on.client.call("listen", went_on.client.socket(), asked=1)
    assert went_on.findings(0, 1) == []
