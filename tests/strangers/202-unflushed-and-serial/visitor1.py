import socket
s = socket.create_connection(("127.0.0.1", 22020))
f = s.makefile("rw")
print("my problem is my printer", file=f)
print(s.recv(100))
