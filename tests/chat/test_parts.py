"""The pure parts beside the session: names, HTTP, files, the client's copy of the rooms."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainwire.chat import pages
from plainwire.chat.bounds import Bucket
from plainwire.chat.files import FileStore, Upload, media_of, safe_name
from plainwire.chat.lines import show_event
from plainwire.chat.protocol import Fault, get_name, name_key, parse, suggest_name
from plainwire.chat.replica import Replica
from plainwire.chat.web import Body, Request, WebFraming, is_own_host, is_same_origin

STATIC = Path(pages.__file__).parent / "static"


@given(st.binary(max_size=300))
def test_parsing_any_bytes_gives_a_message_or_a_fault(data: bytes) -> None:
    """Whatever comes from a network, nothing else may be raised."""
    try:
        message = parse(data)
    except Fault:
        return
    assert isinstance(message["type"], str)


@given(st.text(max_size=80))
def test_a_name_is_shown_in_one_line_or_refused(name: str) -> None:
    """A name stands in every list and line of the others."""
    try:
        shown = get_name({"name": name})
    except Fault:
        return
    assert shown.isprintable()
    assert get_name({"name": shown}) == shown
    assert len(suggest_name(shown)) <= 32
    assert name_key(suggest_name(shown)) != name_key(shown)


REQUEST = (
    b"POST /upload?x=1 HTTP/1.1\r\nHost: localhost:1\r\nContent-Length: 5\r\nX-Name: a\r\n\r\nhello"
)


@given(st.lists(st.integers(0, len(REQUEST)), max_size=8))
def test_a_request_reads_the_same_however_it_is_cut(cuts: list[int]) -> None:
    """TCP may cut anywhere."""
    framing = WebFraming(1000)
    found: list[object] = []
    marks = [0, *sorted(cuts), len(REQUEST)]
    for start, end in itertools.pairwise(marks):
        if end > start:
            found += framing.receive_data(REQUEST[start:end])
    assert framing.error is None
    request = found[0]
    assert isinstance(request, Request)
    assert (request.method, request.path, request.length) == ("POST", "/upload", 5)
    pieces = [piece for piece in found[1:] if isinstance(piece, Body)]
    assert b"".join(piece.data for piece in pieces) == b"hello"
    assert [piece.is_last for piece in pieces] == [False] * (len(pieces) - 1) + [True]


@pytest.mark.parametrize(
    "head",
    [
        b"\x00\x00\x00\x05hello",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"GET http://x/ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\nb\r\n\r\n",
        b"GET / HTTP/1.1\r\n folded\r\n\r\n",
        b"GET /" + b"a" * 20_000,
    ],
)
def test_requests_that_others_read_differently_are_refused(head: bytes) -> None:
    """A request that two programs read differently hides a second one."""
    framing = WebFraming(1000)
    assert framing.receive_data(head) == []
    assert framing.error is not None


def test_only_this_server_is_the_same_origin() -> None:
    """Suffix tricks, null and names that point here by an attacker's DNS are refused."""

    def asked(origin: str | None, host: str = "chat.local:8080") -> bool:
        fields = {"host": host} | ({} if origin is None else {"origin": origin})
        return is_same_origin(Request("GET", "/ws", fields), "http")

    assert asked("http://chat.local:8080")
    assert asked(None)
    for evil in ("http://chat.local:8080.evil.org", "https://chat.local:8080", "null",
                 "http://chat.local", "http://evil.org", ""):  # fmt: skip
        assert not asked(evil), evil
    for host in ("127.0.0.1:80", "[::1]:80", "192.168.1.2", "localhost:9", "box.local:1"):
        assert is_own_host(host, ("box.local",)), host
    for host in ("evil.org", "localhost.evil.org", "", "[::", "127.0.0.1.evil.org"):
        assert not is_own_host(host, ("box.local",)), host


