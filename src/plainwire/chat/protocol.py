"""The words of the chat: JSON objects in, JSON objects out; docs/chat-protocol.md.

The same objects travel in `length(4)` frames over TCP and as text messages over
WebSocket. Unknown fields are ignored, an unknown type is answered with an error.

Pure. Invariants:

1. `parse` and the `get_` functions raise `Fault` and nothing else, whatever the bytes.
2. What they return holds no control, bidirectional-override or lone surrogate character,
   so it can be shown on a terminal and in a page as text.
3. Two names that look the same to `name_key` are the same name.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from plainwire.errors import PlainwireError
from plainwire.hub.broker import Event

VERSION = 1
MAX_MESSAGE_BYTES = 64 * 1024
MAX_TEXT = 16_000
MAX_NAME = 32
MAX_TOPIC = 300
MAX_TOKEN = 200
HISTORY_PAGE = 200
HISTORY_ON_JOIN = 50
LOBBY = "lobby"

Message = dict[str, Any]

KINDS = ("text", "me", "file")
"""Kinds of room messages that a client may send."""

_ROOM = re.compile(r"[\w][\w.\-]{0,39}")
_ID = re.compile(r"[\x21-\x7e]{1,64}")
_FILE = re.compile(r"/files/[0-9a-f]{64}/[^/\\?#\x00-\x20]{1,600}")
# Bidirectional controls reorder what stands around them; zero-width ones hide in names.
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2060-\u206f\u3164\ufeff\uffa0]"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufff9-\ufffb]")


class Fault(PlainwireError):  # noqa: N818 - the word of the protocol
    """A request that is refused.

    Attributes:
        code: a word for programs, from the table in docs/chat-protocol.md.
        text: a sentence for people.
        extra: more fields of the error message.
    """

    def __init__(self, code: str, text: str, **extra: Any) -> None:
        self.code, self.text, self.extra = code, text, extra
        super().__init__(code, text)

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


def parse(data: bytes) -> Message:
    """Read one message.

    Raises:
        Fault: not UTF-8, not JSON, no object, or without a type.
    """
    if len(data) > MAX_MESSAGE_BYTES:
        raise Fault("too_large", f"a message has at most {MAX_MESSAGE_BYTES} bytes")
    try:
        message = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise Fault("malformed", "a message is UTF-8 text") from None
    except (ValueError, RecursionError):
        raise Fault("malformed", "a message is one JSON object") from None
    if not isinstance(message, dict):
        raise Fault("malformed", "a message is one JSON object")
    kind = message.get("type")
    if not isinstance(kind, str) or len(kind) > 32:
        raise Fault("malformed", "a message has a type, which is a short word")
    return message


_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode(message: Message) -> bytes:
    """Make the bytes of a message."""
    return _dump(message).encode()


def encode_event(event: Event) -> bytes:
    """Make the bytes of an event; its body is JSON text already."""
    dump = _dump
    room, epoch, ident = dump(event.room), dump(event.epoch), dump(event.id)
    return (
        f'{{"type":"event","room":{room},"epoch":{epoch},"seq":{event.seq},"id":{ident},'
        f'"time":{event.time_ms},"from":{dump(event.sender)},"kind":{dump(event.kind)},'
        f'"body":{event.body}}}'
    ).encode()


def event_message(event: Event) -> Message:
    """The event as an object, for pages of history."""
    found: Message = json.loads(encode_event(event))
    return found


def pack_frames(messages: Sequence[bytes]) -> bytes:
    """Put each message into a `length(4)` frame."""
    parts: list[bytes] = []
    for message in messages:
        parts += (len(message).to_bytes(4, "big"), message)
    return b"".join(parts)


def pack_websocket(messages: Sequence[bytes]) -> bytes:
    """Put each message into an unmasked WebSocket text frame (RFC 6455 section 5.2)."""
    parts: list[bytes] = []
    for message in messages:
        size = len(message)
        if size < 126:
            parts.append(bytes((0x81, size)))
        elif size < 65536:
            parts.append(b"\x81\x7e" + size.to_bytes(2, "big"))
        else:
            parts.append(b"\x81\x7f" + size.to_bytes(8, "big"))
        parts.append(message)
    return b"".join(parts)


def clean_text(text: str) -> str:
    """Text without characters that act on a terminal or reorder what is around them."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _BIDI.sub("", _CONTROL.sub("\ufffd", text))


