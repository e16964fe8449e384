"""A connect() that made no connection: listed, selectable and drawn like a flow."""

from __future__ import annotations

from pathlib import Path

import pytest
import web_scenes
from browser import needs_chromium, needs_page, opened

from plainwire.see.recorder import store
from plainwire.web import attempts, saved, source
from plainwire.web.pagedata import PageData

REFUSED = """import socket
import time

for port in (8098, 8098):
    sk = socket.socket()
    try:
        sk.connect(("127.0.0.1", port))
    except ConnectionRefusedError:
        sk.close()
        time.sleep(0.01)
socket.create_connection(("127.0.0.1", 8097))
"""
EXTRA = """import socket

listener = socket.create_server(("127.0.0.1", 8097))
sk = socket.create_connection(("127.0.0.1", 8097))
sk.sendall(b"hello")
conn, _ = listener.accept()
conn.recv(5)
refused = socket.socket()
refused.connect_ex(("127.0.0.1", 8098))
refused.connect_ex(("127.0.0.1", 8098))
"""


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("refused")
    (folder / "client.py").write_text(REFUSED)
    return web_scenes.record_finding(folder, "connect-refused", str(folder / "client.py"))


def bare(recording: Path) -> PageData:
    """The same run where packets could not be taken."""
    items = [i for i in store.Recording(recording).items() if i[0] != "packet"]
    return source.of_items(items, payload=True, live=False)


def test_a_refused_connect_is_syn_and_rst_from_its_line(refused: Path) -> None:
    data = source.of_file(refused, payload=True)
    rows = data.page().flows
    assert [row.failed for row in rows] == ["ConnectionRefusedError (ECONNREFUSED)"] * 3
    assert [row.server.address for row in rows] == ["127.0.0.1:8098"] * 2 + ["127.0.0.1:8097"]
    detail = data.detail(rows[0].number)
    assert detail is not None
    assert [s.flags for s in detail.segments or []] == ["SYN", "RST, ACK"]
    syn = (detail.segments or [])[0]
    assert syn.cause is not None
    assert syn.cause.line is not None
    assert data.page().lines[syn.cause.line].line == 7
    assert [call.op.removesuffix("d") for call in detail.calls] == ["connect", "close"]
    assert {s.name for s in detail.states if s.side == 0} == {"SYN_SENT", "CLOSED"}


def test_without_packets_the_call_stands_alone(refused: Path) -> None:
    """No SYN, no FIN and no state is made up for a connection that never was."""
    data = bare(refused)
    rows = data.page().flows
    assert len(rows) == 3
    for row in rows:
        detail = data.detail(row.number)
        assert detail is not None
        assert (detail.links, detail.states, detail.segments) == ([], [], None)
        assert detail.calls[0].failure == "ConnectionRefusedError (ECONNREFUSED)"


def test_the_finding_leads_to_the_attempt_it_tells_of(refused: Path) -> None:
    page = source.of_file(refused, payload=True).page()
    row_of = {row.number: row for row in page.flows}
    assert page.findings
    for number, finding in enumerate(page.findings):
        assert finding.flow is not None
        row = row_of[finding.flow]
        assert row.server.address in finding.message.en
        assert number in row.findings


def test_each_connect_of_one_socket_is_its_own_attempt_behind_the_flows(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(EXTRA)
    data = source.of_file(web_scenes.record(tmp_path, "one.py"), payload=True)
    rows = data.page().flows
    assert [row.number for row in rows] == [0, attempts.FIRST, attempts.FIRST + 1]
    assert [row.failed is None for row in rows] == [True, False, False]
    for row in rows[1:]:
        detail = data.detail(row.number)
        assert detail is not None
        assert [c.op for c in detail.calls if c.op.startswith("connect")] == ["connect_ex"]
    assert "2 attempts to connect failed" in data.page().story.en
    assert data.detail(attempts.FIRST + 2) is None


@pytest.mark.browser
@pytest.mark.slow
@needs_chromium
@needs_page
@pytest.mark.parametrize("packets", [True, False])
def test_the_page_of_a_refused_connect_shows_the_attempt(
    refused: Path, tmp_path: Path, packets: bool
) -> None:
    out = tmp_path / "refused.html"
    saved.write(source.of_file(refused, payload=False) if packets else bare(refused), out)
    with opened(out.as_uri()) as page:
        fact = page.locator("[data-fact=failed]").inner_text()
        assert "client.py:11" in fact  # the one that was not caught, and is told
        assert "ECONNREFUSED" in fact
        assert ("SYN → RST" in fact) is packets
        assert page.locator(".ladder .arrow").count() == (2 if packets else 0)
        assert page.locator(".ladder .mark.failed").count() == 1
        assert page.locator("[data-fact=handshake]").count() == 0
        page.locator("#tab-flows").click()
        row = page.locator("[role=tabpanel] tr", has_text="8098").first
        row.get_by_role("button").click()
        page.wait_for_function("document.querySelector('.code-line.now')?.dataset.line === '7'")
        page.keyboard.press("Home")
        assert "client.py:7: connect" in page.locator(".narration").inner_text()
