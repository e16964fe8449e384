import socket
s = socket.create_connection(("127.0.0.1", 26404))
s.sendall(b"Dear Ann,\r\nsee you\r\n.\n"); print(s.recv(100))
