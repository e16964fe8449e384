import os, socket
# reading on one object, writing on its dup; both are closed
l = socket.create_server(("127.0.0.1", 20780)); c, _ = l.accept()
out = c.dup(); again = socket.fromfd(c.fileno(), socket.AF_INET, socket.SOCK_STREAM)
while d := c.recv(100): out.sendall(d); again.sendall(d)
again.close(); c.close(); out.close(); l.close()
fd = socket.socket().detach(); os.close(fd)
