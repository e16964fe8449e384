"""Fixtures of the BUILD suites, and what holds for all tests."""

from __future__ import annotations

import signal
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# By default an example that takes 0.2 s fails its test: a busy machine is no fault.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

sys.path.insert(0, str(Path(__file__).parent))

# A shell starts what it runs in the background with SIGINT ignored, and programs inherit
# that: no test could interrupt one.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def browser_ends() -> Iterator[None]:
    """The browser of this worker ends with it, if a test started one."""
    yield
    import chromium

    chromium.close()


@pytest.fixture(scope="session")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """A server's PEM file and a client's context that trusts it."""
    import trustme

    authority = trustme.CA()
    folder = tmp_path_factory.mktemp("tls")
    pem = folder / "server.pem"
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    for blob in [certificate.private_key_pem, *certificate.cert_chain_pems]:
        blob.write_to_path(str(pem), append=True)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return str(pem), client
