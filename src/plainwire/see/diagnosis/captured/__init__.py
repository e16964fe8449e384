"""Diagnosis of a capture without calls: what packets alone prove. Pure.

Each file is the packet-only half of the rule of the same name beside this package, and
shares its page of `plainwire explain`. It accuses a path or an end, never a line.

A capture may begin in the middle, see one direction only, be cut at a snap length, hold
packets twice, and lose some itself; and healthy programs reset connections, stop reading
for a while and send a little again. So each rule rests on what a sender *did*: whoever
sends the same again had no answer, whatever the capture saw. The rules not listed here
have no packet-only half, because the wire of a healthy program looks the same: many short
connections and TIME_WAIT, for example, hurt only when a call fails for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from plainwire.see.diagnosis.captured import (
    connect_refused,
    icmp_refused_on_udp,
    nagle_delayed_ack_stall,
    reset_without_fin,
    silent_peer,
    slow_reader,
    syn_unanswered,
)
from plainwire.see.diagnosis.captured.seen import Seen
from plainwire.see.diagnosis.model import Finding

Rule = Callable[[Seen], Iterator[Finding]]

RULES: dict[str, Rule] = {
    "connect-refused": connect_refused.find,
    "nagle-delayed-ack-stall": nagle_delayed_ack_stall.find,
    "syn-unanswered": syn_unanswered.find,
    "slow-reader": slow_reader.find,
    "reset-without-fin": reset_without_fin.find,
    "retransmission-stall": silent_peer.find_stall,
    "half-open-peer": silent_peer.find_half_open,
    "icmp-refused-on-udp": icmp_refused_on_udp.find,
}

__all__ = ["RULES", "Rule", "Seen"]
