import select
import socket

s = socket.create_connection(("127.0.0.1", 7413))
s.sendall(b"3 4")
while True:
    r, _, _ = select.select([s], [], [], 0.5)
    if r:
        print(s.recv(100))
        break
    print(".", end="", flush=True)
