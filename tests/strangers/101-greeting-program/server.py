import socket

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", 21010))
server.listen(1)
connection, address = server.accept()
stream = connection.makefile("rw")
name = stream.readline()
stream.write("Hello " + name)
stream.flush()
connection.close()
