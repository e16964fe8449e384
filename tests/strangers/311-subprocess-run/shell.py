import socket
s = socket.create_connection(('127.0.0.1', 13580))
print(s.recv(2)); s.sendall(b'sleep 20\n')
print(s.recv(1000))
