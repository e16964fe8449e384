"""The JSON report and its schema: equal to each other, English, and silent on payload."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fake_ledger import Scene, datagrams, glued, hanging, ms

import plainwire.see.report as package
from plainwire import i18n
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, place_of, say
from plainwire.see.report.json_report import to_json

SCHEMA = json.loads((Path(package.__file__).parent / "report.schema.json").read_text("utf-8"))


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    i18n.select("en")
    yield
    i18n.select("en")


def finding(scene: Scene) -> Finding:
    place = place_of(scene.calls[-1], "waits")
    assert place is not None
    quoted = say(
        "{where} read {payload}", where="server.py:5", payload=say("{x}", x="'it\\'s secret'...")
    )
    return Finding(
        "glued-messages", CERTAIN, say("it is {how}", how="so"), (place,),
        (Evidence(quoted, ms(12), 3),), say("add a length"), 0, ms(13),
    )  # fmt: skip


def report(make: Any, **options: Any) -> dict[str, Any]:
    scene = make()
    made: dict[str, Any] = to_json(scene.ledger(), [finding(scene)], **options)
    return json.loads(json.dumps(made))  # type: ignore[no-any-return]


def framed() -> Scene:
    """A codec told the boundaries: in one send there is a message and a half."""
    scene = hanging()
    ledger = scene.ledger

    def with_messages() -> Any:
        made = ledger()
        made.flows[0].there.messages = [(0, 3, "lines()", "'he'"), (3, 9, "lines()", "'secret'")]
        return made

    scene.ledger = with_messages  # type: ignore[method-assign]
    return scene


def one_sided() -> Scene:
    scene = hanging()
    ledger = scene.ledger

    def without_server() -> Any:
        made = ledger()
        made.flows[0].server = made.flows[0].there.receiver = made.flows[0].back.sender = None
        made.processes.pop(0)
        return made

    scene.ledger = without_server  # type: ignore[method-assign]
    return scene


def test_a_codecs_messages_are_ranges_and_their_text_is_payload() -> None:
    frames = report(framed)["flows"][0]["there"]["frames"]
    assert frames == [
        {"start": 0, "end": 3, "codec": "lines()"},
        {"start": 3, "end": 9, "codec": "lines()"},
    ]
    frames = report(framed, with_payload=True)["flows"][0]["there"]["frames"]
    assert [f["label"] for f in frames] == ["'he'", "'secret'"]


@pytest.mark.parametrize("make", [hanging, glued, datagrams, one_sided, framed])
@pytest.mark.parametrize("with_payload", [False, True])
def test_every_report_is_what_the_schema_says(make, with_payload: bool) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(report(make, with_payload=with_payload))


def test_the_schema_names_no_field_that_is_never_written() -> None:
    """A schema that promises more than the report holds misleads whoever reads it."""
    seen: dict[str, set[str]] = {}
    for make in (glued, datagrams, framed):
        _collect(SCHEMA, report(make, with_payload=True), "", seen)
    # No failure and no packets; a capture's report is held to them in packets/test_captured.py.
    others = ("error", "segment", "behind", "state_change", "captured_datagram", "icmp_error")
    for name, definition in SCHEMA["$defs"].items():
        if name not in others:
            assert seen.get(name) == set(definition["properties"]), name


def _collect(schema: dict[str, Any], value: Any, name: str, seen: dict[str, set[str]]) -> None:
    if "anyOf" in schema:
        schema = schema["anyOf"][0]
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = SCHEMA["$defs"][name]
    if isinstance(value, dict):
        seen.setdefault(name, set()).update(value)
        for key, part in value.items():
            _collect(schema["properties"][key], part, "", seen)
    elif isinstance(value, list) and "items" in schema:
        for part in value:
            _collect(schema["items"], part, "", seen)


def test_the_schema_itself_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_payload_is_only_in_it_when_asked_for() -> None:
    """Reports are attached to bug reports; what the programs said stays at home."""
    without = json.dumps(report(glued))
    assert b"hello".hex() not in without
    assert "secret" not in without
    assert "server.py:5 read '...'" in without
    with_it = json.dumps(report(glued, with_payload=True))
    assert b"hello".hex() in with_it
    assert "secret" in with_it


def test_ranges_name_the_calls_that_moved_the_bytes() -> None:
    made = report(glued)
    there = made["flows"][0]["there"]
    assert [(r["start"], r["end"]) for r in there["sends"]] == [(0, 5), (5, 10)]
    assert [(r["start"], r["end"]) for r in there["receives"]] == [(0, 10)]
    call = made["calls"][there["receives"][0]["call"]]
    assert (call["op"], call["place"]["line"], call["result"]) == ("recv", 5, 10)
    assert call["number"] == there["receives"][0]["call"]


def test_who_opened_and_who_closed_is_told_with_the_line() -> None:
    flow = report(glued)["flows"][0]
    assert flow["opened_by"]["place"]["line"] == 4
    assert flow["accepted_by"]["pid"] == 100
    assert flow["closed_first"] == "client"
    assert flow["closed_by"]["place"]["file"].endswith("/client.py")
    assert flow["closed_by"]["place"]["line"] == 8


def test_a_call_that_has_not_returned_has_neither_result_nor_end() -> None:
    last = report(hanging)["calls"][-1]
    assert (last["returned_ns"], last["result"], last["error"]) == (None, None, None)


def test_texts_stay_english_for_a_chinese_reader() -> None:
    """Programs match these texts; they must not change with somebody's locale."""
    english = report(hanging)
    i18n.select("zh")
    assert report(hanging) == english


def test_columns_are_characters_although_python_counts_bytes() -> None:
    """An editor that gets byte columns marks the wrong word behind Chinese text."""
    scene = hanging()
    file = "/home/user/chat/server.py"
    scene.sources[file] = scene.sources[file].replace(
        "conn.recv(1024)\nc", '"你好", conn.recv(1024)\nc'
    )
    call = scene.calls[-1]
    frame = call.site.frame
    assert frame is not None
    shifted = type(frame)(file, 7, 1 + 10, 7, 1 + 10 + 15, "")  # 8 bytes of text, a comma, a blank
    object.__setattr__(call.site, "frame", shifted)
    place = to_json(scene.ledger(), [finding(scene)])["findings"][0]["places"][0]
    assert (place["column"], place["end_column"]) == (1 + 6, 1 + 6 + 15)
