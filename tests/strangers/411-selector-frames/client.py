import socket

with socket.create_connection(("127.0.0.1", 7411)) as s:
    for n in (7, 12):
        s.sendall(f"frame-{n}".encode())
        print(s.recv(100))
