import socket
ls = socket.create_server(("127.0.0.1", 26405))
c, _ = ls.accept(); f = c.makefile("rwb")
while f.readline():
    while f.readline().strip(): pass
    rows = ["one", "two", "three"]
    f.write(b"HTTP/1.1 200 OK\r\n")
    f.write(b"Content-Length: %d\r\n\r\n" % sum(len(r) + 2 for r in rows))
    f.write("".join(r + "\n" for r in rows).encode()); f.flush()
