import socket
s = socket.create_connection(("127.0.0.1", 21340))
for w in (b"one", b"two"):
    s.sendall(w)
    print(s.recv(100))
s.close()
