"""The page's server over real sockets: what it gives, to whom, and live."""

from __future__ import annotations

import http.client
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import needs_page
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from plainwire.see.recorder import store
from plainwire.web import source
from plainwire.web.server import Server, ServerError


@pytest.fixture
def served(chat: Path) -> Iterator[Server]:
    with Server(source.Finished(source.of_file(chat, payload=True))) as server:
        yield server


def get(server: Server, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read_all = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


@needs_page
def test_the_document_its_parts_and_its_data_are_served(served: Server) -> None:
    base = f"/{served.token}/"
    for path, kind in (("", "text/html"), ("page.js", "text/javascript"), ("page.css", "text/css")):
        answer = get(served, base + path)
        assert answer.status == 200
        assert answer.headers["content-type"].startswith(kind)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    page = json.loads(get(served, base + "api/page").read_all)  # type: ignore[attr-defined]
    assert page["findings"][0]["rule"] == "mutual-wait"
    flow = json.loads(get(served, base + "api/flows/0").read_all)  # type: ignore[attr-defined]
    assert flow["number"] == 0
    assert get(served, base + "api/flows/7").status == 404
    assert get(served, base + "api/flows/0?first=x").status == 400


def test_refusals_are_answered_without_data(served: Server) -> None:
    assert get(served, "/").status == 404
    assert get(served, "/wrong/api/page").status == 404
    base = f"/{served.token}/api/page"
    assert get(served, base, Host="evil.example").status == 403
    assert get(served, base, Origin="http://evil.example").status == 403


def test_a_websocket_of_another_page_is_refused(served: Server) -> None:
    address = served.url.replace("http:", "ws:") + "live"
    with pytest.raises(InvalidStatus), connect(address, origin="http://evil.example"):  # type: ignore[arg-type]
        pass


def test_a_live_page_is_told_what_is_new_and_when_the_run_ends(chat: Path) -> None:
    items = list(store.Recording(chat).items())
    shown = {"count": 1}
    running = source.Running(lambda: items, lambda: shown["count"])
    with Server(running) as server:
        address = server.url.replace("http:", "ws:") + "live"
        origin = server.url.rsplit("/", 2)[0]
        with connect(address, origin=origin, max_size=None) as socket:  # type: ignore[arg-type]
            socket.send(json.dumps({"flow": 0}))
            news = json.loads(socket.recv(timeout=60))
            while news["detail"] is None:
                news = json.loads(socket.recv(timeout=60))
            assert news["page"]["live"] is True
            assert news["detail"]["number"] == 0
            socket.send("no json")
            running.finish(source.of_file(chat, payload=True))
            said = [json.loads(text) for text in socket]
    assert said[-1] == {"ended": True}
    assert said[-2]["page"]["live"] is False


def test_a_taken_port_is_one_clear_error(served: Server, chat: Path) -> None:
    with pytest.raises(
        ServerError, match=rf"listen tcp 127.0.0.1:{served.port}: address already in use"
    ):
        Server(source.Finished(source.of_file(chat, payload=True)), served.port)


def test_a_live_source_waits_longer_after_a_slow_making(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking at a long run must not slow it: making takes a bounded share of the time."""
    clock = [100.0]
    made: list[float] = []

    def items() -> list[tuple[object, ...]]:
        made.append(clock[0])
        clock[0] += 2.0
        return []

    monkeypatch.setattr(source.time, "monotonic", lambda: clock[0])
    count = [0]
    running = source.Running(items, lambda: count[0])
    for _ in range(300):
        count[0] += 1
        clock[0] += 0.25
        running.data()
    assert len(made) > 2
    gaps = [b - a for a, b in itertools.pairwise(made)]
    assert min(gaps) >= 2.0 * (1 + source.PATIENCE)
