import socket
# refuses big bodies, but drains them, so that the answer arrives
l = socket.create_server(("127.0.0.1", 20800))
for _ in range(2):
    c, _ = l.accept(); f = c.makefile("rb"); n = 0
    while (h := f.readline().strip()):
        if h.lower().startswith(b"content-length:"): n = int(h.split(b":")[1])
    if n > 100000:
        c.sendall(b"HTTP/1.0 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        c.shutdown(socket.SHUT_WR)
        while f.read1(65536): pass
    else:
        f.read(n); c.sendall(b"HTTP/1.0 204 No Content\r\n\r\n")
    f.close(); c.close()
l.close()
