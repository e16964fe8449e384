"""The session as dialogues: messages in, messages out, no socket and a clock of our own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from dialogue import Person, kinds, play, settle

from plainwire.chat.bounds import Settings
from plainwire.chat.protocol import MAX_TEXT


def test_a_message_reaches_everybody_and_its_sender_is_told_that_it_is_stored() -> None:
    """The purpose of the whole program."""

    async def scene(person: Any) -> None:
        ann, ben = await person("ann", "lobby"), await person("ben", "lobby")
        ann.take()
        answers = await ann.say(type="send", room="lobby", id="1", text="hi", later="unknown field")
        assert kinds(answers) == ["event", "ack"]
        (event,) = ben.take()
        assert event["body"] == {"name": "ann", "text": "hi"}
        assert (event["seq"], event["epoch"]) == (answers[1]["seq"], answers[1]["epoch"])
        again = await ann.say(type="send", room="lobby", id="1", text="hi")
        assert kinds(again) == ["ack"]
        assert again[0]["seq"] == 1
        assert ben.take() == []

    play(scene)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfe", "malformed"),
        (b"{", "malformed"),
        (b"[]", "malformed"),
        (b"[" * 60_000, "malformed"),
        (b'{"type":7}', "malformed"),
        (b'{"v":1}', "malformed"),
        (b'{"type":"launch"}', "unknown_type"),
        (b'{"type":"hello","v":1,"name":"ben"}', "again"),
        (b'{"type":"send","room":"lobby","text":"x"}', "malformed"),
        (b'{"type":"send","room":"lobby","id":"1","text":""}', "malformed"),
        (b'{"type":"send","room":"lobby","id":"1","kind":"op","text":"x"}', "malformed"),
        (b'{"type":"send","room":"attic","id":"1","text":"x"}', "not_joined"),
        (b'{"type":"send","to":"../x","id":"1","text":"x"}', "malformed"),
        (b'{"type":"join","room":"../../etc"}', "bad_room"),
        (b'{"type":"join","room":"@u1+u2"}', "private"),
        (b'{"type":"join","room":"x","since":{"epoch":"a","seq":-1}}', "malformed"),
        (b'{"type":"history","room":"lobby","before":1e99}', "malformed"),
        (b'{"type":"history","room":"lobby","limit":true}', "malformed"),
        (b'{"type":"nick","name":"a\\u0000b"}', "bad_name"),
        (b'{"type":"nick","name":"a\\u202eb"}', "bad_name"),
        (b'{"type":"nick","name":"a\\ud800b"}', "bad_name"),
        (b'{"type":"nick","name":"' + b"a" * 60_000 + b'"}', "bad_name"),
        (b'{"type":"edit","room":"lobby","id":"1","seq":9,"text":"x"}', "no_such_message"),
        (b'{"type":"kick","room":"lobby","id":"1","user":"u"}', "not_operator"),
        (b'{"type":"register","password":"short"}', "bad_password"),
        (
            (
                b'{"type":"send","room":"lobby","id":"1","kind":"file","file":'
                b'{"url":"/files/../x","name":"x","size":1}}'
            ),
            "malformed",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_answered_and_the_session_goes_on(data: bytes, code: str) -> None:
    """A client's fault is told to it alone, with a word that a program can act on."""

    async def scene(person: Any) -> None:
        ann, ben = await person("ann", "lobby"), await person("ben", "lobby")
        ann.take(), ben.take()
        answers = await ann.say_bytes(data)
        assert kinds(answers) == [code]
        assert ben.take() == []
        assert "ack" in kinds(await ann.say(type="send", room="lobby", id="ok", text="still here"))

    play(scene)


