"""mutual-wait that a time-out ended, or that goes on beside a loop's timers."""

from __future__ import annotations

from plainwire.see import records
from plainwire.see.diagnosis import diagnose
from plainwire.see.diagnosis.model import Finding
from see.items import World
from see.samples import Sample

SECOND = 1_000_000_000


class Scene:
    """Client p20 said `greeting`; at 1 s both wait; the client gives up at 3 s."""

    def __init__(self, greeting: bytes = b"hi", read: str = "recv") -> None:
        self.world = World()
        self.server, self.client = self.world.process(10), self.world.process(20)
        self.here, self.there = self.world.connection(self.client, self.server)
        self.client.call("send", self.here, greeting, line=4)
        self.server.call("recv", self.there, greeting, asked=1024, line=6)
        self.read = read

    def wait(self, patient_until: int = -1) -> None:
        self.server.call(
            self.read, self.there, line=7, asked=100, t0=SECOND,
            t1=patient_until, ret=0,
        )  # fmt: skip

    def gives_up(self, *, caught: bool = False, end: int = 3 * SECOND) -> None:
        raised = self.client.raised("TimeoutError", "timed out")
        slot = len(self.client.slots)
        self.client.call(
            "recv", self.here, line=5, asked=100, t0=SECOND, t1=end,
            ret=records.RAISED, raised=raised,
        )  # fmt: skip
        if not caught:
            frames = [["/src/p20.py", 5, 1, 5, 2, "<module>"]]
            self.client.note("exception", 1, slot, "TimeoutError", "", "uncaught", frames, end)

    def sample(self, at: int, *, server: bool = True, helper: bool = False) -> None:
        """Both in a poll: the client's with a time-out, the server's `endless` or not."""
        sample = Sample(at)
        sample.process(20, ("poll", [3], False), sockets={3: self.here})
        threads = [("poll", [3], server)] + ([("running", [])] if helper else [])
        sample.process(10, *threads, sockets={3: self.there})
        sample.tcp(self.here, self.there)
        self.world.run("sample", **sample.fields)

    def findings(self) -> list[Finding]:
        return diagnose(self.world.ledger(), ("mutual-wait",))


def lines(findings: list[Finding]) -> list[str]:
    return [" ".join(place.short for place in finding.places) for finding in findings]


def test_an_uncaught_time_out_of_a_mutual_wait_is_told() -> None:
    """The program broke off with a traceback that says only "timed out"."""
    scene = Scene()
    scene.wait(4 * SECOND)
    scene.gives_up()
    scene.sample(2 * SECOND)
    (finding,) = scene.findings()
    assert finding.certainty == "certain"
    assert lines([finding]) == ["p20.py:5 p10.py:7"]
    assert "until a time-out" in finding.message.english
    assert any("gave up after 2.0 s with TimeoutError" in e.text.english for e in finding.evidence)


def test_the_other_sides_time_out_does_not_hide_it() -> None:
    """`settimeout` on both: the one that is longer had not fired."""
    scene = Scene()
    scene.wait(4 * SECOND)
    scene.gives_up()
    scene.sample(2 * SECOND, server=False)
    assert lines(scene.findings()) == ["p20.py:5 p10.py:7"]


def test_a_time_out_that_was_caught_is_the_programs_own_business() -> None:
    """A poll for something that may come, as well as not."""
    scene = Scene()
    scene.wait(4 * SECOND)
    scene.gives_up(caught=True)
    scene.sample(2 * SECOND)
    assert scene.findings() == []


def test_a_slow_server_is_no_mutual_wait() -> None:
    """Another of its threads computes the answer while one waits for more."""
    scene = Scene()
    scene.wait(4 * SECOND)
    scene.gives_up()
    scene.sample(2 * SECOND, helper=True)
    assert scene.findings() == []


def test_a_server_that_was_not_reading_did_not_wait_for_the_client() -> None:
    """It slept, or waited for a third; its read began when the client had gone."""
    scene = Scene()
    scene.server.call("recv", scene.there, line=7, asked=100, t0=3 * SECOND, t1=4 * SECOND, ret=0)
    scene.gives_up()
    scene.sample(2 * SECOND)
    assert scene.findings() == []


