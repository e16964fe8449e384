import socket
s = socket.create_connection(("127.0.0.1", 24870))
s.sendall(b"11\nhello world")
print(s.recv(100))
