import logging
log = logging.getLogger("net")
def safe_send(sock, what):
    try:
        sock.sendall(what)
        return True
    except Exception:
        log.debug("send failed", exc_info=True)
        return False
