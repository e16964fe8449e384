"""Sends two messages, each with its length in front."""

import socket
import struct


def send_message(sk, text):
    data = text.encode()
    sk.sendall(struct.pack("!I", len(data)) + data)


sk = socket.create_connection(("127.0.0.1", 8084))
send_message(sk, "hello")
send_message(sk, "world")
sk.close()
