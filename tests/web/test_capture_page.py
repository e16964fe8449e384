"""The page of another tool's capture: the wire alone, and no word on code."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from browser import needs_chromium, needs_page, opened
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.capture.packets import samples, write_pcap
from tests.see.packets.scripted import CLIENT, SERVER, Script
from tests.see.packets.test_foreign import WHOLE, file_of

from plainwire.cli.show import show
from plainwire.see.capture.pcapng import read_capture
from plainwire.see.ledger import build, foreign
from plainwire.see.recorder import store
from plainwire.see.report import pcapng
from plainwire.web import saved, source
from plainwire.web.pagedata import PageData
from plainwire.web.server import Server


def data_of(capture: bytes, title: str = "a.pcapng", *, payload: bool = True) -> PageData:
    ledger = foreign.of_capture(read_capture(io.BytesIO(capture)))
    return source.of_ledger(ledger, payload=payload, title=title)


@pytest.fixture(scope="module")
def capture(chat: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hanging chat's packets, as a capture tool would have written them."""
    path = tmp_path_factory.mktemp("capture") / "chat.pcapng"
    ledger = build.build(store.Recording(chat).items())
    path.write_bytes(b"".join(pcapng.blocks(ledger)))
    return path


def test_a_capture_has_flows_segments_and_states(capture: Path) -> None:
    data = data_of(capture.read_bytes(), capture.name)
    page = data.page()
    assert (page.foreign, page.title, page.trouble) == (True, "chat.pcapng", None)
    (row,) = page.flows
    assert row.server.address == "127.0.0.1:8081"
    assert (row.client.observed, row.server.observed) == (False, False)
    assert (row.there, row.back) == (0, len(b"welcome"))
    detail = data.detail(row.number)
    assert detail is not None
    assert detail.segments is not None
    assert len(detail.segments) == row.segments == len(data.ledger.packets)
    assert [s.flags for s in detail.segments[:3]] == ["SYN", "SYN-ACK", "ACK"]
    assert {"SYN_SENT", "ESTABLISHED"} <= {s.name for s in detail.states if s.side == 0}
    assert {s.proof for s in detail.states} == {"captured"}
    assert "1 TCP connection in" in page.story.en
    assert "1 个 TCP 连接" in page.story.zh


def test_datagrams_of_a_capture_are_counted_with_their_findings() -> None:
    """A flow of them without calls looked as if nothing had been sent."""
    script = Script()
    for n in range(3):
        sent = script.udp(CLIENT, SERVER, b"question", t=float(n))
        script.icmp(SERVER[0], CLIENT[0], 3, 3, sent, t=n + 0.001)
    page = data_of(script.file()).page()
    (row,) = page.flows
    assert (row.there, row.back, row.messages) == (24, 0, 3)
    assert row.client.address == "192.0.2.1:40000"
    assert len(row.findings) == 1
    assert "1 UDP flow and 3 ICMP errors" in page.story.en


def test_a_capture_cut_off_says_so_on_its_page(tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    write_pcap(path, samples().values())
    data = data_of(path.read_bytes()[:-7])
    trouble = data.page().trouble
    assert trouble is not None
    assert "the file ends inside a block" in trouble.en
    assert "capture again" in trouble.en
    assert data.page().flows


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(0, len(WHOLE) - 1), min_size=1, max_size=25))
def test_no_mutated_packets_stop_the_page(seed: int, chosen: list[int]) -> None:
    chance = random.Random(seed)
    packets = []
    for index in chosen:
        octets = bytearray(WHOLE[index])
        for _ in range(chance.randrange(4)):
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        packets.append(bytes(octets))
    assert "plainwire-data" in saved.render(data_of(file_of(packets, 1)))


@needs_page
def test_show_html_writes_the_page_of_a_capture(capture: Path, tmp_path: Path) -> None:
    """These options were once ignored for a capture, and the report was printed."""
    out = tmp_path / "out.html"
    done = CliRunner().invoke(show, [str(capture), "--html", str(out)])
    assert (done.exit_code, done.output) == (0, "")
    text = out.read_text(encoding="utf-8")
    assert '"foreign":true' in text
    assert "welcome" not in text  # payload stays out unless it is asked for
    done = CliRunner().invoke(show, [str(capture), "--html", str(out), "--with-payload"])
    assert done.exit_code == 0
    assert "welcome" in out.read_text(encoding="utf-8")