def test_text_over_the_limit_and_requests_before_hello_are_refused() -> None:
    """Limits are told, never cut silently."""

    async def scene(person: Any) -> None:
        silent = await person()
        assert kinds(await silent.say(type="join", room="lobby")) == ["no_hello"]
        ann = await person("ann", "lobby")
        long = "字" * (MAX_TEXT + 1)
        assert kinds(await ann.say(type="send", room="lobby", id="1", text=long)) == ["too_large"]
        huge = json.dumps({"type": "send", "text": "a" * 70_000}).encode()
        assert kinds(await ann.say_bytes(huge)) == ["too_large"]

    play(scene)


def test_control_characters_never_reach_others() -> None:
    """An escape sequence in a message could rewrite another's terminal."""

    async def scene(person: Any) -> None:
        ann, ben = await person("ann", "lobby"), await person("ben", "lobby")
        ben.take()
        await ann.say(type="send", room="lobby", id="1", text="a\x1b[2Jb\u202ec\r\nd")
        assert ben.take()[0]["body"]["text"] == "a\ufffd[2Jbc\nd"

    play(scene)


def test_a_taken_name_is_refused_with_a_suggestion_and_free_again_after_the_end() -> None:
    """Two people with one name would be one person to the others."""

    async def scene(person: Any) -> None:
        ann = await person("Ann")
        second = await person()
        (refused,) = await second.say(type="hello", v=1, name="ａｎｎ")
        assert (refused["code"], refused["suggestion"]) == ("name_taken", "ａｎｎ2")
        (welcome,) = await second.say(type="hello", v=1, name="ann", auto=True)
        assert welcome["you"]["name"] == "ann2"
        ann.talk.end()
        await settle()
        (named,) = await second.say(type="nick", name="ann")
        assert named["type"] == "named"

    play(scene)


def test_resume_gives_what_was_missed_once_and_says_when_it_cannot() -> None:
    """The promise that beats the systems this was measured against."""

    async def scene(person: Any) -> None:
        ann = await person("ann", "dev")
        for n in range(5):
            await ann.say(type="send", room="dev", id=str(n), text=str(n))
        ben = await person("ben")
        epoch = ann.talk.broker.epoch
        since = {"epoch": epoch, "seq": 3}
        joined, *events = await ben.say(type="join", room="dev", since=since)
        assert joined["recovered"] is True
        assert [e["seq"] for e in events] == [4, 5, 6]
        since = {"epoch": "another", "seq": 3}
        joined, *events = await ben.say(type="join", room="dev", since=since, limit=2)
        assert joined["recovered"] is False
        assert joined["after"] == 4
        assert [e["seq"] for e in events] == [5, 6]

    play(scene)


def test_edit_and_delete_are_for_ones_own_and_leave_nothing_behind() -> None:
    """A deleted text that history still holds is not deleted."""

    async def scene(person: Any) -> None:
        ann, ben = await person("ann", "dev"), await person("ben", "dev")
        await ann.say(type="send", room="dev", id="s", text="secret one")
        assert kinds(await ben.say(type="edit", room="dev", id="x", seq=2, text="no"))[-1] == (
            "not_yours"
        )
        await ann.say(type="edit", room="dev", id="e", seq=2, text="secret two")
        ben.take()
        (found,) = await ben.say(type="search", room="dev", text="TWO")
        assert [e["body"]["text"] for e in found["events"]] == ["secret two"]
        await ann.say(type="delete", room="dev", id="d", seq=2)
        (history,) = (
            m for m in await ben.say(type="history", room="dev") if m["type"] == "history"
        )
        assert "secret" not in json.dumps(history)
        assert [e["kind"] for e in history["events"]] == ["op", "text", "edit", "delete"]
        assert "no_such_message" in kinds(
            await ann.say(type="edit", room="dev", id="f", seq=2, text="again")
        )

    play(scene)


