"""The chat over real sockets: one scenario over both doors under each model, and bad peers."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import PROGRAM, WAIT_SECONDS, Client

from plainwire import Address, frames
from plainwire.chat.blocking import Hall
from plainwire.chat.bounds import Settings
from plainwire.chat.link import CODEC
from plainwire.chat.server import ChatServer, Plan
from plainwire.chat.workers import Supervisor
from plainwire.errors import PlainwireError
from plainwire.hub.memory import MemoryBroker
from plainwire.hub.sqlite import SqliteBroker
from plainwire.servers.serve import serve

FAST = Settings(burst=100_000, per_second=100_000, depart_seconds=0.2)


def plan(folder: Path, **more: Any) -> Plan:
    tcp, web = Address.parse("tcp://127.0.0.1:0"), Address.parse("ws://127.0.0.1:0")
    return Plan(tcp, web, folder, **{"settings": FAST, **more})


class Blocking:
    """The chat behind the toolkit's blocking servers."""

    def __init__(self, folder: Path, model: Any, settings: Settings = FAST) -> None:
        self._stack = contextlib.ExitStack()
        hall = Hall(settings, lambda: SqliteBroker(folder / "chat.db"))
        self._stack.enter_context(hall)
        for name, handler, address, codec in (
            ("tcp", hall.talk, "tcp://127.0.0.1:0", CODEC),
            ("web", hall.talk_text, "ws://127.0.0.1:0/ws", frames.text()),
        ):
            made: Any = serve(handler, address, codec, model=model, drain=0.5, background=True)
            self._stack.enter_context(made)
            setattr(self, name, made.address)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


