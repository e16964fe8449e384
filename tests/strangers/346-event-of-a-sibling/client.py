import socket
s = socket.create_connection(("127.0.0.1", 25003)); print(s.recv(100))
