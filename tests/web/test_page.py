"""The page in a browser: what a reader sees without a click, and what he can do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from browser import needs_chromium, needs_npm, needs_page, opened

from plainwire.see.recorder import store
from plainwire.web import saved, source
from plainwire.web.pagedata import PageData
from plainwire.web.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium, needs_page]

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="session")
def chat_data(chat: Path) -> PageData:
    return source.of_file(chat, payload=True)


@pytest.fixture(scope="session")
def chat_file(chat_data: PageData, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("saved") / "chat.html"
    saved.write(chat_data, out)
    return out.as_uri()


@pytest.fixture(scope="session")
def chat_bare(chat: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same run where packets could not be taken."""
    items = [i for i in store.Recording(chat).items() if i[0] != "packet"]
    out = tmp_path_factory.mktemp("saved") / "bare.html"
    saved.write(source.of_items(items, payload=True, live=False), out)
    return out.as_uri()


@pytest.fixture(scope="session")
def glued_file(glued: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("saved") / "glued.html"
    saved.write(source.of_file(glued, payload=True), out)
    return out.as_uri()


def in_sight(page: Any, selector: str) -> bool:
    """Is an element on the first screen, without scrolling?"""
    box = page.locator(selector).first.bounding_box()
    size = page.viewport_size
    return box is not None and box["y"] >= 0 and box["y"] + box["height"] <= size["height"]


def test_the_first_screen_of_the_hanging_chat_answers_the_three_questions(chat_file: str) -> None:
    """Which line was the handshake, which line waits, what would fix it; no click, no scroll."""
    with opened(chat_file) as page:
        verdict = page.locator(".verdict").inner_text()
        assert "chat_hangs_client.py:8" in verdict
        assert "chat_hangs_server.py:13" in verdict
        assert "wait for each other" in verdict
        handshake = page.locator("[data-fact=handshake]").inner_text()
        assert "chat_hangs_client.py:6" in handshake
        assert "chat_hangs_server.py:24" in handshake
        assert "What would fix it" in verdict
        for selector in (".verdict .fix", "[data-fact=waits]", ".scrubber", ".code.side-0 .now"):
            assert in_sight(page, selector), selector
        assert page.locator(".code.side-0 .now").get_attribute("data-line") == "8"
        assert page.locator(".code.side-1 .now").get_attribute("data-line") == "13"
        assert page.locator(".code .tag.wait").count() == 2
        assert page.locator(".connectors path.strong").count() == 2


def test_arrows_leave_and_land_where_the_ledger_says(chat_file: str, chat_data: PageData) -> None:
    """Heights are a rising function of time, so equal order is equal order of moments."""
    detail = chat_data.detail(0)
    assert detail is not None
    assert detail.segments
    with opened(chat_file) as page:
        arrows = page.eval_on_selector_all(
            ".ladder .arrow", "nodes => nodes.map(n => ({...n.dataset}))"
        )
        assert len(arrows) == len(detail.segments)
        heights: list[tuple[int, float]] = []
        for arrow in arrows:
            segment = detail.segments[int(arrow["segment"])]
            assert int(arrow["side"]) == segment.side
            assert segment.arrived is not None
            heights += [(segment.t, float(arrow["y0"])), (segment.arrived, float(arrow["y1"]))]
        in_time = [y for _, y in sorted(heights)]
        assert in_time == sorted(in_time)
        # The segment that carries the server's message leaves after its send was entered.
        carrying = next(n for n, s in enumerate(detail.segments) if s.sends)
        send = detail.segments[carrying].sends[0]
        mark = page.locator(f".mark[data-call='{send}']").get_attribute("data-y")
        y0 = next(float(a["y0"]) for a in arrows if int(a["segment"]) == carrying)
        assert float(mark) < y0


def test_a_fix_is_shown_as_a_diff_of_both_files(glued_file: str) -> None:
    with opened(glued_file) as page:
        page.get_by_role("button", name="show it as a diff").click()
        diffs = page.locator("pre.diff").all_inner_texts()
        assert len(diffs) == 2
        assert '- sk.send("hello".encode())\n' in diffs[0]
        assert '+ send_message(sk, "hello".encode())\n' in diffs[0]
        assert "+ first = read_message(conn)\n" in diffs[1]


def test_without_packets_arrows_are_inferred_and_begin_at_their_calls(
    chat_bare: str, chat_data: PageData
) -> None:
    with opened(chat_bare) as page:
        arrows = page.eval_on_selector_all(
            ".ladder .arrow", "nodes => nodes.map(n => ({...n.dataset, css: n.className.baseVal}))"
        )
        assert [a["css"].split()[2] for a in arrows] == ["inferred"] * 3 + ["call"]
        send = page.locator(".mark", has_text="send").get_attribute("data-y")
        assert abs(float(send) - float(arrows[3]["y0"])) < 1


def test_the_handshake_is_three_captured_arrows_on_the_first_screen(chat_file: str) -> None:
    """A newcomer sees which line sent SYN, that the kernel answered, and who took the result."""
    with opened(chat_file) as page:
        labels = page.locator(".arrow-label").all_text_contents()
        assert [text.split()[0] for text in labels[:3]] == ["SYN", "SYN-ACK", "ACK"]
        for number in range(3):
            assert in_sight(page, f".arrow[data-segment='{number}'] .arrow-label")
        notes = page.locator(".note-text").all_text_contents()
        assert notes == ["kernel(listen :22)", "kernel(connect :6)"]
        states = page.locator(".band").evaluate_all("n => n.map(b => b.dataset.state)")
        assert {"SYN_SENT", "SYN_RCVD", "ESTABLISHED"} <= set(states)


def test_a_segment_says_what_caused_and_saw_it_and_opens_layer_by_layer(chat_file: str) -> None:
    with opened(chat_file) as page:
        page.keyboard.press("Home")
        page.keyboard.press("]")
        assert "packet 1 · client: SYN seq=0" in page.locator(".narration").inner_text()
        page.keyboard.press("]")
        text = page.locator(".narration").inner_text()
        assert "server: SYN-ACK" in text
        assert "because of chat_hangs_server.py:22 listen" in text
        assert "seen by chat_hangs_client.py:6 connect" in text
        page.get_by_role("button", name="open it layer by layer").click()
        panel = page.locator("[role=tabpanel]")
        names = panel.locator("[data-layer] h3").all_inner_texts()
        assert [name.split()[0] for name in names] == ["Ethernet", "IPv4", "TCP"]
        assert "2 data link" in names[0].replace("OSI ", "")
        assert "SYN, ACK" in panel.inner_text()


def test_the_connector_of_a_call_begins_at_its_line(chat_file: str) -> None:
    with opened(chat_file) as page:
        ends = page.evaluate(
            """() => {
              const svg = document.querySelector('.connectors').getBoundingClientRect();
              const row = document.querySelector('.code.side-0 .now').getBoundingClientRect();
              const circle = [...document.querySelectorAll('.connectors circle')]
                .map(c => ({x: +c.getAttribute('cx'), y: +c.getAttribute('cy') + svg.top}))
                .sort((a, b) => a.x - b.x)[0];
              return {top: row.top, bottom: row.bottom, y: circle.y};
            }"""
        )
        assert ends["top"] <= ends["y"] <= ends["bottom"]


def test_arrow_keys_step_both_ways_and_everything_follows(chat_file: str) -> None:
    with opened(chat_file) as page:
        count = page.locator(".count").inner_text()
        last = int(count.split()[-1])
        assert "wait for each other" in page.locator(".narration").inner_text()
        page.keyboard.press("Home")
        assert page.locator(".count").inner_text() == f"step 1 of {last}"
        seen = []
        for step in range(1, last):
            page.keyboard.press("ArrowRight")
            assert page.locator(".count").inner_text() == f"step {step + 1} of {last}"
            seen.append(page.locator(".narration").inner_text())
        assert len(set(seen)) == len(seen)
        assert any("the handshake begins at this line" in text for text in seen)
        page.keyboard.press("ArrowLeft")
        assert page.locator(".narration").inner_text() == seen[-2]
        assert f"step={last - 2}" in page.evaluate("location.hash")


def test_a_link_to_a_moment_opens_it(chat_file: str) -> None:
    with opened(chat_file + "#flow=0&step=3&tab=messages&lang=zh") as page:
        assert "第 4 步" in page.locator(".count").inner_text()
        assert page.locator("[role=tab][aria-selected=true]").inner_text() == "消息"


def test_a_glued_read_has_two_colours_and_two_names(glued_file: str) -> None:
    with opened(glued_file) as page:
        chips = page.locator(".mark .chips[data-chips='2']").first
        texts = chips.locator("text").all_text_contents()
        assert texts == ["C1", "C2"]
        fills = chips.locator("path").evaluate_all("n => n.map(p => getComputedStyle(p).fill)")
        assert len(set(fills)) == 2
        arrows = page.locator(".arrow:has(.shaft):not(.plain) .shaft").evaluate_all(
            "n => n.map(p => getComputedStyle(p).stroke)"
        )
        assert len(set(arrows)) == 2
        assert page.locator(".tag.glue").count() >= 1


def test_inferred_and_observed_are_drawn_differently_without_colour(
    chat_file: str, chat_bare: str
) -> None:
    def dash(address: str, kind: str) -> str:
        with opened(address) as page:
            shaft = page.locator(f".arrow.{kind} .shaft").first
            return str(shaft.evaluate("n => getComputedStyle(n).strokeDasharray"))

    assert dash(chat_file, "captured") == dash(chat_bare, "call") == "none"
    assert dash(chat_bare, "inferred") != "none"


def test_payload_is_hidden_until_it_is_revealed(chat_file: str) -> None:
    with opened(chat_file + "#tab=messages") as page:
        panel = page.locator("[role=tabpanel]")
        assert "welcome" not in panel.inner_text()
        page.get_by_role("tab", name="Findings").click()
        assert "welcome" not in panel.inner_text()
        page.get_by_role("button", name="Reveal payload").click()
        assert "welcome" in panel.inner_text()
        page.get_by_role("tab", name="Bytes").click()
        assert "77 65 6c 63 6f 6d 65" in panel.inner_text()


def test_the_page_speaks_chinese_and_english(chat_file: str) -> None:
    with opened(chat_file) as page:
        page.get_by_role("button", name="中文").click()
        assert page.evaluate("document.documentElement.lang") == "zh-CN"
        for text in ("三次握手", "怎样修好", "互相等待", "双方都在等"):
            assert text in page.content()
        page.get_by_role("button", name="English").click()
        assert "What would fix it" in page.content()


@pytest.mark.parametrize(
    "tab", ["findings", "messages", "bytes", "curves", "lanes", "layers", "flows", "exports"]
)
def test_every_tab_shows_something(chat_file: str, tab: str) -> None:
    with opened(f"{chat_file}#tab={tab}") as page:
        assert len(page.locator("[role=tabpanel]").inner_text()) > 20
        assert page.locator("[role=tab][aria-selected=true]").count() == 1


@needs_npm
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_trouble_for_screen_readers(glued_file: str, scheme: str, language: str) -> None:
    """Every tab, with a segment picked, in both languages and colour schemes."""
    bad = []
    address = f"{glued_file}#lang={language}"
    with opened(address, color_scheme=scheme, bypass_csp=True) as page:
        page.add_script_tag(path=str(AXE))
        page.keyboard.press("]")
        for number in range(page.locator("[role=tab]").count()):
            page.locator("[role=tab]").nth(number).click()
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            bad += [
                (number, v["id"], n["html"][:160], n["failureSummary"][:200])
                for v in found
                if v["impact"] in ("serious", "critical")
                for n in v["nodes"][:3]
            ]
    assert bad == [], json.dumps(bad, indent=1)


def test_fifty_clients_can_be_filtered_and_opened(echo: Path, tmp_path: Path) -> None:
    out = tmp_path / "echo.html"
    saved.write(source.of_file(echo, payload=False), out)
    with opened(out.as_uri() + "#tab=flows") as page:
        assert "Nothing wrong was seen" in page.locator(".verdict").inner_text()
        assert "× 50" in page.locator("[role=tabpanel]").inner_text()
        page.get_by_label("fold what is alike").uncheck()
        assert page.locator("[role=tabpanel] tbody tr").count() == 50
        page.get_by_label("Filter").fill("no such flow")
        assert page.locator("[role=tabpanel] tbody tr").count() == 0
        page.get_by_label("Filter").fill("tcp")
        page.get_by_role("button", name="tcp 7", exact=True).click()
        page.wait_for_function(
            "location.hash.includes('flow=7') || document.querySelector('.chosen')"
        )
        assert "flow 8 of 50" in page.locator(".wire header").inner_text()


def test_the_served_page_is_the_same(chat: Path) -> None:
    finished = source.Finished(source.of_file(chat, payload=True))
    with Server(finished) as server, opened(server.url) as page:
        assert "chat_hangs_client.py:8" in page.locator(".verdict").inner_text()
        assert page.locator(".count").inner_text().startswith("step ")


def test_a_live_page_follows_the_run_to_its_end(chat: Path) -> None:
    items = list(store.Recording(chat).items())
    running = source.Running(lambda: items, lambda: len(items))
    with Server(running) as server, opened(server.url) as page:
        page.wait_for_selector(".live")
        assert "live" in page.locator(".live").inner_text()
        running.finish(source.of_file(chat, payload=True))
        page.wait_for_selector(".live.over")
        assert "chat_hangs_client.py:8" in page.locator(".verdict").inner_text()


def test_the_ladder_can_be_saved_as_a_drawing(chat_file: str) -> None:
    with opened(chat_file + "#tab=exports") as page:
        assert "sequenceDiagram" in page.locator("textarea").input_value()
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Save the ladder as SVG").click()
        text = Path(waiting.value.path()).read_text(encoding="utf-8")
        assert text.startswith("<svg")
        assert "SYN" in text
        assert "--ink:" in text


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("sequence number", "the acknowledgement number counts", "time to live")),
        ("zh", ("序列号", "确认号有效", "生存时间")),
    ],
)
def test_an_opened_packet_is_told_in_the_readers_language(
    chat_file: str, lang: str, words: tuple[str, ...]
) -> None:
    """The meanings of fields were once English on a Chinese page."""
    with opened(f"{chat_file}#lang={lang}&tab=layers") as page:
        page.keyboard.press("Home")
        page.keyboard.press("]")
        page.keyboard.press("]")
        panel = page.locator("[role=tabpanel]").inner_text()
        for word in words:
            assert word in panel
        assert ("checksum" in panel) is (lang == "en")


