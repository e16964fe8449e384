"""Entering a private network: what it refuses, and by which name."""

from __future__ import annotations

import errno
import sys
import threading

import pytest

from plainwire.see.capture import private_net

from .in_net import USERS, run_in_net

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux namespaces")


def fake_machine(monkeypatch: pytest.MonkeyPatch, **files: str) -> None:
    monkeypatch.setattr(private_net, "_read", lambda path: files.get(path.rsplit("/", 1)[-1], ""))
    monkeypatch.setattr(
        private_net, "status_fields", lambda: {"Seccomp": files.get("seccomp", "0")}
    )


@pytest.mark.parametrize(
    ("files", "number", "expected"),
    [
        ({"unprivileged_userns_clone": "0"}, errno.EPERM, "kernel.unprivileged_userns_clone is 0"),
        (
            {"apparmor_restrict_unprivileged_userns": "1", "current": "unprivileged_userns"},
            errno.EACCES,
            "kernel.apparmor_restrict_unprivileged_userns is 1, profile unprivileged_userns",
        ),
        ({"max_user_namespaces": "0"}, errno.ENOSPC, "user.max_user_namespaces is 0"),
        ({"max_net_namespaces": "5"}, errno.ENOSPC, "user.max_net_namespaces is 5"),
        ({"seccomp": "2"}, errno.EPERM, "a seccomp filter is in force"),
        ({}, errno.EINVAL, "built without user or network namespaces"),
    ],
)
def test_what_forbids_it_is_named(
    monkeypatch: pytest.MonkeyPatch, files: dict[str, str], number: int, expected: str
) -> None:
    """Each of these is switched in another place, so "permission denied" helps nobody."""
    fake_machine(monkeypatch, **files)
    reasons = private_net.forbidding(number)
    assert len(reasons) == 1
    assert expected in reasons[0]


def test_nothing_is_blamed_without_a_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guessed reason would send the reader to the wrong switch."""
    fake_machine(monkeypatch, max_user_namespaces="1000")
    assert private_net.forbidding(errno.EPERM) == ()
    error = private_net.PrivateNetError("unshare", errno.EPERM, ())
    assert str(error) == "private network: unshare: operation not permitted"
    assert (error.errno, error.step) == (errno.EPERM, "unshare")


def test_a_process_with_threads_is_refused() -> None:
    """The kernel would refuse with EINVAL and no word why (unshare(2))."""
    release = threading.Event()
    thread = threading.Thread(target=release.wait, args=(60,))
    thread.start()
    try:
        with pytest.raises(RuntimeError, match=r"[2-9] threads|\d\d threads"):
            private_net.enter()
    finally:
        release.set()
        thread.join()


@pytest.fixture(scope="module", params=USERS)
def made(request: pytest.FixtureRequest) -> dict[str, object]:
    found: dict[str, object] = run_in_net(request.param, "private_net_script.py")
    return found


def test_the_user_stays_the_same(made: dict[str, object]) -> None:
    """Programs must not believe to be root."""
    assert made["uid"] == made["entered_uid"] == made["uid_before"]
    assert made["user_namespace"] == (made["uid_before"] != 0)


def test_mtu_and_segment_sizes_can_be_real(made: dict[str, object]) -> None:
    """Loopback's 64 KiB segments show nothing of what a network would do."""
    assert made["mtu"] == 1500
    largest = made["largest_payload"]
    assert isinstance(largest, int)
    assert 1400 <= largest <= 1460


def test_counters_are_the_programs_own(made: dict[str, object]) -> None:
    """In a private network a moved counter proves a cause."""
    assert made["counters_at_start"] == 0
