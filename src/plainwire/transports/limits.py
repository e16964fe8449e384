"""What a peer may cost: every limit, its unit and its default, in one value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a server and of each of its peers; all are on unless set to None.

    The size of a message is the codec's: `frames.length(4, max_bytes=...)`.

    Attributes:
        first_message_seconds: from the connection to its first whole message, TLS and
            WebSocket handshakes included; 10 s, so that a client that sends nothing
            does not hold a place for ever. None for servers that speak first.
        message_seconds: from a message's first byte to its last, however the bytes
            trickle; 30 s. Time between messages is not limited.
        send_seconds: how long a peer may take nothing of what is sent to it; 30 s.
        write_buffer_bytes: what may wait to be sent to one peer before `send` waits;
            256 KiB, and one message more.
        connections: in total; more wait in the kernel's queue; 1,000. Under the model
            `processes` each worker takes an equal share.
        per_address: from one remote address; more are closed at once; 64.
        linger_seconds: how long a closing server reads on, so that its last answer is
            not destroyed by a reset (RFC 1122 section 4.2.2.13); 1 s.
    """

    first_message_seconds: float | None = 10.0
    message_seconds: float | None = 30.0
    send_seconds: float | None = 30.0
    write_buffer_bytes: int = 256 * 1024
    connections: int = 1000
    per_address: int | None = 64
    linger_seconds: float = 1.0

    @property
    def tick_seconds(self) -> float:
        """How often deadlines are looked at: an eighth of the shortest, at most 0.25 s."""
        limits = (self.first_message_seconds, self.message_seconds, self.send_seconds)
        return min(0.25, max(0.01, min((v or 1e9) for v in limits) / 8))


CLIENT_LIMITS = Limits(first_message_seconds=None, message_seconds=None, linger_seconds=0.25)
"""For `connect`: a server answers when it has something to say."""
