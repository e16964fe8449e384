import socket
l = socket.create_server(("127.0.0.1", 21390)); l.settimeout(2)
try:
    while True:
        c, _ = l.accept(); c.sendall(c.recv(100)[::-1]); c.close()
except socket.timeout: pass
