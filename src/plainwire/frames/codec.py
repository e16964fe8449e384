r"""The contract of every codec: bytes of a stream in, whole messages out, and back.

    codec = length(4)               a description: immutable, shared by all peers
    codec.encode(b"hi")             00 00 00 02 68 69
    decoder = codec.decoder()       the state of one stream
    decoder.receive_data(b"\0\0") -> []
    decoder.receive_data(b"\0\2hi\0\0\0\1") -> [b"hi"]
    decoder.receive_eof()           raises nothing, sets decoder.error: Truncated

Pure: no socket, clock, thread or loop. Laws that `plainwire.testing.check_codec` holds
every codec to:

L1. Any split of the same bytes gives the same messages and the same error.
L2. The end of the stream inside a frame is `Truncated`, never silence.
L3. An encoder refuses what it cannot represent; it never emits a lying header.
L4. An error never desynchronises: after one the decoder yields nothing more, or, when
    told to skip, goes on at a provable frame boundary.
L5. Time is linear in the bytes received; what is held between two calls is at most one
    unfinished frame, whose size is limited, and the bytes of the last call.

A decoder parses everything complete in one call and returns a list: a call for each
message would cost about as much as the parsing.
"""

from __future__ import annotations

import copyreg
import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, overload

from plainwire.errors import EncodeError, FrameError, LocalProtocolError, Malformed, Truncated

DEFAULT_MAX_BYTES = 1024 * 1024
"""Limit of one message, unless told otherwise: 1 MiB, as Netty, nginx and NATS choose."""

M = TypeVar("M")
N = TypeVar("N")
P = ParamSpec("P")
C = TypeVar("C", bound="Codec[Any] | Payload[Any]")


def recipe(maker: Callable[P, C]) -> Callable[P, C]:
    """Let what a maker makes travel to another process: it is made again there."""

    @functools.wraps(maker)
    def make(*args: P.args, **kwargs: P.kwargs) -> C:
        made = maker(*args, **kwargs)
        made.__dict__.setdefault("_recipe", (make, args, kwargs))
        return made

    return make


def _follow(recipe: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]) -> Any:
    maker, args, kwargs = recipe
    return maker(*args, **kwargs)


def _reduce(made: Codec[Any] | Payload[Any]) -> tuple[Any, ...]:
    if "_recipe" in made.__dict__:
        return (_follow, (made.__dict__["_recipe"],))
    return (copyreg.__newobj__, (type(made),), made.__dict__)  # type: ignore[attr-defined]


class Decoder(ABC, Generic[M]):
    """The receiving state of one stream.

    Attributes:
        error: the error that ended the stream for us, None while it is good.
        skipped: how many bad frames were skipped because the codec was told to.
        last_skipped: the error of the last one skipped.
        offset: position in the stream of the first byte that belongs to no finished frame.
        marks: None, or a list to which `(start, end)` of each finished frame is added; to
            be set before the first bytes.
    """

    __slots__ = ("error", "last_skipped", "marks", "offset", "skipped")

    def __init__(self) -> None:
        self.error: FrameError | None = None
        self.skipped = 0
        self.last_skipped: FrameError | None = None
        self.offset = 0
        self.marks: list[tuple[int, int]] | None = None

    @property
    @abstractmethod
    def pending(self) -> int:
        """How many bytes of an unfinished frame are held or were already discarded."""

    @abstractmethod
    def receive_data(self, data: bytes) -> list[M]:
        """Take bytes that arrived and return the messages they complete, in order.

        Bytes after an error are discarded; look at `error` after each call.
        """

    def parser(self) -> Callable[[bytes], list[M]]:
        """What a peer calls for every read; `receive_data` unless there is a faster one.

        To be asked for before the first bytes, and only by one who sets no `marks`.
        """
        return self.receive_data

    def receive_eof(self) -> list[M]:
        """Note that the peer sends no more; `error` is `Truncated` if inside a frame."""
        if self.error is None and self.pending:
            self.error = self._truncated()
        return []

    @abstractmethod
    def _truncated(self) -> Truncated:
        """Make the error for an end of stream inside the frame that is pending."""

    def _skip(self, error: FrameError) -> None:
        self.skipped += 1
        self.last_skipped = error


