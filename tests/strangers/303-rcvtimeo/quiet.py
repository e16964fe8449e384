import socket
c = socket.create_connection(('127.0.0.1', 13070))
print(c.recv(1024))
c.sendall(b'yes')
c.close()
