"""mutual-wait and eof-never-comes around a select() that looks again and again."""

from __future__ import annotations

from plainwire.see import records
from plainwire.see.diagnosis import diagnose
from plainwire.see.diagnosis.model import Finding
from see.items import World
from see.samples import Sample

SECOND = 1_000_000_000
CLIENT = """\
while True:
    r, _, _ = select.select([s], [], [], 0.5)
    if r:
        print(s.recv(100))
        break
"""
HEARTBEAT = (
    CLIENT
    + """\
    if not r and time.time() > next_ping:
        s.sendall(b"ping")
"""
)
READER = """\
while True:
    part = s.recv(4096)
    if not part:
        break
    parts.append(part)
"""
SPAN = (9, 46)  # of the call in CLIENT's second line


class Scene:
    """p10 sits in a recv() at line 2 from 1 s on; p20 goes round CLIENT until `end`."""

    def __init__(self, source: str = CLIENT, server: str = "pass\n") -> None:
        self.world = World()
        self.server, self.client = self.world.process(10), self.world.process(20)
        self.here, self.there = self.world.connection(self.client, self.server)
        self.client.call("send", self.here, b"hi", line=9)
        self.server.call("recv", self.there, b"hi", asked=1024, line=2)
        self.world.run("source", path="/src/p20.py", text=source)
        self.world.run("source", path="/src/p10.py", text=server)

    def read(self) -> None:
        begin = 12
        site = self.server.site(2, span=(begin, begin + 12))
        self.server.call("recv", self.there, site=site, asked=4096, t0=SECOND, t1=-1)

    def rounds(self, end: int, *, lasting: int = SECOND // 2, still: bool = True) -> None:
        """Rounds of half a second from 1 s on; the last one is open if `still` goes on."""
        site = self.client.site(2, span=SPAN)
        for at in range(SECOND, end, SECOND // 2):
            self.client.call("select", site=site, asked=500, t0=at, t1=at + lasting)
        if still:
            self.client.call("select", site=site, asked=500, t0=end, t1=-1)

    def sample(self, at: int, *, wait: str = "poll", helper: bool = False) -> None:
        sample = Sample(at)
        threads = [(wait, [3] if wait == "poll" else [], False)]
        threads += [("sleep", [], False)] if helper else []
        sample.process(20, *threads, sockets={3: self.here})
        sample.process(10, ("receive", [3]), sockets={3: self.there})
        sample.tcp(self.here, self.there)
        self.world.run("sample", **sample.fields)

    def findings(self) -> list[Finding]:
        return diagnose(self.world.ledger(), ("mutual-wait", "eof-never-comes"))


def test_a_client_that_looks_again_and_again_is_in_a_mutual_wait() -> None:
    """Its time-outs made the hang invisible, though it did nothing but look again."""
    scene = Scene()
    scene.read()
    scene.rounds(5 * SECOND)
    scene.sample(5 * SECOND + SECOND // 4)
    (finding,) = scene.findings()
    assert (finding.rule, finding.certainty) == ("mutual-wait", "likely")
    assert [place.short for place in finding.places] == ["p20.py:2", "p10.py:2"]
    assert any("nothing 8 times in a row" in e.text.english for e in finding.evidence)


def test_a_round_that_had_just_begun_when_the_run_was_ended_is_one_too() -> None:
    """Of five runs one was silent: the last look stood in no call that had lasted."""
    scene = Scene()
    scene.read()
    end = 5 * SECOND
    scene.rounds(end, still=False)
    raised = scene.client.raised("KeyboardInterrupt", "")
    site = scene.client.site(2, span=SPAN)
    scene.client.call(
        "select", site=site, asked=500, t0=end, t1=end + SECOND // 20,
        ret=records.RAISED, raised=raised,
    )  # fmt: skip
    scene.sample(end + SECOND // 50)
    scene.world.run("ending", t=end + SECOND // 25, pids=[10, 20])
    (finding,) = scene.findings()
    assert [place.short for place in finding.places] == ["p20.py:2", "p10.py:2"]


def test_a_reader_to_the_end_opposite_such_a_loop_is_told_as_that() -> None:
    """A server keeps the connection and its client reads until it is closed."""
    scene = Scene(server=READER)
    scene.read()
    scene.rounds(5 * SECOND)
    scene.sample(5 * SECOND + SECOND // 4)
    (finding,) = scene.findings()
    assert (finding.rule, finding.certainty) == ("eof-never-comes", "likely")


def silent(scene: Scene, end: int = 5 * SECOND, **sample: bool | str) -> bool:
    scene.read()
    scene.rounds(end)
    scene.sample(end + SECOND // 4, **sample)  # type: ignore[arg-type]
    return scene.findings() == []


def test_a_loop_with_a_heartbeat_is_none() -> None:
    """What it did not send in five seconds it may send in the sixth."""
    assert silent(Scene(HEARTBEAT))


def test_a_program_whose_source_is_not_known_is_none() -> None:
    """Who knows what it does between two looks."""
    assert silent(Scene("pass\n"))


def test_a_run_that_was_ended_soon_says_nothing() -> None:
    """A second and a half is no hang."""
    assert silent(Scene(), end=SECOND * 5 // 2)


def test_another_thread_of_it_may_still_send() -> None:
    """It sleeps, and has the same socket."""
    assert silent(Scene(), helper=True)


def test_a_sample_between_two_rounds_says_nothing() -> None:
    """There the thread waits for nothing: it runs."""
    assert silent(Scene(), wait="running")


def test_rounds_that_found_something_are_none() -> None:
    """A select() that returned before its time-out has something to read."""
    scene = Scene()
    scene.read()
    scene.rounds(5 * SECOND, lasting=SECOND // 10)
    scene.sample(5 * SECOND + SECOND // 4)
    assert scene.findings() == []


def test_who_left_the_loop_is_no_longer_in_it() -> None:
    """It computes, or has ended: its last look came back long ago."""
    scene = Scene()
    scene.read()
    scene.rounds(5 * SECOND, still=False)
    scene.sample(5 * SECOND - SECOND // 4)
    assert scene.findings() == []


def test_who_sent_between_the_rounds_did_more_than_look() -> None:
    """Whatever the source seems to say."""
    scene = Scene()
    scene.read()
    scene.rounds(5 * SECOND)
    scene.client.call("send", scene.here, b"x", line=9, t0=4 * SECOND, t1=4 * SECOND + 1)
    scene.sample(5 * SECOND + SECOND // 4)
    assert scene.findings() == []
