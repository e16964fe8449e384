"""Every error a user can catch, as one tree.

    PlainwireError
     +-- AddressError          an address or option cannot be understood (also ValueError)
     +-- LocalProtocolError    our caller broke the protocol; nothing was sent
     |    +-- EncodeError      a message that the codec cannot represent
     +-- RemoteProtocolError   the peer broke the protocol
     |    +-- FrameError       bytes that are no frame of this codec
     |         +-- TooLarge    a frame over its limit
     |         +-- Malformed   bytes against the codec's grammar
     |         +-- Truncated   the stream ended inside a frame
     +-- EndOfMessages         the peer finished sending, between two messages (also EOFError)
     +-- ClosedError           you closed it
     +-- BrokenError           the world did: reset, unreachable, in use (also ConnectionError);
     |    |                    `__cause__` says how
     |    +-- AddressInUse     another socket has that address
     +-- DeadlineError         a time limit passed (also TimeoutError)
     +-- BusyError             two tasks or threads used one direction of one peer

Rules of this file:

1. An error holds its data as attributes and builds its text from them.
2. Text is lower case without a full stop: what was tried, the values, what was expected.
3. Bytes from a peer are escaped before they are shown.
"""

from __future__ import annotations

HEAD_BYTES = 16
"""How many bytes of a bad frame an error quotes: enough for every guess below."""

# Openings of protocols that people point at the wrong port. Two bytes decide, since a
# two-byte length field is judged after two bytes.
_OPENINGS: tuple[tuple[bytes, str], ...] = (
    (b"GET ", "an HTTP request"),
    (b"POST", "an HTTP request"),
    (b"PUT ", "an HTTP request"),
    (b"HEAD", "an HTTP request"),
    (b"OPTI", "an HTTP request"),
    (b"CONN", "an HTTP request"),
    (b"DELE", "an HTTP request"),
    (b"HTTP", "an HTTP response"),
    (b"SSH-", "an SSH greeting"),
    (b"PROXY ", "a PROXY v1 header"),
    (b"\r\n\r\n\x00\r\nQUIT\n", "a PROXY v2 header"),
    (b"\x16\x03", "a TLS handshake"),
    (b"\x15\x03", "a TLS alert"),
    (b"\xff\xfe", "UTF-16 text with a byte order mark"),
    (b"\xfe\xff", "UTF-16 text with a byte order mark"),
    (b"\xef\xbb\xbf", "UTF-8 text with a byte order mark"),
)


class PlainwireError(Exception):
    """Base of all errors that this package raises on purpose."""


class AddressError(PlainwireError, ValueError):
    """An address or an option cannot be understood; the program must be corrected."""


class LocalProtocolError(PlainwireError):
    """Our caller broke the protocol; nothing of it was sent."""


class EncodeError(LocalProtocolError, ValueError):
    """A message that the codec cannot represent, or that is over its limit.

    Attributes:
        codec: name of the codec, such as `length(4)`.
        rule: which rule the message broke.
    """

    def __init__(self, codec: str, rule: str) -> None:
        self.codec = codec
        self.rule = rule
        super().__init__(codec, rule)

    def __str__(self) -> str:
        return f"send as {self.codec}: {self.rule}"


class RemoteProtocolError(PlainwireError):
    """The peer broke the protocol."""


class FrameError(RemoteProtocolError):
    """Bytes that are no frame of the codec.

    Two errors are equal when all their data are, so that tests can compare them.

    Attributes:
        codec: name of the codec, such as `length(4)`.
        rule: which rule the bytes broke.
        offset: position in the received stream of the frame's first byte.
        announced: size or value that the peer announced, None where there is none.
        allowed: the limit it was compared with, None where there is none.
        head: the frame's first bytes, at most 16, as far as the error needed them.
        guess: what the peer was probably speaking, empty if nothing fits.
    """

    def __init__(
        self,
        codec: str,
        rule: str,
        offset: int,
        *,
        announced: int | None = None,
        allowed: int | None = None,
        head: bytes = b"",
        guess: str = "",
    ) -> None:
        self.codec = codec
        self.rule = rule
        self.offset = offset
        self.announced = announced
        self.allowed = allowed
        self.head = bytes(head[:HEAD_BYTES])
        self.guess = guess or guess_protocol(self.head)
        super().__init__(codec, rule, offset)

    def _data(self) -> tuple[object, ...]:
        return (
            type(self),
            self.codec,
            self.rule,
            self.offset,
            self.announced,
            self.allowed,
            self.head,
            self.guess,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FrameError) and self._data() == other._data()

    def __hash__(self) -> int:
        return hash(self._data())

    def __reduce__(self) -> tuple[object, ...]:
        data = (self.codec, self.rule, self.offset)
        state = {"announced": self.announced, "allowed": self.allowed}
        return (type(self), data, {**state, "head": self.head, "guess": self.guess})

    def __str__(self) -> str:
        text = f"receive as {self.codec} at offset {self.offset}: {self.rule}"
        if self.announced is not None and self.allowed is not None:
            text += f" ({self.announced} announced, {self.allowed} allowed)"
        elif self.announced is not None:
            text += f" ({self.announced} announced)"
        elif self.allowed is not None:
            text += f" ({self.allowed} allowed)"
        if self.head:
            text += f"; starts with {show_bytes(self.head)}"
        if self.guess:
            text += f"; looks like {self.guess}"
        return text


class TooLarge(FrameError):  # noqa: N818 - the word a reader looks for
    """A frame over its limit; refused before any of its body is stored."""


class Malformed(FrameError):  # noqa: N818
    """Bytes against the codec's grammar."""


class Truncated(FrameError):  # noqa: N818
    """The stream ended inside a frame; what had arrived of it is lost."""


class EndOfMessages(PlainwireError, EOFError):  # noqa: N818
    """The peer finished sending, and everything it sent was delivered."""


class ClosedError(PlainwireError):
    """The operation needs something that you closed, or whose sending side you ended."""


class BrokenError(PlainwireError, ConnectionError):
    """The network or the peer's machine broke the connection; `__cause__` says how."""


class AddressInUse(BrokenError):  # noqa: N818
    """Another socket has the address that was to be bound."""


class DeadlineError(PlainwireError, TimeoutError):
    """A time limit passed; a receive that ends so has lost nothing."""


class BusyError(PlainwireError):
    """Two tasks or threads used the same direction of one peer at the same time."""


def show_bytes(data: bytes) -> str:
    """Show bytes as text a person can read, escaped, without the leading `b`."""
    return repr(bytes(data))[1:]


def guess_protocol(head: bytes) -> str:
    """Name what a peer was probably speaking, from its first bytes; empty if unknown."""
    if len(head) < 2:
        return ""
    for opening, name in _OPENINGS:
        if head.startswith(opening) or opening.startswith(head):
            return name
    return ""
