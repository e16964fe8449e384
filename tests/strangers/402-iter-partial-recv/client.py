import socket
s = socket.create_connection(("127.0.0.1", 26402))
s.sendall(b"some file's bytes" * 50)
print(s.recv(100)); s.close()
