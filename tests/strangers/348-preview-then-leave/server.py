import socket
l = socket.create_server(("127.0.0.1", 23038))
while True:
    c, _ = l.accept(); q = c.recv(100)
    if q == b"bye": break
    c.sendall(b"Fortune: " + b"all things come to those who wait. " * 200); c.close()
