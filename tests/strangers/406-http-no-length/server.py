import socket
ls = socket.create_server(("127.0.0.1", 26406))
c, _ = ls.accept(); f = c.makefile("rwb")
while f.readline():
    while f.readline().strip(): pass
    rows = ["one", "two", "three"]
    f.write(b"HTTP/1.1 200 OK\r\n")
    f.write(b"\r\n")
    f.write("".join(r + "\n" for r in rows).encode()); f.flush()
