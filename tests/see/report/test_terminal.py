"""The terminal report: whole outputs for small ledgers, and what must hold for any."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fake_ledger import Scene, datagrams, glued, hanging, ms

from plainwire import i18n
from plainwire.see.diagnosis.model import CERTAIN, LIKELY, Evidence, Finding, place_of, say
from plainwire.see.ledger.model import Ledger
from plainwire.see.report import text
from plainwire.see.report.style import wants_colour
from plainwire.see.report.terminal import render, render_finding, verdict

SGR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    i18n.select("en")
    yield
    i18n.select("en")


def mutual_wait(scene: Scene, certainty: str = CERTAIN) -> Finding:
    a, b = scene.calls[-2:]
    places = tuple(p for p in (place_of(a, "waits"), place_of(b, "waits")) if p)
    return Finding(
        "mutual-wait",
        certainty,
        say("{a} and {b} wait for each other", a="client.py:7", b="server.py:7"),
        places,
        (Evidence(say("0 bytes on the way"), ms(800), 5),),
        say("one side must send before it waits"),
        0,
        ms(800),
    )


HANGING = """\
Certain: client.py:7 and server.py:7 wait for each other.

flow 0  TCP  127.0.0.1:50000 ──► 127.0.0.1:8000  5 B there, 0 B back, still open
     ms  client.py             │                        │ server.py
  0.000  4 sk.connect(("127.0… ├─ connect ───────────►  │
  0.300  5 sk.send(b"hello")   ├─ 5 B 'hello' ───────►  │
  0.500                        │                 accept │ 4 server.accept()
  0.700                        │  ──────── 5 B 'hello' ►│ 5 conn.recv(1024)
  1.000  7 sk.recv(1024)       │ … waiting for 3.0 s    │
  2.000                        │    … waiting for 3.0 s │ 7 conn.recv(1024)

certain[mutual-wait]: client.py:7 and server.py:7 wait for each other
  --> client.py:7:7  client.py
    7 │ print(sk.recv(1024).decode())
      │       ^^^^^^^^^^^^^ waits here
  --> server.py:7:1  server.py
    7 │ conn.recv(1024)
      │ ^^^^^^^^^^^^^^^ waits here
  seen:
    - 0 bytes on the way (790.00 ms, byte 5)
  fix: one side must send before it waits
  more: plainwire explain mutual-wait

evidence: calls only, no kernel state, no packets
"""


def test_a_hang_is_told_with_both_lines_marked() -> None:
    """The main job of the project, as the reader sees it."""
    scene = hanging()
    assert render(scene.ledger(), [mutual_wait(scene)], width=80) == HANGING


GLUED = """\
Nothing wrong was seen. client.py exchanged 3 messages with server.py over TCP;
the client closed first.

flow 0  TCP  127.0.0.1:50000 ──► 127.0.0.1:8000  10 B there, 10 B back, closed
     ms  client.py             │                        │ server.py
  0.000  4 sk.connect(("127.0… ├─ connect ───────────►  │
  0.300  5 sk.send(b"hello")   ├─ #1 5 B 'hello' ────►  │
  0.500  6 sk.send(b"world")   ├─ #2 5 B 'world' ────►  │
  0.500                        │                 accept │ 4 server.accept()
  1.000                        │  ─────── 10 B = #1+#2 ►│ 5 conn.recv(1024)
  1.100                        │  ◄─ 10 B 'helloworld' ─┤ 6 conn.sendall(data)
  1.500  7 sk.recv(1024)       │◄ 10 B 'helloworld' ──  │
  2.000  8 sk.close()          ├─ close ─────────────►  │
         ┆ 500 ms, server.py waiting
 502.50                        │  ────────── EOF (b'') ►│ 7 conn.recv(1024)
 503.00                        │  ◄───────────── close ─┤ 8 conn.close()

evidence: calls only, no kernel state, no packets
"""


def test_a_read_that_got_two_sends_names_both() -> None:
    """Which sends a read holds is the answer to "why do messages stick together?"."""
    assert render(glued().ledger(), [], width=80) == GLUED


def test_messages_are_named_where_a_codec_told_their_boundaries() -> None:
    """A send shows its message, not its bytes; one that is not all there ends in dots."""
    ledger = hanging().ledger()
    there = ledger.flows[0].there
    there.messages = [(0, 3, "lines()", "'he'"), (3, 9, "lines()", "'lo'")]
    out = render(ledger, [], width=140)
    assert "5 B 2 messages: 'he', 'lo'... ─" in out
    there.messages = [(0, 5, "lines()", "'hello'")]
    out = render(ledger, [], width=120)
    assert re.search(r"├─ 5 B 'hello' ─+►", out)
    assert re.search(r"─ 5 B 'hello' ►│", out)


def test_a_datagram_that_nobody_read_ends_in_a_cross() -> None:
    out = render(datagrams().ledger(), [], width=80)
    assert "client.py and server.py exchanged 2 datagrams over UDP,\n1 of them not received." in out
    assert "UDP  127.0.0.1:50000 ──► 127.0.0.1:8000  2 datagrams, 1 not received" in out
    assert re.search(r"6 sk\.send\(b\"world\"\) +├─ 5 B 'world' ─+✗  │\n", out)


@pytest.mark.parametrize("width", [20, 40, 59, 60, 80, 100, 120, 200])
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("make", [hanging, glued, datagrams])
def test_no_line_is_wider_than_asked(width: int, lang: str, make) -> None:
    """A line that wraps breaks the ladder for the eye."""
    i18n.select(lang)
    scene = make()
    scene.sources["/home/user/chat/client.py"] = scene.sources["/home/user/chat/client.py"].replace(
        "print(", "打印一下(收到的消息 := "
    )
    findings = [mutual_wait(scene)] if make is hanging else []
    for line in render(scene.ledger(), findings, width=width).split("\n"):
        assert text.width_of(line) <= width or line.lstrip().startswith("-->"), line


def test_colours_add_nothing_to_the_words() -> None:
    scene = hanging()
    ledger, findings = scene.ledger(), [mutual_wait(scene)]
    coloured = render(ledger, findings, width=90, colour=True)
    assert SGR.search(coloured)
    assert SGR.sub("", coloured) == render(ledger, findings, width=90, colour=False)


def test_ascii_terminals_get_only_ascii_from_us() -> None:
    scene = hanging()
    assert render(scene.ledger(), [mutual_wait(scene)], width=80, unicode=False).isascii()


@pytest.mark.parametrize(
    ("terminal", "environ", "wanted"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
    ],
)
def test_colour_follows_the_terminal_and_the_environment(terminal, environ, wanted) -> None:
    assert wants_colour(terminal, environ) is wanted


def test_payload_can_be_left_out() -> None:
    out = render(glued().ledger(), [], width=120, payload_snippets=False)
    assert "'hello'" not in out
    assert "#1 5 B ─" in out


def test_escape_sequences_of_a_peer_do_not_reach_the_terminal() -> None:
    """A peer that sends a title change must not change the reader's terminal."""
    scene = Scene()
    scene.opened()
    bad = b"\x1b]0;owned\x07\xe2\x80\xae"
    scene.call("client", 5, 'sk.send(b"hello")', "send", 10.3, 10.4, payload=bad)
    out = render(scene.ledger(), [], width=120)
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\\x1b]0;owned" in out


def test_the_verdict_names_paths_a_terminal_can_open() -> None:
    """Seen from another folder the bare name would open nothing."""
    scene = hanging()
    said = verdict(scene.ledger(), [mutual_wait(scene)], cwd="/home/user")
    assert said == "Certain: chat/client.py:7 and chat/server.py:7 wait for each other."


def test_certain_findings_come_first_and_the_others_are_named() -> None:
    scene = hanging()
    likely = mutual_wait(scene, LIKELY)
    other = Finding("leaked-socket", LIKELY, say("{x} leaks", x=1), (), (), say("close it"))
    said = verdict(scene.ledger(), [likely, other, mutual_wait(scene)])
    assert said.startswith("Certain: ")
    assert said.endswith("Also: mutual-wait, leaked-socket.")


def test_one_finding_can_be_told_alone() -> None:
    scene = hanging()
    alone = render_finding(scene.ledger(), mutual_wait(scene), width=80)
    assert alone in HANGING
    assert alone.startswith("certain[mutual-wait]: ")


def test_a_long_conversation_is_folded_and_counted() -> None:
    """1,204 rounds of one echo say no more than three."""
    scene = Scene()
    scene.opened()
    for n in range(1204):
        t = 20 + n
        scene.call("client", 5, 'sk.send(b"hello")', "send", t, t + 0.1, payload=b"hello")
        scene.call("server", 5, "conn.recv(1024)", "recv", t, t + 0.2, payload=b"hello")
    out = render(scene.ledger(), [], width=80)
    assert "... 1,201 more like this (6005 B, 1.2 s)" in out
    assert out.count("conn.recv(1024)") == 3


def test_many_flows_are_counted_but_those_with_findings_are_drawn() -> None:
    scene = hanging()
    ledger = scene.ledger()
    flow = ledger.flows[0]
    ledger.flows = [
        type(flow)(n, "tcp", flow.client, flow.server, flow.there, flow.back, flow.opened)
        for n in range(50)
    ]
    finding = mutual_wait(scene)
    told = Finding(finding.rule, CERTAIN, finding.message, finding.places, (), finding.fix, flow=40)
    out = render(ledger, [told], width=80)
    assert re.findall(r"^flow (\d+)", out, re.MULTILINE) == ["0", "1", "2", "40"]
    assert "... 46 more flows" in out
    only = render(ledger, [told], width=80, only_flow=7)
    assert re.findall(r"^flow (\d+)", only, re.MULTILINE) == ["7"]


def test_what_happened_while_we_ended_the_programs_is_not_shown() -> None:
    """A close that our own signal caused would look like the user's."""
    scene = hanging()
    scene.call("client", 8, "sk.close()", "closed", 2001, 2002, asked=0)
    for process in scene.processes:
        process.ending = ms(2000)
    out = render(scene.ledger(), [], width=80)
    assert "sk.close()" not in out
    assert "waiting for 2.0 s" in out


def test_a_run_cut_short_says_who_was_waiting() -> None:
    """Nothing is proved, but whoever asked for a time-out wants to know where it stood."""
    scene = hanging()
    ledger = scene.ledger()
    ledger.why = "timeout"
    for process in scene.processes:
        process.ending = ms(2000)
    out = render(ledger, [], width=200)
    said = "these waited for bytes: client.py:7 (2.0 s), server.py:7 (2.0 s)"
    assert said in " ".join(out.split())


def test_an_end_that_was_not_observed_is_said_so() -> None:
    scene = hanging()
    scene.flow.server = None
    scene.flow.there.receiver = scene.flow.back.sender = None
    flow = scene.flow
    scene.ends["client"].peer = None
    scene.processes.pop(0)
    made = Ledger(
        scene.programs, scene.processes, [scene.ends["client"]], [flow], scene.calls, [], [], {},
        scene.sources, {}, [], ["probe: part 2 could not be opened"], 0, ms(3000), "ended",
    )  # fmt: skip
    made.index()
    out = render(made, [], width=80)
    assert "│ not observed" in out
    assert "server.py (pid 100) was not observed: no Python in it loaded the probe" in out
    assert "only one end was observed: 1 of 1 flows" in out
    assert out.endswith("fault: probe: part 2 could not be opened\n")


def test_a_close_that_another_holder_may_withhold_draws_no_arrow() -> None:
    """An arrow would claim that the peer was told; a forked child may still hold the socket."""
    arrow, mark = "◄───────────── close ─┤", "                  close │"
    scene = glued()
    assert arrow in render(scene.ledger(), [], width=80)
    child = type(scene.processes[0])(
        "101-0", 101, 100, scene.processes[0].key, 0, ["server.py"], "/home/user/chat", "3.11.7"
    )
    scene.processes.append(child)
    out = render(scene.ledger(), [], width=80)
    assert arrow not in out
    assert mark in out


def test_errors_stand_at_their_lifeline() -> None:
    scene = Scene()
    scene.opened()
    scene.call(
        "client", 5, 'sk.send(b"hello")', "send", 20, 21, failure=scene.failed("OSError", 32)
    )
    out = render(scene.ledger(), [], width=80)
    assert "│ ✗ EPIPE                │" in out
    wide = render(scene.ledger(), [], width=120)
    assert "│ ✗ BrokenPipeError (EPIPE)      │" in wide


def test_chinese_says_it_in_chinese() -> None:
    i18n.select("zh")
    scene = hanging()
    out = render(scene.ledger(), [mutual_wait(scene)], width=80)
    assert out.startswith("确定：client.py:7 and")
    assert "^^^^^^^^^^^^^ 停在这里等待" in out
    assert "详解：plainwire explain mutual-wait" in out
