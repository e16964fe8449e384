"""mutual-wait: pairs and rings, and what must keep it silent."""

from __future__ import annotations

from plainwire.see.diagnosis import diagnose
from plainwire.see.diagnosis.model import Finding
from see.items import DATAGRAM, INET, Proc, Socket, World
from see.samples import Sample

READ = ("receive", [3])


class Circle:
    """Programs of which each reads from the next: p10 from p20, p20 from p30, ..."""

    def __init__(self, size: int = 3) -> None:
        self.world = World()
        self.processes = [self.world.process(10 * (n + 1)) for n in range(size)]
        self.reads: list[Socket] = []
        self.writes: dict[int, Socket] = {}
        for number, process in enumerate(self.processes):
            peer = self.processes[(number + 1) % size]
            here, there = self.world.connection(process, peer)
            self.reads.append(here)
            self.writes[(number + 1) % size] = there

    def wait(self) -> None:
        for number, process in enumerate(self.processes):
            process.call("recv", self.reads[number], asked=1024, line=5 + number, t1=-1)

    def sample(self, **threads: tuple[str, list[int]]) -> Sample:
        sample = Sample(self.world.tick())
        for number, process in enumerate(self.processes):
            sockets: dict[int, Socket | int] = {3: self.reads[number], 5: self.writes[number]}
            more = [thread for name, thread in threads.items() if name == f"p{process.pid}"]
            if any(thread[0] == "accept" for thread in more):
                sockets[4] = 9000
                sample.listener(9000)
            sample.process(process.pid, READ, *more, sockets=sockets)
            there = self.writes[(number + 1) % len(self.processes)]
            sample.tcp(self.reads[number], there, port=number)
        return sample

    def findings(self, *samples: Sample) -> list[Finding]:
        for sample in samples or (self.sample(),):
            self.world.run("sample", **sample.fields)
        return diagnose(self.world.ledger(), ("mutual-wait",))


def test_a_ring_of_three_is_told_once_with_its_three_lines() -> None:
    """No pair of them waits for each other, so a look at one connection finds nothing."""
    circle = Circle()
    circle.wait()
    (finding,) = circle.findings()
    assert finding.certainty == "certain"
    assert [place.short for place in finding.places] == ["p10.py:5", "p20.py:6", "p30.py:7"]
    assert "p10.py:5 (recv), p20.py:6 (recv), p30.py:7 (recv)" in finding.message.english
    assert len({str(e.text) for e in finding.evidence}) == 6


def test_a_ring_over_two_connections_of_the_same_two_programs_is_told() -> None:
    """A command and a data connection: each side reads the one that the other reads not."""
    circle = Circle(2)
    circle.wait()
    (finding,) = circle.findings()
    assert [place.short for place in finding.places] == ["p10.py:5", "p20.py:6"]


def test_a_ring_is_told_once_however_often_it_was_sampled() -> None:
    """A hang of an hour is one finding."""
    circle = Circle(5)
    circle.wait()
    first = circle.sample()
    assert len(circle.findings(first, circle.sample(), circle.sample())) == 1


def test_a_ring_with_somebody_who_may_act_is_none() -> None:
    """A thread of one of them is still computing: it may yet send."""
    circle = Circle()
    circle.wait()
    assert circle.findings(circle.sample(p20=("running", []))) == []


def test_a_ring_that_a_new_client_could_break_is_likely() -> None:
    """A server of threads may speak to this client when somebody else comes."""
    circle = Circle()
    circle.wait()
    (finding,) = circle.findings(circle.sample(p30=("accept", [4])))
    assert finding.certainty == "likely"


def test_a_ring_that_went_on_by_itself_was_none() -> None:
    """What ended before the run did was slow, not stuck."""
    circle = Circle()
    circle.wait()
    sample = circle.sample()
    circle.processes[1].slots[-1].returns(circle.world.tick(), 4)
    assert circle.findings(sample) == []


def test_a_chain_is_no_ring() -> None:
    """The last one waits for a terminal: whoever sits there ends it."""
    circle = Circle()
    circle.wait()
    sample = circle.sample()
    sample.process(
        30, ("receive", [0]), others={0: "/dev/pts/0"},
        sockets={3: circle.reads[2], 5: circle.writes[2]},
    )  # fmt: skip
    assert circle.findings(sample) == []


def pair() -> tuple[World, Proc, Socket, Proc, Socket]:
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    client.call("recv", here, asked=1024, line=8, t1=-1)
    server.call("recv", there, asked=1024, line=13, t1=-1)
    return world, client, here, server, there


def pair_findings(
    world: World, here: Socket, there: Socket, **queues: tuple[int, int]
) -> list[str]:
    sample = Sample(world.tick())
    sample.process(20, READ, sockets={3: here})
    sample.process(10, READ, sockets={3: there})
    sample.tcp(here, there, **queues)  # type: ignore[arg-type]
    world.run("sample", **sample.fields)
    found = diagnose(world.ledger(), ("mutual-wait",))
    return [" ".join(p.short for p in f.places) for f in found]


def test_two_readers_of_one_connection_are_a_pair_and_no_ring() -> None:
    """One mistake, one finding: the pair is not told again as a ring."""
    world, _, here, _, there = pair()
    assert pair_findings(world, here, there) == ["p20.py:8 p10.py:13"]


def test_a_pair_with_bytes_on_their_way_is_none() -> None:
    """The bytes will arrive and one of the two will go on."""
    world, _, here, _, there = pair()
    assert pair_findings(world, here, there, unsent=(0, 7)) == []


