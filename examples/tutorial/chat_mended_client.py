"""Receive the greeting once; then send before receiving, each time."""

import socket

with socket.socket() as sk:
    sk.connect(("127.0.0.1", 8086))
    print("server says:", sk.recv(1024).decode())
    for word in ("hello", "goodbye"):
        sk.sendall(word.encode())
        print("server says:", sk.recv(1024).decode())