def test_on_paper_the_ladder_is_whole_and_no_button_is_left(glued_file: str) -> None:
    """It was once cut where its scroller ended, dark, and beside buttons nobody can press."""
    with opened(glued_file, color_scheme="dark", viewport={"width": 1366, "height": 640}) as page:
        arrows = page.evaluate("document.querySelector('plainwire-page').view.model.arrows.length")
        page.emulate_media(media="print")
        page.wait_for_selector(".printed svg")
        assert page.locator(".printed svg").count() == 2  # cut where a page ends, not later
        assert page.locator(".printed g.ladder .head").count() > 0  # its style is inside of it
        assert page.locator(".printed .arrow").count() == arrows
        visible = page.locator("button:visible:not(.line-link), input:visible, select:visible")
        assert visible.all_inner_texts() == []
        for name in ("head", "arrow", "mark"):
            assert page.locator(f".printed .{name}").count() > 0
        ground = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(ground) == "rgb(255, 255, 255)"
        boxes = [page.locator(f".code.side-{side} .code-line").last for side in (0, 1)]
        below = page.locator(".narration").bounding_box()
        for box in boxes:
            found = box.bounding_box()
            assert found["y"] + found["height"] <= below["y"]
        page.emulate_media(media="screen")
        page.wait_for_selector(".printed svg", state="detached")
        assert page.pdf().startswith(b"%PDF")


def test_the_first_screen_of_the_glued_pair_shows_the_whole_way(glued_file: str) -> None:
    """From the SYN to the read that got both, with the lines of all three calls."""
    with opened(glued_file, viewport={"width": 1366, "height": 768}) as page:
        page.wait_for_selector(".connectors path.strong", state="attached")
        assert page.locator(".connectors path.strong").count() == 3
        wire = page.locator(".wire-host").bounding_box()
        for selector in (".arrow[data-segment='0'] .arrow-label", ".chips[data-chips='2']"):
            box = page.locator(selector).first.bounding_box()
            assert box["y"] >= wire["y"]
            assert box["y"] + box["height"] <= wire["y"] + wire["height"]
        tags = page.locator(".code.side-0 .tag.glue").all_inner_texts()
        assert tags == ["C1: read together with C2", "C2: read together with C1"]
        assert in_sight(page, ".code.side-0 .tag.glue")
        assert in_sight(page, ".code.side-1 .tag.glue")
