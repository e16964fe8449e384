import socket
a = socket.create_connection(("127.0.0.1", 20700))
a.sendall(b"1\n2\n3\n"); a.shutdown(socket.SHUT_WR)
print(a.makefile().read())
b = socket.create_connection(("127.0.0.1", 20700))
b.sendall(b"10\n20"); b.sendall(b"0\n"); b.shutdown(socket.SHUT_WR)
print(b.makefile().read())
a.close(); b.close()
