import selectors
import socket

sel = selectors.DefaultSelector()
bufs = {}


def on_accept(s):
    c, _ = s.accept()
    bufs[c] = b""
    sel.register(c, selectors.EVENT_READ, on_read)


def on_read(c):
    d = c.recv(1024)
    if not d:
        sel.unregister(c)
        c.close()
        return
    bufs[c] += d
    while len(bufs[c]) >= 8:
        frame, bufs[c] = bufs[c][:8], bufs[c][8:]
        c.sendall(b"got " + frame)


srv = socket.create_server(("127.0.0.1", 7411))
sel.register(srv, selectors.EVENT_READ, on_accept)
while True:
    for key, _ in sel.select():
        key.data(key.fileobj)
