import socket
s = socket.create_connection(('127.0.0.1', 13320))
print(s.recv(100).decode())
