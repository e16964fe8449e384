"""Receive twice, then send: the server sends only once, so both wait for ever."""

import socket

sk = socket.socket()
sk.connect(("127.0.0.1", 8081))
print("server says:", sk.recv(1024).decode())
print("server says:", sk.recv(1024).decode())
sk.send("hello".encode())
sk.send("goodbye".encode())
sk.close()
