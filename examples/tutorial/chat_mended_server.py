"""One process per client, mended: both sides agree whose turn it is.

The server greets once, and then answers each message; the parent closes its copy of
the connection, so that the client sees the end when the child closes.
"""

import socket
from multiprocessing import Process


def talk(conn):
    with conn:
        conn.sendall("welcome".encode())
        for _ in range(2):
            message = conn.recv(1024)
            print("client says:", message.decode(), flush=True)
            conn.sendall("I heard you".encode())


if __name__ == "__main__":
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", 8086))
    server.listen(5)
    while True:
        conn, address = server.accept()
        Process(target=talk, args=(conn,), daemon=True).start()
        conn.close()
