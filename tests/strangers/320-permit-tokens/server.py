import socket, threading
ls = socket.create_server(("127.0.0.1", 26340)); c, _ = ls.accept(); n = 0
while c.recv(1): n += 1; c.sendall(b"P")
print(n); c.close(); ls.close()
