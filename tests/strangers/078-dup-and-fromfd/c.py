import socket
c = socket.create_connection(("127.0.0.1", 20780))
c.sendall(b"ab"); c.shutdown(socket.SHUT_WR)
print(c.makefile("rb").read()); c.close()
