"""What packets alone prove, and what comes near to it: captures by hand, packet by packet."""

from __future__ import annotations

import pytest
from tests.see.packets.scripted import CLIENT, SERVER, Script

from plainwire.see.diagnosis import diagnose
from plainwire.see.report import terminal

# -- scripted: connecting ------------------------------------------------------------------


def found_in(script: Script) -> list[tuple[str, str]]:
    """The findings, with how sure each is."""
    return [(finding.rule, finding.certainty) for finding in diagnose(script.ledger())]


def syns(script: Script, *times: float, client: tuple[str, int] = CLIENT) -> None:
    for t in times:
        script.tcp(client, SERVER, "S", t=t)


def refusals(script: Script, *times: float, server: tuple[str, int] = SERVER) -> None:
    for n, t in enumerate(times):
        client = (CLIENT[0], 41_000 + n)
        script.tcp(client, server, "S", t=t)
        script.tcp(server, client, "RA", 0, 1, t=t + 0.001, raw_seq=0)


def test_two_syns_at_the_very_end_are_only_likely() -> None:
    """The answer may have come after the capture's last packet."""
    script = Script()
    syns(script, 0.0, 1.0)
    assert found_in(script) == [("syn-unanswered", "likely")]
    script.udp(CLIENT, ("198.51.100.9", 53), b"later", t=2.5)
    assert found_in(script) == [("syn-unanswered", "certain")]


def test_a_syn_that_was_captured_twice_was_not_sent_again() -> None:
    script = Script()
    syns(script, 0.0)
    script.again(1.5)
    assert found_in(script) == []


def test_a_target_that_was_reached_later_is_no_finding() -> None:
    script = Script()
    syns(script, 0.0, 1.0, 3.0, client=(CLIENT[0], 39_999))
    script.handshake(t=20.0)
    assert found_in(script) == []


def test_an_answer_that_was_not_captured_shows_in_what_the_client_does() -> None:
    """A capture of one direction: the ACK says that SYN-ACK came."""
    script = Script()
    syns(script, 0.0, 1.0)
    script.tcp(CLIENT, SERVER, "A", 1, 1, t=1.05)
    assert found_in(script) == []


def test_one_refusal_is_likely_and_one_that_was_tried_again_is_certain() -> None:
    script = Script()
    refusals(script, 0.0)
    assert found_in(script) == [("connect-refused", "likely")]
    script = Script()
    refusals(script, 0.0, 0.7)
    assert found_in(script) == [("connect-refused", "certain")]


def test_a_refused_connection_is_not_called_open() -> None:
    """Its client is in CLOSED, and its server never was in any state."""
    script = Script()
    refusals(script, 0.0)
    script.handshake(t=10.0)
    text = terminal.render(script.ledger(), [], width=120)
    assert "0 B there, 0 B back, never established" in text
    assert "0 B there, 0 B back, still open" in text


def test_the_other_address_of_a_name_is_no_finding() -> None:
    script = Script()
    refusals(script, 0.0, server=("198.51.100.8", 80))
    script.handshake(t=0.2)
    assert found_in(script) == []


def test_a_scanner_finds_closed_ports_and_nothing_is_wrong() -> None:
    script = Script()
    for port in range(1000, 1020):
        refusals(script, 0.0, 1.0, server=(SERVER[0], port))
    assert found_in(script) == []


def test_a_reset_that_acknowledges_something_else_refuses_nothing() -> None:
    """A host that still knows an older connection answers so."""
    script = Script()
    script.tcp(CLIENT, SERVER, "S", t=0.0)
    script.tcp(SERVER, CLIENT, "RA", 0, 500, t=0.001, raw_seq=0)
    assert found_in(script) == []


def test_a_reset_of_a_connection_whose_handshake_was_lost_refuses_nothing() -> None:
    """The capture lost all between SYN and RST; only a closed port's RST has number 0."""
    script = Script()
    script.tcp(CLIENT, SERVER, "S", t=0.0)
    script.tcp(SERVER, CLIENT, "RA", 1, 1, t=0.1)
    assert found_in(script) == []


