"""What people type, and a resolver that may not answer."""

from __future__ import annotations

import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.net import names
from plainwire.net.errors import AddressTextError, ResolveError


@pytest.mark.parametrize(
    ("text", "host", "port", "zone", "protocol"),
    [
        ("10.1.2.3", "10.1.2.3", None, None, None),
        ("10.1.2.3:443", "10.1.2.3", 443, None, None),
        ("::1", "::1", None, None, None),
        ("[::1]:80", "::1", 80, None, None),
        ("[::1]", "::1", None, None, None),
        ("fe80::1%eth0", "fe80::1%eth0", None, "eth0", None),
        ("[fe80::1%3]:22", "fe80::1%3", 22, "3", None),
        ("example.com:65535", "example.com", 65535, None, None),
        ("udp://example.com:53", "example.com", 53, None, "udp"),
        (" tcp://[::1]:1 ", "::1", 1, None, "tcp"),
        ("UDP://10.1.2.3", "10.1.2.3", None, None, "udp"),
        ("ff02::1%eth0", "ff02::1%eth0", None, "eth0", None),
    ],
)
def test_destinations_are_read(
    text: str, host: str, port: int | None, zone: str | None, protocol: str | None
) -> None:
    found = names.parse(text)
    assert (found.host, found.port, found.zone, found.protocol) == (host, port, zone, protocol)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "error-empty"),
        (":80", "error-empty"),
        ("10.1.2.3:0", "error-port"),
        ("10.1.2.3:65536", "error-port"),
        ("10.1.2.3:99999999999999999999", "error-port"),
        ("10.1.2.3:http", "error-port"),
        ("10.1.2.3:²", "error-port"),
        ("10.1.2.3:", "error-port"),
        ("300.1.1.1", "error-not-an-address"),
        ("1.2.3", "error-not-an-address"),
        ("fe80::1::2", "error-not-an-address"),
        ("[::1", "error-brackets"),
        ("[::1]80", "error-brackets"),
        ("http://example.com", "error-protocol"),
        ("10.0.0.0/8", "error-network"),
        ("example.com/path", "error-network"),
        ("10.1.2.3%eth0", "error-zone-needless"),
        ("2001:db8::1%eth0", "error-zone-needless"),
        ("ff05::1%eth0", "error-zone-needless"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(text: str, code: str) -> None:
    with pytest.raises(AddressTextError) as caught:
        names.parse(text)
    assert caught.value.code == code


def test_an_ipv4_address_in_ipv6_clothes_is_ipv4() -> None:
    """A socket sends IPv4 to it; it was explained by the default route of IPv6."""
    found = names.parse("[::ffff:10.1.2.3]:80")
    assert (str(found.address), found.port, found.mapped) == ("10.1.2.3", 80, True)
    assert not names.parse("10.1.2.3").mapped


def test_answers_keep_the_resolvers_order_without_doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    def fake(*_: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(0, 0, 0, "", (a, 0)) for a in ("2001:db8::1", "192.0.2.1", "2001:db8::1")]

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    assert [str(a.address) for a in names.resolve("x")] == ["2001:db8::1", "192.0.2.1"]


def test_a_silent_resolver_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hung DNS server must give one line, not a hung command."""
    release = threading.Event()

    def hang(*_: object) -> list[object]:
        release.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with pytest.raises(ResolveError) as caught:
        names.resolve("x", seconds=0.01)
    release.set()
    assert caught.value.code == "error-resolve-timeout"


@given(st.text(st.sampled_from("a1.:[]%/0 -\x00²é中"), max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever is typed ends in a destination or in one line, never in a traceback."""
    try:
        found = names.parse(text)
    except AddressTextError:
        return
    assert found.host
    assert found.port is None or 1 <= found.port <= 65535


@pytest.mark.parametrize(
    "fault",
    [socket.gaierror(-2, "not known"), UnicodeError("label too long"), ValueError("embedded null")],
)
def test_the_resolvers_refusals_are_one_error(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise fault

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(ResolveError) as caught:
        names.resolve("a..b")
    assert caught.value.code == "error-resolve"
    assert "a..b" in str(caught.value)
