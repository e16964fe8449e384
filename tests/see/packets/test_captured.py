"""What packets alone prove: real exchanges, and the same badly captured."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from tests.capture.in_net import run_in_net
from tests.see.packets import scenes

from plainwire import i18n
from plainwire.see.capture.decode import Segment, decode_summary
from plainwire.see.capture.pcapng import read_capture
from plainwire.see.capture.pcapng.model import FileEvent, FilePacket
from plainwire.see.diagnosis import captured, diagnose
from plainwire.see.diagnosis.explain import rules as explained
from plainwire.see.diagnosis.model import Finding
from plainwire.see.ledger import foreign
from plainwire.see.report import json_report, terminal

PARTS = 4  # of the scenes, played at once: most of the time they wait
MOST_PACKETS = 6000  # of a scene that is captured badly; the whole takes long


@pytest.fixture(scope="session")
def played() -> Iterator[Path]:
    """A folder with each scene's capture."""
    folder = Path(tempfile.mkdtemp(prefix="plainwire-scenes-"))
    folder.chmod(0o777)
    user = "root" if os.geteuid() == 0 else "ordinary"
    names = list(scenes.SCENES)
    try:
        with ThreadPoolExecutor(PARTS) as pool:
            script = str(Path(scenes.__file__).with_name("record_scenes.py"))
            parts = [names[n::PARTS] for n in range(PARTS)]
            list(pool.map(lambda part: run_in_net(user, script, str(folder), *part), parts))
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def events_of(path: Path) -> list[FileEvent]:
    with path.open("rb") as file:
        return list(read_capture(file))


def rules(findings: list[Finding]) -> list[str]:
    return [finding.rule for finding in findings]


# -- real exchanges --------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", scenes.BROKEN)
def test_what_went_wrong_is_said_once(name: str, played: Path) -> None:
    ledger = foreign.of_capture(events_of(played / f"{name}.pcapng"))
    findings = diagnose(ledger)
    assert rules(findings) == [scenes.BROKEN[name]]
    (finding,) = findings
    assert finding.places == ()
    assert finding.evidence[0].t is not None
    assert "packet" in finding.evidence[0].text.english
    assert finding.flow is not None
    addresses = ledger.flows[finding.flow].addresses
    assert addresses is not None
    for host, port in addresses:
        assert f"{host}:{port}" in finding.message.english
    assert finding.rule in explained()


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in scenes.SCENES if n not in scenes.BROKEN])
def test_nothing_is_said_of_what_is_well(name: str, played: Path) -> None:
    """One false accusation costs more trust than ten findings earn."""
    findings = diagnose(foreign.of_capture(events_of(played / f"{name}.pcapng")))
    assert [str(finding.message) for finding in findings] == []


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", scenes.BROKEN)
def test_the_report_fits_every_terminal(name: str, language: str, played: Path) -> None:
    ledger = foreign.of_capture(events_of(played / f"{name}.pcapng"))
    findings = diagnose(ledger)
    i18n.select(language)
    try:
        for width in (40, 80, 120):
            text = terminal.render(ledger, findings, width=width)
            assert f"[{scenes.BROKEN[name]}]" in text
            assert all(_columns(line) <= width for line in text.splitlines())
    finally:
        i18n.select("en")
    report = json_report.to_json(ledger, findings)
    assert [f["rule"] for f in report["findings"]] == [scenes.BROKEN[name]]
    assert report["findings"][0]["places"] == []


def _columns(line: str) -> int:
    from plainwire.see.report.text import width_of

    return width_of(line)


# -- the same, badly captured --------------------------------------------------------------


def twice(events: list[FileEvent], gap: int = 20_000) -> list[FileEvent]:
    """As a bridge or a mirror port gives it."""
    packets = [e for e in events if isinstance(e, FilePacket)]
    copies = [msgspec.structs.replace(p, time_ns=(p.time_ns or 0) + gap) for p in packets]
    rest = [e for e in events if not isinstance(e, FilePacket)]
    return [*rest, *sorted([*packets, *copies], key=lambda p: p.time_ns or 0)]


def two_clocks(events: list[FileEvent]) -> list[FileEvent]:
    """Both hosts' captures in one file, with clocks two seconds apart."""
    return twice(events, 2_000_000_000)


def snapped(events: list[FileEvent]) -> list[FileEvent]:
    """`tcpdump -s 80`."""
    return [
        msgspec.structs.replace(e, data=e.data[:80]) if isinstance(e, FilePacket) else e
        for e in events
    ]


def begun_late(events: list[FileEvent]) -> list[FileEvent]:
    packets = [e for e in events if isinstance(e, FilePacket)]
    gone = {id(p) for p in packets[: max(5, len(packets) // 3)]}
    return [e for e in events if id(e) not in gone]


def _one_way(events: list[FileEvent], first: bool) -> list[FileEvent]:
    openers: dict[frozenset[object], object] = {}
    kept: list[FileEvent] = []
    for event in events:
        found = decode_summary(event.data) if isinstance(event, FilePacket) else None
        if isinstance(found, Segment):
            source = (found.source, found.source_port)
            key = frozenset((source, (found.destination, found.destination_port)))
            if (openers.setdefault(key, source) == source) != first:
                continue
        kept.append(event)
    return kept


def one_way_there(events: list[FileEvent]) -> list[FileEvent]:
    return _one_way(events, True)


def one_way_back(events: list[FileEvent]) -> list[FileEvent]:
    return _one_way(events, False)


def losing(seed: int, share: float) -> Callable[[list[FileEvent]], list[FileEvent]]:
    """A capture that could not keep up with TCP; a lost datagram cannot be seen to be."""

    def lose(events: list[FileEvent]) -> list[FileEvent]:
        chance = random.Random(seed)
        return [
            e
            for e in events
            if not isinstance(e, FilePacket)
            or not isinstance(decode_summary(e.data), Segment)
            or chance.random() >= share
        ]

    lose.__name__ = f"losing_{share}_{seed}"
    return lose


BADLY = [
    *(twice, two_clocks, snapped, begun_late, one_way_there, one_way_back),
    *(losing(seed, 0.1) for seed in range(4)),
    *(losing(seed, 0.25) for seed in range(4)),
]


@pytest.mark.slow
@pytest.mark.parametrize("capture", BADLY, ids=lambda capture: capture.__name__)
@pytest.mark.parametrize("name", scenes.SCENES)
def test_a_bad_capture_accuses_nobody(
    name: str, capture: Callable[[list[FileEvent]], list[FileEvent]], played: Path
) -> None:
    """It may miss what was wrong, but must not find anything else."""
    events = events_of(played / f"{name}.pcapng")[:MOST_PACKETS]
    found = set(rules(diagnose(foreign.of_capture(capture(events)))))
    assert found <= {scenes.BROKEN.get(name, "")}
    if capture in (twice, snapped):
        assert found == {scenes.BROKEN[name]} if name in scenes.BROKEN else not found


def test_every_rule_of_packets_alone_has_a_scene() -> None:
    assert set(captured.RULES) == set(scenes.BROKEN.values())
