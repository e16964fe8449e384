"""The page in real browsers, with a terminal client in the same room."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import Client, TerminalClient

import chromium
from plainwire import Address
from plainwire.chat.bounds import Settings
from plainwire.chat.server import ChatServer, Plan

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not os.path.exists(chromium.PATH), reason="Debian's chromium is not installed"
    ),
]

HOSTILE = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=document.title='owned'>",
    "[x](javascript:document.title='owned')",
    "javascript:document.title='owned'",
    "https://example.org/\"onmouseover=\"document.title='owned'",
    "```\n</code></pre><script>document.title='owned'</script>\n```",
    "**<svg/onload=document.title='owned'>**",
    "data:text/html,<script>document.title='owned'</script>",
    "`<iframe srcdoc='<script>parent.document.title=1</script>'>`",
]


@pytest.fixture
def browser() -> Any:
    return chromium.browser()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChatServer]:
    tcp, web = Address.parse("tcp://127.0.0.1:0"), Address.parse("ws://127.0.0.1:0")
    settings = Settings(burst=1e6, per_second=1e6)
    with ChatServer(Plan(tcp, web, tmp_path, settings)) as made:
        yield made


@pytest.fixture
def visit(browser: Any, server: ChatServer) -> Iterator[Callable[..., Any]]:
    """Open the page as somebody; at the end no page may have complained."""
    complaints: list[str] = []
    contexts = []

    def open_page(name: str, **options: Any) -> Any:
        context = browser.new_context(**{"locale": "en-GB", **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
        page.goto(f"http://127.0.0.1:{server.web.port}/")
        page.fill("#name", name)
        page.click("#hello button")
        page.wait_for_selector("#title:has-text('lobby')")
        return page

    yield open_page
    for context in contexts:
        context.close()
    complaints = [text for text in complaints if "ERR_INTERNET_DISCONNECTED" not in text]
    assert complaints == []


def say(page: Any, text: str) -> None:
    page.fill("#text", text)
    page.press("#text", "Enter")


def test_two_browsers_and_a_terminal_are_in_one_room(
    visit: Callable[..., Any], server: ChatServer, tmp_path: Path
) -> None:
    """The whole of it, as people use it."""
    ann = visit("Ann")
    li = visit("李雷", locale="zh-CN", viewport={"width": 390, "height": 844})
    terminal = TerminalClient(server.tcp, "tom", tmp_path / "state")
    terminal.wait_for("#lobby")
    say(ann, "hello **all**")
    li.wait_for_selector("article strong:has-text('all')")
    terminal.wait_for("hello **all**")
    terminal.type("你好 from a terminal 👋")
    for page in (ann, li):
        page.wait_for_selector("article:has-text('你好 from a terminal 👋')")
    say(li, "@Ann 看一下")
    ann.wait_for_selector("article.mention")
    terminal.wait_for("看一下")
    assert li.inner_text("#send") == "发送"
    ann.press("#text", "ArrowUp")
    say(ann, "hello again")
    li.wait_for_selector("article:has-text('hello again') .mark")
    assert terminal.close() == 0


def test_hostile_text_stays_text(visit: Callable[..., Any], server: ChatServer) -> None:
    """Escaping is checked by the browser, and its policy reports nothing."""
    ann = visit("Ann")
    with Client(server.tcp, "eve") as eve:
        eve.join("lobby")
        for n, text in enumerate(HOSTILE):
            eve.send("lobby", text, f"h{n}")
        eve.send("lobby", "the end", "end")
    ann.wait_for_selector("article:has-text('the end')")
    assert "owned" not in ann.title()
    assert (
        ann.locator("article script, article iframe, article svg, article [onerror]").count() == 0
    )
    hrefs = ann.locator("article a").evaluate_all("links => links.map(link => link.protocol)")
    assert set(hrefs) <= {"https:"}


def test_a_page_that_was_offline_catches_up_without_loss_or_doubling(
    visit: Callable[..., Any], server: ChatServer
) -> None:
    """The train went through a tunnel."""
    ann = visit("Ann")
    say(ann, "before")
    ann.wait_for_selector("article:not(.waiting):has-text('before')")
    ann.context.set_offline(True)
    ann.evaluate("() => dispatchEvent(new Event('offline'))")
    for link in list(server.links):
        server._loop.call_soon_threadsafe(lambda one=link: one.transport and one.transport.abort())
    ann.wait_for_selector("#bar:has-text('kept')")
    say(ann, "written in the tunnel")
    with Client(server.tcp, "ben") as ben:
        ben.join("lobby")
        for n in range(20):
            ben.send("lobby", f"missed {n}", f"m{n}")
    ann.context.set_offline(False)
    ann.wait_for_selector("article:not(.waiting):has-text('written in the tunnel')")
    texts = [text for text in ann.locator(".words").all_inner_texts() if "missed" in text]
    assert texts == [f"missed {n}" for n in range(20)]
    assert ann.locator("article:has-text('written in the tunnel')").count() == 1


def test_a_file_is_sent_and_a_private_message_is_marked(
    visit: Callable[..., Any], tmp_path: Path
) -> None:
    """Pictures are shown, the rest is offered; a private message is found."""
    ann, ben = visit("Ann"), visit("Ben")
    picture = tmp_path / "dot.png"
    picture.write_bytes(bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
        "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    ))  # fmt: skip
    ann.set_input_files("#file", str(picture))
    ben.wait_for_selector("article img[alt='dot.png']")
    assert ben.locator("article img").evaluate("image => image.decode().then(() => image.width)")
    ben.click("#members button:has-text('Ann')")
    ben.click("#personacts button")
    ben.wait_for_selector("#title:text-is('Ann')")
    say(ben, "between us")
    ann.wait_for_selector("#direct .badge.loud")
    ann.click("#direct button")
    ann.wait_for_selector("article:has-text('between us')")


RECORD_NOTIFICATIONS = """() => {
  window.told = [];
  window.Notification = class extends Notification {
    constructor(title, options) { super(title, options); window.told.push([title, options.body]); }
  };
}"""


def test_a_mention_elsewhere_notifies_and_marks_the_room(
    visit: Callable[..., Any], server: ChatServer
) -> None:
    """One who reads another room is called; a message that is not for her is only counted."""
    with Client(server.tcp, "ben") as ben:
        ben.join("lobby")
        ann = visit("Ann", permissions=["notifications"])
        ann.evaluate(RECORD_NOTIFICATIONS)
        say(ann, "/join dev")
        ann.wait_for_selector("#title:has-text('dev')")
        ben.send("lobby", "nobody in particular, not even @Anna", "1")
        ann.wait_for_selector("#rooms .badge:text-is('1'):not(.loud)")
        ben.send("lobby", "@ann, lunch? 吃饭了吗", "2")
        ann.wait_for_selector("#rooms .badge.loud:text-is('2')")
        assert ann.evaluate("window.told") == [["ben · # lobby", "@ann, lunch? 吃饭了吗"]]
        assert ann.title().startswith("(2)")
        ann.click("#rooms button:has-text('lobby')")
        ann.wait_for_selector("article.mention")
        ann.wait_for_selector("#rooms .badge", state="detached")


def test_the_keyboard_and_the_phone_reach_everything(
    visit: Callable[..., Any], server: ChatServer
) -> None:
    """No mouse, and no sideways scrolling on a narrow screen."""
    with Client(server.tcp, "李雷") as li:
        li.join("lobby")
        ann = visit("Ann")
        ann.wait_for_selector("#members button:has-text('李雷')")
        ann.focus("#text")
        ann.keyboard.type("hi @李")
        ann.wait_for_selector("#suggest [aria-selected=true]:has-text('李雷')")
        ann.keyboard.press("Enter")
        assert ann.input_value("#text") == "hi @李雷 "
        ann.keyboard.press("Enter")
        assert li.wait(type="event", kind="text")["body"]["text"] == "hi @李雷"
        ann.keyboard.press("Control+k")
        ann.keyboard.type("Attic")
        ann.keyboard.press("Enter")
        ann.wait_for_selector("#title:has-text('attic')")
        ann.keyboard.press("Alt+ArrowDown")
        ann.wait_for_selector("#title:has-text('lobby')")
        ann.focus("#log")
        ann.keyboard.press("?")
        ann.wait_for_selector("#help[open]")
        ann.keyboard.press("Escape")
        ann.wait_for_selector("#help", state="hidden")
        phone = visit(
            "小明", locale="zh-CN", viewport={"width": 360, "height": 640}, has_touch=True
        )
        li.send("lobby", "https://example.org/" + "a" * 300 + " `" + "b" * 300 + "`", "w")
        phone.wait_for_selector("article a[href^='https://example.org']")
        assert phone.evaluate("document.documentElement.scrollWidth") == 360
        assert phone.locator("#log").evaluate("log => log.scrollWidth <= log.clientWidth")
        phone.tap("#menu")
        phone.tap("#rooms button:has-text('attic')")
        phone.wait_for_selector("#title:has-text('attic')")
        phone.tap("#people")
        phone.wait_for_selector("#members button:has-text('小明 (你)')")


def test_a_large_file_shows_its_progress_and_too_large_a_one_is_refused_here(
    visit: Callable[..., Any], server: ChatServer, tmp_path: Path
) -> None:
    """Nobody waits for a transfer without seeing it move."""
    ann, ben = visit("Ann"), visit("Ben")
    ann.evaluate("""() => {
      window.shares = [];
      new MutationObserver(() => {
        const bar = document.querySelector('#uploads progress');
        if (bar && !bar.watched) {
          bar.watched = true;
          const value = Object.getOwnPropertyDescriptor(HTMLProgressElement.prototype, 'value');
          Object.defineProperty(bar, 'value', {
            set(share) { window.shares.push(share); value.set.call(this, share); },
            get() { return value.get.call(this); } });
        }
      }).observe(document.getElementById('uploads'), {childList: true});
    }""")
    large = tmp_path / "报告 2026.bin"
    large.write_bytes(os.urandom(20 << 20))
    ann.set_input_files("#file", str(large))
    card = ben.wait_for_selector("article .file:has-text('报告 2026.bin')")
    assert "21 MB" in card.inner_text()
    shares = ann.evaluate("window.shares")
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert ann.locator("#uploads progress").count() == 0
    with ben.expect_download() as waiting:
        card.click()
    assert Path(waiting.value.path()).read_bytes() == large.read_bytes()
    huge = tmp_path / "huge.bin"
    with huge.open("wb") as file:
        file.truncate((25 << 20) + 1)
    ann.set_input_files("#file", str(huge))
    ann.wait_for_selector(".note:has-text('huge.bin is larger than 26 MB')")


def test_signing_out_elsewhere_asks_the_other_page_for_a_name(visit: Callable[..., Any]) -> None:
    """The page of a lost telephone must not go on as somebody else."""
    lost = visit("Ann")
    token = lost.evaluate("localStorage.token")
    here = visit("Zoe")
    here.evaluate("token => { localStorage.token = sessionStorage.token = token; }", token)
    here.evaluate("() => { localStorage.name = 'Ann'; }")
    here.reload()
    here.wait_for_selector("#me:text-is('Ann')")
    say(here, "/logout")
    here.wait_for_selector(".note:has-text('signed out')")
    lost.wait_for_selector("#welcome[open] #helloerror:has-text('signed out')")
    assert lost.evaluate("localStorage.token") == ""
    say(here, "still me")
    here.wait_for_selector("article:not(.waiting):has-text('still me')")


SCROLL_TO_THE_FIRST = """async () => {
  const log = document.getElementById('log'), seen = new Set();
  const frame = () => new Promise(requestAnimationFrame);
  let most = 0, jumps = 0, from = log.scrollTop;
  for (let step = 0; step < 20000 && !seen.has(1); step += 1) {
    const articles = [...log.querySelectorAll('article')];
    most = Math.max(most, articles.length);
    for (const one of articles) seen.add(Number(one.dataset.seq));
    const top = log.getBoundingClientRect().top;
    const read = articles.find((one) => one.getBoundingClientRect().bottom > top);
    const before = read.getBoundingClientRect().bottom, moved = Math.min(700, log.scrollTop);
    log.scrollTop -= 700;
    await frame(); await frame();
    const after = read.getBoundingClientRect().bottom;
    if (read.isConnected && Math.abs(after - before - moved) > 2) jumps += 1;
  }
  return {most, jumps, seen: [...seen].sort((a, b) => a - b)};
}"""


def fill_room(address: Address, count: int, first: int = 1) -> None:
    with Client(address, f"writer{first}") as writer:
        writer.join("lobby", limit=0)
        for n in range(first, first + count):
            text = "long " * 60 if n % 7 == 0 else f"message {n}"
            writer.say(type="send", room="lobby", id=f"m{n}", text=text)
            if n % 500 == 0:
                writer.wait(type="ack", id=f"m{n}")


@pytest.mark.slow
def test_ten_thousand_messages_scroll_with_few_elements_and_without_a_jump(
    visit: Callable[..., Any], server: ChatServer
) -> None:
    """Every message passes by, none is skipped, and what is read stays where it is."""
    fill_room(server.tcp, 10_000)
    ann = visit("Ann")
    ann.wait_for_selector("article[data-seq='10000']")
    ann.set_default_timeout(240_000)
    found = ann.evaluate(SCROLL_TO_THE_FIRST)
    assert found["seen"] == list(range(1, 10_001))
    assert found["most"] <= 300
    assert found["jumps"] == 0
    assert ann.locator("#log h2").inner_text() == "This is the beginning of #lobby"
    fill_room(server.tcp, 1000, 10_001)
    assert ann.locator("article[data-seq='1']").count() == 1, "reading goes on undisturbed"
    ann.click("#present")
    ann.wait_for_selector("article[data-seq='11000']")
    fill_room(server.tcp, 1000, 11_001)
    ann.wait_for_selector("article[data-seq='12000']")
    assert ann.locator("article").count() <= 300
    assert ann.locator("#present").is_hidden()
