"""A UDP client: every sendto is one datagram, every recvfrom gives one datagram."""

import socket
import sys

with socket.socket(type=socket.SOCK_DGRAM) as client:
    for word in (*sys.argv[1:], "bye"):
        client.sendto(word.encode(), ("127.0.0.1", 8082))
        data, _ = client.recvfrom(65535)
        print("server says:", data.decode())
