"""The cure for glued messages: know the length first, then read exactly that much."""

import socket
import struct


def receive_exactly(conn, size):
    data = b""
    while len(data) < size:
        chunk = conn.recv(size - len(data))
        if not chunk:
            raise EOFError("the peer closed in the middle of a message")
        data += chunk
    return data


def receive_message(conn):
    (size,) = struct.unpack("!I", receive_exactly(conn, 4))
    return receive_exactly(conn, size)


server = socket.create_server(("127.0.0.1", 8084))
conn, address = server.accept()
print("first message: ", receive_message(conn).decode())
print("second message:", receive_message(conn).decode())
conn.close()
server.close()