class Codec(ABC, Generic[M]):
    """How messages lie in a stream; immutable, so one serves any number of peers.

    Attributes:
        name: how the codec was written, such as `length(4)`; used in errors.
        max_bytes: limit of one message, in bytes handed to the handler.
    """

    name: str
    max_bytes: int

    @abstractmethod
    def decoder(self) -> Decoder[M]:
        """Begin to receive a stream."""

    @abstractmethod
    def encode_parts(self, parts: list[bytes], message: M) -> int:
        """Append the frame of one message to `parts` and return its number of bytes.

        Raises:
            EncodeError: the codec cannot represent the message; `parts` is unchanged.
        """

    def sender(self) -> Callable[[list[bytes], M], int]:
        """What a peer calls for every message; `encode_parts` unless there is a faster one."""
        return self.encode_parts

    def encode(self, message: M) -> bytes:
        """Make the frame of one message.

        Raises:
            EncodeError: the codec cannot represent the message.
        """
        parts: list[bytes] = []
        self.encode_parts(parts, message)
        return b"".join(parts)

    def decode(self, data: bytes) -> list[M]:
        """Split a complete stream into its messages.

        Raises:
            FrameError: the bytes break the codec's rules or end inside a frame.
        """
        decoder = self.decoder()
        messages = decoder.receive_data(data)
        messages += decoder.receive_eof()
        if decoder.error is not None:
            raise decoder.error
        return messages

    def __or__(self, layer: Payload[N]) -> Codec[N]:
        """Stack a payload layer: `length(4) | json()` frames JSON texts."""
        if not isinstance(layer, Payload):
            return NotImplemented
        return Stacked(self, layer)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str | tuple[Any, ...]:
        return _reduce(self)


class Payload(ABC, Generic[M]):
    """What the bytes of one message mean, without a word on where a message ends.

    Alone it serves transports that keep messages whole (UDP, WebSocket); over a
    stream it is stacked on a codec: `lines() | json()`.
    """

    name: str

    @abstractmethod
    def load(self, data: bytes) -> M:
        """Read one message.

        Raises:
            ValueError: the bytes are no message of this kind; the text says why.
        """

    @abstractmethod
    def dump(self, message: M) -> bytes:
        """Write one message.

        Raises:
            EncodeError: the layer cannot represent it.
        """

    def __or__(self, layer: Payload[N]) -> Payload[N]:
        """Stack another layer; this one must hand over bytes."""
        if not isinstance(layer, Payload):
            return NotImplemented
        return _StackedPayload(self, layer)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str | tuple[Any, ...]:
        return _reduce(self)


class _StackedPayload(Payload[M]):
    def __init__(self, outer: Payload[bytes], inner: Payload[M]) -> None:
        self.name = f"{outer.name} | {inner.name}"
        self._outer, self._inner = outer, inner

    def load(self, data: bytes) -> M:
        return self._inner.load(self._outer.load(data))

    def dump(self, message: M) -> bytes:
        return self._outer.dump(self._inner.dump(message))


class Stacked(Codec[M]):
    """A codec whose messages pass through a payload layer."""

    def __init__(self, framing: Codec[bytes], payload: Payload[M]) -> None:
        self.framing = framing
        self.payload = payload
        self.name = f"{framing.name} | {payload.name}"
        self.max_bytes = framing.max_bytes

    def decoder(self) -> Decoder[M]:
        """Begin to receive a stream."""
        return _StackedDecoder(self.framing.decoder(), self.payload, self.name)

    def encode_parts(self, parts: list[bytes], message: M) -> int:
        """Append the frame of one message."""
        return self.framing.encode_parts(parts, self.payload.dump(message))


