import socket
l = socket.create_server(("127.0.0.1", 21381))
l.settimeout(2.5)
try:
    c, _ = l.accept(); print(c.recv(100))
except socket.timeout:
    print("nobody came")
