"""Pre-fork server: N workers sit in accept() on one listener."""
import os
import signal
import socket
import sys

WORKERS = 3


def worker(lst):
    signal.signal(signal.SIGTERM, lambda *a: os._exit(0))
    while True:
        conn, _ = lst.accept()
        with conn:
            req = b""
            while not req.endswith(b"."):
                part = conn.recv(20)
                if not part:
                    break
                req += part
            conn.sendall(b"%d chars by a worker" % len(req))


def main():
    lst = socket.create_server(("127.0.0.1", 20290), backlog=32)
    kids = []
    for _ in range(WORKERS):
        pid = os.fork()
        if pid == 0:
            try:
                worker(lst)
            finally:
                os._exit(0)
        kids.append(pid)
    try:
        signal.pause()
    except KeyboardInterrupt:
        for k in kids:
            os.kill(k, signal.SIGTERM)
        for k in kids:
            os.waitpid(k, 0)
        print("workers gone")


if __name__ == "__main__":
    main()
