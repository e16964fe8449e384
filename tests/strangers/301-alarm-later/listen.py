import socket
s = socket.create_connection(('127.0.0.1', 13050))
for line in s.makefile('rb'):
    print('server:', line)
    if line == b'PING\n':
        s.sendall(b'PONG\n')
