"""Who somebody is: tokens, accounts, guesses, and what a server's log says of it."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from pathlib import Path
from typing import Any

import pytest
from dialogue import hear, kinds, play, settle

from plainwire.chat.bounds import Settings
from plainwire.chat.journal import log, write_to


def test_a_token_makes_one_the_same_person_again_and_a_forged_one_does_not() -> None:
    """Who you are is the token, not the name."""

    async def scene(person: Any) -> None:
        ann = await person("ann")
        token = ann.token
        back = await person("ann", token=token)
        assert back.user == ann.user
        forged = await person("eve", token=token[:-1] + ("0" if token[-1] != "0" else "1"))
        assert forged.user != ann.user
        odd = await person("odd", token="ü.x")
        assert odd.user != ann.user

    play(scene)


def test_a_registered_name_needs_its_password() -> None:
    """Accounts are optional, but then they hold."""

    async def scene(person: Any) -> None:
        ann = await person("ann")
        ann.talk.receive(b'{"type":"register","password":"correct horse"}')
        async with asyncio.timeout(60):
            while "registered" not in kinds(ann.wire.got):
                await asyncio.sleep(0.01)
        user = ann.user
        ann.talk.end()
        await settle()
        other = await person()
        assert kinds(await other.say(type="hello", v=1, name="ANN")) == ["name_registered"]
        for word, wanted in (("wrong horse", "bad_password"), ("correct horse", "welcome")):
            message = {"type": "hello", "v": 1, "name": "ann", "password": word}
            other.talk.receive(json.dumps(message).encode())
            async with asyncio.timeout(60):
                while not other.wire.got:
                    await asyncio.sleep(0.01)
            assert kinds(other.take()) == [wanted]
        assert other.user == user

    play(scene)


def test_signing_out_ends_the_other_sessions_and_their_tokens() -> None:
    """A lost telephone must not stay in the room for ever."""

    async def scene(person: Any) -> None:
        lost = await person("ann", "dev")
        stolen, user = lost.token, lost.user
        ann = await person("ann", token=stolen)
        answers = await ann.say(type="revoke")
        fresh = next(m for m in answers if m["type"] == "revoked")["token"]
        assert (lost.wire.ended, ann.wire.ended) == ("revoked", "")
        assert lost.take()[-1]["code"] == "revoked"
        thief = await person("eve", token=stolen)
        assert thief.user != user
        again = await person("ann", token=fresh)
        assert again.user == user
        refused = await thief.say(type="revoke", user=user)
        assert kinds(refused) == ["not_operator"]

    play(scene)


def test_an_operator_of_the_server_signs_somebody_else_out() -> None:
    """Whoever runs the server helps one who has lost everything."""

    async def scene(person: Any) -> None:
        boss, ann = await person("boss"), await person("ann")
        boss.talk.receive(b'{"type":"register","password":"correct horse"}')
        assert (await hear(boss, "registered"))["master"] is True
        await boss.say(type="revoke", user=ann.user)
        assert (boss.wire.ended, ann.wire.ended) == ("", "revoked")

    play(scene, Settings(burst=10_000, depart_seconds=0, masters=("boss",)))


def test_a_token_ends_by_its_age(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody has used for half a year is nobody's any more."""

    async def scene(person: Any) -> None:
        ann = await person("ann")
        token, service, now = ann.token, ann.talk.service, time.time()
        for days, good in ((179, True), (182, False)):
            monkeypatch.setattr("plainwire.chat.service.time.time", lambda d=days: now + d * 86_400)
            assert bool(service.identify(token)[0]) is good, days

    play(scene)


def test_guessing_passwords_is_slowed_for_the_guesser_and_for_the_name() -> None:
    """Reconnecting gives no fresh guesses; a right password costs none."""

    async def scene(person: Any) -> None:
        for _ in range(30):
            ann = await person("ann", key="open sesame")
            ann.talk.end()
            await settle()
        codes = []
        for _ in range(15):
            eve = await person()
            codes += kinds(await eve.say(type="hello", v=1, name="eve", key="guess"))
        assert codes == ["bad_key"] * 10 + ["rate_limited"] * 5
        assert kinds(await eve.say(type="hello", v=1, name="eve", key="open sesame")) == [
            "rate_limited"
        ]
        far = await person()
        far.wire.remote = "elsewhere"
        assert kinds(await far.say(type="hello", v=1, name="far", key="open sesame")) == ["welcome"]

    play(scene, Settings(burst=10_000, depart_seconds=0, password="open sesame"))


def test_what_happens_is_told_as_facts_without_any_text_or_secret(tmp_path: Path) -> None:
    """Whoever runs a server reads who came and what was refused, never what was said."""
    path = tmp_path / "chat.log"
    write_to(str(path))
    handler = log.handlers[-1]

    async def scene(person: Any) -> None:
        ann, ben = await person("ann", "dev"), await person("ben", "dev")
        await ann.say(type="send", room="dev", id="1", text="a secret")
        await ben.say(type="topic", room="dev", id="2", text="mutiny")
        await ann.say(type="mute", room="dev", id="3", user=ben.user, target="ben")
        await ben.say(type="revoke")
        ann.talk.end()

    try:
        play(scene)
    finally:
        log.removeHandler(handler)
        log.setLevel(logging.NOTSET)
        handler.close()
    text = path.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    told = [(line["event"], line.get("code") or line.get("kind") or line.get("name"))
            for line in lines]  # fmt: skip
    assert told[:3] == [("entered", "ann"), ("ruled", "op"), ("entered", "ben")]
    assert ("refused", "not_operator") in told
    assert ("ruled", "mute") in told
    assert told[-1] == ("left", None)
    assert all(line["time"].endswith("+00:00") and line["level"] == "info" for line in lines)
    for word in ("secret", "mutiny", "token"):
        assert word not in text
