import socket
import threading
import time

sock = socket.create_connection(("127.0.0.1", 9342))


def listen():
    for line in sock.makefile():
        print(line, end="", flush=True)


listener = threading.Thread(target=listen)
listener.start()
for piece in (b"he", b"l", b"lo\n"):
    sock.sendall(piece)
    time.sleep(1.2)
listener.join()
sock.close()
