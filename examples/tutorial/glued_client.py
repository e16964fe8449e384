"""Sends two messages, one right after the other."""

import socket

sk = socket.socket()
sk.connect(("127.0.0.1", 8083))
sk.send("hello".encode())
sk.send("world".encode())
sk.close()
