import socket

with socket.create_connection(("127.0.0.1", 7416)) as s:
    s.sendall(b"stressed")
    print(s.recv(100))
