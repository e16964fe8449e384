import selectors
import socket

sel = selectors.DefaultSelector()


def on_accept(s):
    c, _ = s.accept()
    sel.register(c, selectors.EVENT_READ, on_read)


def on_read(c):
    d = c.recv(1024)
    if not d:
        sel.unregister(c)
        c.close()
        return
    for key in sel.get_map().values():
        if key.fileobj not in (srv, c):
            key.fileobj.sendall(d)


srv = socket.create_server(("127.0.0.1", 7417))
sel.register(srv, selectors.EVENT_READ, on_accept)
while True:
    for key, _ in sel.select(timeout=1):
        key.data(key.fileobj)
