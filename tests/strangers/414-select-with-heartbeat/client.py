import select
import socket
import time

s = socket.create_connection(("127.0.0.1", 7414))
s.sendall(b"hello\n")
last = time.monotonic()
while True:
    r, _, _ = select.select([s], [], [], 0.5)
    if r:
        print(s.recv(100))
        break
    if time.monotonic() - last > 3.3:
        s.sendall(b"ping\n")
        last = time.monotonic()
s.close()
