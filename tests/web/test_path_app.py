"""The server and the file of `plainwire path`: what they give, to whom, and the command."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import path_scenes
import pytest
from browser import needs_page
from click.testing import CliRunner, Result

from plainwire import i18n
from plainwire.cli.main import main
from plainwire.web import path_app, path_schema
from plainwire.web.path_app import Asking
from plainwire.web.server import Server

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's netlink")


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    i18n.select("en")


@pytest.fixture
def served() -> Iterator[Server]:
    with Server(path_scenes.asking(), make=path_app.make) as server:
        yield server


def send(server: Server, method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, content


@needs_page
def test_the_document_and_its_parts_are_served_under_the_policy(served: Server) -> None:
    base = f"/{served.token}/"
    for path, kind in (("", "text/html"), ("path.js", "text/javascript"), ("path.css", "text/css")):
        status, headers, content = send(served, "GET", base + path)
        assert (status, headers["content-type"].split(";")[0]) == (200, kind)
        assert "default-src 'none'" in headers["content-security-policy"]
        assert content


def test_the_first_question_is_asked_anew_and_further_ones_by_post(served: Server) -> None:
    base = f"/{served.token}/api/path"
    page = json.loads(send(served, "GET", base)[2])
    assert page["path"]["title"] == "TCP 192.0.2.2 → 8.8.8.8:443"
    assert page["chinese"]["the path of a packet"] == "数据包的路径"
    other = json.loads(send(served, "POST", base, b'{"to": "refused"}')[2])
    assert other["path"]["stations"][1]["tone"] == "stop"
    wrong = json.loads(send(served, "POST", base, b'{"to": "nobody.example"}')[2])
    assert wrong["path"] is None
    assert wrong["error"]["en"] == "nobody.example: name not resolved (not known)"
    assert "nobody.example" in wrong["error"]["zh"]


def test_what_is_no_question_is_refused(served: Server) -> None:
    base = f"/{served.token}/api/path"
    assert send(served, "POST", base, b"{")[0] == 400
    assert send(served, "POST", base, b'{"to": 7}')[0] == 400
    assert send(served, "POST", base, b'{"to": "known", "protocol": "sctp"}')[0] == 400
    assert send(served, "POST", base, b'{"to": "' + b"a" * 3000 + b'"}')[0] == 413
    assert send(served, "PUT", base, b"{}")[0] == 405


def test_another_page_can_neither_ask_nor_read(served: Server) -> None:
    """A question may send a frame, so it is guarded like the data."""
    base = f"/{served.token}/api/path"
    body = b'{"to": "known", "resolve": true}'
    assert send(served, "POST", "/wrong/api/path", body)[0] == 404
    assert send(served, "POST", base, body, Origin="http://evil.example")[0] == 403
    assert send(served, "POST", base, body, Host="evil.example")[0] == 403
    assert send(served, "GET", base, **{"Sec-Fetch-Site": "cross-site"})[0] == 403


def test_nothing_is_resolved_unless_the_question_says_so() -> None:
    seen: list[path_schema.Question] = []

    def ask(question: path_schema.Question) -> Any:
        seen.append(question)
        return path_scenes.absent()

    with Server(Asking(ask, path_schema.Question("absent")), make=path_app.make) as server:
        base = f"/{server.token}/api/path"
        send(server, "GET", base)
        send(server, "POST", base, b'{"to": "absent", "resolve": true}')
    assert [one.resolve for one in seen] == [False, True]


@needs_page
def test_a_saved_file_runs_nothing_but_its_own_script(tmp_path: Path) -> None:
    out = tmp_path / "path.html"
    path_app.write(path_scenes.asking(), out)
    text = out.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert "'unsafe-inline'" not in text
    assert text.count("</script>") == 2
    assert not re.search(r'(src|href)="(?!data:)', text.split("<style>")[0])
    assert [found.name for found in tmp_path.iterdir()] == ["path.html"]


def path(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["path", *arguments], env={"LC_ALL": "C", "PLAINWIRE_LANG": ""})


@needs_linux
@needs_page
def test_the_command_writes_the_file(tmp_path: Path) -> None:
    out = tmp_path / "here.html"
    result = path("127.0.0.1:9", "--html", str(out), "--lang", "zh")
    assert (result.exit_code, result.output) == (0, "")
    text = out.read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in text
    assert "TCP 127.0.0.1 → 127.0.0.1:9" in text


@needs_page
@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("300.1.1.1", "--html", "x.html"), "300.1.1.1: not an IPv4 or IPv6 address"),
        (("300.1.1.1", "--web"), "300.1.1.1: not an IPv4 or IPv6 address"),
        (("127.0.0.1", "--html", "none/x.html"), "write none/x.html: no such file or directory"),
    ],
)
def test_what_cannot_be_shown_is_one_line_and_status_2(
    arguments: tuple[str, ...], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = path(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"plainwire path: {line}\n"
    assert list(tmp_path.iterdir()) == []


@needs_linux
@needs_page
def test_the_command_serves_until_interrupted() -> None:
    """The address is said on stderr; Ctrl-C ends it without a traceback."""
    command = [sys.executable, "-m", "plainwire", "path", "127.0.0.1:9", "--web", "--lang", "en"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
        assert program.stderr is not None
        try:
            first = program.stderr.readline()
            found = re.fullmatch(r"page: http://127\.0\.0\.1:(\d+)(/\S+/)\n", first)
            assert found, first
            connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=30)
            connection.request("GET", found[2] + "api/path")
            shown = json.loads(connection.getresponse().read())
            connection.close()
            assert shown["path"]["title"] == "TCP 127.0.0.1 → 127.0.0.1:9"
            assert "Ctrl-C" in program.stderr.readline()
        finally:
            program.send_signal(signal.SIGINT)
        rest = program.stderr.read()
        program.wait(60)
    assert "Traceback" not in rest
