"""Messages of the chat as lines of text for a terminal or a pipe. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable

from plainwire.chat.protocol import Message, clean_text

Translate = Callable[[str], str]


def show_event(event: Message, _: Translate = str) -> str:
    """One event as text without its room and time; empty for those nobody reads.

    Text of a peer is cleaned again here: this is where it meets a terminal.
    """
    body, kind = event["body"], event["kind"]
    name = clean_text(str(body.get("name", "")))
    if body.get("deleted"):
        return _("{name}: (deleted)").format(name=name)
    text = clean_text(str(body.get("text", ""))).replace("\n", "\n    ")
    target = clean_text(str(body.get("target", "")))
    if kind == "me":
        return f"* {name} {text}"
    if kind == "file":
        file = body["file"]
        return (
            f"{name}: [{clean_text(file['name'])}, {file['size']} B] {file['url']} {text}".rstrip()
        )
    if kind in ("text", "edit"):
        mark = _(" (edited)") if body.get("edited") else ""
        return f"{name}: {text}{mark}"
    words = {
        "topic": _("{name} set the topic: {text}"), "kick": _("{name} removed {target}"),
        "ban": _("{name} banned {target}"), "mute": _("{name} muted {target}"),
        "op": _("{target} is an operator"),
    }  # fmt: skip
    off = {
        "ban": _("{name} lifted the ban of {target}"), "mute": _("{name} unmuted {target}"),
        "op": _("{target} is no longer an operator"),
    }  # fmt: skip
    table = words if body.get("on", True) else off
    return table.get(kind, "").format(name=name, target=target, text=text)


def clock(milliseconds: int) -> str:
    """The local time of day of an event."""
    return time.strftime("%H:%M", time.localtime(milliseconds / 1000))