def get_text(message: Message, field: str, most: int = MAX_TEXT, default: str | None = None) -> str:
    """A text field, cleaned.

    Raises:
        Fault: missing without a default, no text, empty, or too long.
    """
    value = message.get(field, default)
    if not isinstance(value, str):
        raise Fault("malformed", f"{field!r} is a text")
    if len(value) > most:
        raise Fault("too_large", f"{field!r} has at most {most} characters")
    value = clean_text(value)
    if not value.strip() and default is None:
        raise Fault("malformed", f"{field!r} is empty")
    return value


def get_number(message: Message, field: str, default: int | None = None) -> int:
    """A whole number from 0 to 2**53, which every JSON reader holds exactly.

    Raises:
        Fault: missing without a default, or no such number.
    """
    value = message.get(field, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1 << 53:
        raise Fault("malformed", f"{field!r} is a whole number")
    return value


def get_id(message: Message, field: str = "id") -> str:
    """An id: 1 to 64 visible ASCII characters.

    Raises:
        Fault: anything else.
    """
    value = message.get(field)
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Fault("malformed", f"{field!r} is 1 to 64 visible ASCII characters")
    return value


def get_name(message: Message, field: str = "name") -> str:
    """A person's name as it will be shown: one line, nothing invisible in it.

    Raises:
        Fault: `bad_name`.
    """
    value = message.get(field)
    if not isinstance(value, str) or len(value) > 4 * MAX_NAME:
        raise Fault("bad_name", f"a name has 1 to {MAX_NAME} characters")
    value = " ".join(unicodedata.normalize("NFC", value).split())
    if not value.isprintable() or _BIDI.search(value) or _INVISIBLE.search(value):
        raise Fault("bad_name", "a name has no control or invisible characters")
    if not 1 <= len(value) <= MAX_NAME:
        raise Fault("bad_name", f"a name has 1 to {MAX_NAME} characters")
    if value[0] in "@#/+" or not any(c.isalnum() for c in value):
        raise Fault("bad_name", "a name has a letter or digit and does not begin with @ # / +")
    return value


def name_key(name: str) -> str:
    """What two names have in common if they are the same (NFKC, case folded)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def suggest_name(name: str) -> str:
    """Another name for one that is taken: `ann` gives `ann2`, `ann2` gives `ann3`."""
    stem = name.rstrip("0123456789")
    number = int(name[len(stem) :][:6] or 1) + 1
    return f"{stem[: MAX_NAME - len(str(number))]}{number}"


def get_room(message: Message, field: str = "room") -> str:
    """A room's name, or that of a private conversation, which begins with @.

    Raises:
        Fault: `bad_room`.
    """
    value = message.get(field)
    if isinstance(value, str) and len(value) <= 160:
        if value.startswith("@") and re.fullmatch(r"@[\w\-]{1,70}\+[\w\-]{1,70}", value, re.ASCII):
            return value
        value = name_key(value.removeprefix("#"))
        if _ROOM.fullmatch(value):
            return value
    raise Fault("bad_room", "a room's name has 1 to 40 letters, digits, dots or dashes")


def private_room(one: str, other: str) -> str:
    """The name of the room that two people have to themselves."""
    return "@" + "+".join(sorted((one, other)))


def private_members(room: str) -> tuple[str, ...]:
    """The two ids of a private room; empty for other rooms."""
    return tuple(room[1:].split("+")) if room.startswith("@") else ()


def get_file(message: Message) -> Message:
    """The file that a message of kind `file` refers to.

    Raises:
        Fault: it is none that this server keeps.
    """
    value = message.get("file")
    if not isinstance(value, dict):
        raise Fault("malformed", "'file' is an object")
    url = value.get("url")
    if not isinstance(url, str) or not _FILE.fullmatch(url):
        raise Fault("malformed", "'file' has a url that an upload has given")
    media = value.get("media", "")
    if not isinstance(media, str) or not re.fullmatch(r"[\w.+/\-]{0,80}", media, re.ASCII):
        media = ""
    return {
        "url": url, "name": get_text(value, "name", 200), "size": get_number(value, "size"),
        "media": media,
    }  # fmt: skip
