import socket
PORT = 21352
s = socket.create_server(("127.0.0.1", PORT))
print("Server is listening on port", PORT)
c, a = s.accept()
c.sendall(b"welcome")