def test_many_alike_are_told_a_few_times_and_counted() -> None:
    """A capture beside a balancer may hold thousands; the JSON report has them all."""
    script = Script()
    for n in range(30):
        script.tcp((f"192.0.2.{n}", 40_000), SERVER, "S", t=n)
        script.tcp(SERVER, (f"192.0.2.{n}", 40_000), "RA", 0, 1, t=n + 0.001, raw_seq=0)
    ledger = script.ledger()
    findings = diagnose(ledger)
    assert len(findings) == 30
    text = terminal.render(ledger, findings, width=80)
    assert text.count("likely[connect-refused]") == terminal.ALIKE_TOLD
    assert f"... {30 - terminal.ALIKE_TOLD} more findings of connect-refused" in text


# -- scripted: datagrams -------------------------------------------------------------------


def test_a_late_answer_to_an_asker_that_hung_up_is_no_finding() -> None:
    """A resolver asks two servers, takes the first answer, and closes its socket."""
    script = Script()
    late = script.udp(("198.51.100.2", 53), ("192.0.2.1", 50_000), b"answer", t=0.0)
    script.icmp("192.0.2.1", "198.51.100.2", 3, 3, late, t=0.001)
    assert found_in(script) == []


def test_refusals_are_rationed_and_still_prove_it() -> None:
    """Linux sends one a second: most datagrams of a stream have none."""
    script = Script()
    for n in range(400):
        sent = script.udp(CLIENT, ("198.51.100.2", 8125), b"count:1|c", t=n / 100)
        if n % 100 == 0:
            script.icmp("198.51.100.2", CLIENT[0], 3, 3, sent, t=n / 100 + 0.001)
    assert found_in(script) == [("icmp-refused-on-udp", "certain")]


def test_a_receiver_that_never_speaks_but_came_is_no_finding() -> None:
    script = Script()
    for n in range(6):
        sent = script.udp(CLIENT, ("198.51.100.2", 8125), b"count:1|c", t=n * 2.0)
        if n == 0:
            script.icmp("198.51.100.2", CLIENT[0], 3, 3, sent, t=0.001)
    assert found_in(script) == []


def test_an_unreachable_host_is_not_a_closed_port() -> None:
    script = Script()
    sent = script.udp(CLIENT, ("198.51.100.2", 8125), b"count:1|c", t=0.0)
    script.icmp("203.0.113.9", CLIENT[0], 3, 1, sent, t=0.001)
    assert found_in(script) == []


# -- scripted: silence ---------------------------------------------------------------------


def test_probes_that_nobody_answers_are_a_half_open_connection() -> None:
    script = Script()
    script.handshake()
    script.tcp(SERVER, CLIENT, "PA", 1, 1, b"hello", t=0.1)
    script.tcp(CLIENT, SERVER, "A", 1, 6, t=0.11)
    for n in range(5):
        script.tcp(CLIENT, SERVER, "A", 0, 6, t=10.0 + n)
    assert found_in(script) == [("half-open-peer", "likely")]


def test_probes_that_are_answered_are_a_quiet_connection() -> None:
    script = Script()
    script.handshake()
    for n in range(5):
        script.tcp(CLIENT, SERVER, "A", 0, 1, t=10.0 + n)
        script.tcp(SERVER, CLIENT, "A", 1, 1, t=10.001 + n)
    assert found_in(script) == []


def test_a_client_that_left_without_answering_the_fin_is_no_finding() -> None:
    """Telephones leave their network in the middle of a close all day."""
    script = Script()
    script.handshake()
    script.tcp(CLIENT, SERVER, "PA", 1, 1, b"question", t=0.1)
    script.tcp(SERVER, CLIENT, "PA", 1, 9, b"answer", t=0.2)
    script.tcp(CLIENT, SERVER, "A", 9, 7, t=0.3)
    for n in range(6):
        script.tcp(SERVER, CLIENT, "FA", 7, 9, t=0.4 + 2**n)
    assert found_in(script) == []


