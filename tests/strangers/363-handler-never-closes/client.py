import socket
with socket.create_connection(("127.0.0.1", 26510)) as s:
    s.sendall(b"question\n")
    out = b""
    while True:
        d = s.recv(4096)
        if not d: break
        out += d
    print(out)
