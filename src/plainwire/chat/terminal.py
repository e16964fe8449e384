"""The chat on a terminal, with prompt_toolkit: lines above, what you write below.

Wide characters, editing, history and completion are prompt_toolkit's; this file turns
messages into lines and lines into messages. Commands are those of the page.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.shortcuts import print_formatted_text

from plainwire.address import Address
from plainwire.chat.caller import Caller
from plainwire.chat.commands import COMMANDS, complete, help_lines, split_person
from plainwire.chat.lines import Translate, clock, show_event
from plainwire.chat.protocol import Message, clean_text, name_key
from plainwire.chat.replica import Replica, RoomCopy
from plainwire.errors import PlainwireError

READ_SECONDS = 2.0
# Six colours that read on dark and on light grounds; a name keeps its own.
_COLOURS = ("ansired", "ansigreen", "ansiyellow", "ansiblue", "ansimagenta", "ansicyan")


class Terminal(Completer):
    """One person at one terminal.

    Args:
        address: of the server.
        replica: what the client knows.
        translate: words into the reader's language.
        tls: as for `connect`.
    """

    def __init__(
        self, address: Address, replica: Replica, translate: Translate = str, tls: Any = None
    ) -> None:
        self._ = translate
        self.replica = replica
        self.room = next(iter(replica.rooms))
        self.caller = Caller(address, replica, self.show, tls=tls)
        self._mine: dict[str, int] = {}
        self._people: dict[str, str] = {}
        self._typing: dict[str, float] = {}
        self._day = ""
        self._reading: asyncio.TimerHandle | None = None
        # What was written is erased on Enter: it comes back as a line with its time, or
        # as the answer of a command.
        self._prompt: PromptSession[str] = PromptSession(
            completer=self, complete_while_typing=False, bottom_toolbar=self._status,
            refresh_interval=1.0, erase_when_done=True, key_bindings=self._keys(),
        )  # fmt: skip

    def _keys(self) -> KeyBindings:
        """Tab at once: prompt_toolkit's own completes in the background, after what is typed."""
        keys = KeyBindings()

        @keys.add("tab")
        def _complete(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            if buffer.complete_state is not None:
                buffer.complete_next()
                return
            found = list(self.get_completions(buffer.document, CompleteEvent()))
            if len(found) == 1:
                buffer.apply_completion(found[0])
            elif found:
                buffer.start_completion(insert_common_part=True)

        return keys

    async def run(self) -> int:
        """Talk until /quit, Ctrl-D or a refusal; return the status for the shell."""
        task = asyncio.create_task(self.caller.run())
        reading = asyncio.create_task(self._read_lines())
        with patch_stdout():
            await asyncio.wait((task, reading), return_when=asyncio.FIRST_COMPLETED)
        for one in (task, reading):
            one.cancel()
        with contextlib.suppress(asyncio.CancelledError, PlainwireError, EOFError):
            await asyncio.gather(task, reading)
        if self.caller.refusal:
            print(f"plainwire: {clean_text(self.caller.refusal)}")
            return 2
        return 0

    async def _read_lines(self) -> None:
        while True:
            try:
                line = await self._prompt.prompt_async(
                    lambda: [("bold ansigreen", f"{self._place(self.room)}> ")]
                )
            except (EOFError, KeyboardInterrupt):
                return
            if line.strip() == "/quit":
                return
            if line.strip():
                self.obey(line)

    # What you write

    def obey(self, line: str) -> None:
        """Do what a line says: a command, or a message for the room."""
        if not line.startswith("/") or line.startswith("//"):
            text = line[1:] if line.startswith("//") else line
            self._send({"room": self.room, "text": text})
            return
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        simple: dict[str, Message] = {
            "/part": {"type": "part", "room": self.room}, "/rooms": {"type": "rooms"},
            "/who": {"type": "who", "room": self.room},
            "/topic": {"type": "topic", "room": self.room, "text": rest},
            "/search": {"type": "search", "room": self.room, "text": rest},
            "/nick": {"type": "nick", "name": rest},
            "/register": {"type": "register", "password": rest}, "/logout": {"type": "revoke"},
        }  # fmt: skip
        if word in simple:
            self.caller.send(simple[word])
        elif word == "/me":
            self._send({"room": self.room, "kind": "me", "text": rest})
        elif word in ("/join", "/room"):
            self._go(rest.removeprefix("#"))
        elif word == "/msg":
            self._on_person(
                rest,
                lambda user, name, text: self._send({"to": user, "to_name": name, "text": text}),
            )
        elif word in ("/kick", "/ban", "/unban", "/mute", "/unmute", "/op", "/deop"):
            rule = {"type": word[1:], "room": self.room}
            self._on_person(
                rest, lambda user, name, _: self.caller.send({**rule, "user": user, "target": name})
            )
        elif word in ("/edit", "/delete") and self.room in self._mine:
            change = {"type": word[1:], "room": self.room, "seq": self._mine[self.room]}
            self.caller.send({**change, "text": rest} if word == "/edit" else change)
        elif word == "/history":
            first = max(1, self.replica.rooms[self.room].head - 49)
            self.caller.send({"type": "history", "room": self.room, "before": first})
        elif word == "/help":
            for text in help_lines(self._):
                self._note(text)
        else:
            self._tell_unknown(word)

    def _tell_unknown(self, word: str) -> None:
        _ = self._
        if word in COMMANDS:
            self._note(_("you have said nothing here yet"))
        else:
            self._note(_("{word} is no command; /help lists them").format(word=clean_text(word)))

    def _send(self, message: Message) -> None:
        self.caller.send({"type": "send", **message})

    def _go(self, room: str) -> None:
        found = [name for name, copy in self.replica.rooms.items() if room in (name, copy.title)]
        if found:
            self.room = found[0]
            self.replica.rooms[self.room].unread = 0
            self._mark_read()
        elif room:
            self.room = name_key(room)
            self.caller.send(self.replica.join(self.room))

    def _on_person(self, text: str, act: Callable[[str, str, str], object]) -> None:
        _ = self._
        people = {**self._people, **self.replica.rooms[self.room].members}
        user, name, rest = split_person(text, people)
        if user:
            act(user, name, rest)
        else:
            self._note(_("nobody called {name} is known here").format(name=name))

    def get_completions(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002 - part of the interface
    ) -> Iterable[Completion]:
        """Commands at the start, people and rooms elsewhere."""
        word = document.get_word_before_cursor(WORD=True)
        copy = self.replica.rooms.get(self.room)
        people = [name for user, name in (copy.members.items() if copy else ())
                  if user != self.replica.user]  # fmt: skip
        rooms = [room for room in self.replica.rooms if room[0] != "@"]
        at_start = " " not in document.text_before_cursor
        for name in complete(word, at_start, people, rooms):
            yield Completion(name, start_position=-len(word), display=name.strip())

    # What others write

    def show(self, message: Message) -> None:
        """Print a message of the server; types that nobody reads have no method here."""
        method = getattr(self, f"_on_{message['type']}", None)
        if method is not None:
            method(message)

    def _on_event(self, message: Message) -> None:
        self._show_event(message)

    def _on_joined(self, message: Message) -> None:
        if self.room not in self.replica.rooms:
            self.room = message["room"]
        self._people.update((m["id"], m["name"]) for m in message["members"])
        topic = f" · {clean_text(message['topic'])}" if message["topic"] else ""
        count = "" if message["room"].startswith("@") else f" ({message['count']})"
        self._note(f"{self._place(message['room'])}{count}{topic}")
        if message["room"] == self.room:
            self._mark_read()

    def _on_error(self, message: Message) -> None:
        self._note(f"{clean_text(message['text'])} ({message['code']})")
        if message["code"] == "rate_limited" and message.get("id") in self.replica.outbox:
            again = self.replica.outbox[message["id"]]
            loop = asyncio.get_running_loop()
            loop.call_later(message["retry_after"], self.caller.repeat, again)

    def _on_gap(self, message: Message) -> None:
        _ = self._
        count = message["last"] - message["first"] + 1
        self._note(_("{count} older messages are no longer kept").format(count=count))

    def _on_presence(self, message: Message) -> None:
        self._people.update((m["id"], m["name"]) for m in message["joined"])
        names = [f"+{m['name']}" for m in message["joined"] if m["id"] != self.replica.user]
        names += [f"-{m['name']}" for m in message["left"]]
        if names and message["room"] == self.room:
            self._note(clean_text(", ".join(names)))

    def _on_history(self, message: Message) -> None:
        for event in message["events"]:
            self._show_event(event)

    _on_found = _on_history

    def _on_who(self, message: Message) -> None:
        self._note(clean_text(", ".join(m["name"] for m in message["members"])))

    def _on_rooms(self, message: Message) -> None:
        self._note(", ".join(f"#{r['room']} ({r['count']})" for r in message["rooms"]))

    def _on_typing(self, message: Message) -> None:
        if message["user"] != self.replica.user:
            self._typing[message["name"]] = time.monotonic() + 4

    def _on_state(self, message: Message) -> None:
        _ = self._
        self._note(_("connection lost, trying again") + f" · {message['text']}")

    def _on_named(self, message: Message) -> None:
        self._note(clean_text(message["name"]))

    def _on_registered(self, message: Message) -> None:
        _ = self._
        self._note(_("the name {name} is yours").format(name=clean_text(message["name"])))

    def _on_revoked(self, _message: Message) -> None:
        _ = self._
        self._note(_("your other devices are signed out"))

    def _on_close(self, message: Message) -> None:
        self._note(clean_text(message["text"]))

    def _on_parted(self, message: Message) -> None:
        self._note(clean_text(message["text"] or f"- #{message['room']}"))
        if self.room not in self.replica.rooms and self.replica.rooms:
            self.room = next(iter(self.replica.rooms))

    def _show_event(self, event: Message) -> None:
        line = show_event(event, self._)
        if not line:
            return
        room = event["room"]
        mine = event["from"] == self.replica.user
        if mine and event["kind"] in ("text", "me", "file"):
            self._mine[room] = event["seq"]
        self._people[event["from"]] = str(event["body"].get("name", ""))
        copy = self.replica.rooms.get(room)
        fresh = not mine and copy is not None and self._is_unread(copy, room, event["seq"])
        if fresh and copy is not None and room != self.room:
            copy.unread += 1
        if room == self.room:
            self._mark_read()
        day = time.strftime("%Y-%m-%d", time.localtime(event["time"] / 1000))
        if day != self._day:
            self._day = day
            self._note(f"── {day} ──")
        where = "" if room == self.room else f"{self._place(room)} "
        name, colon, text = line.partition(": ")
        mention = f"@{self.replica.name}".casefold() in line.casefold() and not mine
        colour = _COLOURS[sum(event["from"].encode()) % len(_COLOURS)]
        head = f"{clock(event['time'])} {where}"
        if fresh and (mention or room.startswith("@")):
            self._prompt.output.bell()
        parts = [("ansibrightblack", head)]
        if colon:
            parts += [(f"bold {colour}", name), ("reverse" if mention else "", colon + text)]
        else:
            parts.append(("italic", line))
        print_formatted_text(FormattedText(parts))

    @staticmethod
    def _is_unread(copy: RoomCopy, room: str, seq: int) -> bool:
        # What was there on joining counts after the mark of what was read, and in a private
        # conversation, which may have begun while nobody looked.
        known = bool(copy.read) or room.startswith("@")
        return seq > copy.head or (known and seq > copy.read)

    def _mark_read(self) -> None:
        """Remember on the server how far this room was read, at most every READ_SECONDS."""
        if self._reading is None:
            loop = asyncio.get_running_loop()
            self._reading = loop.call_later(READ_SECONDS, self._say_read)

    def _say_read(self) -> None:
        self._reading = None
        copy = self.replica.rooms.get(self.room)
        if copy is not None and copy.seq > copy.read:
            copy.read = copy.seq
            self.caller.send({"type": "read", "room": self.room, "seq": copy.seq})

    def _note(self, text: str) -> None:
        print_formatted_text(FormattedText([("ansibrightblack", f"-- {text}")]))

    def _place(self, room: str) -> str:
        """How a room is called: `#dev`, or `@ann` for a private conversation."""
        copy = self.replica.rooms.get(room)
        title = copy.title if copy is not None else ""
        return f"@{clean_text(title)}" if title or room.startswith("@") else f"#{room}"

    def _status(self) -> FormattedText:
        """The line at the bottom: connection, rooms with unread counts, who is typing."""
        _ = self._
        words = {"connected": _("connected"), "connecting": _("connecting"),
                 "reconnecting": _("reconnecting")}  # fmt: skip
        parts = [("bold", f" {words[self.caller.state]} "), ("", f"{self.replica.name} ")]
        for room, copy in self.replica.rooms.items():
            mark = f"({copy.unread})" if copy.unread else ""
            style = "reverse" if room == self.room else "bold" if copy.unread else ""
            parts.append((style, f" {self._place(room)}{mark} "))
        if self.replica.outbox:
            count = len(self.replica.outbox)
            parts.append(("", _(" {count} not yet stored").format(count=count)))
        now = time.monotonic()
        typing = [name for name, until in self._typing.items() if until > now]
        if typing:
            names = clean_text(", ".join(typing))
            parts.append(("italic", _(" {names} writing…").format(names=names)))
        return FormattedText(parts)
