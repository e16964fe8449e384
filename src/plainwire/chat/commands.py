"""The commands of the terminal client: their names, use and meaning. Pure.

`N_` marks the words for the translators; the page has the same commands in its words.js.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from plainwire.chat.lines import Translate
from plainwire.chat.protocol import clean_text, name_key


def N_(text: str) -> str:  # noqa: N802 - the usual name in gettext
    """Mark a message that is translated when it is shown."""
    return text


COMMANDS: dict[str, tuple[str, str]] = {
    "/help": ("", N_("these lines")),
    "/join": ("ROOM", N_("enter a room, or open it")),
    "/room": ("NAME", N_("go to a room or a conversation you are in")),
    "/part": ("", N_("leave the room")),
    "/rooms": ("", N_("which rooms there are")),
    "/who": ("", N_("who is in the room")),
    "/msg": ("NAME TEXT", N_("write to one person")),
    "/me": ("TEXT", N_("say something about yourself")),
    "/edit": ("TEXT", N_("change your last message")),
    "/delete": ("", N_("delete your last message")),
    "/history": ("", N_("older messages")),
    "/search": ("TEXT", N_("find messages of the room")),
    "/nick": ("NAME", N_("take another name")),
    "/register": ("PASSWORD", N_("keep your name")),
    "/logout": ("", N_("sign out your other devices")),
    "/topic": ("TEXT", N_("say what the room is about")),
    "/op": ("NAME", N_("make somebody an operator; /deop takes it back")),
    "/kick": ("NAME", N_("put somebody out of the room")),
    "/ban": ("NAME", N_("put somebody out for good; /unban lets them in")),
    "/mute": ("NAME", N_("let somebody only read; /unmute lets them write")),
    "/deop": ("NAME", ""),
    "/unban": ("NAME", ""),
    "/unmute": ("NAME", ""),
    "/quit": ("", N_("leave the chat, as Ctrl-D does")),
}


def help_lines(_: Translate) -> list[str]:
    """One line for each command that has a meaning of its own."""
    return [
        f"{name + ' ' + use:<20} {_(text)}" for name, (use, text) in COMMANDS.items() if text
    ]  # fmt: skip


def split_person(text: str, people: Mapping[str, str]) -> tuple[str, str, str]:
    """Who is meant at the start of a text, and what follows.

    Names may hold spaces, so the longest known name that the text begins with is meant.

    Args:
        text: of a command, such as `ann lee hello`.
        people: names by user id.

    Returns:
        User id, name and the rest; the id is empty for a name nobody has.
    """
    best = ("", "", "")
    for user, name in people.items():
        head, rest = text[: len(name)], text[len(name) :]
        if name_key(head) == name_key(name) and rest[:1] in ("", " ") and len(name) > len(best[1]):
            best = (user, name, rest.strip())
    if best[0]:
        return best
    name, _space, rest = text.partition(" ")
    return "", clean_text(name), rest.strip()


def complete(word: str, at_start: bool, people: Iterable[str], rooms: Iterable[str]) -> list[str]:
    """What a word may become: commands at the start of a line, people and rooms elsewhere."""
    if at_start and word.startswith("/"):
        return [f"{name} " for name in COMMANDS if name.startswith(word)]
    mark = word[:1] if word[:1] in ("@", "#") else ""
    start = word[len(mark) :].casefold()
    found = [] if mark == "#" else [f"{mark}{name} " for name in people
                                    if name.casefold().startswith(start)]  # fmt: skip
    if mark != "@":
        found += [f"#{room} " for room in rooms if room.casefold().startswith(start)]
    return sorted(set(found))
