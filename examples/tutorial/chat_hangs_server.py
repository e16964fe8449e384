"""One process per client: greet the client, then receive two messages from it.

Written as the tutorial prints it, with its mistake: see chat_hangs_client.py.
"""

import socket
from multiprocessing import Process


def talk(conn):
    conn.send("welcome".encode())
    for _ in range(2):
        message = conn.recv(1024)
        print("client says:", message.decode())
    conn.close()


if __name__ == "__main__":
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", 8081))
    server.listen(5)
    while True:
        conn, address = server.accept()
        Process(target=talk, args=(conn,)).start()