def stalled(script: Script) -> None:
    script.handshake()
    script.tcp(CLIENT, SERVER, "PA", 1, 1, b"question", t=0.1)
    for t in (0.3, 0.7, 1.5):
        script.tcp(CLIENT, SERVER, "PA", 1, 1, b"question", t=t)


def test_a_stream_that_stood_still_and_went_on_stalled() -> None:
    script = Script()
    stalled(script)
    script.tcp(SERVER, CLIENT, "A", 1, 9, t=1.501)
    assert found_in(script) == [("retransmission-stall", "likely")]


def test_a_lost_acknowledgement_is_no_stall() -> None:
    """Captured at the reader's side: it had the bytes at once."""
    script = Script()
    stalled(script)
    script.tcp(SERVER, CLIENT, "A", 1, 9, t=0.101)
    script.tcp(SERVER, CLIENT, "A", 1, 9, t=1.501)
    assert found_in(script) == []


def test_a_loss_that_did_not_stop_the_stream_is_no_stall() -> None:
    """One segment came late by seconds; those behind it went on."""
    script = Script()
    script.handshake()
    for n in range(30):
        script.tcp(CLIENT, SERVER, "PA", 1 + 100 * n, 1, bytes(100), t=0.1 + n / 10)
    script.tcp(CLIENT, SERVER, "PA", 1, 1, bytes(100), t=3.1)
    script.tcp(SERVER, CLIENT, "A", 1, 3001, t=3.2)
    assert found_in(script) == []


def test_a_zero_window_is_not_a_stall_of_the_path() -> None:
    script = Script()
    stalled(script)
    script.tcp(SERVER, CLIENT, "A", 1, 1, t=0.102, window=0)
    script.tcp(SERVER, CLIENT, "A", 1, 9, t=1.501)
    assert found_in(script) == []


# -- scripted: readers ---------------------------------------------------------------------


def filled(script: Script, until: float, *, begin: float = 0.2) -> None:
    """A window of zero at `begin`, probed up to a moment, and zero at every probe."""
    script.tcp(SERVER, CLIENT, "A", 1, 101, t=begin, window=0)
    t, step = begin, 0.2
    while (t := t + step) < until:
        script.tcp(CLIENT, SERVER, "A", 100, 1, t=t)
        script.tcp(SERVER, CLIENT, "A", 1, 101, t=t + 0.0001, window=0)
        step *= 2


def flooded() -> Script:
    script = Script()
    script.handshake()
    script.tcp(CLIENT, SERVER, "PA", 1, 1, bytes(100), t=0.1)
    return script


def test_a_window_that_stays_zero_for_long_is_a_reader_that_stopped() -> None:
    script = flooded()
    filled(script, 8.0)
    assert found_in(script) == [("slow-reader", "likely")]


def test_a_capture_that_ends_in_a_pause_says_nothing() -> None:
    script = flooded()
    filled(script, 4.0)
    assert found_in(script) == []


def test_a_reader_that_pauses_often_is_given_its_time() -> None:
    """A player that fills its buffer: it came back from a pause of six seconds before."""
    script = flooded()
    filled(script, 6.0)
    script.tcp(SERVER, CLIENT, "A", 1, 101, t=7.0)
    script.tcp(CLIENT, SERVER, "PA", 101, 1, bytes(100), t=7.1)
    script.tcp(SERVER, CLIENT, "A", 1, 201, t=7.2, window=0)
    for t in (7.4, 8.0, 10.0, 14.0, 20.0):
        script.tcp(CLIENT, SERVER, "A", 200, 1, t=t)
        script.tcp(SERVER, CLIENT, "A", 1, 201, t=t + 0.001, window=0)
    assert found_in(script) == []


# -- scripted: resets ----------------------------------------------------------------------


def test_a_request_on_a_connection_that_was_forgotten_is_lost() -> None:
    """What a rebooted server, or a balancer with a short memory, answers."""
    script = Script()
    script.handshake()
    script.tcp(CLIENT, SERVER, "PA", 1, 1, b"question", t=400.0)
    script.tcp(SERVER, CLIENT, "R", 1, t=400.001)
    assert found_in(script) == [("reset-without-fin", "likely")]


