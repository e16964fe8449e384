import socket
for who in (b"ada", b"grace"):
    s = socket.create_connection(("127.0.0.1", 20310))
    s.sendall(who + b"\r\n")
    f = s.makefile("rb")
    print(f.readline())
    s.sendall(b"abc\r\n"); print(f.readline())
    s.shutdown(socket.SHUT_WR)
    assert f.read() == b""
    f.close(); s.close()
