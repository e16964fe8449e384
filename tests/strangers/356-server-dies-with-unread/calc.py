import socket
s = socket.create_server(('127.0.0.1', 14330)); c, _ = s.accept()
a = int(c.recv(2)); op = c.recv(1); b = int(c.recv(2))
print(a, op, b)
c.sendall(str(a + b).encode())
