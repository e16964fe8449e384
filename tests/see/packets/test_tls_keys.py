"""The TLS key log of a run: with it tshark decrypts the export, without it it cannot."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import trustme

from plainwire.see.recorder import keys
from plainwire.see.report import pcapng

from .play import USERS, Played, run

_LINE = "CLIENT_RANDOM " + "ab" * 32 + " " + "cd" * 48


def programs() -> dict[str, str]:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    chain = issued.private_key_and_cert_chain_pem.bytes().decode()
    trusted = authority.cert_pem.bytes().decode()
    return {
        "server.py": "import socket, ssl\n"
        f"open('server.pem', 'w').write('''{chain}''')\n"
        "context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)\n"
        "context.load_cert_chain('server.pem')\n"
        "conn, _ = socket.create_server(('127.0.0.1', 9000)).accept()\n"
        "with context.wrap_socket(conn, server_side=True) as tls:\n"
        "    tls.recv(100)\n    tls.sendall(b'nobody else reads this')\n    tls.recv(1)\n",
        "client.py": "import socket, ssl\n"
        f"context = ssl.create_default_context(cadata='''{trusted}''')\n"
        "sk = socket.create_connection(('127.0.0.1', 9000))\n"
        "with context.wrap_socket(sk, server_hostname='localhost') as tls:\n"
        "    tls.sendall(b'the question')\n    print(tls.recv(100))\n",
    }


def decrypted(played: Played, folder: Path) -> str:
    path = folder / "out.pcapng"
    path.write_bytes(b"".join(pcapng.blocks(played.ledger)))
    program = shutil.which("tshark")
    if program is None:
        pytest.skip("tshark is not installed")
    done = subprocess.run(
        [program, "-r", str(path), "-q", "-d", "tcp.port==9000,tls", "-z", "follow,tls,ascii,0"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("user", USERS)
def test_tshark_decrypts_the_export_of_a_run_with_tls_payload(user: str, tmp_path: Path) -> None:
    played = run(user, programs(), "--tls-payload")
    assert played.ledger.capture is not None
    assert played.ledger.capture.keys
    said = decrypted(played, tmp_path)
    assert "the question" in said
    assert "nobody else reads this" in said


@pytest.mark.slow
@pytest.mark.parametrize("user", USERS)
def test_no_secret_is_recorded_unless_plaintext_was_asked_for(user: str, tmp_path: Path) -> None:
    """Whoever has the keys has the plaintext."""
    played = run(user, programs())
    assert played.ledger.capture is not None
    assert played.ledger.capture.keys == ()
    assert b"CLIENT_" not in played.path.read_bytes()
    assert "the question" not in decrypted(played, tmp_path)


def test_of_the_users_own_key_log_only_what_this_run_added_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "theirs"
    path.write_text("CLIENT_RANDOM of another day\n", encoding="ascii")
    start = path.stat().st_size
    with path.open("a", encoding="ascii") as file:
        file.write(f"{_LINE}\n# a comment\n\nnot a line of a key log\n{_LINE[:40]}")
    assert keys.written(path, start) == [_LINE]
    assert keys.written(tmp_path / "missing", 0) == []


def test_a_users_own_key_log_stays_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(keys.VARIABLE, str(tmp_path / "theirs"))
    assert keys.Keys(tmp_path, wanted=True).environment() == {
        keys.VARIABLE: str(tmp_path / "theirs")
    }
    assert keys.Keys(tmp_path, wanted=False).environment() == {}
