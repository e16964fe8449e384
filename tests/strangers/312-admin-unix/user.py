import socket
s = socket.create_connection(('127.0.0.1', 13600))
while (x := s.recv(100)): print(x)
