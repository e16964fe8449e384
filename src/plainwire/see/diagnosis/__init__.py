"""Diagnosis: from a ledger to findings. Pure; one file per failure.

A rule accuses the *user's* program only: what it did with the bytes decides, and what
cannot be known is `likely` or not said. Each rule's first lines say what must hold
before it speaks (its proof) and what must make it silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from plainwire.see.diagnosis import (
    address_in_use,
    backlog_overflow,
    both_sending,
    captured,
    connect_refused,
    connect_result_ignored,
    connection_per_request,
    datagram_lost,
    datagram_lost_in_kernel,
    datagram_truncated,
    eof_ignored,
    eof_never_comes,
    fin_withheld,
    glued_messages,
    icmp_refused_on_udp,
    leaked_socket,
    mutual_wait,
    nagle_delayed_ack_stall,
    partial_send_ignored,
    reset_without_fin,
    second_client_ignored,
    silent_peer,
    slow_reader,
    split_message,
    syn_unanswered,
    time_wait_on_server,
    two_readers,
    unread_at_close,
    write_after_close,
    wrong_type_sent,
)
from plainwire.see.diagnosis.case import Case
from plainwire.see.diagnosis.model import CERTAIN, Finding
from plainwire.see.ledger.model import Ledger

Rule = Callable[[Case], Iterator[Finding]]

# In the order in which findings are shown when they are equally certain: causes first.
RULES: dict[str, Rule] = {
    "wrong-type-sent": wrong_type_sent.find,
    "address-in-use": address_in_use.find,
    "connect-refused": connect_refused.find,
    "connect-result-ignored": connect_result_ignored.find,
    "glued-messages": glued_messages.find,
    "split-message": split_message.find,
    "partial-send-ignored": partial_send_ignored.find,
    "eof-ignored": eof_ignored.find,
    "eof-never-comes": eof_never_comes.find,
    "fin-withheld": fin_withheld.find,
    "mutual-wait": mutual_wait.find,
    "both-sending": both_sending.find,
    "second-client-ignored": second_client_ignored.find,
    # Before what it leads to: a reader that takes what is another's often ends by it.
    "two-readers": two_readers.find,
    "unread-at-close": unread_at_close.find,
    "write-after-close": write_after_close.find,
    "datagram-truncated": datagram_truncated.find,
    "datagram-lost": datagram_lost.find,
    "datagram-lost-in-kernel": datagram_lost_in_kernel.find,
    "leaked-socket": leaked_socket.find,
    "nagle-delayed-ack-stall": nagle_delayed_ack_stall.find,
    "backlog-overflow": backlog_overflow.find,
    "syn-unanswered": syn_unanswered.find,
    "slow-reader": slow_reader.find,
    "reset-without-fin": reset_without_fin.find,
    "retransmission-stall": silent_peer.find_stall,
    "half-open-peer": silent_peer.find_half_open,
    "icmp-refused-on-udp": icmp_refused_on_udp.find,
    "time-wait-on-server": time_wait_on_server.find,
    "connection-per-request": connection_per_request.find,
}

# Those that can stand while a program hangs; asked with each sample of the kernel.
HANGS = ("eof-never-comes", "fin-withheld", "mutual-wait", "both-sending", "second-client-ignored")


def diagnose(
    ledger: Ledger,
    rules: tuple[str, ...] | None = None,
    told: Callable[[float], None] | None = None,
) -> list[Finding]:
    """Every finding of the rules (all of them by default), certain ones first.

    A capture of another tool has no calls: only the packet-only halves are asked of it.

    Args:
        ledger: what happened.
        rules: the names of those to be asked.
        told: is called before each rule with how much is done, from 0 to 1.
    """
    if ledger.capture is not None and ledger.capture.foreign:
        return _of_capture(ledger, rules)
    case = Case(ledger)
    asked = rules or tuple(RULES)
    found: list[Finding] = []
    for number, name in enumerate(asked):
        if told is not None:
            told(number / len(asked))
        found += RULES[name](case)
    return sorted(found, key=lambda f: f.certainty != CERTAIN)


def _of_capture(ledger: Ledger, rules: tuple[str, ...] | None) -> list[Finding]:
    seen = captured.Seen(ledger)
    asked = [rule for name, rule in captured.RULES.items() if rules is None or name in rules]
    found = [finding for rule in asked for finding in rule(seen)]
    return sorted(found, key=lambda f: f.certainty != CERTAIN)
