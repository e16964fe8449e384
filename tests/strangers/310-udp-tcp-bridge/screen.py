import socket
for line in socket.create_connection(('127.0.0.1', 13560)).makefile(): print(line)
