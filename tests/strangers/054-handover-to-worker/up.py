import socket
for n in (0, 1, 70000, 12):
    s = socket.create_connection(("127.0.0.1", 20540))
    s.sendall(n.to_bytes(4, "little") + b"\x01" * n)
    r = b""
    while len(r) < 8: r += s.recv(8 - len(r))
    print(int(r) == n); s.close()
