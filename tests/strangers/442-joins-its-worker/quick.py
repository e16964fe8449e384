import socket
import time

time.sleep(0.7)
with socket.create_connection(("127.0.0.1", 27528)) as s:
    s.settimeout(4)
    for attempt in range(3):
        try:
            s.sendall(b"two")
            print(s.recv(100))
            break
        except TimeoutError:
            print("no answer, try again", attempt)
