import socket

with socket.create_connection(("127.0.0.1", 9371), timeout=1.5) as sock:
    sock.sendall(b"hello")
    print(sock.recv(64))
    sock.sendall(b"ann")
    print(sock.recv(64))
