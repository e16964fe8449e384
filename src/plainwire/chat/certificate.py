"""A certificate that signs itself, for a network without an authority.

Whoever joins compares the printed fingerprint, as with a new SSH host.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import socket
from pathlib import Path

VALID_DAYS = 397
"""Longer ones are refused by Apple's browsers even when the user trusts them."""


def make_certificate(folder: Path) -> tuple[Path, str]:
    """Make, or find again, a PEM file with key and certificate.

    Returns:
        The file and the SHA-256 fingerprint of the certificate.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    path = folder / "self-signed.pem"
    if path.exists():
        found = x509.load_pem_x509_certificate(path.read_bytes())
        left = found.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
        if left > datetime.timedelta(days=30):
            return path, found.fingerprint(hashes.SHA256()).hex(":")
    return path, _make(path)


def _make(path: Path) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    host = socket.gethostname()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    others: list[x509.GeneralName] = [x509.DNSName(n) for n in ("localhost", host, f"{host}.local")]
    others += [x509.IPAddress(ipaddress.ip_address(a)) for a in ("127.0.0.1", "::1", *_addresses())]
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(others), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(text)
    return certificate.fingerprint(hashes.SHA256()).hex(":")


def _addresses() -> list[str]:
    """Addresses of this machine that its name resolves to."""
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    addresses = {str(item[4][0]).partition("%")[0] for item in found}
    return sorted(addresses - {"127.0.0.1", "::1"})
