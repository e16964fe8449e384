import socket, select
# 同时连接多台服务器
TARGETS = [21390, 21395]
socks = []
for port in TARGETS:
    s = socket.socket()
    s.setblocking(False)
    try:
        s.connect(("127.0.0.1", port))
    except BlockingIOError:
        pass
    socks.append(s)
import time; time.sleep(0.1)
for s in socks:
    s.send(b"abc")
for s in socks:
    select.select([s], [], [], 1); print(s.recv(100))
