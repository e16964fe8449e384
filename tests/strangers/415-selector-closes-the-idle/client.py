import socket

with socket.create_connection(("127.0.0.1", 7415)) as s:
    s.sendall(b"hello")
    while True:
        part = s.recv(1024)
        if not part:
            break
        print(part)
