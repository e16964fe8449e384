import socket
ls = socket.create_server(("127.0.0.1", 26360)); c, _ = ls.accept(); h = b""
while b"\n\n" not in h: h += c.recv(100)
head, body = h.split(b"\n\n", 1); n = int(head)
while len(body) < n:
    d = c.recv(4096)
    if not d: break
    body += d
c.sendall(b"thanks")
