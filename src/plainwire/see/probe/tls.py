"""TLS as the program sees it: plaintext in and out of an `ssl.SSLSocket`.

A blocking SSLSocket does its own I/O in C, so none of the socket's methods shows the
bytes on the wire; the plaintext calls are observed instead, and their content is kept
only when the run was told to (`--tls-payload`). Asyncio's TLS goes through memory
buffers and ordinary sends: those are on record as ciphertext.
"""

from . import wrap


def patch_ssl(state, module):
    """Observe `ssl.SSLSocket`; called once, right after the program imported `ssl`."""
    cls = module.SSLSocket
    keep = "{} keep(slot, {}, {})"
    kept = (lambda data, size: keep.format("", data, size)) if state.tls_payload else _nothing

    cls.read = wrap.make(
        state, cls.read, "tls.read", "self, len=1024, buffer=None", "self, len, buffer",
        arg="clip(len)", ret="(result if buffer is not None else length(result))",
        after=kept(
            "(result if buffer is None else buffer)",
            "(length(result) if buffer is None else result)",
        ),
    )  # fmt: skip
    cls.write = wrap.make(
        state, cls.write, "tls.write", "self, data", "self, data",
        arg="length(data)", ret="result", after=kept("data", "result"),
    )  # fmt: skip
    # Without a handshake, send() is the plain socket's, which is observed already.
    cls.send = wrap.make(
        state, cls.send, "tls.write", "self, data, flags=0", "self, data, flags",
        descriptor="if self._sslobj is None: return original(self, data, flags)\n"
        "    fd = fileno(self)",
        arg="length(data)", ret="result", after=kept("data", "result"),
    )  # fmt: skip
    cls.do_handshake = wrap.make(
        state, cls.do_handshake, "tls.handshake", "self, block=False", "self, block"
    )
    cls.unwrap = wrap.make(state, cls.unwrap, "tls.unwrap", "self", "self")


def _nothing(data, size):
    return "pass"
