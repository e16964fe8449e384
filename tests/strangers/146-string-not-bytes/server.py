import socket
s = socket.create_server(("127.0.0.1", 21460))
c, a = s.accept()
print("from client:", c.recv(1024).decode())