def test_a_reset_that_acknowledges_everything_is_no_finding() -> None:
    """Whether its program had read the bytes, no packet tells."""
    script = Script()
    script.handshake()
    script.tcp(CLIENT, SERVER, "PA", 1, 1, b"question", t=0.1)
    script.tcp(SERVER, CLIENT, "RA", 1, 9, t=0.2)
    assert found_in(script) == []


def test_a_reset_after_a_fin_that_was_not_captured_is_no_finding() -> None:
    """The client acknowledges what the capture does not hold."""
    script = Script()
    script.handshake()
    script.tcp(CLIENT, SERVER, "A", 1, 2, t=5.0)
    script.tcp(CLIENT, SERVER, "PA", 1, 2, b"question", t=400.0)
    script.tcp(SERVER, CLIENT, "R", 2, t=400.001)
    assert found_in(script) == []


def test_a_client_that_had_finished_lost_nothing_it_wanted() -> None:
    script = Script()
    script.handshake()
    script.tcp(CLIENT, SERVER, "PA", 1, 1, b"bye", t=0.1)
    script.tcp(CLIENT, SERVER, "FA", 4, 1, t=0.2)
    script.tcp(SERVER, CLIENT, "RA", 1, 1, t=0.3)
    assert found_in(script) == []


# -- scripted: small writes ----------------------------------------------------------------


def small_writes(script: Script, wait: float, after: float = 0.00005, trip: float = 0.0001) -> None:
    script.handshake(trip=trip)
    mine = theirs = 1
    for n in range(8):
        t = 1.0 + n
        script.tcp(CLIENT, SERVER, "PA", mine, theirs, b"head", t=t)
        script.tcp(SERVER, CLIENT, "A", theirs, mine + 4, t=t + wait)
        script.tcp(CLIENT, SERVER, "PA", mine + 4, theirs, b"body", t=t + wait + after)
        mine += 8
        script.tcp(SERVER, CLIENT, "PA", theirs, mine, b"ok", t=t + wait + after + trip)
        theirs += 2
        script.tcp(CLIENT, SERVER, "A", mine, theirs, t=t + wait + after + 1.1 * trip)


def test_late_acknowledgements_that_release_bytes_are_the_stall() -> None:
    script = Script()
    small_writes(script, 0.04)
    assert found_in(script) == [("nagle-delayed-ack-stall", "likely")]


def test_an_acknowledgement_that_takes_a_round_trip_was_not_delayed() -> None:
    """On a path of 45 ms Nagle's rule costs a round trip, and nobody delays anything."""
    script = Script()
    small_writes(script, 0.0451, trip=0.045)
    assert found_in(script) == []


def test_bytes_that_came_some_time_after_the_acknowledgement_did_not_wait_for_it() -> None:
    script = Script()
    small_writes(script, 0.04, after=0.0015)
    assert found_in(script) == []


@pytest.mark.parametrize("captured_too", [True, False], ids=["captured", "lost by the capture"])
def test_an_answer_just_behind_a_late_acknowledgement_lets_the_next_go(captured_too: bool) -> None:
    """A slow server of echoes: its answer, not its acknowledgement, was waited for."""
    script = Script()
    script.handshake()
    for n in range(8):
        t, at = 1.0 + n, 1 + 8 * n
        script.tcp(CLIENT, SERVER, "PA", at, at, b"ping", t=t)
        script.tcp(SERVER, CLIENT, "A", at, at + 4, t=t + 0.04)
        if captured_too:
            script.tcp(SERVER, CLIENT, "PA", at, at + 4, b"pong", t=t + 0.0401)
        script.tcp(CLIENT, SERVER, "PA", at + 4, at + 4, b"ping", t=t + 0.0402)
        if captured_too:
            script.tcp(SERVER, CLIENT, "PA", at + 4, at + 8, b"pong", t=t + 0.0403)
    assert found_in(script) == []
