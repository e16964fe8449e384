"""The chat over real sockets: one scenario over both doors under each model, and bad peers."""

from __future__ import annotations

import contextlib
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
from serving import Blocking, plan, start_command

from plainwire.chat.bounds import Settings
from plainwire.chat.server import ChatServer
from plainwire.chat.workers import Supervisor
from plainwire.errors import PlainwireError
from plainwire.hub.memory import MemoryBroker


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


@pytest.mark.parametrize("more", [(), ("--model", "processes", "--workers", "2")])
def test_killing_the_whole_server_loses_no_acknowledged_message(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    """An acknowledgement means that the message is on disk."""
    server, address = start_command(tmp_path, *more)
    writers = [Client(address, f"writer{n}") for n in range(8)]
    for writer in writers:
        writer.join("dev")
    for n in range(30):
        for number, writer in enumerate(writers):
            writer.say(type="send", room="dev", id=f"w{number}m{n}", text=str(n))
    writers[0].wait(type="ack", id="w0m9")
    os.kill(server.pid, 9)
    server.wait(WAIT_SECONDS)
    acknowledged = []
    for writer in writers:
        # Workers outlive their supervisor by a moment, until they see that it is gone.
        with contextlib.suppress(PlainwireError, OSError):
            while True:
                writer.next()
        writer.cut()
        acknowledged += [m["id"] for m in writer.seen if m["type"] == "ack"]
    assert len(acknowledged) >= 10
    assert server.stdout is not None
    server.stdout.close()
    server, address = start_command(tmp_path, *more)
    try:
        with Client(address, "reader") as reader:
            joined = reader.join("dev", since={"epoch": reader.welcome["epoch"], "seq": 0})
            assert joined["recovered"] is True
            reader.wait(type="event", seq=joined["seq"])
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
