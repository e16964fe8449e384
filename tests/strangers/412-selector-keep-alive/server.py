import selectors
import socket

sel = selectors.DefaultSelector()
PAGE = b"<html>" + b"<p>news</p>" * 30 + b"</html>"


def accept(lsock):
    conn, addr = lsock.accept()
    conn.setblocking(False)
    buf = bytearray()
    sel.register(conn, selectors.EVENT_READ, lambda c: on_data(c, buf))


def on_data(conn, buf):
    data = conn.recv(4096)
    if not data:
        sel.unregister(conn)
        conn.close()
        return
    buf += data
    if b"\r\n\r\n" in buf:
        buf.clear()
        conn.sendall(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n" + PAGE)


lsock = socket.create_server(("127.0.0.1", 7412))
sel.register(lsock, selectors.EVENT_READ, accept)
while True:
    for key, _ in sel.select(timeout=1):
        key.data(key.fileobj)
