import socket
n = socket.create_connection(('127.0.0.1', 13330))
print(n.recv(100).decode())
n.sendall(b'thanks')
