import socket
s = socket.create_connection(("127.0.0.1", 21280))
s.sendall(b"quote please\n")
print(s.makefile().read())
