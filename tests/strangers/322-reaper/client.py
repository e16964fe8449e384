import socket
for i in range(6):
    with socket.create_connection(("127.0.0.1", 26370)) as s: s.sendall(b"login"); print(s.recv(100)[:7])
