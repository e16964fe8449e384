"""A TCP client: connect (the three-way handshake), send, receive, close."""

import socket

with socket.socket() as client:
    client.connect(("127.0.0.1", 8080))
    for word in ("hello", "你好"):
        client.sendall(word.encode())
        print("server says:", client.recv(1024).decode())
