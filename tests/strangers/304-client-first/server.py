import socket
s = socket.create_server(('127.0.0.1', 13100))
c, _ = s.accept()
c.sendall(c.recv(2)[::-1])
c.close()