def test_who_spoke_meanwhile_was_not_stuck() -> None:
    """A part of the answer came; the rest was late."""
    scene = Scene()
    scene.wait(4 * SECOND)
    scene.gives_up()
    scene.server.call("send", scene.there, b"x", line=9, t0=2 * SECOND + 5, t1=2 * SECOND + 9)
    scene.sample(2 * SECOND)
    assert scene.findings() == []


def beside_timers(greeting: bytes, *samples: int) -> list[Finding]:
    """A server's loop with timers waits for a line, its client for the answer."""
    scene = Scene(greeting, "stream.readline")
    scene.wait()
    scene.client.call("recv", scene.here, line=5, asked=100, t0=SECOND, t1=-1)
    for at in samples:
        sample = Sample(at)
        sample.process(20, ("receive", [3]), sockets={3: scene.here})
        sample.process(10, ("poll", [3], False), sockets={3: scene.there})
        sample.tcp(scene.here, scene.there)
        scene.world.run("sample", **sample.fields)
    return scene.findings()


def test_half_a_line_is_waited_for_whatever_timers_the_loop_has() -> None:
    """Only the client has the other half, and it waits."""
    (finding,) = beside_timers(b"bob", 4 * SECOND)
    assert finding.certainty == "likely"
    assert lines([finding]) == ["p20.py:5 p10.py:7"]


def test_beside_timers_a_wait_for_a_new_line_is_no_hang() -> None:
    """A timer may send the news that the client waits for."""
    assert beside_timers(b"bob\n", 4 * SECOND) == []


def test_beside_timers_a_short_wait_is_no_hang() -> None:
    """The other half may be on its way from a user's fingers."""
    assert beside_timers(b"bob", 2 * SECOND) == []


def test_half_a_line_that_another_task_may_complete_is_no_hang() -> None:
    """A slow typist in a task of its own, while the answer is awaited: it was accused."""
    for started, expected in (("asyncio.create_task(typist(w))", 0), ("await typist(w)", 1)):
        scene = Scene(b"", "stream.readline")
        typist = scene.client.site(9, function="main.<locals>.typist")
        scene.client.call("send", scene.here, b"hel", site=typist)
        scene.server.call("recv", scene.there, b"hel", asked=1024, line=6)
        scene.wait()
        main = scene.client.site(5, function="main")
        scene.client.call("stream.readline", scene.here, site=main, t0=SECOND, t1=-1)
        sample = Sample(4 * SECOND)
        sample.process(20, ("poll", [3], False), sockets={3: scene.here})
        sample.process(10, ("poll", [3], False), sockets={3: scene.there})
        sample.tcp(scene.here, scene.there)
        scene.world.run("sample", **sample.fields)
        scene.world.run("source", path="/src/p20.py", text=started)
        assert len(scene.findings()) == expected, started


def test_two_sends_that_a_time_out_ended_were_stuck_in_sending() -> None:
    """With a time-out Python waits for room in a poll; a window was full at both ends."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    raised = client.raised("TimeoutError", "timed out")
    server.call("sendall", there, line=5, asked=10**7, t0=SECOND, t1=4 * SECOND)
    slot = len(client.slots)
    client.call(
        "sendall", here, line=3, asked=10**7, t0=SECOND, t1=3 * SECOND,
        ret=records.RAISED, raised=raised,
    )  # fmt: skip
    frames = [["/src/p20.py", 3, 1, 3, 2, "<module>"]]
    client.note("exception", 1, slot, "TimeoutError", "", "uncaught", frames, 3 * SECOND)
    sample = Sample(2 * SECOND)
    sample.process(20, ("poll", [3], False), sockets={3: here}, out=[3])
    sample.process(10, ("poll", [3], False), sockets={3: there}, out=[3])
    sample.tcp(here, there, unread=(9, 9), unsent=(7, 7))
    world.run("sample", **sample.fields)
    (finding,) = diagnose(world.ledger(), ("both-sending",))
    assert [place.short for place in finding.places] == ["p20.py:3", "p10.py:5"]
    assert any("gave up after 2.0 s" in e.text.english for e in finding.evidence)
