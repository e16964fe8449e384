import socket
import time


def connect(address, times):
    for _ in range(times):
        s = socket.socket()
        if s.connect_ex(address) == 0:
            return s.makefile("rwb")
        s.close()
        time.sleep(0.3)
    raise SystemExit("server not there")


f = connect(("127.0.0.1", 27558), 10)
f.write(b"job?\n")
f.flush()
print(f.readline())
