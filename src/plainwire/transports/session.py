"""The state of one conversation in whole messages, without I/O.

    bytes -> [TLS] -> decoder -> inbox          receive_data, receive_eof
    send  -> encoder -> out -> [TLS] -> bytes   send, data_to_send

Pure: no socket, thread or loop; time comes in, in seconds of any steady clock.
Both peers, blocking and asynchronous, are thin types over this one. Invariants:

1. Messages stay in `inbox` until somebody takes them, so a receive that is cancelled or
   times out loses nothing (L6).
2. `failure` is set once, after which the inbox gets no message. It is `EndOfMessages`
   exactly if the peer's stream ended between two messages (L2).
3. A message in progress began at `started_at`; None exactly if none is in progress.
"""

from __future__ import annotations

import contextlib
import sys
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from plainwire.errors import AddressError, DeadlineError, EndOfMessages, PlainwireError, Truncated
from plainwire.frames.codec import Codec, Payload
from plainwire.transports.limits import Limits

M = TypeVar("M")

# Messages of both directions are named to an observer if there is one; see docs/build.md.
HOOK_MODULE = "plainwire_probe_hook"


class Framing(Protocol[M]):
    """Where messages begin and end on one conversation, in both directions."""

    @property
    def error(self) -> Any:
        """What ended the stream, or None."""

    @property
    def pending(self) -> int:
        """Bytes held of an unfinished message."""

    def receive_data(self, data: bytes) -> list[M]:
        """Take bytes, return the messages they complete."""

    def receive_eof(self) -> list[M]:
        """Note the end of the stream."""


class Layer(Protocol):
    """A transformation of the byte stream, which is TLS."""

    ready: bool
    closed_cleanly: bool

    def receive_data(self, data: bytes) -> bytes:
        """Take bytes of the wire, return those inside."""

    def send(self, data: bytes) -> bytes:
        """Turn bytes into those of the wire; b"" only advances the handshake."""

    def send_eof(self) -> bytes:
        """The bytes that say that nothing more will be sent."""


class Session(Generic[M]):
    """One conversation.

    Args:
        framing: the receiving state.
        encode_parts: appends a message's bytes to a list, as `Codec.encode_parts` does.
        limits: whose deadlines hold.
        now: when the connection was made.
        out: the list that `framing` writes its own answers to, if it has any.
        layer: TLS, or None.
        name: of the codec, for observers.
        parse: a faster `framing.receive_data`.

    Attributes:
        inbox: messages that nobody took yet.
        failure: why no further message comes; None while one may.
        plain: True if no TLS or WebSocket stands between bytes and framing.
        parse: bytes in, messages out, for `note`; a plain session's alone.
        first_deadline: when the first message must have come; None once it has.
    """

    __slots__ = (
        "_layer",
        "_limits",
        "encode_parts",
        "failure",
        "first_deadline",
        "framing",
        "inbox",
        "name",
        "out",
        "parse",
        "plain",
        "received",
        "speaks",
        "started_at",
    )

    def __init__(
        self,
        framing: Framing[M],
        encode_parts: Callable[[list[bytes], M], int],
        limits: Limits,
        now: float,
        *,
        out: list[bytes] | None = None,
        layer: Layer | None = None,
        name: str = "",
        parse: Callable[[bytes], list[M]] | None = None,
    ) -> None:
        self.inbox: deque[M] = deque()
        self.failure: PlainwireError | None = None
        self.out: list[bytes] = [] if out is None else out
        self.started_at: float | None = None
        self.received = 0
        self.name = name
        self.encode_parts = encode_parts
        # TLS and WebSocket answer by themselves, without a message of ours.
        self.speaks = out is not None or layer is not None
        self.plain = not self.speaks
        self.framing = framing
        self.parse = parse or framing.receive_data
        self._layer = layer
        self._limits = limits
        self.first_deadline: float | None = None
        if limits.first_message_seconds is not None:
            self.first_deadline = now + limits.first_message_seconds

    @property
    def idle(self) -> bool:
        """True between two messages, with none waiting to be taken."""
        return not self.inbox and not self.framing.pending

    @property
    def held(self) -> bool:
        """True while messages that were sent wait for a handshake."""
        if self._layer is not None and not self._layer.ready and self.out:
            return True
        return bool(getattr(self.framing, "waiting", ()))

    def receive_data(self, data: bytes, clock: Callable[[], float]) -> None:
        """Take bytes that arrived; complete messages go to the inbox.

        Args:
            data: at least one byte.
            clock: asked for the time only if these bytes begin a message and do not end it.
        """
        if self.failure is not None:
            return
        if self._layer is not None:
            data = self._receive_layer(data)
            if data:
                self.note(self.parse(data), clock)
            if self._layer.closed_cleanly:
                self.receive_eof()
            return
        self.note(self.parse(data), clock)

    def note(self, messages: list[M], clock: Callable[[], float]) -> None:
        """Take what `parse` returned, and look at what it says of the bytes behind."""
        framing = self.framing
        if messages:
            self.inbox += messages
            self.received += len(messages)
            self.first_deadline = self.started_at = None
        if framing.error is not None:
            self._fail(framing.error)
        elif not framing.pending:
            self.started_at = None
        elif self.started_at is None:
            self.started_at = clock()

    def _receive_layer(self, data: bytes) -> bytes:
        assert self._layer is not None
        try:
            return self._layer.receive_data(data)
        except PlainwireError as error:
            self._fail(error)
            return b""

    def receive_eof(self) -> None:
        """Note that the peer sends no more."""
        if self.failure is not None:
            return
        messages = self.framing.receive_eof()
        self.inbox.extend(messages)
        self.received += len(messages)
        if self.framing.error is not None:
            self._fail(self.framing.error)
        elif self._layer is not None and not self._layer.closed_cleanly:
            rule = "the TLS stream ended without close_notify"
            self._fail(Truncated(self.name, rule, getattr(self.framing, "offset", 0)))
        else:
            self._fail(EndOfMessages("the peer finished sending"))

    def fail(self, error: PlainwireError) -> None:
        """Note that the conversation broke for a reason outside of it."""
        self._fail(error)

    def _fail(self, error: PlainwireError) -> None:
        if self.failure is None:
            self.failure = error
            self.started_at = self.first_deadline = None

    def data_to_send(self) -> bytes:
        """Everything queued, joined; the queue is empty afterwards.

        Before the TLS handshake is done these are only its own bytes.
        """
        layer, out = self._layer, self.out
        if layer is not None and not layer.ready:
            return layer.send(b"")
        data = b"".join(out)
        out.clear()
        return data if layer is None else layer.send(data)

    def send_eof(self) -> bytes:
        """What WebSocket and TLS say at the end of sending; empty for plain codecs."""
        last = getattr(self.framing, "send_eof", bytes)()
        if self._layer is None:
            return last
        if not self._layer.ready:
            return b""
        return (self._layer.send(last) if last else b"") + self._layer.send_eof()

    def next_deadline(self) -> float | None:
        """When `handle_timeout` has something to say; None if never."""
        if self.first_deadline is not None:
            return self.first_deadline
        if self.started_at is not None and self._limits.message_seconds is not None:
            return self.started_at + self._limits.message_seconds
        return None

    def handle_timeout(self, now: float) -> bool:
        """Fail with `DeadlineError` if a deadline has passed; True if it has."""
        deadline = self.next_deadline()
        if deadline is None or now < deadline:
            return False
        if self.first_deadline is not None:
            text = f"no whole message within {self._limits.first_message_seconds} s of connecting"
        else:
            text = f"a message was not complete {self._limits.message_seconds} s after it began"
        self._fail(DeadlineError(text))
        return True