@pytest.fixture(params=["loop-memory", "loop-sqlite", "processes", "threads"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "threads":
        made: Any = Blocking(tmp_path, "threads")
    elif request.param == "processes":
        made = Supervisor(plan(tmp_path), 2)
    elif request.param == "loop-memory":
        made = ChatServer(plan(tmp_path, make_broker=MemoryBroker))
    else:
        made = ChatServer(plan(tmp_path))
    with made:
        yield made


@pytest.fixture
def one(tmp_path: Path) -> Iterator[ChatServer]:
    with ChatServer(plan(tmp_path)) as made:
        yield made


def test_people_at_both_doors_talk_in_one_room(server: Any) -> None:
    """The session is the same object whatever carries it, in whichever process."""
    clients = [
        Client(address, f"p{n}")
        for n, address in enumerate((server.tcp, server.web, server.tcp, server.web) * 2)
    ]
    for client in clients:
        client.join("dev")
    for n, client in enumerate(clients):
        client.send("dev", f"hello from {n}", f"m{n}")
    logs = []
    for client in clients:
        while sum(m["type"] == "event" and m["kind"] == "text" for m in client.seen) < 8:
            client.next()
        events = [m for m in client.seen if m["type"] == "event"]
        logs.append([(m["seq"], m["body"].get("text")) for m in events])
    assert all(log == logs[0] for log in logs)
    assert [seq for seq, _ in logs[0]] == list(range(1, 10))
    sender, receiver = clients[0], clients[1]
    sender.say(type="send", to=receiver.user, to_name="p1", id="private", text="psst")
    private = receiver.wait(type="private")["room"]
    sender.wait(type="ack", id="private")
    receiver.join(private)
    assert receiver.wait(type="event", room=private)["body"]["text"] == "psst"
    for client in clients:
        client.close()


def test_one_client_at_a_time_talks_through_history(tmp_path: Path) -> None:
    """What the serial model can do: a visitor's book. The next one waits for the door."""
    with Blocking(tmp_path, "serial") as server:
        ann = Client(server.tcp, "ann")
        ann.join("dev")
        ann.send("dev", "is anybody there?", "1")
        ben = Client(server.tcp)
        ben.say(type="hello", v=1, name="ben")
        with pytest.raises(TimeoutError):
            ben.next(0.3)
        ann.close()
        ben.wait(type="welcome")
        joined = ben.join("dev")
        assert [m["name"] for m in joined["members"] if m["name"] == "ben"]
        assert ben.wait(type="event", kind="text")["body"]["text"] == "is anybody there?"
        ben.send("dev", "only I, now", "2")
        ben.close()
        with Client(server.tcp, "ann", token=ann.token) as again:
            position = {"epoch": joined["epoch"], "seq": 2}
            assert again.join("dev", since=position)["recovered"] is True
            assert again.wait(type="event", seq=3)["body"]["text"] == "only I, now"


def test_a_blocking_door_cuts_nobody_short_and_resynchronises_the_slow(tmp_path: Path) -> None:
    """The promises of the loop's door, kept by threads."""
    settings = Settings(burst=1e6, per_second=1e6, buffer_bytes=16 * 1024)
    with Blocking(tmp_path, "threads", settings) as server:
        slow, quick = Client(server.tcp, "slow"), Client(server.web, "quick")
        slow.join("dev")
        quick.join("dev")
        for n in range(1200):
            quick.say(type="send", room="dev", id=f"m{n}", text="x" * 10_000)
            if n % 50 == 49:
                quick.wait(type="ack", id=f"m{n}")
        got: list[str] = []
        while len(got) < 1200:
            message = slow.next()
            if message["type"] == "event" and message["kind"] == "text":
                got.append(message["id"])
        assert got == [f"m{n}" for n in range(1200)]
        assert any(m["type"] == "behind" for m in slow.seen)
        for _ in range(200):
            quick.say(type="launch")
        assert quick.wait(type="close")["code"] == "too_many_errors"
        slow.close()
        quick.cut()


def test_reconnecting_in_a_burst_loses_and_doubles_nothing(server: Any) -> None:
    """Counted by id, since a clock cannot tell."""
    count = 300
    writer = Client(server.tcp, "writer")
    writer.join("dev")
    reader = Client(server.web, "reader")
    joined = reader.join("dev", limit=0)
    position = {"epoch": joined["epoch"], "seq": joined["after"]}
    token = reader.token

    def write() -> None:
        for n in range(count):
            writer.say(type="send", room="dev", id=f"w{n}", text=str(n))
        writer.wait(type="ack", id=f"w{count - 1}")

    thread = threading.Thread(target=write)
    thread.start()
    got: list[str] = []
    while len(got) < count:
        message = reader.next()
        if message["type"] == "event":
            assert message["seq"] == position["seq"] + 1
            position["seq"] = message["seq"]
            if message["kind"] == "text":
                got.append(message["id"])
                if len(got) % 60 == 0:
                    reader.cut()
                    reader = Client(server.tcp, "reader", token=token)
                    assert reader.join("dev", since=position)["recovered"] is True
    thread.join(WAIT_SECONDS)
    assert got == [f"w{n}" for n in range(count)]
    reader.close()
    writer.close()


def test_a_killed_worker_takes_only_connections_with_it(tmp_path: Path) -> None:
    """Clients resume at another worker, and no acknowledged message is lost."""
    with Supervisor(plan(tmp_path), 2) as server:
        client = Client(server.tcp, "ann")
        joined = client.join("dev")
        position = {"epoch": joined["epoch"], "seq": 0}
        acknowledged: set[str] = set()
        killed = list(server.worker_pids)
        for n in range(40):
            if n in (10, 25):
                os.kill(killed.pop(), 9)
            for _ in range(50):
                try:
                    client.send("dev", str(n), f"m{n}")
                    break
                except (PlainwireError, OSError):
                    client.cut()
                    client = Client(server.tcp, "ann", token=client.token)
                    client.join("dev", since=position)
            acknowledged.add(f"m{n}")
        reader = Client(server.tcp, "reader")
        reader.join("dev", limit=200)
        while reader.seen[-1].get("id") != "m39":
            reader.next()
        texts = [m["id"] for m in reader.seen if m["type"] == "event" and m["kind"] == "text"]
        assert texts == [f"m{n}" for n in range(40)]
        assert acknowledged == set(texts)
        for one in (client, reader):
            one.close()


def start_command(folder: Path, *more: str) -> tuple[subprocess.Popen[str], Address]:
    server = subprocess.Popen(
        [PROGRAM, "chat", "serve", "--port", "0",
         "--web-port", "0", "--data", str(folder), "--json", *more],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    return server, Address.parse(json.loads(server.stdout.readline())["tcp"])


@pytest.mark.parametrize("more", [(), ("--model", "processes", "--workers", "2")])
def test_killing_the_whole_server_loses_no_acknowledged_message(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    """An acknowledgement means that the message is on disk."""
    server, address = start_command(tmp_path, *more)
    writer = Client(address, "writer")
    writer.join("dev")
    for n in range(30):
        writer.say(type="send", room="dev", id=f"m{n}", text=str(n))
    writer.wait(type="ack", id="m9")
    os.kill(server.pid, 9)
    server.wait(WAIT_SECONDS)
    try:
        while True:
            writer.next(5.0)
    except (PlainwireError, OSError):
        pass
    writer.cut()
    acknowledged = [m["id"] for m in writer.seen if m["type"] == "ack"]
    assert server.stdout is not None
    server.stdout.close()
    server, address = start_command(tmp_path, *more)
    try:
        with Client(address, "reader") as reader:
            reader.join("dev", limit=200)
            while acknowledged[-1] not in [m.get("id") for m in reader.seen]:
                reader.next()
            stored = [m["id"] for m in reader.seen if m["type"] == "event"]
            assert set(acknowledged) <= set(stored)
            assert len(stored) == len(set(stored))
    finally:
        server.terminate()
        server.wait(WAIT_SECONDS)
        assert server.stdout is not None
        server.stdout.close()
    assert server.returncode == 0


def test_the_pipe_sends_its_lines_and_follows_an_address(one: ChatServer) -> None:
    """`echo hi | plainwire chat join` is how a script talks."""
    command = [PROGRAM, "chat"]
    sent = subprocess.run(
        [*command, "join", str(one.tcp), "--room", "lobby", "--name", "ci"],
        input="hi\n你好 👋\n", capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert (sent.returncode, sent.stdout, sent.stderr) == (0, "", "")
    told = subprocess.run(
        [*command, "export", str(one.tcp), "--room", "lobby"], capture_output=True, text=True,
        timeout=100,
    )  # fmt: skip
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert [line["body"]["text"] for line in lines] == ["hi", "你好 👋"]
    nobody = subprocess.run(
        [*command, "join", "tcp://127.0.0.1:1"], input="x", capture_output=True, text=True,
        timeout=100,
    )  # fmt: skip
    assert nobody.returncode == 2
    assert "connection refused" in nobody.stderr


def test_opening_to_the_network_needs_a_password_or_a_decision() -> None:
    """A chat that is open by accident is found by others first."""
    refused = subprocess.run(
        [PROGRAM, "chat", "serve", "--host", "0.0.0.0"],
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert refused.returncode == 2
    assert "--password" in refused.stderr


def test_bad_bytes_are_answered_and_nobody_else_notices(one: ChatServer) -> None:
    """Each door says what was wrong and closes; the others talk on."""
    good = Client(one.tcp, "good")
    good.join("dev")
    bad = (b"GET / HTTP/1.1\r\n\r\n", b"\xff\xff\xff\xff", b"\x00\x01\x00\x01" + b"x" * 65537)
    for data in bad:
        with socket.create_connection(("127.0.0.1", one.tcp.port), WAIT_SECONDS) as sock:
            sock.settimeout(WAIT_SECONDS)
            sock.sendall(data)
            said = b""
            while piece := sock.recv(65536):
                said += piece
            assert json.loads(said[4:])["code"] == "too_large", data[:8]
    with socket.create_connection(("127.0.0.1", one.web.port), WAIT_SECONDS) as sock:
        sock.settimeout(WAIT_SECONDS)
        sock.sendall(b"\x16\x03\x01\x02\x00")
        assert sock.recv(100).startswith(b"HTTP/1.1 400")
    huge = Client(one.web)
    huge.peer.send("x" * 70_000)
    with pytest.raises(PlainwireError):
        for _ in range(3):
            huge.next()
    huge.cut()
    good.send("dev", "still here", "g")
    good.close()


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


def test_health_and_metrics_tell_how_it_is(one: ChatServer) -> None:
    """What watches a server reads these two."""
    with Client(one.tcp, "ann") as ann:
        ann.join("dev")
        ann.send("dev", "x", "1")
        assert ask(one, "/healthz")[0] == 200
        text = ask(one, "/metrics")[2].decode()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
    assert values["plainwire_chat_events_total"] == "2"
    assert values["plainwire_chat_delivered_total"] == "1"
    assert int(values["plainwire_chat_connections"]) >= 1


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


def test_one_that_reads_nothing_is_resynchronised_or_cut_and_costs_no_memory(
    tmp_path: Path,
) -> None:
    """Others notice nothing, and the slow one loses nothing when it reads again."""
    settings = Settings(burst=1e6, per_second=1e6, buffer_bytes=16 * 1024)
    with ChatServer(plan(tmp_path, settings=settings)) as server:
        slow, quick = Client(server.tcp, "slow"), Client(server.tcp, "quick")
        slow.join("dev")
        quick.join("dev")
        text = "x" * 10_000
        for n in range(1500):
            quick.say(type="send", room="dev", id=f"m{n}", text=text)
            if n % 50 == 49:
                quick.wait(type="ack", id=f"m{n}")
        assert server.service is not None
        assert server.service.hub.slow >= 1
        got = []
        while len(got) < 1500:
            message = slow.next()
            if message["type"] == "event" and message["kind"] == "text":
                got.append(message["id"])
        assert got == [f"m{n}" for n in range(1500)]
        assert any(m["type"] == "behind" for m in slow.seen)
        slow.close()
        quick.close()


@pytest.mark.slow
def test_a_thousand_clients_in_one_room(tmp_path: Path) -> None:
    """The size of a big office, in one process."""
    with ChatServer(plan(tmp_path, make_broker=MemoryBroker)) as server:
        clients = [Client(server.tcp, f"c{n}") for n in range(1000)]
        for client in clients:
            client.say(type="join", room="dev", limit=0)
        for client in clients:
            client.wait(type="joined")
        for n in range(5):
            clients[n].say(type="send", room="dev", id=f"m{n}", text="to all")
        for client in clients:
            got = []
            while len(got) < 5:
                message = client.next()
                if message["type"] == "event" and message["kind"] == "text":
                    got.append(message["seq"])
            assert got == sorted(set(got))
        for client in clients:
            client.cut()
