import socket
import time

with socket.create_connection(("127.0.0.1", 7417)) as s:
    time.sleep(1)
    s.sendall(b"it rains\n")