def pair_sample(world: World, here: Socket, there: Socket) -> Sample:
    sample = Sample(world.tick())
    sample.process(20, READ, sockets={3: here})
    sample.process(10, READ, sockets={3: there})
    sample.tcp(here, there)
    return sample


def test_a_pair_that_a_later_program_may_wake_is_none() -> None:
    """Two players, a process each: the first was accused while the second thought."""
    world, _, here, _, there = pair()
    world.run("sample", **pair_sample(world, here, there).fields)
    assert len(diagnose(world.ledger(), ("mutual-wait",))) == 1
    later = pair_sample(world, here, there)
    later.process(30, ("sleep", []))
    later.process(
        10, ("receive", [3]), ("receive", [4]), sockets={3: there}, others={4: "pipe:[7]"}
    )
    later.pipe("pipe:[7]", 10, 30)
    world.run("sample", **later.fields)
    assert diagnose(world.ledger(), ("mutual-wait",)) == []


def test_a_pair_is_told_when_the_later_program_is_gone_again() -> None:
    """Only the last look counts at which both still wait."""
    world, _, here, _, there = pair()
    visited = pair_sample(world, here, there)
    visited.process(10, READ, ("running", []), sockets={3: there})
    world.run("sample", **visited.fields)
    world.run("sample", **pair_sample(world, here, there).fields)
    assert len(diagnose(world.ledger(), ("mutual-wait",))) == 1


def test_nobody_is_accused_before_the_last_program_has_started() -> None:
    """`server -- first -- second`: what the first waits for, the second may bring."""
    world, _, here, _, there = pair()
    world.run("sample", **pair_sample(world, here, there).fields)
    world.process(30)
    assert diagnose(world.ledger(), ("mutual-wait",)) == []
    world.run("sample", **pair_sample(world, here, there).fields)
    assert len(diagnose(world.ledger(), ("mutual-wait",))) == 1


def test_bytes_that_leave_a_file_when_the_program_is_ended_lacked_a_flush() -> None:
    """The advice was to read what was sent, though nothing had been sent."""
    world, client, here, _, there = pair()
    world.run("sample", **pair_sample(world, here, there).fields)
    world.run("ending")
    via = [["/usr/lib/python3.11/socket.py", 728, "write"]]
    client.call("send", here, b"6 * 7\n", site=client.site(0, kind="library", via=via))
    (finding,) = diagnose(world.ledger(), ("mutual-wait",))
    assert "call flush()" in finding.fix.english
    assert any("had written 6 bytes to a file" in str(e.text) for e in finding.evidence)


def test_tls_that_meets_plain_bytes_is_told_so() -> None:
    """`one side must send first` helps nobody whose client greets in another language."""
    world = World()
    server, client = world.process(10), world.process(20)
    here, there = world.connection(client, server)
    client.call("tls.handshake", here, line=8, t1=-1)
    server.call("recv", there, bytes(517), asked=1024, line=12)
    server.call("recv", there, asked=1024, line=13, t1=-1)
    world.run("sample", **pair_sample(world, here, there).fields)
    (finding,) = diagnose(world.ledger(), ("mutual-wait",))
    assert "p20.py:8 begins TLS, and p10.py:13 reads plain bytes" in finding.fix.english
    assert not any("0 bytes, of which 517" in str(e.text) for e in finding.evidence)


ASKED, ELSEWHERE = ["127.0.0.1", 9000], ["127.0.0.1", 9200]


def datagram_findings(*, answers_elsewhere: bool) -> list[Finding]:
    """A client asks and waits; the server sends to a port of nobody, then waits, too."""
    world = World()
    server, client = world.process(10), world.process(20)
    there = server.socket(INET, DATAGRAM, local=ASKED)
    server.call("bind", there, asked=server.address(ASKED))
    here = client.socket(INET, DATAGRAM, local=["0.0.0.0", 5000])
    if not answers_elsewhere:
        server.call("sendto", there, b"up", aux=server.address(ELSEWHERE), line=6)
    client.call("sendto", here, b"zoe", aux=client.address(ASKED), line=4)
    source = server.address(["127.0.0.1", 5000])
    server.call("recvfrom", there, b"zoe", asked=99, aux=source, line=7)
    if answers_elsewhere:
        server.call("sendto", there, b"welcome", aux=server.address(ELSEWHERE), line=8)
    client.call("recvfrom", here, asked=99, line=5, t1=-1)
    server.call("recvfrom", there, asked=99, line=7, t1=-1)
    sample = Sample(world.tick())
    sample.process(10, READ, sockets={3: there})
    sample.process(20, READ, sockets={3: here})
    sample.other(there, "udp")
    sample.other(here, "udp")
    world.run("sample", **sample.fields)
    return diagnose(world.ledger(), ("mutual-wait", "datagram-lost"))


def test_an_answer_that_went_to_nobody_is_not_told_as_two_that_wait() -> None:
    """'One side must send' was said first, of a server that had sent to the wrong port."""
    assert [f.rule for f in datagram_findings(answers_elsewhere=True)] == ["datagram-lost"]


def test_two_that_wait_for_datagrams_are_told_what_was_sent_and_who_could_help() -> None:
    """It said that the server had sent none, and that it 'still accepts'."""
    (finding,) = datagram_findings(answers_elsewhere=False)
    assert finding.rule == "mutual-wait"
    said = [e.text.english for e in finding.evidence]
    assert "p10.py sent 1 datagrams, of which 0 were received" in said
    assert "only a datagram from somebody else could change this" in said
    assert not any("accepts" in text for text in said)
