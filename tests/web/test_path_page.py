"""The page of `plainwire path` in a browser: the row of stations, opened one by one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import path_scenes
import pytest
from browser import needs_chromium, needs_npm, needs_page, opened

from plainwire.web import path_app
from plainwire.web.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium, needs_page]

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
READY = "button.station"
NAMES = ["program", "socket", "ip", "route", "neighbour", "wire"]


@pytest.fixture(scope="session")
def saved_path(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    folder = tmp_path_factory.mktemp("path")

    def make(scene: str) -> str:
        out = folder / f"{scene}.html"
        path_app.write(path_scenes.asking(scene), out)
        return out.as_uri()

    return make


def shown(page: Any) -> list[str]:
    """The panels that can be seen, by station."""
    seen: list[str] = page.eval_on_selector_all(
        ".panel", "all => all.filter(p => p.offsetParent).map(p => p.id.slice(6))"
    )
    return seen


def test_the_row_shows_six_stations_and_the_lesson_is_open(
    saved_path: Callable[[str], str],
) -> None:
    with opened(saved_path("known"), READY) as page:
        titles = page.locator(".station .name").all_inner_texts()
        assert titles == ["program", "socket", "IP", "route", "ARP", "wire"]
        tops = page.eval_on_selector_all(
            READY, "all => all.map(b => Math.round(b.getBoundingClientRect().top))"
        )
        assert len(set(tops)) == 1
        assert shown(page) == ["route"]
        assert page.title() == "TCP 192.0.2.2 → 8.8.8.8:443 · Plainwire"


def test_what_would_fail_is_open_first(saved_path: Callable[[str], str]) -> None:
    with opened(saved_path("refused"), READY) as page:
        assert shown(page) == ["socket"]
        assert "nobody listens on 8080" in page.locator("#panel-socket").inner_text()


def test_arrow_keys_go_from_station_to_station_and_enter_opens(
    saved_path: Callable[[str], str],
) -> None:
    with opened(saved_path("known"), READY) as page:
        focused = "document.activeElement.id"
        page.locator(READY).first.focus()
        for name in NAMES:
            assert page.evaluate(focused) == f"station-{name}"
            page.keyboard.press("Enter")
            assert shown(page) == [name]
            assert page.locator(f"#station-{name}").get_attribute("aria-expanded") == "true"
            page.keyboard.press("ArrowRight")
        assert page.evaluate(focused) == "station-wire"
        page.keyboard.press("Home")
        assert page.evaluate(focused) == "station-program"
        page.keyboard.press("Escape")
        assert shown(page) == []
        assert page.evaluate(focused) == "station-wire"
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#station=neighbour&lang=en"


def test_the_textbook_stands_beside_the_kernel_and_the_difference_is_said(
    saved_path: Callable[[str], str],
) -> None:
    with opened(saved_path("differing") + "#station=route", READY) as page:
        panel = page.locator("#panel-route")
        assert panel.locator(".verdict").inner_text().startswith("≠")
        assert (
            panel.locator(".bits .mine .digits").inner_text() == "11000000000000000000001000000010"
        )
        assert panel.locator(".bits .digits .differs").count() == 4
        assert panel.locator(".networks").inner_text() == "192.0.2.0 ≠ 203.0.113.0 another network"
        assert panel.locator("tr.won").count() == 1
        assert "203.0.113.0/24" in panel.locator("tr.won").inner_text()
        assert "longer prefix won" in panel.locator("tr.lost").first.inner_text()
        sides = panel.locator(".sides > div").evaluate_all(
            "all => all.map(d => d.getBoundingClientRect()).map(r => [r.left, r.right])"
        )
        assert sides[0][1] <= sides[1][0]


def test_every_byte_of_the_frames_is_coloured_and_named_by_its_layer(
    saved_path: Callable[[str], str],
) -> None:
    with opened(saved_path("absent") + "#station=wire", READY) as page:
        panel = page.locator("#panel-wire")
        assert panel.locator(".frame").count() == 2
        boxes = panel.locator(".strip .box")
        names = [text.split()[0] for text in boxes.locator(".box-name").all_inner_texts()]
        assert names == ["Ethernet", "ARP", "Ethernet", "IPv4", "UDP", "data"]
        colours = boxes.evaluate_all("all => all.map(b => getComputedStyle(b).backgroundColor)")
        assert len(set(colours)) == len(set(names))
        assert panel.locator(".strip b").count() == 42 + 47
        assert panel.locator(".layer caption").first.inner_text().startswith("Ethernet OSI 2")
        field = panel.locator(".strip .field").nth(1)
        field.hover()
        assert panel.locator("tr.hot").count() == 1
        assert "source MAC" in panel.locator("tr.hot").inner_text()


def test_the_page_speaks_chinese_and_english(saved_path: Callable[[str], str]) -> None:
    with opened(saved_path("known") + "#lang=zh", READY) as page:
        assert page.evaluate("document.documentElement.lang") == "zh-CN"
        for text in ("程序", "套接字", "最长前缀", "数据包的路径"):
            assert text in page.locator("body").inner_text()
        page.get_by_role("button", name="English").click()
        assert "longest matching prefix" in page.locator("body").inner_text()
        assert page.evaluate("location.hash").endswith("lang=en")


@pytest.mark.parametrize("station", NAMES)
@pytest.mark.parametrize("scene", ["known", "absent", "ipv6"])
def test_a_phone_needs_no_sideways_scroll(
    saved_path: Callable[[str], str], scene: str, station: str
) -> None:
    size = {"width": 360, "height": 740}
    with opened(f"{saved_path(scene)}#station={station}", READY, viewport=size) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        wide = page.eval_on_selector_all(
            "main *",
            "all => all.filter(e => e.offsetParent && !e.closest('svg')"
            " && e.getBoundingClientRect().right > 360).map(e => e.outerHTML.slice(0, 90))",
        )
        assert wide == []
        button = page.locator(f"#station-{station}").bounding_box()
        panel = page.locator(f"#panel-{station}").bounding_box()
        assert panel["y"] >= button["y"] + button["height"] - 12


@needs_npm
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("scene", ["absent", "differing", "refused", "ipv6"])
def test_no_serious_trouble_for_screen_readers(
    saved_path: Callable[[str], str], scene: str, scheme: str
) -> None:
    bad = []
    with opened(saved_path(scene), READY, color_scheme=scheme, bypass_csp=True) as page:
        page.add_script_tag(path=str(AXE))
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        for name in NAMES:
            if shown(page) != [name]:
                page.locator(f"#station-{name}").click()
            assert shown(page) == [name]
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            bad += [
                (name, v["id"], n["html"][:160], n["failureSummary"][:200])
                for v in found
                if v["impact"] in ("serious", "critical")
                for n in v["nodes"][:3]
            ]
    assert bad == [], json.dumps(bad, indent=1)


def test_a_served_page_asks_for_another_destination_and_says_what_is_wrong() -> None:
    with (
        Server(path_scenes.asking(), make=path_app.make) as server,
        opened(server.url, READY) as page,
    ):
        assert page.locator("h1").inner_text() == "TCP 192.0.2.2 → 8.8.8.8:443"
        page.get_by_label("Another destination").fill("differing")
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:has-text('203.0.113.5')")
        page.get_by_label("Another destination").fill("nobody.example")
        page.get_by_role("button", name="Show its path").click()
        page.wait_for_selector("[role=alert]")
        assert "name not resolved" in page.get_by_role("alert").inner_text()
        page.locator("#station-neighbour").click()
        assert page.get_by_role("button", name="Ask for the MAC now").is_visible()


def test_a_saved_file_offers_no_question(saved_path: Callable[[str], str]) -> None:
    with opened(saved_path("absent") + "#station=neighbour", READY) as page:
        assert page.locator("form").count() == 0
        assert page.get_by_role("button", name="Ask for the MAC now").count() == 0


def test_printing_shows_every_station(saved_path: Callable[[str], str]) -> None:
    with opened(saved_path("known"), READY) as page:
        page.emulate_media(media="print")
        assert shown(page) == NAMES
