import socket
import time


def retry(times):
    def deco(fn):
        def wrapped(*a):
            for _ in range(times):
                try:
                    return fn(*a)
                except ConnectionRefusedError:
                    time.sleep(0.2)
            raise SystemExit("server not there")
        return wrapped
    return deco


@retry(times=5)
def connect(host, port):
    s = socket.socket()
    s.connect_ex((host, port))
    return s


s = connect("127.0.0.1", 27558)
f = s.makefile("rwb")
f.write(b"job?\n")
f.flush()
print(f.readline())