def test_uploads_are_named_by_their_content_and_shown_by_their_first_bytes(tmp_path: Path) -> None:
    """No name of a client ever becomes a path, no script is ever shown as a picture."""
    store = FileStore(tmp_path / "files", 1000)
    upload = Upload(store, "../../etc/passwd\x00<img>.png", 5)
    upload.take(b"<svg>")
    found = upload.finish()
    url = str(found["url"])
    assert re.fullmatch(r"/files/[0-9a-f]{64}/[\w%.]+", url)
    assert found["media"] == "application/octet-stream"
    assert store.find(url) is not None
    for trick in ("/files/../chat.db", url + "/..", "/files/" + "0" * 64 + "/x", "/files//x"):
        assert store.find(trick) is None, trick
    with pytest.raises(Fault, match="too_large"):
        Upload(store, "x", 1001)
    abandoned = Upload(store, "x", 5)
    abandoned.take(b"ab")
    abandoned.abandon()
    assert not list((tmp_path / "files").glob("upload-*"))
    assert media_of(b"\x89PNG\r\n\x1a\n") == "image/png"
    assert safe_name("...") == "file"


def test_the_copy_takes_each_event_once_and_asks_again_over_a_hole() -> None:
    """What the page and the terminal promise, without either."""
    replica = Replica("ann", ("dev",))
    replica.receive({"type": "welcome", "you": {"id": "u", "name": "ann"}, "token": "t",
                     "private": []})  # fmt: skip
    assert replica.to_send == [{"type": "join", "room": "dev"}]
    replica.to_send.clear()
    joined = {"type": "joined", "room": "dev", "epoch": "e", "seq": 5, "after": 0,
              "recovered": False, "members": [], "topic": "", "read": 0}  # fmt: skip
    replica.receive(joined)

    def event(seq: int) -> dict[str, object]:
        return {"type": "event", "room": "dev", "seq": seq, "kind": "text", "id": str(seq)}

    assert [replica.receive(event(n)) is not None for n in (1, 2, 2, 1, 3)] == [
        True, True, False, False, True,
    ]  # fmt: skip
    assert replica.receive(event(5)) is None
    assert replica.to_send == [{"type": "join", "room": "dev", "since": {"epoch": "e", "seq": 3}}]
    sent = replica.send({"room": "dev", "text": "x"})
    assert replica.outbox == {sent["id"]: sent}
    replica.receive({"type": "error", "code": "unavailable", "id": sent["id"]})
    assert replica.outbox
    replica.receive({"type": "ack", "id": sent["id"]})
    assert not replica.outbox


@settings(max_examples=50)
@given(st.lists(st.floats(0, 5), max_size=60))
def test_a_bucket_never_gives_more_than_its_rate(pauses: list[float]) -> None:
    """The bound that a flood meets."""
    bucket, now, given_out = Bucket(5, 2, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        given_out += bucket.take(1, now) == 0.0
    assert given_out <= 5 + 2 * now + 1e-6


def test_lines_of_a_terminal_hold_no_controls() -> None:
    """Even from a server that does not clean."""
    event = {"kind": "text", "body": {"name": "a\x1b[1m", "text": "x\x07\x9b2J"}}
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", show_event(event))


def test_the_page_is_small_and_makes_no_html_of_text() -> None:
    """One innerHTML would undo the escaping of all the rest."""
    sizes = 0
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8")
        sizes += len(text.encode())
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert word not in text, f"{path.name} has {word}"
        assert not re.search(r"(src|href)=\"https?:", text), f"{path.name} loads from elsewhere"
    assert sizes < 100_000


def test_the_pages_words_are_the_same_in_both_languages() -> None:
    """A missing key would show as an error, a missing placeholder as a hole."""
    text = (STATIC / "words.js").read_text(encoding="utf-8")
    tables = []
    for part in (
        text.split("  en: {")[1].split("\n  },")[0],
        text.split("  zh: {")[1].split("\n  },")[0],
    ):
        pairs = re.findall(r"(\w+): '((?:[^'\\]|\\.)*)'", part)
        tables.append({key: sorted(re.findall(r"\{\w+\}", value)) for key, value in pairs})
    assert tables[0] == tables[1]
    used = set(re.findall(r"word\('(\w+)'", "".join(p.read_text() for p in STATIC.glob("*.js"))))
    html = (STATIC / "index.html").read_text(encoding="utf-8")
    used |= set(re.findall(r'data-(?:word|aria|hint)="(\w+)"', html))
    assert used <= set(tables[0])
