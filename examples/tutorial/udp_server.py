"""One to many with UDP, in one loop: no connection, so the address tells who spoke."""

import socket

CLIENTS = 2
said_goodbye = 0

with socket.socket(type=socket.SOCK_DGRAM) as server:
    server.bind(("127.0.0.1", 8082))
    while said_goodbye < CLIENTS:
        data, address = server.recvfrom(65535)
        server.sendto(data.upper(), address)
        if data == b"bye":
            said_goodbye += 1