def test_private_messages_wait_for_one_who_is_away() -> None:
    """Offline is the usual state of the one you want to reach."""

    async def scene(person: Any) -> None:
        ann, ben = await person("ann"), await person("ben")
        token, user = ben.token, ben.user
        ben.talk.end()
        await settle()
        answers = await ann.say(type="send", to=user, to_name="ben", id="1", text="psst")
        assert "ack" in kinds(answers)
        back = Person(ann.talk.service)
        (welcome,) = await back.say(type="hello", v=1, name="ben", token=token)
        (entry,) = welcome["private"]
        assert entry["with"]["name"] == "ann"
        messages = await back.say(type="join", room=entry["room"])
        assert [m["body"]["text"] for m in messages if m["type"] == "event"] == ["psst"]
        eve = await person("eve")
        assert kinds(await eve.say(type="join", room=entry["room"])) == ["private"]
        assert kinds(await eve.say(type="history", room=entry["room"])) == ["not_joined"]

    play(scene)


def test_an_operator_rules_and_nobody_else_does() -> None:
    """Every action against every role, as far as one room has them."""

    async def scene(person: Any) -> None:
        ann, ben = await person("ann", "dev"), await person("ben", "dev")
        rule = {"room": "dev", "id": "r", "user": ann.user, "target": "ann"}
        for action in ("kick", "ban", "unban", "mute", "unmute", "op", "deop"):
            assert kinds(await ben.say(type=action, **rule))[-1] == "not_operator", action
        assert (
            kinds(await ben.say(type="topic", room="dev", id="t", text="x"))[-1] == "not_operator"
        )
        against = {"room": "dev", "user": ben.user, "target": "ben"}
        await ann.say(type="mute", id="1", **against)
        assert kinds(await ben.say(type="send", room="dev", id="m", text="x"))[-1] == "muted"
        await ann.say(type="unmute", id="2", **against)
        assert "ack" in kinds(await ben.say(type="send", room="dev", id="m2", text="x"))
        await ann.say(type="ban", id="3", **against)
        assert "parted" in kinds(ben.take())
        assert kinds(await ben.say(type="join", room="dev")) == ["banned"]
        await ann.say(type="unban", id="4", **against)
        assert kinds(await ben.say(type="join", room="dev"))[0] == "joined"
        await ann.say(type="op", id="5", **against)
        assert "ack" in kinds(await ben.say(type="topic", room="dev", id="t2", text="new"))

    play(scene)


def test_the_rate_is_limited_by_the_clock_that_is_given() -> None:
    """A flood is answered with the time to wait, and ends the session if it goes on."""

    async def scene(person: Any) -> None:
        ann = await person("ann", "lobby")
        codes = []
        for n in range(300):
            codes += kinds(await ann.say(type="send", room="lobby", id=str(n), text="x"))
        assert codes.count("ack") <= 40
        assert "rate_limited" in codes
        assert ann.wire.ended == "too_many_errors"

    play(scene, Settings(burst=20, per_second=0.5))


def test_typing_and_presence_are_told_to_the_room_only() -> None:
    """What is not stored still must not leak into other rooms."""

    async def scene(person: Any) -> None:
        ann, ben = await person("ann", "dev"), await person("ben", "dev")
        eve = await person("eve", "attic")
        for one in (ann, ben, eve):
            one.take()
        await ann.say(type="typing", room="dev")
        assert kinds(ben.take()) == ["typing"]
        assert eve.take() == []

    play(scene)


def test_a_reconnect_is_neither_leaving_nor_joining_and_a_departure_is_told() -> None:
    """A lift or a tunnel is no news for the room; going home is."""

    async def scene(person: Any) -> None:
        ann, ben = await person("ann", "dev"), await person("ben", "dev")

        def told(kind: str) -> list[str]:
            return [m["name"] for news in ann.wire.presence for m in news[kind]]

        async with asyncio.timeout(60):
            while "ben" not in told("joined"):
                await asyncio.sleep(0.05)
        token = ben.token
        ben.talk.end()
        back = await person("ben", "dev", token=token)
        await back.say(type="part", room="dev")
        async with asyncio.timeout(60):
            while not told("left"):
                await asyncio.sleep(0.05)
        assert (told("joined").count("ben"), told("left")) == (1, ["ben"])

    play(scene, Settings(burst=10_000, depart_seconds=30))
