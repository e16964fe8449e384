import socket
s = socket.create_connection(('127.0.0.1', 13350))
s.sendall(b'SUB weather\n')
for line in s.makefile(): print('weather:', line, end='', flush=True)
