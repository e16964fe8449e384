"""A real capture: each packet once, filter replaced, losses counted; root or not."""

from __future__ import annotations

import errno
import sys
from typing import Any

import pytest

from plainwire.see.capture import live

from .in_net import USERS, run_in_net

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="AF_PACKET is Linux's")


@pytest.fixture(scope="module", params=USERS)
def seen(request: pytest.FixtureRequest) -> Any:
    return run_in_net(request.param, "live_script.py")


def test_every_packet_of_the_port_once_and_in_order(seen: Any) -> None:
    """Loopback would show each twice; a drop or a stranger's packet would break joins."""
    once = seen["each_once"]
    assert once["numbers_in_order"]
    assert once["taken"] == [500]
    assert once["losses"] == {"0": 500}
    assert (once["dropped"], once["complete"]) == (0, True)


def test_the_file_is_private(seen: Any) -> None:
    """Packets hold what programs said."""
    assert seen["each_once"]["mode"] == "0o600"


def test_a_replaced_filter_is_in_force_at_once(seen: Any) -> None:
    """New ports appear while programs run."""
    assert seen["ports_replaced"] == {"first": 12, "second": 7}


def test_a_growing_file_can_be_followed(seen: Any) -> None:
    """The live view reads what is there; nothing twice, stamps on the one clock."""
    assert seen["followed"] == {
        "early": 10,
        "late": 0,
        "complete": [False, True],
        "between": True,
    }


def test_drops_are_counted_and_said(seen: Any) -> None:
    """A loss that is not said would be read as silence of the peer."""
    overrun = seen["overrun"]
    assert overrun["dropped"] > 0
    assert overrun["kept"] + overrun["dropped"] == 200
    assert overrun["said"] == overrun["dropped"]


def test_a_file_at_its_limit_counts_the_rest(seen: Any) -> None:
    """A forgotten capture must not fill the disk in silence."""
    limited = seen["limited"]
    assert limited["sum"] == 200
    assert limited["unwritten"] > 0
    assert limited["small"]
    assert "limit of 100000 bytes" in limited["reason"]


def test_a_killed_capture_is_an_error_and_its_file_incomplete(seen: Any) -> None:
    """Half a capture must not pass for a whole one."""
    assert seen["killed"] == {
        "error": "capture process did not end in order: it said nothing",
        "packets": 0,
        "complete": False,
    }


def test_the_private_network_is_closed_and_the_programs_plain(seen: Any) -> None:
    """No way out, low ports allowed; a user's programs hold no capability."""
    network = seen["network"]
    assert network["low_port"] == 80
    assert network["outside"] == str(errno.ENETUNREACH)
    assert network["interfaces"] == ["lo"]
    if seen["user_namespace"]:
        assert network["uid"] != 0
        assert network["child_capabilities"] == 0


@pytest.mark.parametrize(
    ("number", "status", "expected"),
    [
        (errno.EPERM, {"CapEff": "0"}, "lacks CAP_NET_RAW"),
        (errno.EPERM, {"CapEff": "2000", "Seccomp": "2"}, "a seccomp filter forbids it"),
        (errno.EPERM, {"CapEff": "2000", "Seccomp": "0"}, "a security module"),
        (errno.EAFNOSUPPORT, {}, "CONFIG_PACKET"),
        (errno.EMFILE, {}, "too many open files"),
    ],
)
def test_a_refusal_names_what_forbids_it(
    number: int, status: dict[str, str], expected: str
) -> None:
    """The reader must know what to ask the administrator for."""
    assert expected in live.explain_refusal(number, status)


def test_an_unknown_interface_is_named(tmp_path: Any) -> None:
    """A typing mistake must not look like a lack of privilege."""
    if live.packets_forbidden():
        pytest.skip(live.packets_forbidden())
    with pytest.raises(live.CaptureError, match="no-such0"):
        live.Capture.start(tmp_path / "x", interfaces=["no-such0"])


def test_an_output_that_exists_is_refused(tmp_path: Any) -> None:
    """A second run must not overwrite the first."""
    if live.packets_forbidden():
        pytest.skip(live.packets_forbidden())
    (tmp_path / "there").write_bytes(b"")
    with pytest.raises(live.CaptureError, match="exists"):
        live.Capture.start(tmp_path / "there", ports=())
