"""A server's reset lost what its client had sent: the packet-only half.

Programs reset connections all day and lose nothing: browsers that cancel, health checks,
a close with a linger time of 0 after the last byte. So this speaks only where bytes were
lost for certain, and where their sender wanted an answer.

Proof: both directions and the client's SYN were captured; the server sent RST and had not
sent FIN; the client had sent bytes before it that no acknowledgement covers, that of the
RST included, and had not finished. Likely, because the server may have meant it.
Silent: a client that resets, bytes that were acknowledged (whether the program read them
cannot be seen), a FIN of either end before, an RST without ACK that answers anything but
those bytes, packets captured twice or lost by the capture.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.captured.seen import CONNECTED, Connection, Seen, ended_by_fin
from plainwire.see.diagnosis.model import LIKELY, Evidence, Finding, say
from plainwire.see.ledger.wire import ACK, RST, Kind, Segment

RULE = "reset-without-fin"


def find(seen: Seen) -> Iterator[Finding]:
    """One finding for each server whose reset lost a client's bytes."""
    told: set[object] = set()
    for connection in seen.connections:
        lost = _lost(connection)
        key = (connection.host(0), connection.ends[1])
        if lost is not None and key not in told:
            told.add(key)
            yield _finding(connection, *lost)


def _lost(connection: Connection) -> tuple[Segment, Segment, int] | None:
    """The reset, the last segment of the client's that it lost, and how many bytes."""
    reset = next((s for s in connection.segments if s.flags & RST), None)
    if reset is None or reset.end != 1:
        return None
    if connection.outcome != CONNECTED or not connection.both_seen:
        return None
    if any(ended_by_fin(connection, end, reset.t) for end in (0, 1)):
        return None
    if connection.of(0, Kind.GAP) or connection.of(1, Kind.GAP):
        return None  # the capture, or the network before it, lost some
    before = connection.segments[: connection.place(reset)]
    reached = max((s.stop for s in before if s.end == 1), default=0)
    heard = max((s.acked or 0 for s in before if s.end == 0), default=0)
    if max(heard, reset.start) > reached:
        return None  # a segment of the server's was not captured; it may have been a FIN
    acked = max((s.acked or 0 for s in before if s.end == 1), default=0)
    if reset.flags & ACK:
        acked = max(acked, reset.acked or 0)
    unheard = [s for s in before if s.end == 0 and s.size and s.stop > acked]
    if not unheard or (not reset.flags & ACK and before[-1] is not unheard[-1]):
        return None
    return reset, unheard[-1], unheard[-1].stop - acked


def _finding(connection: Connection, reset: Segment, data: Segment, count: int) -> Finding:
    client, server = connection.name(0), connection.name(1)
    return Finding(
        RULE,
        LIKELY,
        say(
            "{server} reset the connection, and the last {count} bytes of {client} were lost",
            server=server,
            count=count,
            client=client,
        ),
        (),
        (
            Evidence(
                say("RST (packet {number}), and no FIN before it", number=reset.number), reset.t
            ),
            Evidence(
                say(
                    "the bytes up to packet {number} were never acknowledged, not by the RST"
                    " either",
                    number=data.number,
                ),
                data.t,
                data.start,
            ),
        ),
        say(
            "let the server read to the end, send FIN (shutdown) and then close; if it had ended or"
            " forgotten an idle connection, the client has to ask again on a new one"
        ),
        connection.flow.number,
        reset.t,
    )
