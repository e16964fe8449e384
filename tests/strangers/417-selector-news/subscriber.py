import socket

with socket.create_connection(("127.0.0.1", 7417)) as s:
    s.sendall(b"here I am\n")
    for line in s.makefile():
        print("news:", line.strip())
