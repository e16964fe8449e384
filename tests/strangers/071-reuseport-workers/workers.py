import os, socket, sys
def worker(tag):
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("127.0.0.1", 20710)); s.listen()
    while True:
        c, _ = s.accept()
        with c:
            c.recv(1); c.sendall(tag)
pids = []
for t in (b"W1", b"W2"):
    pid = os.fork()
    if not pid:
        try: worker(t)
        except KeyboardInterrupt: os._exit(0)
    pids.append(pid)
try:
    for p in pids: os.waitpid(p, 0)
except KeyboardInterrupt:
    for p in pids: os.kill(p, 15)
