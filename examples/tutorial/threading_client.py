"""Two clients of threading_server.py that talk in turns."""

import socket

one = socket.create_connection(("127.0.0.1", 8085))
two = socket.create_connection(("127.0.0.1", 8085))
with one, two:
    for number, client in enumerate((one, two, one, two)):
        client.sendall(f"line {number}\n".encode())
        print("server says:", client.makefile().readline().strip())
