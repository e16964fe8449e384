"""The terminal client on a pseudo terminal, and its commands without one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import Client, TerminalClient

from plainwire import Address
from plainwire.chat.bounds import Settings
from plainwire.chat.commands import COMMANDS, complete, help_lines, split_person
from plainwire.chat.server import ChatServer, Plan

LEFT, RIGHT = "\x1b[D", "\x1b[C"
ROOMY = Settings(burst=1e6, per_second=1e6)


def serve(folder: Path, tcp: str = "tcp://127.0.0.1:0", settings: Settings = ROOMY) -> ChatServer:
    return ChatServer(Plan(Address.parse(tcp), None, folder, settings))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChatServer]:
    with serve(tmp_path / "data") as made:
        yield made


def test_wide_characters_are_edited_and_arrive_whole(server: ChatServer, tmp_path: Path) -> None:
    """The cursor goes back over a Chinese character or an emoji by two columns."""
    with Client(server.tcp, "李雷") as other:
        other.join("lobby")
        tom = TerminalClient(server.tcp, "tom", tmp_path)
        tom.wait_for("-- #lobby (2)")
        other.send("lobby", "长城 👋 ok", "1")
        tom.wait_for("李雷: 长城 👋 ok")
        tom.press("你好 👋")
        tom.wait_for("你好 👋")
        for _ in range(100):
            tom.forget()
            tom.press(LEFT)
            # While a message is printed the keys are echoed as ^[[D; the client gets them after.
            tom.until(lambda: "\x1b[" in tom.raw, "a movement")
            if "\x1b[2D" in tom.raw:
                break
            # The screen was drawn anew just then, which hides the step.
            tom.press(RIGHT)
        assert "\x1b[2D" in tom.raw, "a step of two columns"
        tom.press(LEFT + LEFT + "们")
        tom.type("")
        got = other.until(lambda m: m["type"] == "event" and m["body"]["name"] == "tom")
        assert got["body"]["text"] == "你们好 👋"
        tom.wait_for("tom: 你们好 👋")
        assert tom.close() == 0


def test_tab_completes_unread_is_marked_and_a_private_message_rings(
    server: ChatServer, tmp_path: Path
) -> None:
    """What one looks for at the bottom of the screen."""
    with Client(server.tcp, "李雷 Lee") as other:
        other.join("lobby")
        other.join("dev")
        tom = TerminalClient(server.tcp, "tom", tmp_path)
        tom.wait_for("-- #lobby (2)")
        tom.type("/join dev")
        tom.wait_for("-- #dev (2)")
        other.send("lobby", "anybody?", "1")
        tom.wait_for("#lobby 李雷 Lee: anybody?")
        tom.wait_for("#lobby(1)")
        assert "\a" not in tom.raw
        other.send("lobby", "@tom there?", "2")
        tom.wait_for("#lobby(2)")
        assert "\a" in tom.raw
        tom.forget()
        tom.type("/room lobby")
        tom.until(lambda: "#lobby> " in tom.text and "#lobby(" not in tom.text[-80:], "#lobby> ")
        tom.press("/ms\t")
        tom.wait_for("/msg")
        tom.type("李\tpsst")
        private = other.wait(type="private")["room"]
        other.join(private)
        assert other.wait(type="event", room=private)["body"]["text"] == "psst"
        tom.forget()
        other.send(private, "what?", "3")
        tom.until(lambda: "\a" in tom.raw and "@李雷 Lee(1)" in tom.text, "a bell and a mark")
        assert tom.close() == 0


def test_help_mistakes_and_rulings_are_told_in_the_readers_language(
    server: ChatServer, tmp_path: Path
) -> None:
    """/help names every command; what is none says so."""
    tom = TerminalClient(server.tcp, "tom", tmp_path, PLAINWIRE_LANG="zh_CN")
    tom.wait_for("#lobby> ")
    tom.type("/help")
    tom.wait_for("退出聊天")
    tom.type("/launch")
    tom.wait_for("没有 /launch 这个命令")
    tom.type("/edit now")
    tom.wait_for("你在这里还没有说过话")
    tom.type("/join 午餐")
    tom.wait_for("#午餐> ")
    tom.type("/topic 面条")
    tom.wait_for("面条")
    with Client(server.tcp, "eve") as eve:
        eve.join("午餐")
        tom.wait_for("+eve")
        tom.type("/kick nobody")
        tom.wait_for("nobody")
        tom.type("/kick eve")
        assert eve.wait(type="parted")["code"] == "kick"
        tom.type("first try")
        tom.wait_for("tom: first try")
        tom.type("/edit second try")
        tom.wait_for("tom: second try")
    assert tom.close() == 0


def test_a_restart_of_the_server_is_told_and_what_was_typed_meanwhile_arrives_once(
    tmp_path: Path,
) -> None:
    """The outbox of the client and the ids of the messages, seen by a person."""
    with serve(tmp_path / "data") as first:
        address = first.tcp
        tom = TerminalClient(address, "tom", tmp_path)
        tom.wait_for("#lobby> ")
        tom.type("before")
        tom.wait_for("tom: before")
    assert address is not None
    tom.wait_for("connection lost")
    tom.type("written in the tunnel")
    tom.wait_for("1 not yet stored")
    with serve(tmp_path / "data", str(address)):
        tom.wait_for("tom: written in the tunnel")
        with Client(address, "reader") as reader:
            reader.join("lobby")
            reader.wait(type="event", seq=2)
            texts = [m["body"]["text"] for m in reader.seen if m["type"] == "event"]
            assert texts == ["before", "written in the tunnel"]
            assert tom.text.count("tom: before") == 1
        assert tom.close() == 0


def test_a_refusal_ends_with_one_line_and_status_2(tmp_path: Path) -> None:
    """A wrong password must not leave a program that tries for ever."""
    settings = Settings(password="open sesame")
    with serve(tmp_path / "data", settings=settings) as server:
        tom = TerminalClient(server.tcp, "tom", tmp_path, "--key", "wrong")
        assert tom.end() == 2
        assert "plainwire: this server has a password, and that is not it" in tom.text
        assert "Traceback" not in tom.text
        good = TerminalClient(server.tcp, "tom", tmp_path, "--key", "open sesame")
        good.wait_for("#lobby> ")
        good.press("\x04")
        assert good.end() == 0


def test_the_token_is_kept_for_its_owner_only(server: ChatServer, tmp_path: Path) -> None:
    """Whoever reads the file is that person."""
    for _ in range(2):
        tom = TerminalClient(server.tcp, "tom", tmp_path)
        tom.wait_for("#lobby> ")
        tom.type("hello")
        tom.wait_for("tom: hello")
        assert tom.close() == 0
    (path,) = (tmp_path / "plainwire").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    with Client(server.tcp, "reader") as reader:
        reader.join("lobby")
        users = [reader.wait(type="event", seq=seq)["from"] for seq in (1, 2)]
    assert users[0] == users[1]


def test_completion_offers_what_fits_and_nothing_else() -> None:
    """Commands only at the start of a line; @ only people, # only rooms."""
    people, rooms = ["ann", "Anton", "李雷"], ["attic", "dev"]
    assert complete("/re", True, people, rooms) == ["/register "]
    assert complete("/re", False, people, rooms) == []
    assert complete("an", False, people, rooms) == ["Anton ", "ann "]
    assert complete("a", False, people, rooms) == ["#attic ", "Anton ", "ann "]
    assert complete("@a", False, people, rooms) == ["@Anton ", "@ann "]
    assert complete("#", False, people, rooms) == ["#attic ", "#dev "]
    assert complete("李", True, people, rooms) == ["李雷 "]


def test_a_name_may_hold_spaces_and_the_longest_one_is_meant() -> None:
    """`/msg ann lee hello` is for ann lee, if there is one."""
    people = {"1": "Ann", "2": "Ann Lee"}
    assert split_person("ann lee hello there", people) == ("2", "Ann Lee", "hello there")
    assert split_person("ann leeway", people) == ("1", "Ann", "leeway")
    assert split_person("annie hi", people) == ("", "annie", "hi")
    assert split_person("ANN", people) == ("1", "Ann", "")


def test_every_command_is_in_the_help() -> None:
    """One that is not told is not there."""
    told = " ".join(help_lines(str))
    assert [name for name in COMMANDS if name not in told] == []
