"""What a network does to a chat: browsers of other sites, uploads, TLS, passwords, watchers."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import PROGRAM, WAIT_SECONDS, Client
from serving import FAST, plan, start_command

from plainwire import Address
from plainwire.chat.bounds import Settings
from plainwire.chat.server import ChatServer, Plan


@pytest.fixture
def one(tmp_path: Path) -> Iterator[ChatServer]:
    with ChatServer(plan(tmp_path)) as made:
        yield made


def ask(
    server: ChatServer, path: str, method: str = "GET", body: bytes = b"", **fields: str
) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.web.port, timeout=WAIT_SECONDS)
    connection.request(
        method, path, body or None, {k.replace("_", "-"): v for k, v in fields.items()}
    )
    response = connection.getresponse()
    found = response.status, dict(response.getheaders()), response.read()
    connection.close()
    return found


def test_the_page_is_locked_down_and_the_socket_is_for_it_alone(one: ChatServer) -> None:
    """A strict policy, and no WebSocket for another site's page."""
    status, fields, body = ask(one, "/")
    assert status == 200
    assert b'<script type="module" src="app.js">' in body
    policy = fields["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for path in ("/../server.py", "/%2e%2e/server.py", "/static/app.js", "/nothing"):
        assert ask(one, path)[0] == 404, path
    assert ask(one, "/", Host="evil.org")[0] == 421
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13",
               "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
    host = f"127.0.0.1:{one.web.port}"
    for origin in ("http://evil.org", "null", f"http://{host}.evil.org", f"https://{host}"):
        assert ask(one, "/ws", Origin=origin, **upgrade)[0] == 403, origin


def test_uploads_need_a_joined_client_and_come_back_harmless(one: ChatServer) -> None:
    """A script named as a picture must not run in anybody's page."""
    assert ask(one, "/upload", "POST", b"abc", X_Name="a")[0] == 401
    with Client(one.web, "ann") as ann:
        status, _, body = ask(one, "/upload", "POST", b"<script>1</script>", X_Token=ann.token,
                              X_Name="..%2F..%2Fx.png")  # fmt: skip
        assert status == 201
        found = json.loads(body)
        assert (found["name"], found["media"]) == ("x.png", "application/octet-stream")
        status, fields, data = ask(one, found["url"])
        assert (status, data) == (200, b"<script>1</script>")
        assert fields["Content-Disposition"].startswith("attachment")
        assert "sandbox" in fields["Content-Security-Policy"]
        assert fields["X-Content-Type-Options"] == "nosniff"
        ann.join("dev")
        ann.say(type="send", room="dev", id="f", kind="file", text="", file=found)
        assert ann.wait(type="event", kind="file")["body"]["file"]["name"] == "x.png"


def test_an_upload_that_may_not_be_is_refused_with_its_reason(tmp_path: Path) -> None:
    """Each refusal has a status that a program and a sentence that a person understands."""
    small = Settings(burst=1e6, per_second=1e6, file_bytes=1000)
    with ChatServer(plan(tmp_path, settings=small)) as server, Client(server.web, "ann") as ann:
        good = {"X_Token": ann.token, "X_Name": "a.svg"}
        cases: list[tuple[int, bytes, dict[str, str]]] = [
            (413, b"x" * 1001, {}),
            (411, b"", {}),
            (403, b"x", {"Origin": "http://evil.org"}),
            (401, b"x", {"X_Token": ann.token + "0"}),
            (201, b"<svg onload='alert(1)'/>", {}),
        ]
        for status, body, more in cases:
            answer = ask(server, "/upload", "POST", body, **{**good, **more})
            assert answer[0] == status, answer
        _, fields, _ = ask(server, json.loads(answer[2])["url"])
        assert fields["Content-Type"] == "application/octet-stream"
        assert fields["Content-Disposition"].startswith("attachment")
        ann.say(type="revoke")
        ann.wait(type="revoked")
        assert ask(server, "/upload", "POST", b"x", **good)[0] == 401
        assert not list((tmp_path / "files").glob("upload-*"))


def test_topic_accounts_and_bans_are_there_after_a_restart(tmp_path: Path) -> None:
    """What a room is outlives the process, as its messages do."""
    with ChatServer(plan(tmp_path)) as server:
        ann, eve = Client(server.tcp, "ann"), Client(server.tcp, "eve")
        ann.join("dev")
        eve.join("dev")
        ann.say(type="register", password="correct horse")
        ann.wait(type="registered")
        ann.say(type="topic", room="dev", id="1", text="发布 1.4")
        ann.say(type="ban", room="dev", id="2", user=eve.user, target="eve")
        ann.wait(type="ack", id="2")
        ann.send("dev", "waves 挥手", "3", kind="me")
        ann.close()
        eve.close()
    with ChatServer(plan(tmp_path)) as server:
        eve = Client(server.tcp, "eve", token=eve.token)
        eve.say(type="join", room="dev")
        assert eve.wait(type="error")["code"] == "banned"
        eve.close()
        thief = Client(server.tcp)
        thief.say(type="hello", v=1, name="Ann")
        assert thief.wait(type="error")["code"] == "name_registered"
        thief.close()
        with Client(server.web, "ann", password="correct horse") as ann2:
            assert ann2.user == ann.user
            joined = ann2.join("dev")
            assert (joined["topic"], joined["operators"]) == ("发布 1.4", [ann.user])
            ann2.say(type="search", room="dev", text="挥")
            (event,) = ann2.wait(type="found")["events"]
            assert (event["kind"], event["body"]["text"]) == ("me", "waves 挥手")


def test_the_network_is_served_with_a_password_and_a_certificate_made_on_the_spot(
    tmp_path: Path,
) -> None:
    """The one line of the manual for opening a chat to others, and what it keeps out."""
    server, address = start_command(tmp_path, "--host", "0.0.0.0", "--password", "open sesame",
                              "--tls-self-signed", "--log", str(tmp_path / "log"))  # fmt: skip
    try:
        where = f"tls://127.0.0.1:{address.port}"
        join = [PROGRAM, "chat", "join", where, "--name", "ci"]
        pem = str(tmp_path / "self-signed.pem")

        def run(*more: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run([*join, *more], input="hi\n", capture_output=True, text=True,
                                  timeout=100)  # fmt: skip

        untrusted, no_key = run("--key", "open sesame"), run("--ca", pem)
        wrong, good = run("--ca", pem, "--key", "x"), run("--ca", pem, "--key", "open sesame")
        assert (untrusted.returncode, no_key.returncode, wrong.returncode) == (2, 2, 2)
        assert "certificate" in untrusted.stderr
        assert "this server has a password" in no_key.stderr
        assert "that is not it" in wrong.stderr
        assert (good.returncode, good.stderr) == (0, "")
    finally:
        server.terminate()
        server.wait(WAIT_SECONDS)
        assert server.stdout is not None
        server.stdout.close()
    facts = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    events = [fact["event"] for fact in facts]
    assert events[0] == "started"
    assert "stopping" in events
    assert [f["code"] for f in facts if f["event"] == "refused"] == ["bad_key", "bad_key"]


def test_health_and_metrics_tell_how_it_is(one: ChatServer) -> None:
    """What watches a server reads these two."""
    with Client(one.tcp, "ann") as ann:
        ann.join("dev")
        assert ask(one, "/healthz")[0] == 200
        limit = time.monotonic() + WAIT_SECONDS
        values: dict[str, str] = {}
        sent = delivered = 0
        # What comes while a member still reads the history is told it as history.
        while not delivered and time.monotonic() < limit:
            sent += 1
            ann.send("dev", "x", str(sent))
            text = ask(one, "/metrics")[2].decode()
            values = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
            delivered = int(values["plainwire_chat_delivered_total"])
    assert int(values["plainwire_chat_events_total"]) == 1 + sent
    assert 1 <= delivered <= sent
    assert int(values["plainwire_chat_connections"]) >= 1


def test_opening_to_the_network_needs_a_password_or_a_decision() -> None:
    """A chat that is open by accident is found by others first."""
    refused = subprocess.run(
        [PROGRAM, "chat", "serve", "--host", "0.0.0.0"],
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert refused.returncode == 2
    assert "--password" in refused.stderr


def test_the_same_over_tls(tmp_path: Path, tls_files: tuple[Any, Any]) -> None:
    """Off the own machine everything is encrypted."""
    pem, context = tls_files
    tcp, web = Address.parse("tls://127.0.0.1:0"), Address.parse("wss://127.0.0.1:0")
    with ChatServer(Plan(tcp, web, tmp_path, FAST, tls=pem)) as server:
        ann, ben = Client(server.tcp, "ann", context), Client(server.web, "ben", context)
        for client in (ann, ben):
            client.join("dev")
        ann.send("dev", "x" * 15_000, "1")
        assert len(ben.wait(type="event", kind="text")["body"]["text"]) == 15_000
        ann.close()
        ben.close()


def test_a_self_signed_certificate_is_trusted_by_who_has_it(tmp_path: Path) -> None:
    """Made on the spot, kept, and made again only when it is about to end."""
    from plainwire.chat.certificate import make_certificate

    path, fingerprint = make_certificate(tmp_path)
    assert make_certificate(tmp_path) == (path, fingerprint)
    assert path.stat().st_mode & 0o077 == 0
    tcp = Address.parse("tls://127.0.0.1:0")
    with ChatServer(Plan(tcp, None, tmp_path, FAST, tls=str(path))) as server:
        with Client(server.tcp, "ann", str(path)) as ann:
            ann.join("dev")
