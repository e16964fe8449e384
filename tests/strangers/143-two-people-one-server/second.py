import socket
c = socket.create_connection(("127.0.0.1", 21430))
c.sendall(b"I am second")
print(c.recv(100))