class _StackedDecoder(Decoder[M]):
    """Loads each payload; one that cannot be loaded is `Malformed` and ends the stream.

    Invariant: `offset`, `pending` and `marks` are those of the framing, except that
    `offset` stays at the frame whose payload was bad.
    """

    __slots__ = ("_framing", "_load", "_name", "_starts")

    def __init__(self, framing: Decoder[bytes], payload: Payload[M], name: str) -> None:
        super().__init__()
        self._framing = framing
        self._load = payload.load
        self._name = name
        self._starts: list[tuple[int, int]] = []
        framing.marks = self._starts

    @property
    def pending(self) -> int:
        return 0 if self.error else self._framing.pending

    def receive_data(self, data: bytes) -> list[M]:
        if self.error is not None:
            return []
        out = self._load_all(self._framing.receive_data(data))
        self.skipped = self._framing.skipped
        self.last_skipped = self._framing.last_skipped
        if self.error is None:
            self.error = self._framing.error
            self.offset = self._framing.offset
        return out

    def receive_eof(self) -> list[M]:
        if self.error is not None:
            return []
        out = self._load_all(self._framing.receive_eof())
        if self.error is None:
            self.error = self._framing.error
        return out

    def _load_all(self, payloads: list[bytes]) -> list[M]:
        out: list[M] = []
        load = self._load
        for index, payload in enumerate(payloads):
            try:
                out.append(load(payload))
            except ValueError as error:
                start = self._starts[index][0]
                self.error = Malformed(self._name, str(error), start, head=payload)
                self.offset = start
                break
        if self.marks is not None:
            self.marks += self._starts[: len(out)]
        self._starts.clear()
        return out

    def _truncated(self) -> Truncated:
        return self._framing._truncated()  # noqa: SLF001 - of the same contract


class Raw(Payload[bytes]):
    """The bytes themselves; for transports that keep messages whole."""

    name = "raw()"

    def load(self, data: bytes) -> bytes:
        """Return the bytes."""
        return data

    def dump(self, message: bytes) -> bytes:
        """Return the bytes."""
        return as_bytes(self.name, message)


@recipe
def raw() -> Payload[bytes]:
    """Messages are the bytes themselves; for UDP and WebSocket, which keep them whole."""
    return Raw()


def as_bytes(codec: str, message: Any) -> bytes:
    """Take a snapshot of a message that must be bytes.

    Raises:
        EncodeError: it is something else, such as a str.
    """
    if isinstance(message, bytes):
        return message
    if isinstance(message, bytearray | memoryview):
        return bytes(message)
    hint = "; encode it, or stack | text()" if isinstance(message, str) else ""
    raise EncodeError(codec, f"a message is bytes, not {type(message).__name__}{hint}")


def limited_bytes(codec: str, message: Any, max_bytes: int) -> bytes:
    """As `as_bytes`, for a message that has at most that many bytes.

    Raises:
        EncodeError: it is over the limit, or no bytes.
    """
    message = as_bytes(codec, message)
    if len(message) > max_bytes:
        raise EncodeError(codec, f"message of {len(message)} bytes, {max_bytes} allowed")
    return message  # type: ignore[no-any-return]


def check_limit(max_bytes: int) -> int:
    """Return a limit that is usable.

    Raises:
        LocalProtocolError: it is not a positive number.
    """
    if not isinstance(max_bytes, int) or max_bytes < 1:
        raise LocalProtocolError(f"limit of a message must be at least 1 byte, not {max_bytes!r}")
    return max_bytes


@overload
def parse_one(codec: Codec[M], data: bytes) -> M: ...
@overload
def parse_one(codec: Payload[M], data: bytes) -> M: ...
def parse_one(codec: Codec[M] | Payload[M], data: bytes) -> M:
    """Read the one message of a datagram or WebSocket message.

    A codec with framing must find exactly one frame, so that the same handler and
    codec work over a stream and over messages.

    Raises:
        FrameError: the bytes are not exactly one message.
    """
    if isinstance(codec, Payload):
        try:
            return codec.load(data)
        except ValueError as error:
            raise Malformed(codec.name, str(error), 0, head=data) from error
    messages = codec.decode(data)
    if len(messages) != 1:
        rule = f"a datagram must hold exactly one frame, not {len(messages)}"
        raise Malformed(codec.name, rule, 0, head=data)
    return messages[0]


def make_one(codec: Codec[M] | Payload[M], message: M) -> bytes:
    """Write one message for a datagram or WebSocket message.

    Raises:
        EncodeError: the codec cannot represent the message.
    """
    return codec.dump(message) if isinstance(codec, Payload) else codec.encode(message)