@pytest.mark.browser
@pytest.mark.slow
@needs_chromium
@needs_page
@pytest.mark.parametrize(
    ("lang", "no_code", "fine"),
    [
        ("en", "A capture holds packets only", "Nothing wrong was seen"),
        ("zh", "抓包文件里只有数据包", "没有看到问题"),
    ],
)
def test_the_first_screen_of_a_capture_is_the_wire_alone(
    capture: Path, lang: str, no_code: str, fine: str
) -> None:
    data = data_of(capture.read_bytes(), capture.name)
    size = {"width": 1366, "height": 768}
    with Server(source.Finished(data)) as server:
        with opened(f"{server.url}#lang={lang}", viewport=size) as page:
            assert fine in page.locator(".verdict").inner_text()
            for side in (0, 1):
                assert no_code in page.locator(f".code.side-{side} .lines").inner_text()
            count = len(data.ledger.packets)
            assert page.locator(".ladder .arrow").count() == count
            assert page.locator(".ladder .mark").count() == 0
            assert "SYN" in page.locator("[data-fact=handshake]").inner_text()
            assert page.locator("#tab-layers").count() == 1
            assert page.locator("#tab-messages, #tab-lanes, #tab-bytes").count() == 0


@pytest.mark.browser
@pytest.mark.slow
@needs_chromium
@needs_page
def test_steps_of_a_capture_are_its_segments(capture: Path) -> None:
    data = data_of(capture.read_bytes(), capture.name)
    with Server(source.Finished(data)) as server, opened(server.url) as page:
        count = len(data.ledger.packets)
        assert page.locator(".count").inner_text() == f"step 1 of {count}"
        page.keyboard.press("ArrowRight")
        assert "packet 2 · server: SYN-ACK" in page.locator(".narration").inner_text()
        assert page.locator(".ends .state-chip").all_inner_texts() == [
            "ESTABLISHED",
            "SYN_RCVD",
        ]
        page.locator(".arrow[data-segment='3'] .hit").click(force=True)
        page.wait_for_function("document.querySelector('.count').innerText.startsWith('step 4 of')")
        page.get_by_role("button", name="open it layer by layer").click()
        page.locator("[role=tabpanel] [data-layer]").nth(2).wait_for()
        names = page.locator("[role=tabpanel] [data-layer] h3").all_inner_texts()
        assert [name.split()[0] for name in names][:3] == ["Ethernet", "IPv4", "TCP"]
        assert "unread" not in page.locator(".ends").inner_text()


def test_udp_flows_of_a_capture_have_their_datagrams_and_icmp_errors(tmp_path: Path) -> None:
    path = tmp_path / "many.pcap"
    write_pcap(path, samples().values())
    data = data_of(path.read_bytes())
    rows = [row for row in data.page().flows if row.kind == "udp"]
    assert len(rows) == 2
    for row in rows:
        detail = data.detail(row.number)
        assert detail is not None
        datagrams = [link for link in detail.links if link.kind == "datagram"]
        assert len(datagrams) == row.segments
        assert sum(x.end - x.start for x in datagrams if x.side == 0) == row.there
        errors = [link for link in detail.links if link.kind == "icmp"]
        assert len(errors) == len(data.ledger.flows[row.number].told)
        for link in detail.links:
            assert link.packet is not None
            assert link.landed == link.arrived  # never said to wait in a queue


@pytest.mark.browser
@pytest.mark.slow
@needs_chromium
@needs_page
def test_steps_of_a_udp_capture_are_its_datagrams(tmp_path: Path) -> None:
    path = tmp_path / "many.pcap"
    write_pcap(path, samples().values())
    data = data_of(path.read_bytes())
    row = next(row for row in data.page().flows if row.kind == "udp")
    with Server(source.Finished(data)) as server:
        with opened(f"{server.url}#flow={row.number}&tab=layers") as page:
            assert page.locator(".ladder .arrow").count() == row.segments + len(
                data.ledger.flows[row.number].told
            )
            assert page.locator(".ladder .queue").count() == 0
            page.keyboard.press("ArrowRight")
            assert "client to server: UDP, " in page.locator(".narration").inner_text()
            page.locator("[role=tabpanel] [data-layer] h3", has_text="UDP").wait_for()
