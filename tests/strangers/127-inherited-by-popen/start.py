import socket
s = socket.create_connection(("127.0.0.1", 21270))
s.sendall(b"sleepy-tool\n")
f = s.makefile("r")
for line in f:
    print("launcher says:", line.strip())
print("launcher closed the line")
