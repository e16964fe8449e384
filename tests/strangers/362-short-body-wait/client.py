import socket
s = socket.create_connection(("127.0.0.1", 26360)); t = "hello world"
s.sendall(b"%d\n\n" % (len(t) + 5)); s.sendall(t.encode()); print(s.recv(100))