def open_session(
    codec: Codec[M] | Payload[M],
    limits: Limits,
    now: float,
    *,
    layer: Layer | None = None,
    fileno: int = -1,
) -> Session[M]:
    """Begin a conversation over a byte stream.

    Raises:
        AddressError: the codec is a payload layer alone, which does not say where a
            message ends.
    """
    if isinstance(codec, Payload):
        raise AddressError(
            f"{codec.name} does not say where a message ends; over a stream put a framing "
            f"before it, such as lines() | {codec.name}"
        )
    decoder, encode_parts = codec.decoder(), codec.sender()
    hook = sys.modules.get(HOOK_MODULE)
    if hook is None or layer is not None:
        # Under TLS what arrives is no frame, even if it looks like one.
        parse = decoder.parser() if layer is None else None
        return Session(
            decoder, encode_parts, limits, now, layer=layer, name=codec.name, parse=parse
        )
    watched = _Watched(decoder, encode_parts, hook, fileno, codec.name)
    return Session(watched, watched.encode_parts, limits, now, name=codec.name)


class _Watched(Generic[M]):
    """Names every message and its place in the stream to an observer."""

    def __init__(
        self, decoder: Any, encode_parts: Callable[[list[bytes], M], int], hook: Any, fileno: int,
        name: str,
    ) -> None:  # fmt: skip
        self._decoder, self._encode_parts = decoder, encode_parts
        self._report, self._fileno, self._name = hook.message, fileno, name
        self._sent = 0
        self.marks: list[tuple[int, int]] | None = []
        decoder.marks = self.marks

    @property
    def error(self) -> Any:
        return self._decoder.error

    @property
    def pending(self) -> int:
        count: int = self._decoder.pending
        return count

    def receive_data(self, data: bytes) -> list[M]:
        return self._told(self._decoder.receive_data(data))

    def receive_eof(self) -> list[M]:
        return self._told(self._decoder.receive_eof())

    def _told(self, messages: list[M]) -> list[M]:
        marks = self.marks or []
        for message, (start, end) in zip(messages, marks, strict=False):
            self._tell("in", start, end, message)
        marks.clear()
        return messages

    def encode_parts(self, parts: list[bytes], message: M) -> int:
        size = self._encode_parts(parts, message)
        self._tell("out", self._sent, self._sent + size, message)
        self._sent += size
        return size

    def _tell(self, direction: str, start: int, end: int, message: M) -> None:
        # An observer's fault must never become the program's.
        with contextlib.suppress(Exception):
            label = repr(message)
            label = label if len(label) <= 60 else label[:57] + "..."
            self._report(self._fileno, direction, start, end, self._name, label)
