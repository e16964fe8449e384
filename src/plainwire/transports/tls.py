"""TLS as a layer over any byte stream, and the contexts for it.

Pure apart from reading certificate files: `ssl` works on memory, the stream below moves
its bytes, so all models encrypt in the same way. Rules:

1. The end of the stream without close_notify is a truncation, not an end (RFC 8446
   section 6.1): an attacker could otherwise cut a message list short.
2. close_notify ends one direction only; the other goes on (half-close).
3. Nothing of the application leaves before the handshake is done.
"""

from __future__ import annotations

import contextlib
import os
import ssl
from typing import Any

from plainwire.errors import AddressError, BrokenError

_READ = 64 * 1024
_HINTS = {
    "wrong version": "; the other side does not speak TLS",
    "unknown ca": "; the other side does not trust our certificate",
}
# Self-signed, one in the chain too, no issuer known: X509_V_ERR_* of OpenSSL.
_UNKNOWN_ROOT = (18, 19, 20, 21)


class TlsLayer:
    """One side of one TLS connection; see `plainwire.transports.session.Layer`.

    Attributes:
        ready: the handshake is done.
        closed_cleanly: the peer has sent close_notify.
    """

    def __init__(self, tls: Any, *, server: bool, hostname: str) -> None:
        self.ready = False
        self.closed_cleanly = False
        self._failed = False
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = server_context(tls) if server else client_context(tls)
        name = None if server else hostname or "127.0.0.1"
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server, server_hostname=name
        )

    def receive_data(self, data: bytes) -> bytes:
        """Take bytes of the wire, return the plain bytes in them.

        Raises:
            BrokenError: they are no TLS, or the certificate is not to be trusted.
        """
        self._incoming.write(data)
        if not self.ready:
            self._advance()
            if not self.ready:
                return b""
        pieces = []
        try:
            while not self.closed_cleanly:
                piece = self._tls.read(_READ)
                if not piece:
                    self.closed_cleanly = True
                    break
                pieces.append(piece)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.closed_cleanly = True
        except ssl.SSLError as error:
            raise BrokenError(f"tls: {_reason(error)}") from error
        return b"".join(pieces)

    def _advance(self) -> None:
        try:
            self._tls.do_handshake()
            self.ready = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self._failed = True
            raise BrokenError(f"tls handshake: {_reason(error)}") from error

    def send(self, data: bytes) -> bytes:
        """Turn bytes into those of the wire; b"" only advances the handshake.

        After a handshake that failed only what TLS has to say of it is left, which tells
        the other side why (RFC 8446 section 6.2).
        """
        if self._failed:
            return self._outgoing.read()
        if not self.ready:
            self._advance()
        view = memoryview(data)
        while view:
            view = view[self._tls.write(view) :]
        return self._outgoing.read()

    def send_eof(self) -> bytes:
        """Make our close_notify; the peer's may come later."""
        # It asks for the peer's close_notify, which nobody has to wait for.
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        return self._outgoing.read()


def _reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        unknown = error.verify_code in _UNKNOWN_ROOT
        hint = "; tls= names a PEM file of the roots to trust" if unknown else ""
        return f"certificate refused: {error.verify_message}{hint}"
    text = (error.reason or str(error)).lower().replace("_", " ")
    hint = next((hint for word, hint in _HINTS.items() if word in text), "")
    return (text.replace("http request", "an HTTP request came") or "failed") + hint


def server_context(tls: Any) -> ssl.SSLContext:
    """Make a server's context of a PEM file, a pair of files, or take one as it is.

    Raises:
        AddressError: there is none, or its files cannot be used.
    """
    if isinstance(tls, ssl.SSLContext):
        return tls
    if tls is None:
        raise AddressError("tls:// and wss:// servers need tls=, a PEM file with key and chain")
    chain, key = tls if isinstance(tls, tuple) else (tls, None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(os.fspath(chain), None if key is None else os.fspath(key))
    except (OSError, TypeError) as error:
        wanted = "certificates and their key; a key in another file makes it a pair of files"
        raise AddressError(f"tls={tls!r}: {_why_unusable(error, wanted)}") from error
    return context


def client_context(tls: Any) -> ssl.SSLContext:
    """Make a client's context of a PEM file of roots, the system's roots, or take one.

    Raises:
        AddressError: the file cannot be used.
    """
    if isinstance(tls, ssl.SSLContext):
        return tls
    try:
        return ssl.create_default_context(cafile=None if tls is None else os.fspath(tls))
    except (OSError, TypeError) as error:
        why = _why_unusable(error, "certificates of the roots to trust")
        raise AddressError(f"tls={tls!r}: {why}") from error


def _why_unusable(error: OSError | TypeError, wanted: str) -> str:
    """What to say of a file; of what is in it OpenSSL says `PEM lib`."""
    if isinstance(error, ssl.SSLError):
        return f"holds no PEM form of {wanted}"
    return (
        os.strerror(error.errno).lower()
        if isinstance(error, OSError) and error.errno
        else str(error)
    )
