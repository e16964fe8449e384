import socket
import time

with socket.create_connection(("127.0.0.1", 27528)) as s:
    s.sendall(b"one")
    print(s.recv(100))
    time.sleep(60)
