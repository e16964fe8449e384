import selectors
import socket
import time

sel = selectors.DefaultSelector()
seen = {}


def close_the_idle():
    for key in list(sel.get_map().values()):
        since = seen.get(key.fileobj)
        if since is not None and time.monotonic() - since > 3.3:
            sel.unregister(key.fileobj)
            key.fileobj.close()
            served.append(key.fileobj)


served = []
srv = socket.create_server(("127.0.0.1", 7415))
sel.register(srv, selectors.EVENT_READ)
while not served:
    for key, _ in sel.select(timeout=0.5):
        if key.fileobj is srv:
            conn, _ = srv.accept()
            sel.register(conn, selectors.EVENT_READ)
            seen[conn] = time.monotonic()
        else:
            key.fileobj.sendall(b"you said " + key.fileobj.recv(1024))
            seen[key.fileobj] = time.monotonic()
    close_the_idle()
srv.close()
