import socket
ls = socket.create_server(("127.0.0.1", 24870))
c, _ = ls.accept()
f = c.makefile("rb")
size = int(f.readline())
body = b""
while len(body) < size:
    d = c.recv(size - len(body))
    if not d:
        break
    body += d
c.sendall(b"got it\n")
