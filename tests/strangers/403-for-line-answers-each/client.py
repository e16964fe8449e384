import socket
s = socket.create_connection(("127.0.0.1", 26403))
for word in "one", "two":
    s.sendall(word.encode()); print(s.recv(100))
